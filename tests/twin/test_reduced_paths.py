"""Paths of compositions: against titration, charge, and what a change of scale must leave alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from amelo.protocol.record import Protocol
from amelo.records.specimen import load_specimen
from amelo.twin.diffusivity import diffusivities
from amelo.twin.lesion.baths import bath_values
from amelo.twin.lesion.solve import cell_model
from amelo.twin.reduced.paths import APATITE, NODES, bath_paths, mixing_mobility
from amelo.twin.schedule import unrolled
from amelo.twin.twin import Twin

SLAB = Path(__file__).parents[2] / "cases/specimens/phreeqc-slab.toml"
BATHS = """demineralise in lactic acid 50 mM pH 4.5 for 1 h
demineralise in acetate 75 mM pH 4.3 with Ca 2.0 mM, PO4 2.0 mM for 1 h
remineralise in Ca 1.5 mM, PO4 0.9 mM, KCl 130 mM pH 7.0 for 1 h"""


def paths(diffusion):
    column = Twin.of(load_specimen(SLAB).model_copy(update={"diffusion": diffusion})).column()
    schedule = Protocol.parse(BATHS).schedule(None)
    model = cell_model(column, schedule, diffusivities(37.0))
    states = bath_values(model, [s.exposure.fluid for s in unrolled(schedule)])
    return model, states, *bath_paths(model, states, [(58.63, 58.63)], 1e-6)


def test_with_one_diffusivity_a_path_is_a_titration():
    _, _, found, _ = paths("single")
    for path in found:
        inside = np.diff(path.totals[0]) > 0.0
        inside &= np.append(inside[1:], False) & np.insert(
            inside[:-1], 0, False
        )  # the first and last interval hold an end of the path
        moved = np.diff(path.totals, axis=1)[:, inside]
        for row, n in zip(moved, (*APATITE, *[0.0] * 10), strict=False):
            assert row == pytest.approx(n * np.diff(path.s)[inside], abs=2e-6)
        assert path.potential == pytest.approx(np.zeros(NODES))


@pytest.mark.parametrize("diffusion", ["single", "species"])
def test_charge_stays_balanced_along_a_path(diffusion):
    model, _, found, _ = paths(diffusion)
    for path in found:
        charge = sum(z * total for z, total in zip(model.system.charges, path.totals, strict=True))
        assert np.abs(charge).max() < 1e-6


def test_species_bend_the_path():
    """Protons and acid outrun calcium, so that more calcium waits where the fluid is saturated."""
    calcium = [
        np.interp(0.0, nodes + 50.16 * np.log(10) * -1 + 58.63 * np.log(10), found[0].totals[0])
        for _, _, found, nodes in map(paths, ("single", "species"))
    ]
    assert 1.1 < calcium[1] / calcium[0] < 1.6


def test_what_dissolves_only_rises():
    for diffusion in ("single", "species"):
        for path in paths(diffusion)[2]:
            assert (np.diff(path.s) >= 0.0).all()
            assert (np.diff(path.held) >= 0.0).all()


def test_fluids_mix_with_the_pace_of_their_ions():
    model, states, _, _ = paths("species")
    assert 8e-10 < mixing_mobility(model, states[1], states[2]) < 2.5e-9
    model, states, _, _ = paths("single")
    assert mixing_mobility(model, states[1], states[2]) == 1.0
