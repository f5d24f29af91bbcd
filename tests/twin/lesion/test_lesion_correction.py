"""One correction of Newton's method in a cell: where it stops, and what of it counts."""

from __future__ import annotations

import numpy as np
import pytest

from amelo.records.specimen import load_specimen
from amelo.twin.diffusivity import diffusivities
from amelo.twin.lesion.baths import ARRAYS, float_frame
from amelo.twin.lesion.cell import FLUORIDE, HYDROGEN, SIZE
from amelo.twin.lesion.column_equations import EVEN, ONSET, correct
from amelo.twin.lesion.solve import cell_model
from amelo.twin.twin import Twin


@pytest.fixture(scope="module")
def model(root):
    column = Twin.of(load_specimen(root / "cases/specimens/human-enamel.toml")).column()
    return cell_model(column, (), diffusivities(37.0))


def corrected(model, saturation, asked):
    """Return what a cell at ln DS ``saturation`` of all phases becomes when the last row of its elimination asks for so much (4,)."""
    values = {f"c{j}": np.array([1e-3]) for j in range(SIZE)} | {"damping": np.array([1.0])}
    values |= {f"residual{j}": np.array([x]) for j, x in enumerate(asked)}
    values |= {f"block{j}{k}": np.array([0.0]) for j in range(SIZE) for k in range(SIZE)}
    for k in range(len(model.phases)):
        values |= {f"saturation{k}": np.array([saturation]), f"below{k}": np.array([-400.0]), f"above{k}": np.array([9.0])}
    load, store = float_frame(values)
    correct(model, load, lambda name: np.array([0.0]), store, ARRAYS)
    return values


def moved(model, values, k):
    """Return by how much ln DS of a phase has changed."""
    data = model.phases[k]
    return sum(n * np.log(values[f"c{j}"][0] / 1e-3) for j, n in enumerate(data.powers)) / data.ions


def growing(model):
    return next(
        k for k, data in enumerate(model.phases) if data.phase.growth is not None and not data.phase.growth.fluoride_limited
    )


def test_a_correction_from_below_saturation_stops_where_growth_has_begun(model):
    k = growing(model)
    values = corrected(model, -0.02, [0.3, 0.3, 0.0, 0.0])
    assert moved(model, values, k) == pytest.approx(ONSET + 0.02, rel=1e-3)
    assert values["error"][0] == pytest.approx(0.09, rel=1e-6)  # what was asked for, not what was done, so that it goes on


@pytest.mark.parametrize(
    ("saturation", "asked"), [(-0.5, [0.3, 0.3, 0.0, 0.0]), (0.01, [0.3, 0.3, 0.0, 0.0]), (-0.02, [-0.3, -0.3, 0.0, 0.0])]
)
def test_a_correction_that_does_not_reach_growth_or_is_beyond_it_is_taken_whole(model, saturation, asked):
    values = corrected(model, saturation, asked)
    whole = [1.3, 1.3] if asked[0] > 0 else [np.exp(-0.3)] * 2
    assert [values[f"c{j}"][0] / 1e-3 for j in range(2)] == pytest.approx(whole, rel=1e-9)


def test_fluoride_counts_by_a_share_of_its_correction(model):
    asked = [0.0] * SIZE
    asked[FLUORIDE] = 0.5
    assert corrected(model, -5.0, asked)["error"][0] == pytest.approx((EVEN * 0.5) ** 2, rel=1e-6)
    asked[HYDROGEN] = 0.2
    assert corrected(model, -5.0, asked)["error"][0] == pytest.approx(0.2**2, rel=1e-6)
