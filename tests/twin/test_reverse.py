"""Reverse sweeps of recorded text against the derivative of the text itself, by complex steps and by differences."""

from __future__ import annotations

from math import exp, log, sqrt

import numpy as np
import pytest

from amelo.errors import AmeloError
from amelo.twin.chemistry.recorder import Recorder
from amelo.twin.lesion.column_equations import solved
from amelo.twin.lesion.reverse import Meanings, is_dear, offset_of, place_at, reverse_sweep

SIZE = 8  # numbers, and as far behind each its adjoint


def run(lines: list[str], array: np.ndarray) -> np.ndarray:
    """Run recorded lines on an array."""
    array = np.array(array, float)
    names = {"w": array, "b": 0, "l": 0, "uint64": int, "sqrt": sqrt, "fexp": exp, "flog": log}
    for line in lines:
        exec(line, names)
    return array


def recorded(equations) -> list[str]:
    frame = Recorder()
    equations(frame, lambda i: frame.value(place_at(i)), lambda i, x: frame.store(place_at(i), x))
    return frame.lines


def every_operation(m, load, store):
    x, y, z = load(0), load(1), load(2)
    product = x * y - z / x + 2.0 / y - (3.0 - z) + 1.0 / (x + y * y)
    root = m.sqrt(product * product + 1.0) - (-y)
    store(3, m.exp_any(x * 0.3) * m.log(root + 2.0) + m.exp(x * 0.1))
    store(4, m.where(product > 1.0, root * z, x / 7.0) + m.where(x < 0.0, y, 2.0))


def overwriting(m, load, store):
    x, y = load(0), load(1)
    store(0, x * y)
    store(1, 1.5)
    store(3, x + y + 4.0)


def reusing(m, load, store):
    x = load(0)
    store(3, x * x * x + x / (x * x))
    store(4, m.where(x <= 1.0, m.where(x >= 0.5, x * 3.0, x), x * x))


@pytest.mark.parametrize("equations", [every_operation, overwriting, reusing])
@pytest.mark.parametrize("point", [(0.7, 1.3, 2.1), (2.5, 1.9, -0.4), (1.2, -2.2, 0.3)])
def test_a_sweep_is_the_transpose_of_the_derivative(equations, point):
    lines = recorded(equations)
    back = reverse_sweep(lines, lambda place: place + SIZE)
    start = np.array([*point, 0.2, 0.4, 0, 0, 0], float)
    rng = np.random.default_rng(3)
    bar, direction = rng.normal(size=SIZE), rng.normal(size=SIZE)
    pulled = run(back, np.concatenate([start, bar]))
    assert pulled[:SIZE] == pytest.approx(start, abs=0)  # values stay as they are
    h = 1e-5
    moved = [run(lines, start + n * h * direction) for n in (-2, -1, 1, 2)]
    push = (moved[0] - 8 * moved[1] + 8 * moved[2] - moved[3]) / (12 * h)
    assert pulled[SIZE:] @ direction == pytest.approx(bar @ push, rel=1e-9)


def test_a_system_of_equations_is_reversed_as_its_transpose():
    matrix = np.array([[3.0, 1.0], [0.5, 2.0]])

    def equations(m, load, store):
        rows = solved([[*map(float, row), load(j)] for j, row in enumerate(matrix)])
        for j, row in enumerate(rows):
            store(2 + j, row[-1])

    back = reverse_sweep(recorded(equations), lambda place: place + SIZE)
    array = np.zeros(2 * SIZE)
    array[SIZE + 2 : SIZE + 4] = 0.3, -1.1
    assert run(back, array)[SIZE : SIZE + 2] == pytest.approx(np.linalg.solve(matrix.T, [0.3, -1.1]))


def test_a_place_that_has_no_adjoint_is_left_alone():
    lines = recorded(every_operation)
    back = reverse_sweep(lines, lambda place: place + SIZE, seeded=lambda place: place == 3, moved=lambda place: place != 1)
    start = np.concatenate([[0.7, 1.3, 2.1, 0, 0, 0, 0, 0], np.ones(SIZE)])
    ours = run(back, start)[SIZE:]
    both = run(reverse_sweep(lines, lambda place: place + SIZE, seeded=lambda place: place == 3), start)[SIZE:]
    assert ours[4] == 1.0 and ours[3] == 0.0
    assert ours[1] == 1.0 != both[1]
    assert ours[0] == pytest.approx(both[0]) and ours[2] == pytest.approx(both[2])


def test_what_is_left_in_a_place_is_read_instead_of_computed():
    lines = recorded(every_operation)
    meanings = Meanings()
    names = meanings.of(lines)
    dear = [line.partition(" = ")[0] for line in lines if is_dear(line.partition(" = ")[2]) and "where" not in line]
    left = {name: place_at(2 * SIZE + i) for i, name in enumerate(dear)}
    kept = [*lines, *(f"{place} = {name}" for name, place in left.items())]
    start = np.concatenate([[0.7, 1.3, 2.1, 0, 0, 0, 0, 0], np.ones(SIZE), np.zeros(len(dear))])
    filled = run([line for line in kept if offset_of(line.partition(" = ")[0]) not in range(2 * SIZE)], start)
    back = reverse_sweep(lines, lambda place: place + SIZE, left=left)
    plain = reverse_sweep(lines, lambda place: place + SIZE)
    assert run(back, filled)[SIZE : 2 * SIZE] == pytest.approx(run(plain, start)[SIZE : 2 * SIZE], rel=1e-14)
    assert sum("fexp" in line for line in back) == 0 < sum("fexp" in line for line in plain)
    assert len(set(names.values())) == len(names)


def test_meanings_are_the_same_under_other_names():
    def longer(m, load, store):
        load(5)
        every_operation(m, load, store)

    meanings = Meanings()
    one, other = meanings.of(recorded(every_operation)), meanings.of(recorded(longer))
    assert set(one.values()) < set(other.values())
    assert one["v0"] == other["v1"]


def test_places():
    for offset in (0, 7, -3):
        assert offset_of(place_at(offset)) == offset
    assert offset_of("v3") is None
    assert not is_dear(place_at(4)) and not is_dear("v1 * v2") and is_dear("v1 / v2") and is_dear("flog(v1)")


def test_loading_after_storing_is_refused():
    def backwards(m, load, store):
        store(0, load(1) * 2.0)
        store(2, load(0) + 1.0)

    with pytest.raises(AmeloError, match="after it has stored it"):
        reverse_sweep(recorded(backwards), lambda place: place + SIZE)


def test_an_operation_without_a_rule_is_named():
    with pytest.raises(AmeloError, match="no reverse is known of 'sin"):
        reverse_sweep([f"v0 = {place_at(0)}", "v1 = sin(v0)", f"{place_at(1)} = v1"], lambda place: place + SIZE)
