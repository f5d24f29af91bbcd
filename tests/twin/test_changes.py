"""Changes between segments: what they are shown, what is booked, and that a run without an effect of them is the same run."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest

from amelo.errors import SolveError
from amelo.protocol.simulate import simulate
from amelo.records.fluid import Fluid
from amelo.records.specimen import parse_specimen
from amelo.twin.build import column_of
from amelo.twin.column import Bed
from amelo.twin.diffusivity import diffusivities
from amelo.twin.extension import with_phase
from amelo.twin.lesion.solve import Settings, solve
from amelo.twin.lesion.steps import Grid
from amelo.twin.lesion.tape import taped
from amelo.twin.measures import measure_run
from amelo.twin.phases import Dissolution, Phase
from amelo.twin.reduced.solve import solve_reduced
from amelo.twin.run import RunStatus
from amelo.twin.schedule import Exposure, Repeat, Segment, changes_of, duration, schedule_text, stretches, unrolled
from amelo.twin.trajectory import Trajectory
from amelo.twin.twin import Twin

ACID = Exposure(Fluid(pH=4.6, totals_mmol_per_kgw={"Ca": 2.0, "P": 2.0, "Lac": 50.0, "Na": 20.0}, charge_balanced_by="K"))
WATER = Exposure(Fluid(pH=7.0, totals_mmol_per_kgw={"Na": 150.0, "Cl": 150.0}, charge_balanced_by="K"))
HOUR = 3600.0
BOOK = "tests: how often [1]"


def specimen(**parts):
    base = {"name": "x", "tissue": "human enamel", "thickness": "150 um", "grid": {"cells": 20, "first_cell": "1 um"}}
    return parse_specimen(base | parts, where="x.toml")


def column(members=1, payload=False, **parts):
    made = column_of(specimen(**parts), members=members)
    if payload:
        phase = Phase("grains", "ACP", Dissolution(1.0, 1.0), None, apatite=False, alone=True)
        volume = 1.84e-4
        made = with_phase(made, phase, parameters={"molar_volume": volume, "dissolution_rate": 1e-5 / volume})
    return made


@dataclass(frozen=True)
class Looks:
    """Changes nothing but its book, and remembers what it was shown."""

    seen: list
    label: str = "look"
    accounts: tuple[str, ...] = (BOOK,)

    def apply(self, before):
        self.seen.append(before)
        return replace(before, accounts={BOOK: before.accounts[BOOK] + 1.0})


@dataclass(frozen=True)
class Lays:
    """Lays grains into the outermost cells: a share of tissue, and half as much of what never dissolves."""

    share: float
    label: str = "lay grains"
    accounts: tuple[str, ...] = ()

    def apply(self, before):
        mineral, organic = before.mineral.copy(), before.organic.copy()
        mineral[:, before.phases.index("grains"), :3] += self.share
        organic[:, :3] += 0.5 * self.share
        return replace(before, mineral=mineral, organic=organic)


def solved(of, *schedule, **options):
    settings = Settings(grid=Grid(), saves=12, lanes=4, **options)
    return solve(of, schedule, diffusivities(37.0), settings)


def test_schedules_know_what_lasts_and_what_does_not():
    look = Looks([])
    schedule = (Segment(HOUR, ACID), look, Repeat(3, (Segment(60.0, WATER),)), look)
    assert duration(schedule) == HOUR + 180.0
    assert len(list(unrolled(schedule))) == 4
    assert changes_of(schedule) == (look, look)
    parts = list(stretches([schedule, schedule]))
    assert [[len(s) for s in schedules] for schedules, _ in parts] == [[1, 1], [1, 1], [0, 0]]
    assert [changes for _, changes in parts] == [[look, look], [look, look], [None, None]]
    assert "look" in schedule_text(schedule)


def test_a_change_without_effect_leaves_the_run_as_it_is():
    seen = []
    plain = solved(column(), Segment(3 * HOUR, ACID), Segment(2 * HOUR, WATER))
    other = solved(column(), Segment(3 * HOUR, ACID), Looks(seen), Segment(2 * HOUR, WATER), Looks(seen))
    assert other.status[0] == RunStatus.OK
    np.testing.assert_allclose(other.mineral[0, -1], plain.mineral[0, -1], atol=2e-5)
    np.testing.assert_allclose(other.time, plain.time)
    assert other.account_names == (BOOK,)
    np.testing.assert_array_equal(
        other.accounts[0, :, 0][[0, -2, -1]], [0.0, 1.0, 1.0]
    )  # the last comes after the last state is kept
    first, last = seen
    assert (first.time[0], last.time[0]) == pytest.approx((3 * HOUR, 5 * HOUR))
    at = int(np.abs(plain.time - 3 * HOUR).argmin())
    np.testing.assert_allclose(first.mineral[0], other.mineral[0, at], rtol=1e-12)
    np.testing.assert_allclose(first.ph[0], other.ph[0, at], atol=1e-9)
    np.testing.assert_allclose(first.porosity[0], other.porosity[0, at], rtol=1e-9)
    ions = np.array([9.0, 9.0, 9.0])
    np.testing.assert_allclose(np.log10(first.saturation[0]) * ions[:, None], other.saturation_index[0, at], atol=1e-6)


def test_what_is_laid_in_is_booked_and_dissolves_at_its_own_rate():
    run = solved(column(payload=True), Segment(600.0, WATER), Lays(0.02), Segment(4 * HOUR, WATER))
    assert run.status[0] == RunStatus.OK
    assert np.abs(run.balance).max() < 1e-12
    k = run.phases.index("grains")
    at = int(np.searchsorted(run.time, 600.0, side="right"))
    left = run.mineral[0, :, k, :3].sum(axis=1)
    assert (left[:at] == 0.0).all()
    undersaturated = 1.0 - 10.0 ** (run.saturation_index[0, at:, k, :3] / 5.0)
    slowest, fastest = undersaturated.min(), undersaturated.max()
    rates = -np.diff(np.log(left[at:])) / np.diff(run.time[at:])
    assert (rates >= 1e-5 * slowest * 0.98).all()
    assert (rates <= 1e-5 * fastest * 1.02).all()
    widths = np.diff(run.edges)
    gone = (0.02 * widths[:3]).sum() - (run.mineral[0, -1, k, :3] * widths[:3]).sum()
    assert gone > 0.0


def test_fluid_that_is_displaced_leaves_through_the_outer_face():
    run = solved(column(payload=True), Segment(600.0, WATER), Lays(0.01), Segment(1e-5, WATER))
    sodium = run.components.index("Na")
    before = int(np.abs(run.time - 600.0).argmin())
    out = run.inflow[0, -1, sodium] - run.inflow[0, before, sodium]
    widths = np.diff(run.edges)
    expected = -(run.totals[0, before, sodium, :3] * 0.015 * widths[:3]).sum()
    assert out == pytest.approx(expected, rel=0.05)


def test_what_does_not_fit_into_the_pores_is_refused():
    with pytest.raises(
        SolveError, match=r"'lay grains' does not fit into the pores; member 0 has 4 % of pores at a depth of .* µm"
    ):
        solved(column(payload=True), Segment(600.0, WATER), Lays(0.05), Segment(1.0, WATER))


def test_every_member_is_changed_with_its_own_numbers():
    @dataclass(frozen=True)
    class Own:
        label: str = "own"
        accounts: tuple[str, ...] = (BOOK,)

        def apply(self, before):
            mineral = before.mineral.copy()
            mineral[:, before.phases.index("grains"), 0] += 1e-3 * (1.0 + before.members)
            return replace(before, mineral=mineral, accounts={BOOK: 1.0 * before.members})

    run = solved(column(members=6, payload=True), Segment(60.0, WATER), Own(), Segment(60.0, WATER))
    assert (run.status == RunStatus.OK).all()
    k = run.phases.index("grains")
    np.testing.assert_allclose(run.mineral[:, -1, k, 0], 1e-3 * (1.0 + np.arange(6)), rtol=0.01)
    np.testing.assert_allclose(run.accounts[:, -1, 0], np.arange(6))


def test_room_without_carriers_is_no_film():
    bare = solved(column(), Segment(6 * HOUR, ACID))
    roomy = solved(replace(column(), bed=Bed(2e-5)), Segment(6 * HOUR, ACID))
    assert len(roomy.edges) == len(bare.edges) + 3
    assert roomy.edges[0] == pytest.approx(-2e-5)
    one, two = (measure_run(run)["integrated_mineral_loss"][0, -1] for run in (bare, roomy))
    assert two == pytest.approx(one, rel=2e-3)
    assert np.abs(roomy.balance).max() < 1e-12


def test_what_resists_in_the_room_slows_the_acid():
    @dataclass(frozen=True)
    class Chokes:
        label: str = "choke"
        accounts: tuple[str, ...] = ()

        def apply(self, before):
            ease = before.ease.copy()
            ease[:, : before.outside] = 1e-5
            return replace(before, ease=ease)

    free, choked = (solved(replace(column(), bed=Bed(2e-5)), *first, Segment(6 * HOUR, ACID)) for first in ((), (Chokes(),)))
    one, two = (measure_run(run)["integrated_mineral_loss"][0, -1] for run in (free, choked))
    assert two < 0.5 * one


def test_what_cannot_follow_a_change_says_so():
    schedule = (Segment(HOUR, ACID), Looks([]), Segment(HOUR, ACID))
    with pytest.raises(SolveError, match="the fast tier cannot follow 'look'; it changes the tooth between two steps"):
        solve_reduced(column(), schedule, diffusivities(37.0))
    with pytest.raises(SolveError, match="derivatives cannot follow 'look'"):
        taped(column(), schedule, diffusivities(37.0), Settings())


@pytest.mark.parametrize("ending", [".zarr", ".nc"])
def test_books_are_saved_with_the_run(tmp_path, ending):
    made = simulate(specimen(), (Segment(HOUR, ACID), Looks([]), Segment(HOUR, ACID)), accuracy=0.1)
    made.save(tmp_path / f"run{ending}")
    again = Trajectory.load(tmp_path / f"run{ending}")
    assert again == made
    assert again.accounts()["tests: how often"].value == 1.0
    assert again.accounts()["tests: how often"].unit == "1"
    assert made.to_xarray()["accounts"].sel(account=BOOK).values[0, -1] == 1.0
    assert Twin.of(specimen()).column().bed is None
