"""Looking up instead of computing: how far off, what is conserved, and the same numbers as on the column."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from floors import CAPS, IRON, PULL, carious, enamel, sound
from hypothesis import given, settings
from hypothesis import strategies as st

from amelo.params import load_set
from amelo.therapy.nano import tabulated
from amelo.therapy.nano.carrier import Carrier
from amelo.therapy.nano.field import Field
from amelo.therapy.nano.heat import conduct, heat_of
from amelo.therapy.nano.inside import inside
from amelo.therapy.nano.lookup import LEVELS, _at, _between, brought, deep_bacteria
from amelo.therapy.nano.opening import LOTS, lot_of, open_share
from amelo.therapy.nano.passage import tubule
from amelo.therapy.nano.tabulated import DEPTHS, DILUTE, on_the_floor, passage_at, reached, tubules
from amelo.therapy.nano.visit import Act, Ground, _docked
from amelo.twin.change import Standing

HOME = (PULL, Act(None, Field(-20.0), 0.0, 600.0, home=True))


def thickness(tooth):
    whole = float(np.median(tooth.widths[:, tooth.constants.dentine_from :].sum(axis=1)))
    return 1e-4 * round(whole / 1e-4)


@pytest.mark.parametrize("share", [0.115, 0.375, 0.675])
@pytest.mark.parametrize("vital", [True, False])
def test_tables_are_near_what_is_computed_for_one_thickness(share, vital):
    """Half way between two thicknesses as many enter on the mean to 3 %; where they lie is off in half of all lots by less than 3 % of
    them under a vital pulp, and by less than 12 % where the far end is closed and a front may stand at it."""
    whole = thickness(sound())
    left = share * whole
    one = reached(CAPS, (PULL,), passage_at(left, whole, vital=vital, cells=400), vital=vital)
    found = _between(tubules(CAPS, (PULL,), whole, vital), np.arange(LOTS), np.full(LOTS, left), stretched=not vital)
    assert found["entered"].mean() == pytest.approx(one["entered"].mean(), rel=0.03)
    places = np.linspace(0.0, left, 12)[None].repeat(LOTS, 0)[:, :-1]
    off = np.abs(_at(found["inside"], places) - _at(one["inside"], places)).max(axis=1)
    assert np.median(off / one["entered"]) < (0.03 if vital else 0.12)
    if vital:
        through = found["pulp"] + found["inside"][:, -1] - _at(found["inside"], np.full((LOTS, 1), left))[:, 0]
        assert through.mean() == pytest.approx(one["pulp"].mean(), abs=0.02 * one["entered"].mean())


def test_cells_and_steps_of_a_table_hardly_matter(monkeypatch):
    whole = thickness(sound())
    coarse = reached(CAPS, (PULL,), passage_at(1e-3, whole, vital=True), vital=True)
    monkeypatch.setattr(tabulated, "STEPS", 512)
    fine = reached(CAPS, (PULL,), passage_at(1e-3, whole, vital=True, cells=400), vital=True)
    assert coarse["entered"] == pytest.approx(fine["entered"], rel=5e-3)
    assert np.abs(coarse["inside"] - fine["inside"]).max(axis=1) == pytest.approx(0.0, abs=0.03 * fine["entered"].max())


def test_at_the_junction_a_passage_is_the_tubule_of_the_column():
    for vital in (True, False):
        mine, theirs = passage_at(2e-3, 2e-3, vital=vital, cells=150), tubule(2e-3, 150, vital=vital)
        assert np.allclose(mine.edges, theirs.edges)
        assert np.allclose(mine.width, theirs.width)
        assert np.allclose(mine.outflow, theirs.outflow)
        assert mine.density == theirs.density


def test_a_deeper_floor_has_more_and_wider_tubules():
    deep, shallow = passage_at(0.3e-3, 3e-3, vital=True), passage_at(2.7e-3, 3e-3, vital=True)
    assert deep.density > shallow.density
    assert deep.width[0] > shallow.width[0]
    assert deep.outflow[0] < shallow.outflow[0]  # as much in all, through more room


def standing(depth, deficit=0.0, cells=60):
    edges = np.concatenate([[-2e-6], np.linspace(0.0, depth, cells + 1)])
    sound_ = np.zeros((1, 2, cells + 1))
    sound_[:, 0, 1:] = 0.5
    mineral = sound_.copy()
    mineral[:, 0, 1] *= 1.0 - deficit
    return Standing(
        time=np.zeros(1), edges=edges, phases=("tissue", "caps_400"), mineral=mineral, sound=sound_, organic=np.zeros((1, cells + 1)),
        porosity=1.0 - mineral.sum(axis=1), ph=np.full((1, cells + 1), 7.0), saturation=np.zeros((1, 2, cells + 1)),
        ease=np.ones((1, cells + 1)), members=np.arange(1), parameters={},
    )  # fmt: skip


def test_the_same_counts_as_on_the_column():
    """A floor of sound dentine at the junction, the middle of all ranges: what the column says, within what looking up costs."""
    tooth = at_junction()
    depth = thickness(tooth)
    before = standing(depth)
    for acts in ((PULL,), HOME):
        ground = Ground(tubules=True, vital=True, depth=depth)
        column, surface = inside(CAPS, acts, ground, before, {}), _docked(CAPS, acts, before, {})
        found = brought(CAPS, acts, tooth)
        assert open_share(tooth)[0] == 1.0
        assert found.docked[0] == pytest.approx(surface[0].stuck[0], rel=0.02)
        assert found.arrived[0] == pytest.approx(surface[0].arrived[0] + column.entered[0], rel=0.02)
        assert found.inside[0] == pytest.approx(column.held[0], rel=0.1)
        assert found.retrieved[0] == pytest.approx(surface[1][0] + column.retrieved[0], rel=0.02)
        assert found.pulp[0] == pytest.approx(column.pulp[0], abs=0.05 * column.entered[0])


def at_junction():
    """Sound dentine bare from the junction on, as thick as the taper is rounded to."""
    tooth = enamel()
    first = tooth.constants.dentine_from
    left, widths = tooth.left.copy(), tooth.widths.copy()
    left[:, :first] = 0.0
    widths[:, first:] = thickness(tooth) / (tooth.cells - first)
    whole = np.ones_like(tooth.mineral)
    return replace(tooth, left=left, widths=widths, mineral=whole, inner=whole)


@given(
    outside=st.sampled_from([0.0, 1e15]),
    back=st.booleans(),
    conductance=st.floats(0.0, 1.0),
    which=st.sampled_from([carious, sound, enamel]),
)
@settings(deadline=None, max_examples=25)
def test_carriers_add_up(outside, back, conductance, which):
    acts = tuple(replace(act, outside=act.outside and outside) for act in (HOME if back else HOME[:1]))
    tooth = which()
    tooth = replace(tooth, conductance=np.full(tooth.members, conductance if which is sound else 1.0))
    found = brought(CAPS, acts, tooth)
    assert (found.imbalance < 1e-12).all()
    for name in ("arrived", "docked", "inside", "washed", "retrieved", "pulp", "near", "cells", "dead"):
        assert (getattr(found, name) >= -1e-6).all(), name
    assert np.allclose(found.cells.sum(axis=1), found.inside, rtol=1e-9, atol=1e-6)
    if not outside:
        assert not found.arrived.any()


def test_a_bare_pulp_keeps_what_comes_and_one_that_is_dead_takes_nothing():
    tooth = replace(sound(), exposed=np.ones(sound().members))
    found = brought(CAPS, (PULL,), tooth)
    assert found.pulp == pytest.approx(found.arrived)
    assert not found.docked.any()
    dead = brought(CAPS, (PULL,), replace(tooth, rooted=True))
    assert not dead.pulp.any()
    assert dead.washed == pytest.approx(dead.arrived)
    rooted = brought(CAPS, (PULL,), replace(sound(), rooted=True))
    assert not rooted.pulp.any()
    assert rooted.inside[0] > 0.0


def test_earlier_plugs_hold_water_back_so_that_more_get_in():
    tooth = at_junction()
    amounts = [
        brought(CAPS, (PULL,), replace(tooth, conductance=np.full(tooth.members, level))).inside[0]
        for level in (*LEVELS[::-1], 0.5)
    ]
    assert amounts[:4] == sorted(amounts[:4])
    assert amounts[2] >= amounts[-1] >= amounts[1]


def test_bacteria_are_seen_where_they_lie():
    tooth = carious()
    deep = deep_bacteria(tooth)
    first = tooth.thickness[:, tooth.constants.dentine_from :].sum(axis=1)
    has = tooth.infected > 0.0
    assert has.any()
    assert (deep[has] > 0.0).all()
    assert (deep < first).all()
    assert not deep_bacteria(sound()).any()


def test_heat_of_carriers_on_a_floor_is_that_of_conduction():
    left, each = on_the_floor(IRON, 300.0, 2e-3)
    k = int(np.argmin(np.abs(left - 1e-3)))
    edges = np.linspace(0.0, left[k], tabulated.HEAT_CELLS + 1)
    many = 1e12
    density = np.zeros(tabulated.HEAT_CELLS)
    density[0] = many / edges[1]
    direct = conduct(edges, heat_of(IRON, density), np.array([300.0]))
    assert many * each[k, 0] == pytest.approx(direct.far[0])
    assert many * each[k, 1] == pytest.approx(direct.warming.max())
    long = conduct(edges, heat_of(IRON, density), np.linspace(0.0, 300.0, 400))
    assert many * each[k, 2] >= np.trapezoid(long.far, long.time)  # it also cools down afterwards


def test_profiles_rise_and_depths_reach_through_any_tooth():
    table = tubules(CAPS, (PULL,), thickness(sound()), True)
    assert (np.diff(table.inside, axis=2) >= 0.0).all()
    assert (np.diff(table.resisting, axis=2) >= 0.0).all()
    assert (table.resisting >= table.open[None] * (1.0 - 1e-12)).all()
    assert DEPTHS[-1] > table.residual[-1]


def test_a_catalyst_kills_deeper_with_peroxide_and_not_without():
    whole = thickness(carious())
    helix = Carrier.named("helicoid")
    passage = passage_at(2e-3, whole, vital=True)
    rows = {
        p: reached(IRON, (Act(IRON, Field(1.0), 1e17, 1200.0, peroxide=p),), passage, vital=True)["killed"]
        for p in (0.0, 30.0, 300.0)
    }
    assert not rows[0.0].any()
    assert (rows[300.0] >= rows[30.0]).all()
    assert rows[300.0][0, -1] > rows[30.0][0, -1] > 0.0
    touch = reached(helix, (Act(helix, Field(0.0, 5e-3, 50.0), 1e15, 1200.0),), passage, vital=True)
    assert 0.0 < touch["killed"][0, -1] < 2e-3


def test_lots_of_a_tooth_are_used():
    tooth = sound()
    found = brought(CAPS, (PULL,), tooth)
    lot = lot_of(tooth)
    assert len(np.unique(lot)) > 5
    assert len(np.unique(found.docked[lot > 0].round())) > 5
    assert load_set("nano/scene").value("pulp.near") > 0.0


def test_one_table_stands_for_all_dilute_baths():
    """Scaled, it is what each of them gives by itself; what is dense, kills or warms has its own."""
    whole = thickness(sound())
    passage = passage_at(0.5 * whole, whole, vital=True)
    for share in (1e-3, 0.3):
        few = replace(PULL, outside=share * DILUTE / CAPS.volume)
        own, table = reached(CAPS, (few,), passage, vital=True), tubules(CAPS, (few,), whole, True)
        k = int(np.argmin(np.abs(table.residual - 0.5 * whole)))
        assert table.residual[k] == pytest.approx(0.5 * whole, rel=1e-12)
        for name in ("entered", "home", "pulp", "inside", "resisting"):
            assert getattr(table, name)[:, k] == pytest.approx(own[name], rel=1e-3, abs=1e-9 * np.abs(own[name]).max()), name
    dense = replace(PULL, outside=1e4 * DILUTE / CAPS.volume)
    linear = 1e4 * tubules(CAPS, (replace(PULL, outside=DILUTE / CAPS.volume),), whole, True).entered
    assert not np.allclose(tubules(CAPS, (dense,), whole, True).entered, linear, rtol=0.05)


def test_what_kills_is_not_scaled():
    whole = thickness(sound())
    few, many = (tubules(IRON, (Act(IRON, Field(1.0), n, 1200.0, peroxide=300.0),), whole, True) for n in (1e16, 1e17))
    assert not np.allclose(10.0 * few.killed, many.killed, rtol=0.05)
