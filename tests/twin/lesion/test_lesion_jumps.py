"""Leaps over cycles of long repeats: the same mineral as without them, books that close, and no leap where one would be wrong."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from lesion_columns import DAY, bath, enamel, loss

from amelo.twin.diffusivity import diffusivities
from amelo.twin.lesion import jumps
from amelo.twin.lesion.jumps import Books, Leaps
from amelo.twin.lesion.solve import Settings, solve
from amelo.twin.run import Run
from amelo.twin.schedule import Exposure, Repeat, Segment

KNOWN = diffusivities(37.0)
ACID = bath(4.5, "K", Ace=50.0, Ca=2.0, P=2.0, F=0.0016, Cl=4.0, K=50.0)
REST = bath(7.0, "K", Ca=1.5, P=0.9, Cl=133.0, K=130.0, F=0.001)
PULSE = bath(7.0, "K", F=19.0, Na=19.0, Cl=0.1, K=1.0)
HOUR = 3600.0


def day(acid: float = 3.0, ph: float = 4.5) -> tuple[Segment, ...]:
    """Return a day with so many hours of acid."""
    sour = ACID.model_copy(update={"pH": ph})
    return (
        Segment(60.0, Exposure(PULSE)),
        Segment(acid * HOUR, Exposure(sour)),
        Segment(DAY - acid * HOUR - 60.0, Exposure(REST)),
    )


def both(column, schedule, jump: float = 1e-3, **settings) -> tuple[Run, Run]:
    """Return the run of every cycle, and the one with leaps."""
    plain = Settings(threads=1, **settings)
    return solve(column, schedule, KNOWN, plain), solve(column, schedule, KNOWN, replace(plain, jump=jump))


@pytest.fixture(scope="module")
def half_a_year() -> tuple[Run, Run]:
    return both(enamel(), (Repeat(182, day()),), saves=7)


def test_leaps_change_nothing_that_is_asked_for(half_a_year):
    every, leapt = half_a_year
    assert (every.status == 0).all()
    assert (leapt.status == 0).all()
    skipped = leapt.counts["cycles skipped"]
    # 51 here and 51 to 55 with steps in 2 to 16 parts: fronts on the move decide. First order, which lost 45 % too little, let 74 go.
    assert skipped > 45
    assert leapt.counts["steps"] < 0.75 * every.counts["steps"]
    assert loss(leapt) == pytest.approx(loss(every), rel=1e-3)
    for phase in range(len(every.phases)):
        amounts = [(run.mineral[0, -1, phase] * np.diff(run.edges)).sum() for run in (every, leapt)]
        changed = np.abs(every.mineral[0, -1] - every.mineral[0, 0]).sum(axis=0) @ np.diff(every.edges)
        assert abs(amounts[1] - amounts[0]) < 1e-3 * changed
    assert np.abs(leapt.mineral - every.mineral).max() < 5e-3


def test_saved_states_stand_at_the_same_times_and_are_states_of_a_cycle_that_was_run(half_a_year):
    """The fluid in the pores at the end of a cycle is that of the run without leaps, which no extrapolation would give."""
    every, leapt = half_a_year
    assert leapt.time == pytest.approx(every.time, rel=1e-12)
    assert np.abs(leapt.ph - every.ph).max() < 0.02
    assert leapt.porosity == pytest.approx(1.0 - leapt.mineral.sum(axis=2) - enamel().organic[:, None], abs=1e-12)


def test_books_close_across_leaps(half_a_year):
    every, leapt = half_a_year
    assert np.abs(leapt.balance).max() < 1e-12
    calcium = every.components.index("Ca")
    moved = every.inflow[0, -1, calcium] - every.inflow[0, 0, calcium]
    assert leapt.inflow[0, -1, calcium] == pytest.approx(moved, rel=2e-3)


def test_a_stricter_error_leaps_less_and_errs_less():
    column, schedule = enamel(), (Repeat(90, day()),)
    every, loose = both(column, schedule, 3e-2, saves=2)
    _, strict = both(column, schedule, 1e-5, saves=2)
    assert strict.counts["cycles skipped"] < loose.counts["cycles skipped"]
    assert abs(loss(strict) - loss(every)) <= abs(loss(loose) - loss(every)) + 1e-4 * abs(loss(every))
    assert loss(strict) == pytest.approx(loss(every), rel=1e-4)


def test_an_event_between_repeats_is_not_leapt_over():
    """Six hours of a much stronger acid once: half of the loss comes from it, and slopes of before say nothing of after."""
    strong = Segment(12 * HOUR, Exposure(ACID.model_copy(update={"pH": 4.0})))
    schedule = (Repeat(40, day()), strong, Repeat(40, day(1.0)))
    every, leapt = both(enamel(), schedule, saves=9)
    assert leapt.counts["cycles skipped"] > 10
    assert leapt.time == pytest.approx(every.time)
    for saved in range(len(every.time)):
        assert loss(leapt, saved) == pytest.approx(loss(every, saved), rel=2e-3, abs=0.5), saved
    without = solve(enamel(), (Repeat(40, day()), Repeat(40, day(1.0))), KNOWN, Settings(threads=1))
    assert loss(every) > loss(without) + 20  # the event matters


def test_phases_that_run_out_stay_at_nothing_and_are_booked():
    """A soluble phase is used up from the surface inwards while cycles are skipped."""
    every, leapt = both(enamel(), (Repeat(60, day(8.0, 4.2)),), jump=1e-2, saves=4)
    assert leapt.counts["cycles skipped"] > 5
    assert leapt.mineral.min() >= 0.0
    floor = enamel().parameters["porosity_floor"][0]
    assert (leapt.porosity >= np.minimum(every.porosity[:, :1], floor) - 1e-9).all()
    assert np.abs(leapt.balance).max() < 1e-12
    assert loss(leapt) == pytest.approx(loss(every), rel=1e-2)


def test_members_of_a_tile_leap_together_each_by_its_own_line():
    column = enamel(5, 7)
    schedules = [(Repeat(150, day(2.0 + 0.5 * m, 4.4 + 0.1 * m)),) for m in range(5)]
    every, leapt = both(column, schedules, saves=3)
    assert leapt.counts["cycles skipped"] > 5
    for member in range(5):
        assert loss(leapt, member=member) == pytest.approx(loss(every, member=member), rel=1e-3, abs=0.05)
    assert np.abs(leapt.balance).max() < 1e-11


def test_short_repeats_and_single_days_are_run():
    for schedule in ((Repeat(2, day()),), day() + day(2.0)):
        every, leapt = both(enamel(), schedule)
        assert leapt.counts["cycles skipped"] == 0
        assert np.array_equal(leapt.mineral, every.mineral)


# the line itself


class Cells:
    """A tile of one phase in two cells, as the leaps see it."""

    def __init__(self, mineral: list[float], floor: float = 0.0, sound: float = 10.0) -> None:
        from types import SimpleNamespace

        names = ["inventory0", "inventory1", "inventory2", "inventory3", "mineral0", "stock0"]
        fields = {name: k for k, name in enumerate([*names, "molar_volume.0", "width", "organic", "porosity_floor", "own0"])}
        data = SimpleNamespace(powers=(5.0, 3.0, 0.0, -4.0), phase=SimpleNamespace(apatite=True))
        model = SimpleNamespace(phases=(data,), porosity_feedback=True)
        self.layout = SimpleNamespace(fields=fields, state=len(names), lanes=1, model=model)
        self.view = np.zeros((5, len(fields), 1))
        for name, value in (
            ("molar_volume.0", 0.1),
            ("width", 1e-6),
            ("porosity_floor", floor),
            ("own0", sound),
            ("inventory0", 1.0),
            ("stock0", 1.0),
        ):
            self.view[:, fields[name]] = value
        self.fields("inventory1")[:] = self.fields("inventory2")[:] = 1.0
        self.fields("mineral0")[:, 0] = mineral

    def fields(self, name: str) -> np.ndarray:
        return self.view[1:-2, self.layout.fields[name]]


def leaps(cells: Cells, allowed: float = 1.0, cycles: int = 100) -> tuple[Leaps, Books]:
    books = Books.opened(5, 1)
    return Leaps(cells, books, allowed, cycles, {"mineral0": np.array(cells.fields("mineral0"))}), books


def run_cycle(cells: Cells, books: Books, change: float) -> None:
    """One cycle that dissolves ``change`` of the first cell into the bath."""
    cells.fields("mineral0")[0] -= change
    for j, power in enumerate((5.0, 3.0, 0.0, -4.0)):
        books.inflow[j] -= power * change * 1e-6
        books.gross[j] += abs(power * change) * 1e-6


def test_a_line_of_changes_is_carried_on_exactly():
    """Changes 10, 9, 8, … of a thousandth: five skipped cycles take 6 + 5 + 4 + 3 + 2."""
    cells = Cells([5.0, 5.0])
    way, books = leaps(cells)
    for cycle in range(4):
        before = way.seen()
        run_cycle(cells, books, 1e-3 * (10 - cycle))
        assert way.learn(cycle, before)
    way.far = 5
    assert way.leap(20) == 5
    assert cells.fields("mineral0")[:, 0] == pytest.approx([5.0 - 1e-3 * (10 + 9 + 8 + 7 + 6 + 5 + 4 + 3 + 2), 5.0], rel=1e-12)
    assert books.inflow[0, 0] == pytest.approx(5e-6 * (cells.fields("mineral0")[0, 0] - 5.0), rel=1e-12)
    assert way.skipped == 5


def test_leaps_grow_step_by_step_and_never_past_what_is_left():
    cells = Cells([5.0, 5.0])
    way, books = leaps(cells)
    taken, cycle = [], 0
    for _ in range(8):
        far = way.leap(6)
        cycle += far
        before = way.seen()
        run_cycle(cells, books, 1e-3)
        way.learn(cycle, before, far)
        cycle += 1
        taken.append(far)
    assert taken == [0, 0, 0, 1, 3, 6, 6, 6]


def learn(way, cells, books, by, cycles=3):
    """Run some cycles and let a way learn of each."""
    for cycle in range(cycles):
        before = way.seen()
        run_cycle(cells, books, by)
        way.learn(cycle, before)


def test_a_leap_that_was_wrong_is_refused():
    cells = Cells([5.0, 5.0])
    way, books = leaps(cells, allowed=1e-3)
    learn(way, cells, books, 1e-3, cycles=4)
    way.far = 9
    assert way.leap(20) == 9
    before = way.seen()
    run_cycle(cells, books, 3e-3)  # three times of what was foretold
    assert not way.learn(13, before, 9)
    way.shorten()
    assert way.far == 4


def test_a_leap_is_shortened_where_a_phase_would_run_out():
    cells = Cells([0.0104, 5.0])
    way, books = leaps(cells, allowed=1e-4)
    learn(way, cells, books, 1e-3)
    way.far = 20
    far = way.leap(30)
    assert 0 < far <= 7
    assert cells.fields("mineral0")[0, 0] >= 0.0


def test_what_a_bound_kept_back_is_booked():
    """With a generous error the leap goes past the end of the phase: nothing is left, and no more has gone out than there was."""
    cells = Cells([0.0104, 5.0])
    way, books = leaps(cells, allowed=100.0)
    learn(way, cells, books, 1e-3)
    way.far = 12
    assert way.leap(30) == 12
    assert cells.fields("mineral0")[0, 0] == 0.0
    assert books.inflow[0, 0] == pytest.approx(-5e-6 * 0.0104, rel=1e-12)
    assert books.gross[0, 0] > 5e-6 * 0.0104


def test_pores_are_not_filled_past_their_floor():
    cells = Cells([9.0, 5.0], floor=0.05)  # 90 % full
    way, books = leaps(cells, allowed=1e-6)
    learn(way, cells, books, -0.02)
    way.far = 50
    assert 0 < way.leap(60) <= 22
    assert 0.1 * cells.fields("mineral0")[0, 0] <= 0.95


def test_apatite_is_not_carried_past_what_sound_tissue_holds():
    cells = Cells([7.6, 5.0], floor=0.05, sound=8.0)
    way, books = leaps(cells, allowed=1e-6)
    learn(way, cells, books, -0.02)
    way.far = 50
    assert 0 < way.leap(60) <= 18
    assert 7.7 < cells.fields("mineral0")[0, 0] <= 8.0 + 1e-12


def test_pores_are_not_emptied():
    cells = Cells([5.0, 5.0])
    way, _ = leaps(cells)
    for cycle in range(3):
        before = way.seen()
        cells.fields("stock0")[1] -= 0.1
        way.learn(cycle, before)
    way.far = 6
    assert way.leap(20) == 4
    assert cells.fields("stock0")[1, 0] == pytest.approx(0.3)
    assert jumps.THINNED * 0.7 < 0.3


def test_a_member_that_fails_does_not_hold_up_the_others():
    column = enamel(3, 7)
    broken = {name: np.array(values, float) for name, values in column.parameters.items()}
    broken["porosity_exponent"] = np.array([broken["porosity_exponent"].flat[0], np.nan, broken["porosity_exponent"].flat[-1]])
    column = replace(column, parameters=broken)
    every, leapt = both(column, (Repeat(90, day()),), saves=3)
    assert list(leapt.status) == [0, 1, 0] == list(every.status)
    assert leapt.failure[1] == every.failure[1] != ""
    assert leapt.counts["cycles skipped"] > 5
    for member in (0, 2):
        assert loss(leapt, member=member) == pytest.approx(loss(every, member=member), rel=1e-3, abs=0.05)
