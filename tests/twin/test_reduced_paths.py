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
from amelo.twin.reduced.across import Grid, carried_across
from amelo.twin.reduced.chemistry import APATITE, Chemistry
from amelo.twin.reduced.mixing import capacities, mixing_mobility
from amelo.twin.reduced.paths import ACROSS, NODES, bath_paths
from amelo.twin.reduced.surface import read_surface
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


def along(path, name):
    """A row of the path of a fluid that no fluoride changes."""
    return path.across[:, 0, ACROSS.index(name)]


def test_with_one_diffusivity_a_path_is_a_titration():
    _, _, found, _ = paths("single")
    for path in found:
        inside = np.diff(path.totals[0]) > 0.0
        inside &= np.append(inside[1:], False) & np.insert(
            inside[:-1], 0, False
        )  # the first and last interval hold an end of the path
        moved = np.diff(path.totals, axis=1)[:, inside]
        for row, n in zip(moved, (*APATITE, *[0.0] * 10), strict=False):
            assert row == pytest.approx(n * np.diff(along(path, "s"))[inside], abs=2e-6)
        assert along(path, "potential") == pytest.approx(np.zeros(NODES))


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
            assert (np.diff(along(path, "s")) >= 0.0).all()
            assert (np.diff(along(path, "held")) >= 0.0).all()


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


def surfaces(diffusion, grid):
    column = Twin.of(load_specimen(SLAB).model_copy(update={"diffusion": diffusion})).column()
    schedule = Protocol.parse(BATHS).schedule(None)
    model = cell_model(column, schedule, diffusivities(37.0))
    states = bath_values(model, [s.exposure.fluid for s in unrolled(schedule)])
    return Chemistry(model), *bath_paths(model, states, [(58.63, 58.63)], 1e-4, grid)


def test_released_fluoride_is_found_in_the_fluid_and_apatite_follows_in_its_proportions():
    """With one diffusivity every total is that of the bath, what apatite gave, and what was released."""
    grid = Grid.of(1e-4, 1e-3, 1.0)
    chemistry, paths, nodes = surfaces("single", grid)
    start = np.concatenate([paths[1].concentrations, paths[1].totals[4:], [paths[1].strength, 0 * nodes, 0 * nodes]])[:, 100:500:40]
    carried = carried_across(chemistry, start, grid)
    before = [chemistry.solution(start).total(j) for j in range(4)]
    for k, released in enumerate(grid.released):
        y = carried[:, k]
        assert chemistry.log_product(y) == pytest.approx(chemistry.log_product(start), abs=1e-6)
        s = y[chemistry.size] - start[chemistry.size]
        for j, n in enumerate(APATITE):
            given = n * s + (released if j == 3 else 0.0)
            if j == 2:
                given = np.maximum(released, 1e-12 - before[j])  # there is no less than none
            assert chemistry.solution(y).total(j) == pytest.approx(before[j] + given, abs=2e-7)


@pytest.mark.parametrize("diffusion", ["single", "species"])
def test_acid_dissolves_and_what_was_taken_precipitates(diffusion):
    """At any product, s rises along, and the more fluoride leaves with its proton the less apatite the fluid holds."""
    grid = Grid.of(3e-4, 1e-3, 1.9e-9 if diffusion == "species" else 1.0)
    _, paths, _ = surfaces(diffusion, grid)
    for path in paths:
        s = path.across[:, :, ACROSS.index("s")]
        assert (np.diff(s, axis=0) > 0.0).all()
        assert (np.diff(s, axis=1)[200:] > -1e-9 * np.abs(s).max()).all()


def test_charge_stays_balanced_across():
    grid = Grid.of(3e-4, 1e-3, 1.9e-9)
    chemistry, paths, nodes = surfaces("species", grid)
    for path in paths:
        y = np.concatenate([path.concentrations, path.totals[4:], [path.strength, 0 * nodes, along(path, "potential")]])[
            :, 100:500:40
        ]
        charge = sum(m.charge * v for m, v in chemistry.solution(carried_across(chemistry, y, grid)).everything())
        assert np.abs(charge).max() < 1e-6


def test_nodes_of_fluoride_reach_as_far_as_asked_and_hold_none():
    grid = Grid.of(3e-4, 2e-3, 1.5e-9)
    assert grid.released[grid.below] == 0.0
    assert grid.released[0] <= -3e-4 * 1.5e-9
    assert grid.released[-1] >= 2e-3 * 1.5e-9
    assert len(grid.released) == grid.count
    assert (np.diff(grid.released) > 0.0).all()


def test_a_surface_is_read_between_its_nodes():
    grid = Grid(1.0, 0.5, 2, 2)
    v, released, row = np.arange(NODES), grid.released, np.arange(3.0)
    tables = np.zeros((3, NODES, grid.count, len(ACROSS)))
    tables[..., 0] = row[:, None, None] + 10.0 * v[:, None] + 100.0 * released
    read = read_surface(tables, grid, np.array([3.25, -1.0]), np.array([0.3, 9.0]), np.array([1, 0]), np.array([0.5, 1.0]))
    assert read["s"] == pytest.approx([1.5 + 32.5 + 30.0, 1.0 - 10.0 + 100.0 * released[-1]])  # across it ends, along it goes on
