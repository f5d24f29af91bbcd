"""Chances carried through the years: nothing from nothing, closed forms of one hazard, sums, competition, convergence."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starts import bare, changed, plain

from amelo.errors import ParameterError
from amelo.years import STATES, Surface, project
from amelo.years.hazards import hazards_of
from amelo.years.project import propagate
from amelo.years.states import EVENTS, code, event

TEN = np.arange(41) * 0.25


def policy(**named: float) -> np.ndarray:
    """Return a policy in which nothing leads anywhere, but for what is named."""
    order = ("crown", "root", "root_crown", "implant", "broken", "fill", "from", "root_broken", "late")
    return np.array([named.get(name, 5.0 if name == "from" else 0.0) for name in order])


@pytest.mark.parametrize("state", STATES)
def test_without_hazards_nothing_happens(state):
    times, occupied, happened, untouched = propagate(bare(state, surfaces=2), 10.0)
    assert np.array_equal(times, TEN)
    assert (occupied[:, :, code(state)] == 1.0).all() and occupied.sum() == occupied.shape[0] * 41
    assert not happened.any() and (untouched == 1.0).all()


def test_one_weibull_hazard_of_a_filling_is_its_closed_form():
    h = changed(bare(), now=[[0.1, 0.25, 0.15]], now_age=[0.0, 1.0, 3.0, 8.0, 20.0])
    _, occupied, happened, untouched = propagate(h, 10.0)
    age = h.now_age[:, None]
    survival = np.exp(-0.5 * (((age + TEN) / 10.0) ** 1.4 - (age / 10.0) ** 1.4))
    assert untouched == pytest.approx(survival, abs=1e-13)
    assert occupied[:, :, 1] == pytest.approx(survival, abs=1e-13)
    failed = happened[:, :, event("secondary caries")], happened[:, :, event("other failure")], happened[:, :, event("fracture")]
    assert sum(failed) == pytest.approx(1.0 - survival, abs=1e-12)
    assert failed[1] == pytest.approx(2.5 * failed[0], abs=1e-12)


def test_one_constant_hazard_is_exponential():
    h = changed(bare("unrestored"), steady=[0.02, 0.0, 0.0, 0.0, 0.0], policy=policy())
    _, occupied, happened, _ = propagate(h, 10.0)
    assert occupied[:, :, code("gap")] == pytest.approx(np.broadcast_to(1 - np.exp(-0.02 * TEN), (5, 41)), abs=1e-13)
    assert happened[:, -1, event("pulp lost")] == pytest.approx(1 - np.exp(-0.2))
    assert happened[:, -1, event("tooth lost")] == pytest.approx(1 - np.exp(-0.2))


def test_a_pulp_after_treatment_follows_its_own_law():
    h = changed(bare(), deep=0.1, policy=policy(root=1.0))
    _, occupied, happened, _ = propagate(h, 10.0)
    assert happened[:, :, event("pulp lost")] == pytest.approx(
        np.broadcast_to(-np.expm1(-0.1 * TEN ** h.deep_shape[0]), (5, 41)), abs=1e-13
    )
    assert occupied[:, :, code("root-treated")] == pytest.approx(happened[:, :, event("root treatment")], abs=1e-13)


def test_a_root_treated_tooth_is_lost_by_its_own_clock():
    h = changed(bare("root-treated and crowned"), root_now=[[0.1, 0.4]], root_age=4.0, policy=policy(implant=0.25))
    _, occupied, happened, _ = propagate(h, 10.0)
    gone = -np.expm1(-0.1 * (((4.0 + TEN) / 10.0) ** h.root_shape[0] - 0.4 ** h.root_shape[0]))
    assert occupied[0, :, code("implant")] == pytest.approx(0.25 * gone, abs=1e-13)
    assert occupied[0, :, code("gap")] == pytest.approx(0.75 * gone, abs=1e-13)
    assert happened[0, :, event("fracture")] == pytest.approx(0.4 * gone, abs=1e-13)


def test_lesions_near_the_pulp_cost_some_when_they_are_filled():
    h = changed(bare("unrestored", surfaces=1), stage=6, policy=policy(fill=1.0, late=0.3, root=1.0))
    _, occupied, happened, _ = propagate(h, 10.0)
    filled = -np.expm1(-TEN)
    assert happened[0, :, event("lesion filled")] == pytest.approx(filled, abs=1e-6)
    assert happened[0, :, event("pulp lost")] == pytest.approx(0.3 * filled, abs=1e-6)
    assert occupied[0, :, code("filled")] == pytest.approx(0.7 * filled, abs=1e-6)
    earlier = propagate(changed(h, stage=5), 10.0)[2]
    assert not earlier[:, :, event("pulp lost")].any()


@pytest.mark.parametrize("rate", [0.1, 1.0, 4.0, 20.0, 300.0])
def test_a_chain_of_stages_is_exact_however_fast_it_goes(rate):
    """From D1 to D2 at one rate, and from there to a filling at another: the closed form of two steps in a row."""
    log_rate = np.full((5, 1, 7), -np.inf)
    log_rate[:, :, 4] = np.log(0.7)
    h = replace(changed(bare("unrestored", surfaces=1), stage=4, policy=policy(fill=rate)), log_rate=log_rate)
    filled = propagate(h, 10.0)[2][0, :, event("lesion filled")]
    other = rate if rate != 0.7 else 0.7 + 1e-9
    exact = 1.0 - (other * np.exp(-0.7 * TEN) - 0.7 * np.exp(-other * TEN)) / (other - 0.7)
    assert filled == pytest.approx(exact, abs=1e-7)


def test_new_crowns_do_not_make_a_treated_root_younger():
    """However often its crown is renewed, the tooth is lost by the same law."""
    h = changed(bare("root-treated and crowned"), root_now=[[0.1, 0.0]], root=[[0.3, 0.1]], root_age=4.0, policy=policy())
    busy = changed(h, now=[[1.0, 0.5, 0.2]], later=[[[1.0, 0.5, 0.2]]])
    calm, renewed = propagate(h, 20.0), propagate(busy, 20.0)
    assert renewed[1][:, :, code("gap")] == pytest.approx(calm[1][:, :, code("gap")], abs=1e-4)
    crowns = renewed[2][0, -1, event("crown placed")]
    assert crowns == pytest.approx(renewed[2][0, -1, [2, 3, 4]].sum()) and crowns > 1.5


def test_implants_fail_at_a_constant_rate_and_leave_a_gap():
    h = changed(bare("implant"), steady=[0.0, 0.0, 0.0, 0.0, 0.004])
    _, occupied, happened, _ = propagate(h, 10.0)
    assert occupied[:, -1, code("implant")] == pytest.approx(np.exp(-0.04)) and happened[
        :, -1, event("implant lost")
    ] == pytest.approx(-np.expm1(-0.04))


def test_a_collapsed_pulp_is_lost_at_once():
    h = changed(bare(), collapsed=0.6, policy=policy(root=0.5, root_crown=0.5, implant=1.0))
    _, occupied, happened, untouched = propagate(h, 10.0)
    assert occupied[0, 0] == pytest.approx([0.0, 0.4, 0.0, 0.0, 0.15, 0.15, 0.0, 0.3]) and untouched[0, 0] == pytest.approx(0.4)
    assert happened[0, 0, event("pulp lost")] == pytest.approx(0.6) and happened[0, 0, event("tooth lost")] == pytest.approx(0.3)
    assert np.array_equal(occupied[0, 0], occupied[0, -1])


def test_two_hazards_compete_by_their_rates():
    h = changed(bare("unrestored"), steady=[0.03, 0.0, 0.0, 0.01, 0.0], policy=policy(root=1.0))
    _, _, happened, _ = propagate(h, 10.0)
    ended = -np.expm1(-0.4)
    assert happened[0, -1, event("pulp lost")] == pytest.approx(0.75 * ended) and happened[
        0, -1, event("tooth lost")
    ] == pytest.approx(0.25 * ended)


def test_a_chain_of_fillings_counts_failures_as_a_renewal_process_would():
    """With exponential laws at one rate throughout, failures are a Poisson process."""
    h = changed(bare(), now=[[0.5, 0.0, 0.0]], later=[[[0.5, 0.0, 0.0]]], shape=1.0, policy=policy())
    _, occupied, happened, _ = propagate(h, 10.0)
    assert happened[0, :, event("secondary caries")] == pytest.approx(
        0.05 * TEN, abs=(0.05 * 0.25) ** 2
    )  # a second failure within one step waits
    assert occupied[0, -1, code("refilled")] == pytest.approx(1 - np.exp(-0.5))


def test_renewals_with_a_clock_agree_with_the_integral_equation():
    """Expected failures m(t) = F(t) + ∫ m(t - u) dF(u) of a Weibull law, solved by itself on a fine grid."""
    h = changed(bare(), now=[[1.2, 0.0, 0.0]], later=[[[1.2, 0.0, 0.0]]], shape=1.6, policy=policy())
    ours = propagate(h, 10.0, 0.125)[2][0, -1, event("secondary caries")]
    grid = np.linspace(0.0, 10.0, 4001)
    law = -np.expm1(-1.2 * (grid / 10.0) ** 1.6)
    expected = law.copy()
    density = np.diff(law)
    for n in range(1, len(grid)):
        expected[n] = law[n] + np.sum(density[:n] * expected[:n][::-1])
    assert ours == pytest.approx(expected[-1], rel=2e-3)


def test_halving_the_step_divides_the_error_by_about_four():
    h = hazards_of(plain(50, surfaces=(Surface("M", "D1"),), residual=0.3e-3), 1)
    ends = [propagate(h, 8.0, step)[1][:, -1].mean(axis=0) for step in (0.5, 0.25, 0.125, 0.0625)]
    coarse, fine = (np.abs(a - b).max() for a, b in ((ends[0], ends[2]), (ends[1], ends[3])))
    assert fine < coarse / 2.5 and np.abs(ends[1] - ends[3]).max() < 1e-3


levels = st.floats(0.0, 3.0)


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from(STATES), levels, levels, levels, st.floats(0.0, 0.3), st.floats(0.0, 1.0), st.lists(st.floats(0.0, 1.0), min_size=5, max_size=5),
    st.integers(0, 6), st.floats(-4.0, 1.0),
)  # fmt: skip
def test_chances_add_up_whatever_happens(state, now, later, deep, rate, collapsed, parts, stage, log_rate):
    h = bare(state, count=2, surfaces=2)
    h = changed(
        h, now=now / 3, later=later / 3, deep=deep, root=later, root_now=[later, 0.5], steady=rate, collapsed=collapsed, stage=stage, log_rate=log_rate,
        policy=[*parts, 2.0, 5.0, 0.3, 0.4],
    )  # fmt: skip
    _, occupied, happened, untouched = propagate(h, 10.0)
    assert occupied.sum(axis=2) == pytest.approx(np.ones((2, 41)), abs=1e-12)
    assert occupied.min() > -1e-13 and happened.min() > -1e-13 and untouched.max() <= 1.0
    assert (np.diff(happened, axis=1) > -1e-13).all()
    lost = happened[:, :, event("tooth lost")] - happened[:, :, event("implant placed")] + happened[:, :, event("implant lost")]
    if state not in ("gap", "implant"):
        assert occupied[:, :, code("gap")] == pytest.approx(lost, abs=1e-12)
        assert occupied[:, :, 6:].sum(axis=2) == pytest.approx(happened[:, :, event("tooth lost")], abs=1e-12)
        living = 1.0 if code(state) < 4 else 0.0
        assert (happened[:, :, event("pulp lost")] <= living + 1e-12).all()
    procedures = happened[:, :, [event("filling placed"), event("crown placed")]].sum(axis=2)
    causes = happened[
        :,
        :,
        [
            EVENTS.index(n)
            for n in ("lesion filled", "lesion reached the pulp", "secondary caries", "other failure", "fracture", "pulp lost")
        ],
    ]
    assert (procedures <= causes.sum(axis=2) + 1e-12).all()


def test_threads_and_parts_of_an_ensemble_give_the_same():
    h = hazards_of(plain(1300, surfaces=(Surface("D", "E2"),)), 3)
    one, two = propagate(h, 5.0), propagate(h, 5.0, threads=2)
    assert all(np.array_equal(a, b) for a, b in zip(one, two, strict=True))
    few = propagate(h.part(slice(600, 640)), 5.0)
    assert np.array_equal(few[1], one[1][600:640])


@pytest.mark.parametrize(("years", "step"), [(10.1, 0.25), (0.0, 0.25), (5.0, 1.0), (100.0, 0.25), (-1.0, 0.25)])
def test_years_that_cannot_be_are_refused(years, step):
    with pytest.raises(ParameterError, match="whole number of steps"):
        project(plain(2), years, step=step)
