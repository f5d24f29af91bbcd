"""Depths of carriers, what is left of a tubule's conductance, and which tier is chosen and why."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from amelo import nano
from amelo.errors import ParameterError
from amelo.params import load_set
from amelo.therapy.nano.density import State, carry
from amelo.therapy.nano.field import Field
from amelo.therapy.nano.measures import conductance_left, depth_median, depth_quantile
from amelo.therapy.nano.passage import Passage, tubule
from amelo.therapy.nano.tiers import choose
from amelo.twin.precision import jax64

CAPS = nano.Carrier.named("caps-400")
CLOSE = load_set("nano/scene").value("packing.close")


def pipe(width: float = 1.2e-6, cells: int = 10) -> Passage:
    ones = np.ones(cells + 1)
    return Passage(np.linspace(0.0, 100e-6, cells + 1), width * ones, 0.0 * ones)


def state_of(passage: Passage, **lines) -> State:
    return State.empty(passage)._replace(**{name: np.asarray(line, float) for name, line in lines.items()})


def test_quantiles_are_those_of_an_even_spread_within_cells():
    passage = pipe()
    state = state_of(passage, free=[1.0] * 5 + [0.0] * 5, stuck=[0.0] * 5 + [1.0] * 5)
    np.testing.assert_allclose(
        depth_quantile(state, passage, [0.0, 0.25, 0.5, 0.97, 1.0]), [0.0, 25e-6, 50e-6, 97e-6, 100e-6], atol=1e-15
    )
    assert float(depth_median(state, passage)) == pytest.approx(50e-6)
    lone = state_of(passage, plug=np.eye(10)[3])
    np.testing.assert_allclose(depth_quantile(lone, passage, [0.0, 0.5, 1.0]), [30e-6, 35e-6, 40e-6])


def test_carriers_beyond_the_far_end_count_as_being_there_unless_told_otherwise():
    passage = pipe()
    state = state_of(passage, free=np.eye(10)[0] * 1e5, pulp=1.5)  # one inside
    assert float(depth_median(state, passage)) == pytest.approx(100e-6)
    assert float(depth_median(state, passage, through=False)) == pytest.approx(5e-6)
    assert float(depth_quantile(state, passage, 0.2)) == pytest.approx(5e-6)


def test_an_empty_passage_has_no_median_and_a_share_is_a_share():
    passage = pipe()
    assert np.isnan(float(depth_median(State.empty(passage), passage)))
    for share in (-0.1, 1.1, np.nan):
        with pytest.raises(ParameterError, match="a share of"):
            depth_quantile(State.empty(passage), passage, share)


def test_members_have_their_own_depths_and_undershoots_do_not_count():
    passage = pipe()
    one = state_of(passage, free=np.eye(10)[2])
    two = state_of(passage, free=np.eye(10)[7] - 1e-9 * np.eye(10)[0])
    both = State(*(np.stack(pair) for pair in zip(one, two, strict=True)))
    np.testing.assert_allclose(depth_median(both, passage), [25e-6, 75e-6])
    assert depth_quantile(both, passage, [0.1, 0.9]).shape == (2, 2)


def test_a_median_has_a_derivative():
    passage = pipe()

    def depth(x):
        return depth_median(State.empty(passage)._replace(free=np.linspace(1.0, 2.0, 10) ** x), passage)

    slope = float(jax64().grad(depth)(2.0))
    assert slope == pytest.approx((float(depth(2.0 + 1e-5)) - float(depth(2.0 - 1e-5))) / 2e-5, rel=1e-7) != 0.0


def packed(passage: Passage) -> np.ndarray:
    return CLOSE * passage.area(0.5 * (passage.width[1:] + passage.width[:-1])) / CAPS.volume


def test_conductance_is_one_when_empty_and_that_of_a_packed_bed_when_full():
    for width in (1.2e-6, 2.5e-6):
        passage = pipe(width)
        assert float(conductance_left(State.empty(passage), passage, CAPS)) == pytest.approx(1.0, rel=1e-12)
        # Kozeny and Carman over Poiseuille, d^2 e^3 / (180 (1 - e)^2) over w^2 / 32
        expected = 32.0 / width**2 * 16e-14 * (1.0 - CLOSE) ** 3 / (180.0 * CLOSE**2)
        assert float(conductance_left(state_of(passage, plug=packed(passage)), passage, CAPS)) == pytest.approx(expected, rel=1e-12)


def test_conductance_falls_with_every_plug_and_lies_in_series():
    passage = pipe()
    left = [
        float(conductance_left(state_of(passage, plug=share * packed(passage)), passage, CAPS))
        for share in (0.0, 0.1, 0.5, 0.9, 1.0)
    ]
    assert np.all(np.diff(left) < 0.0) and left[1] == pytest.approx(0.81, rel=0.01)  # the core, to the fourth power of its width
    half = np.arange(10) < 5
    in_series = float(conductance_left(state_of(passage, plug=half * packed(passage)), passage, CAPS))
    assert 1.0 / in_series == pytest.approx(0.5 + 0.5 / left[-1], rel=1e-12)
    at_wall = conductance_left(state_of(passage, stuck=half * packed(passage)), passage, CAPS)
    assert float(at_wall) == pytest.approx(in_series, rel=1e-12)
    assert float(conductance_left(state_of(passage, free=packed(passage)), passage, CAPS)) == 1.0
    smaller = conductance_left(state_of(passage, plug=half * packed(passage)), passage, CAPS, diameter=3e-7)
    assert float(smaller) > in_series  # the same number of them fills less


def test_conductance_of_members_and_of_what_is_no_tube():
    passage = pipe()
    states = [State.empty(passage), state_of(passage, plug=packed(passage))]
    both = State(*(np.stack(pair) for pair in zip(*states, strict=True)))
    found = np.asarray(conductance_left(both, passage, CAPS))
    np.testing.assert_allclose(found, [float(conductance_left(s, passage, CAPS)) for s in states])
    with pytest.raises(ParameterError, match="only a tube"):
        conductance_left(State.empty(passage), replace(passage, width=np.full(11, np.inf)), CAPS)


def test_less_conductance_lets_less_out_so_that_the_next_carriers_go_deeper():
    passage = tubule(500e-6, 60, vital=True, first=0.2e-6)
    block = np.where(np.arange(60) == 40, 0.5 * packed(passage), 0.0)
    share = float(conductance_left(state_of(passage, plug=block), passage, CAPS))
    assert 0.1 < share < 0.99
    field, numbers = Field(gradient=7.0), {"outside": 1e13, "duration": 300.0}
    before, _ = carry(passage, CAPS, field, State.empty(passage), **numbers)
    after, _ = carry(passage, CAPS, field, State.empty(passage), outflow=share * passage.outflow, **numbers)
    assert float(depth_median(after, passage)) > 1.2 * float(depth_median(before, passage))


@pytest.mark.parametrize(
    ("width", "dose", "more", "tier", "words"),
    [
        (10e-6, 1e20, {}, "density", "more than 100"),
        (10e-6, 1e12, {}, "particles", "fewer than 10"),
        (10e-6, 5e16, {}, "density", "between 10 and 100"),
        (10e-6, 1e12, {"passages": 1e6}, "density", "more than 100"),
        (10e-6, 1e20, {"rare": True}, "particles", "a rare event"),
        (1.0e-6, 1e20, {}, "particles", "0.4 of the width"),
        (1.0e-6, 1e20, {"forced": "density"}, "density", "forced; particles would be chosen"),
        (10e-6, 1e20, {"forced": "density"}, "density", "also forced"),
    ],
)
def test_the_tier_and_its_reason(width, dose, more, tier, words):
    found, reason = choose(pipe(width), CAPS, dose, **more)
    assert found == tier
    assert words in reason and "\n" not in reason


def test_what_no_tier_can_answer_is_refused():
    for numbers, words in (
        ({"dose": 1e15, "forced": "densty"}, "did you mean 'density'"),
        ({"dose": -1.0}, "out of range"),
        ({"dose": np.inf}, "out of range"),
        ({"dose": 1e15, "passages": 0.0}, "out of range"),
    ):
        with pytest.raises(ParameterError, match=words):
            choose(pipe(), CAPS, **numbers)
    with pytest.raises(ParameterError, match="does not fit"):
        choose(pipe(3e-7), CAPS, 1e15)
    slab = replace(pipe(), width=np.full(11, np.inf))
    assert choose(slab, CAPS, 1e12)[0] == "density"  # a square metre of it
