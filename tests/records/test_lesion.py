"""The shape of a lesion: its depth, its layer and its mineral loss are what was asked for."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amelo.errors import RecordError
from amelo.records.lesion import DEPTH_AT, body_for_loss, knots, mineral_loss

lesions = st.tuples(st.floats(20e-6, 1e-3), st.floats(0.0, 0.7), st.floats(0.0, 0.6), st.floats(0.75, 1.0))


def read(points, places):
    depth, mineral = zip(*points, strict=True)
    return np.interp(places, depth, mineral)


@given(lesions)
def test_depth_layer_and_body_are_read_back(lesion):
    depth, body, part, surface = lesion
    layer = part * depth
    points = knots(depth, body, layer=layer, surface=surface)
    assert all(a < b for a, b in zip([x for x, _ in points], [x for x, _ in points][1:], strict=False))
    assert read(points, depth) == pytest.approx(DEPTH_AT)
    places = np.linspace(0, depth, 20_001)
    mineral = read(points, places)
    assert mineral.min() == pytest.approx(body, abs=1e-12)
    assert (read(points, np.linspace(depth * (1 + 1e-9), 2 * depth, 50)) >= DEPTH_AT).all()
    if layer > depth / 100:  # the layer ends where mineral has fallen half way from its maximum to the body
        assert places[np.argmax(mineral < 0.5 * (surface + body))] == pytest.approx(layer, abs=2 * depth / 20_000)


@given(lesions)
def test_the_loss_is_the_integral(lesion):
    depth, body, part, surface = lesion
    points = knots(depth, body, layer=part * depth, surface=surface)
    places = np.union1d(np.linspace(0, 1.2 * depth, 4001), [x for x, _ in points])
    assert mineral_loss(points) == pytest.approx(np.trapezoid(1 - read(points, places), places), rel=1e-9)


@settings(deadline=None)  # the first example imports SciPy
@given(lesions)
def test_the_body_is_found_from_the_loss(lesion):
    depth, body, part, surface = lesion
    loss = mineral_loss(knots(depth, body, layer=part * depth, surface=surface))
    assert body_for_loss(loss, depth, layer=part * depth, surface=surface) == pytest.approx(body, abs=1e-8)


@pytest.mark.parametrize("loss", [1e-3, 1e-9])
def test_a_loss_that_no_such_lesion_has(loss):
    with pytest.raises(RecordError, match="cannot have lost what is given.*check depth"):
        body_for_loss(loss, 1e-4, layer=2e-5, surface=0.9)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"body": 0.97}, "no lesion"),
        ({"body": 0.4, "layer": 80e-6, "surface": 0.9}, "leaves no room"),
        ({"body": 0.6, "layer": 10e-6, "surface": 0.5}, "more mineral than the body"),
    ],
)
def test_shapes_that_are_none(arguments, words):
    with pytest.raises(RecordError, match=words):
        knots(1e-4, **arguments)
