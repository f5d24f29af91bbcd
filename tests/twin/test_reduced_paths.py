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
from amelo.twin.reduced.mixing import capacities, mixing_mobility
from amelo.twin.reduced.paths import APATITE, NODES, Chemistry, bath_paths
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


def weights(model, states):
    saturated = -model.phases[0].offset - 58.63 * np.log(10.0)
    return capacities(model, states, [(58.63, 58.63)], 1e-6, saturated)


def test_baths_mix_at_the_pace_of_what_they_can_dissolve():
    model, states, _, _ = paths("species")
    found = weights(model, states)
    pace = mixing_mobility(model, states[0], states[2], found[[0, 2]].mean(axis=0))
    slowest, fastest = (f(m.diffusivity for m in model.system.core if m.name not in ("H+", "OH-")) for f in (min, max))
    assert slowest < pace < fastest
    assert pace < 1.8e-9  # the acid's, not that of 130 mM of potassium chloride at 2.6e-9
    salty = mixing_mobility(model, states[0], states[2], np.ones(found.shape[1]))
    assert pace != pytest.approx(salty, rel=0.1)
    model, states, _, _ = paths("single")
    assert mixing_mobility(model, states[1], states[2], weights(model, states)[1]) == 1.0


def test_capacities_are_those_of_a_closed_vessel():
    """Protons dissolve apatite, calcium and phosphate keep it from dissolving: five quarters of calcium for each proton at most."""
    model, states, _, _ = paths("species")
    found = weights(model, states)
    assert (found[:, 0] < 0.0).all()
    assert (found[:, 3] > 0.0).all()
    assert (found[:, 3] < 0.4).all()


def test_what_fluoride_changes_is_a_derivative():
    """More acid and fluoride in a bath move the activity product along a path as the tangent says."""
    model, _states, found, _ = paths("single")
    chemistry = Chemistry(model)
    at = NODES // 2
    path = found[1]
    y = np.concatenate([path.concentrations[:, at], path.totals[4:, at], [path.strength[at], 0.0, 0.0]])[:, None]
    (across,) = chemistry.slopes(y, [(0.0, 0.0, 1.0, 1.0)])
    small = 1e-7
    moved = y.copy()
    moved[: chemistry.size] += small * across[: chemistry.size]
    change = (chemistry.log_product(moved) - chemistry.log_product(y)) / small
    assert change[0] == pytest.approx(chemistry.by_fluoride(y)[0][0], rel=1e-2)
    before, after = (chemistry.solution(z) for z in (y, moved))
    for j, n in enumerate((0.0, 0.0, 1.0, 1.0)):
        assert (after.total(j) - before.total(j))[0] == pytest.approx(n * small, rel=1e-2, abs=1e-10)
