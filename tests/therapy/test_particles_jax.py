"""The walk in JAX beside the compiled one: the same kicks to the bit, the same depths to rounding, the same ends."""

from __future__ import annotations

import numpy as np
import pytest

from amelo.therapy.nano import kicks
from amelo.therapy.nano.carrier import Carrier
from amelo.therapy.nano.field import Field
from amelo.therapy.nano.particles import MODES, advance, release, tables_of
from amelo.therapy.nano.particles_jax import advance_in_jax
from amelo.therapy.nano.passage import tubule
from amelo.twin.precision import jax64

CAPS = Carrier.named("caps-400")


def test_kicks_are_the_same_bits():
    jax = jax64()
    identity, words = np.arange(100_000, dtype=np.uint64), kicks.step_words(2**63 + 5, 7, 3)
    for word in words:
        here = kicks.word_of(identity, word)
        there = jax.jit(kicks.word_of)(identity, word)
        assert there.dtype == np.uint64
        assert (np.asarray(there) == here).all()
        assert np.asarray(jax.jit(kicks.kick)(there)).tobytes() == kicks.kick(here).tobytes()
        for a, b in zip(jax.jit(kicks.kicks_of_axes)(there), kicks.kicks_of_axes(here), strict=True):
            assert np.asarray(a).tobytes() == b.tobytes()


@pytest.mark.parametrize("stick", [0.0, 1e-8])
@pytest.mark.parametrize(("vital", "open_mouth", "gradient"), [(False, False, 1.0), (True, True, 12.0), (False, True, -1.0)])
def test_depths_and_ends_are_the_same(stick, vital, open_mouth, gradient):
    passage = tubule(6e-5, 30, vital=vital)
    tables = tables_of(passage, CAPS.changed(stick_tubule=stick), Field(gradient=gradient), 3e-3, open_mouth=open_mouth)
    start = release(1000, 8, between=(0.0, 6e-5))
    low, high = np.zeros(1000), np.full(1000, 6e-5)
    low[:100], high[100:200] = 2e-5, 4e-5
    start.depth[:100], start.depth[100:200] = 3e-5, 3e-5
    here, words = start.copy(), kicks.step_words(8, 0, 3000)
    there = advance_in_jax(start, tables, words, low=low, high=high)
    advance(here, tables, words, low=low, high=high)
    assert (there.mode == here.mode).mean() > 0.998  # one rounding may decide who is out a step earlier
    same = there.mode == here.mode
    assert there.depth[same] == pytest.approx(here.depth[same], rel=1e-9, abs=1e-15)
    assert there.patience == pytest.approx(here.patience, abs=1e-9)
    if open_mouth:
        assert here.mode.max() >= MODES.index("left")
    assert (start.mode == 0).all()  # it does not move what it is given
