"""Derivatives of results other than the mineral: every field of a run that has an adjoint, at every saved time."""

from __future__ import annotations

import numpy as np
import pytest
from differences import EXACT, check_arrays, check_knobs
from test_lesion_gradient import CYCLING, ETCH, D, enamel, slab  # noqa: F401 - fixtures

from amelo.errors import CommandError
from amelo.twin.lesion.gradient import reverse

TIMES = {
    "mineral": 1.0,
    "porosity": 1.0,
    "ph": 1e-3,
    "totals": 1e-3,
    "saturation_index": 1e-4,
    "ionic_strength": 0.1,
    "inflow": 0.1,
}


def weighed(run, fields, seed=3):
    """Random weights of every number of some fields, of similar weight in a sum."""
    rng = np.random.default_rng(seed)
    found = {name: TIMES[name] * rng.normal(size=getattr(run, name).shape) for name in fields}
    for name in found:
        found[name] = np.where(np.abs(getattr(run, name)) > 1e-9, found[name], 0.0)
        found[name][:, 0] = 0.0  # what a run starts with is no result of it
    return found


def summed(weights):
    def of(run):
        return sum(float((getattr(run, name) * w).sum()) for name, w in weights.items())

    return of


@pytest.mark.parametrize("field", TIMES)
def test_every_field_of_a_run(slab, field):  # noqa: F811
    back = reverse(slab, ETCH, D, settings=EXACT)
    weights = weighed(back.run, [field])
    of = summed(weights)
    found = back.pull(weights, np.array([of(back.run)]))
    names = {
        "dissolution_rate.HAp",
        "pk.HAp",
        "molar_volume.HAp",
        "pore_diffusivity",
        "duration[0]",
        "film[0]",
        "bath[0].pH",
        "bath[0].Ace",
    }
    check_knobs(found, slab, ETCH, D, of, names, noise=1e-7)


def test_all_of_them_at_once_in_pores_that_change(enamel):  # noqa: F811
    back = reverse(enamel, CYCLING, D, settings=EXACT)
    weights = weighed(back.run, TIMES)
    of = summed(weights)
    found = back.pull(weights, np.array([of(back.run)]))
    names = {
        "pk.enamel_main",
        "molar_volume.enamel_main",
        "diffusivity_scale",
        "duration[0]",
        "duration[2]",
        "bath[1].F",
        "bath[2].Ca",
    }
    check_knobs(found, enamel, CYCLING, D, of, names, noise=1e-7)
    check_arrays(
        found, enamel, CYCLING, D, of, [("mineral", (0, 4)), ("sound", (0, 4)), ("organic", (4,)), ("organic", (0,))], noise=1e-7
    )


def test_what_a_result_reads_itself_counts(slab):  # noqa: F811
    back = reverse(slab, ETCH, D, settings=EXACT)
    widths = np.diff(back.run.edges)
    slopes = {"mineral": np.zeros_like(back.run.mineral), "sound": np.broadcast_to(widths, back.run.sound.shape)}
    slopes["mineral"][:, -1] = -widths

    def of(run):
        return float(((run.sound.sum(axis=1) - run.mineral[:, -1].sum(axis=1)) * widths).sum())

    found = back.pull(slopes, np.array([of(back.run)]))
    check_arrays(found, slab, ETCH, D, of, [("sound", (0, 0)), ("sound", (0, 5)), ("organic", (3,))])


def test_fields_and_shapes_are_checked(slab):  # noqa: F811
    back = reverse(slab, ETCH, D)
    with pytest.raises(CommandError, match=r"'minerals' is not a field of a run .*did you mean 'mineral'"):
        back.pull({"minerals": np.zeros_like(back.run.mineral)})
    with pytest.raises(CommandError, match="derivative with respect to ph has shape .*; give members, times, cells"):
        back.pull({"ph": np.zeros(3)})
