"""Derivatives of results other than the mineral: every field of a run that has an adjoint, at every saved time."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from differences import EXACT, check_arrays, check_knobs
from test_lesion_gradient import CYCLING, ETCH, D, enamel, slab  # noqa: F401 - fixtures

from amelo.errors import CommandError
from amelo.twin.lesion.gradient import gradient, reverse
from amelo.twin.lesion.results import outcome_slopes
from amelo.twin.measures import measure_run

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


NAMED = (
    "integrated_mineral_loss", "lesion_depth", "mean_mineral_loss", "lesion_body_mineral", "calcium_release", "calcium_flux", "phosphate_release",
    "surface_ph", "front_ph", "front_calcium", "inner_ph", "inner_calcium",
)  # fmt: skip


@pytest.mark.parametrize("name", NAMED)
def test_outcomes_by_name(slab, name):  # noqa: F811
    found = gradient(slab, ETCH, D, of=name, settings=EXACT)
    assert np.isfinite(found.value[0]) and found.knobs["dissolution_rate.HAp"][0] != 0.0
    names = {"dissolution_rate.HAp", "pk.HAp", "pore_diffusivity", "duration[0]", "bath[0].pH"}
    check_knobs(found, slab, ETCH, D, lambda run: measure_run(run)[name][0, -1], names, noise=1e-7)


def test_a_layer_and_what_was_gained(enamel):  # noqa: F811
    edges = enamel.edges
    centres = 0.5 * (edges[1:] + edges[:-1])
    share = 1.0 - 0.5 * np.exp(-(((centres - 35e-6) / 15e-6) ** 2))  # a lesion below a surface that is nearly sound
    lesion = replace(enamel, mineral=enamel.mineral * share)
    for name in ("surface_layer_thickness", "surface_layer_mineral", "lesion_body_mineral", "mineral_gain", "fluoride_uptake"):
        found = gradient(lesion, CYCLING, D, of=name, settings=EXACT)
        names = {"pk.enamel_main", "dissolution_rate.enamel_main", "duration[0]", "bath[0].pH", "bath[1].F"}
        check_knobs(found, lesion, CYCLING, D, lambda run, name=name: measure_run(run)[name][0, -1], names, noise=1e-7)
        check_arrays(
            found, lesion, CYCLING, D, lambda run, name=name: measure_run(run)[name][0, -1], [("mineral", (0, 2))], noise=1e-7
        )


def test_a_corner_has_no_derivative_and_a_step_has_none_but_zero(slab):  # noqa: F811
    run = reverse(slab, ETCH, D).run
    mineral = np.broadcast_to(slab.sound[:, None], run.mineral.shape).copy()
    mineral[0, -1, 0, 5:7] = 0.4  # two cells share the least: which one goes further is open
    tied = replace(run, mineral=mineral)
    assert np.isnan(outcome_slopes(tied, "lesion_body_mineral")["mineral"]).any()
    mineral[0, -1, 0, 5] = 0.39
    slopes = outcome_slopes(replace(run, mineral=mineral.copy()), "lesion_body_mineral")["mineral"]
    assert (
        np.isfinite(slopes).all() and np.count_nonzero(slopes) == 1 and slopes[0, -1, 0, 5] == pytest.approx(100.0 / 0.8, rel=1e-8)
    )
    assert outcome_slopes(replace(run, mineral=mineral), "lesion_body_depth") == {}


def test_a_corner_makes_every_derivative_not_a_number(slab):  # noqa: F811
    def tied(run):
        mineral = np.full(run.mineral.shape, np.nan)
        return np.ones(1), {"mineral": mineral}

    assert np.isnan(gradient(slab, ETCH, D, of=tied).knobs["pk.HAp"]).all()


def test_fields_and_shapes_are_checked(slab):  # noqa: F811
    back = reverse(slab, ETCH, D)
    with pytest.raises(CommandError, match=r"'minerals' is not a field of a run .*did you mean 'mineral'"):
        back.pull({"minerals": np.zeros_like(back.run.mineral)})
    with pytest.raises(CommandError, match="derivative with respect to ph has shape .*; give members, times, cells"):
        back.pull({"ph": np.zeros(3)})
