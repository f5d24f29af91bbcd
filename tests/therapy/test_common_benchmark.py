"""The common benchmark: particles and densities agree, the books close, the share is the published one, threads do not matter."""

from __future__ import annotations

import numpy as np
import pytest

from amelo.errors import ParameterError
from amelo.therapy.nano import common_walk, kicks
from amelo.therapy.nano.common import CommonTask, by_densities, by_particles
from amelo.therapy.nano.particles import threads_set

PUBLISHED = 0.0349  # share deposited, from NumPy, JAX, Numba and C++ of other hands


@pytest.fixture(scope="module")
def densities():
    return by_densities(whole=False)


@pytest.mark.parametrize("key", [0, 1])
def test_particles_and_densities_agree(densities, key):
    found = by_particles(key=key)
    assert found.share == pytest.approx(densities.share, rel=5e-3)
    assert found.share == pytest.approx(PUBLISHED, abs=1e-4)
    assert found.mean_z == pytest.approx(densities.mean_z, abs=0.1)
    assert found.error < 1e-12
    assert densities.error < 1e-12


def test_one_line_stands_for_all(densities):
    task = CommonTask(count=8000, cells=20, steps=40, middle=6.0, width=4.0)
    whole, line = by_densities(task), by_densities(task, whole=False)
    assert whole.share == pytest.approx(line.share, rel=1e-12)
    assert whole.field == pytest.approx(line.field, rel=1e-12)
    assert whole.mean_z == pytest.approx(line.mean_z, rel=1e-12)


def test_numpy_says_the_same_of_every_particle():
    """A few steps, written out plainly."""
    task = CommonTask(count=2000, cells=12, steps=7, middle=4.0, width=3.0, rate=2e-2)
    found = by_particles(task, key=5)
    start = by_particles(
        CommonTask(count=2000, cells=12, steps=1, middle=4.0, width=3.0, rate=0.0, climb=0.0, diffusivity=1e-30), key=5
    )
    places, payload = start.places.astype(float), np.ones(2000)
    order = np.argsort(places[:, 2].astype(int) * 12 + places[:, 1].astype(int), kind="stable")  # rows, as they were in them
    field, identity = task.field(), np.arange(2000, dtype=np.uint64)
    for word in kicks.step_words(5, 0, 7):
        cell = np.minimum(places.astype(int), 11)
        z, y, x = cell[:, 2], cell[:, 1], cell[:, 0]
        padded = np.pad(field, 1, mode="edge")
        slope = [
            padded[z + 1, y + 1, x + 2] - padded[z + 1, y + 1, x],
            padded[z + 1, y + 2, x + 1] - padded[z + 1, y, x + 1],
            padded[z + 2, y + 1, x + 1] - padded[z, y + 1, x + 1],
        ]
        shoves = kicks.kicks_of_axes(kicks.word_of(identity, word))
        for axis in range(3):
            moved = places[:, axis] + 0.25 * slope[axis] + np.sqrt(0.1) * shoves[axis]
            places[:, axis] = np.minimum(np.abs(moved), 24.0 - np.abs(moved))
        cell = np.minimum(places.astype(int), 11)
        for i in order:
            at = tuple(cell[i, ::-1])
            given = 2e-2 * field[at] * payload[i]
            payload[i] -= given
            field[at] -= given
    close = np.abs(found.places - places).max(1) < 1e-4
    assert close.mean() > 0.99  # single precision may put one into the next cell
    assert found.payload[close] == pytest.approx(payload[close], rel=1e-3)
    assert found.share == pytest.approx(1.0 - payload.mean(), rel=1e-4)


def test_bits_do_not_depend_on_threads():
    task, threads = CommonTask(count=5000, cells=30, steps=60, middle=9.0, width=6.0), threads_set(None)
    try:
        runs = []
        for count in (1, 2):
            threads_set(count)
            runs.append(by_particles(task, key=3))
    finally:
        threads_set(threads)
    for name in ("places", "payload", "field"):
        assert getattr(runs[0], name).tobytes() == getattr(runs[1], name).tobytes()
    assert by_particles(task, key=4).field.tobytes() != runs[0].field.tobytes()


def test_carriers_are_put_in_order_and_none_is_lost():
    generator = np.random.default_rng(0)
    y, z = (generator.random((2, 5000)) * 10).astype(np.float32)
    index = common_walk.order(y, z, 10, 100)
    rows = z[index].astype(int) * 10 + y[index].astype(int)
    assert (np.diff(rows) >= 0).all()
    assert sorted(index.tolist()) == list(range(5000))


def test_without_a_rate_nothing_is_deposited_and_carriers_climb():
    found = by_particles(CommonTask(count=5000, cells=20, steps=60, rate=0.0, climb=2.0, middle=6.0, width=4.0))
    assert found.share == 0.0
    assert found.mean_z < 9.0
    assert by_densities(
        CommonTask(count=5000, cells=20, steps=60, rate=0.0, climb=2.0, middle=6.0, width=4.0), whole=False
    ).mean_z == (pytest.approx(found.mean_z, abs=0.3))


@pytest.mark.parametrize(
    ("change", "words"),
    [({"step": 100.0}, "a step of 100 is not stable"), ({"count": 0}, "at least one"), ({"rate": -1.0}, "a rate of -1")],
)
def test_tasks_that_cannot_be_are_refused(change, words):
    with pytest.raises(ParameterError, match=words):
        CommonTask(**change)
