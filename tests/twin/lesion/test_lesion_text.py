"""The compiled core against plain evaluation: every recorded pass gives what its equations give in NumPy, number by number."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from lesion_columns import bath, enamel, slab
from numba import njit

from amelo.twin.diffusivity import diffusivities
from amelo.twin.lesion.baths import ARRAYS
from amelo.twin.lesion.kernel import PASSES, compiled, layout_of
from amelo.twin.lesion.solve import cell_model
from amelo.twin.lesion.tiles import Baths, fill
from amelo.twin.schedule import Exposure, Segment

ACID = bath(4.5, "K", Ca=2.0, P=2.0, F=0.005, Lac=50.0, K=100.0, Tr=60.0)
GHOSTED = ("evaluate",)  # passes that the loop also runs over the fluids outside and inside
BEYOND = ("faces", "carry_through", "through")  # passes that include the inner face


class Plain:
    """One cell of an array of (slots, fields), as a pass sees it while it is recorded."""

    math = ARRAYS

    def __init__(self, fields: dict[str, int], values: np.ndarray, cell: int) -> None:
        self.fields, self.values, self.cell = fields, values, cell

    def load(self, name: str) -> np.float64:
        return self.values[self.cell, self.fields[name]]

    def left(self, name: str) -> np.float64:
        return self.values[self.cell - 1, self.fields[name]]

    def right(self, name: str) -> np.float64:
        return self.values[self.cell + 1, self.fields[name]]

    def store(self, **numbers: float) -> None:
        for name, number in numbers.items():
            self.values[self.cell, self.fields[name]] = number


def started(column) -> SimpleNamespace:
    """Return a column of one lane some steps into an acid, with everything a further step of 60 s needs."""
    schedule = (Segment(60.0, Exposure(ACID)),)
    model = cell_model(column, schedule, diffusivities(37.0))
    layout = layout_of(model, 1)
    module, baths = compiled(layout), Baths(model, [Exposure(ACID)])
    tile = fill(layout, column, np.array([0]), baths.fields(column.fluid), None, baths)
    cells, fields = tile.cells, layout.fields
    module.set_bath(tile.array, np.array([0]), baths.table(layout), 0)
    for seconds in (1.0, 5.0, 30.0):
        module.spread(tile.array, cells, fields["step"], np.array([seconds]))
        module.spread(tile.array, cells, fields["inhibitor"], np.array([0.1]))
        assert module.step(tile.array, cells, 24, 1e-6, np.zeros(1)) > 0
    module.spread(tile.array, cells, fields["step"], np.array([60.0]))
    module.spread(tile.array, cells, fields["damping"], np.ones(1))
    for clear in ("block", "residual"):
        for name, at in fields.items():
            if name.startswith(clear):
                tile.view[0, at] = 0.0
    return SimpleNamespace(layout=layout, module=module, array=tile.array, cells=cells, model=model)


def called(one_pass):
    """Return a function for Python of a pass, which is one for compiled code."""

    @njit
    def runs(w, first, last):
        one_pass(w, first, last)

    return runs


@pytest.mark.parametrize("make", [slab, enamel], ids=["slab", "enamel"])
def test_every_pass_is_its_equations(make):
    start = started(make())
    noise = np.random.default_rng(3)
    stride, names = start.layout.stride, list(start.layout.fields)
    for name, (inwards, record) in PASSES.items():
        first, last = 1, start.cells + (name in BEYOND)
        ranges = [(0, 0), (last + 1, last + 1)] * (name in GHOSTED) + [(first, last)]
        runs = called(getattr(start.module.module, name))
        start.array *= 1.0 + 0.01 * noise.random(len(start.array))  # so that every pass has something to change
        before = start.array.copy()
        plain = before.copy().reshape(-1, stride)
        for low, high in ranges:
            runs(start.array, low, high)
            cells = range(low, high + 1)
            for cell in cells if inwards else reversed(cells):
                record(start.model, Plain(start.layout.fields, plain, cell))
        text = start.array.reshape(-1, stride)
        assert np.isfinite(text[1 : start.cells + 1]).all(), name
        scale = np.abs(plain).max(axis=0)  # of each field: where two numbers cancel, what is left is round-off of both
        wrong = np.abs(text - plain) > 1e-10 * np.abs(plain) + 1e-12 * scale
        assert not wrong.any(), f"{name}: {sorted({names[f] for f in np.nonzero(wrong)[1]})}"
        fed = name.startswith("feed") and not start.model.living  # nothing to feed
        assert fed or not np.array_equal(start.array, before), name


def test_a_step_changes_what_it_should():
    start = started(slab())
    before = start.array.copy().reshape(-1, start.layout.stride)
    assert start.module.step(start.array, start.cells, 24, 1e-6, np.zeros(1)) > 0
    after = start.array.reshape(-1, start.layout.stride)
    mineral = start.layout.fields["mineral0"]
    assert after[1, mineral] < before[1, mineral]
    assert np.all(after[1 : start.cells + 1, mineral] <= before[1 : start.cells + 1, mineral] * (1 + 1e-12))


def test_the_polynomials_are_exp_and_log():
    module = started(slab()).module
    x = np.concatenate([np.linspace(-700, 700, 4001), np.linspace(-1e-3, 1e-3, 1001)])
    assert np.array([module.fexp(v) for v in x]) == pytest.approx(np.exp(x), rel=1e-15 * 4)
    y = np.concatenate([np.logspace(-300, 300, 4001), np.linspace(0.5, 2.0, 1001)])
    assert np.array([module.flog(v) for v in y]) == pytest.approx(np.log(y), rel=4e-15, abs=4e-16)
    assert np.isnan(module.fexp(np.nan)) and np.isnan(module.flog(np.nan))


def test_kernels_are_named_by_what_they_say():
    """The same model gives the same text, another model another."""
    from amelo.twin.lesion.kernel import kernel_text

    one, other = (started(make()).layout for make in (slab, enamel))
    assert kernel_text(one) == kernel_text(layout_of(one.model, 1))
    assert kernel_text(one) != kernel_text(other)
    assert kernel_text(one) != kernel_text(layout_of(one.model, 16))
