"""Outcomes of profiles whose answer is known, their convergence with the grid, and what must hold for any profile."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from amelo.twin import outcomes as o
from amelo.twin.column import graded_edges
from amelo.twin.crossing import deepest_above, face_values, first_above

UM = 1e-6
SOUND = 0.85


def averaged(curve, edges, points=400):
    """Cell averages of a function of depth [m] by the midpoint rule."""
    at = (np.arange(points) + 0.5) / points
    return curve(edges[:-1, None] + at * np.diff(edges)[:, None]).mean(axis=1)


def grid(cells, depth=200.0):
    return np.linspace(0.0, depth * UM, cells + 1)


def of(curve, edges):
    """Mineral and sound of a relative profile m(x)."""
    return SOUND * averaged(curve, edges), np.full(len(edges) - 1, SOUND)


def body(x, outer=0.95, low=0.40, top=20.0, bottom=100.0):
    """A subsurface lesion: an outer layer, a body, and a slope back to sound, all smooth."""
    z = x / UM
    fall = 1.0 / (1.0 + np.exp(-(z - top) / 3.0))
    rise = 1.0 / (1.0 + np.exp(-(z - bottom) / 8.0))
    return outer + (low - outer) * fall + (1.0 - low) * rise


def test_a_uniform_loss_is_the_product():
    edges = grid(40)
    m, s = of(lambda x: np.where(x < 50 * UM, 0.6, 1.0), edges)
    assert o.integrated_mineral_loss(m, s, edges) == pytest.approx(0.4 * 85 * 50, rel=1e-12)
    assert o.lesion_depth(m, s, edges) == pytest.approx(50, abs=0.5)
    loss, depth = o.integrated_mineral_loss(m, s, edges), o.lesion_depth(m, s, edges)
    assert o.mean_mineral_loss(loss, depth) == pytest.approx(34, rel=0.01)


def test_sound_tissue_has_no_lesion():
    edges = graded_edges(1e-3, 60, 1e-6)
    s = np.linspace(0.80, 0.90, 60)
    assert o.integrated_mineral_loss(s, s, edges) == 0.0
    assert o.lesion_depth(s, s, edges) == 0.0
    layer = o.surface_layer(s, s, edges)
    assert layer.thickness == 0.0 and np.isnan(layer.mineral) and layer.body_mineral == 100.0
    assert np.isnan(o.mean_mineral_loss(0.0, 0.0))


@pytest.mark.parametrize("front", [11.3, 37.0, 38.53, 42.4999, 99.0])
@pytest.mark.parametrize("width", [1.0, 5.0, 10.0])
def test_a_sharp_front_is_found_inside_its_cell(front, width):
    edges = grid(round(200 / width))
    m, s = of(lambda x: np.where(x < front * UM, 0.0, 1.0), edges)
    assert o.integrated_mineral_loss(m, s, edges) == pytest.approx(85 * front, rel=2e-3)
    assert front - 0.05 * width <= o.lesion_depth(m, s, edges) <= np.ceil(front / width) * width + 1e-9


def test_depth_of_a_smooth_front_converges_to_second_order():
    exact = 80 + 8 * np.log(19)  # where the logistic is 0.95

    def curve(x):
        return 1 / (1 + np.exp(-(x / UM - 80) / 8))

    errors = [abs(o.lesion_depth(*of(curve, grid(n)), grid(n)) - exact) for n in (25, 50, 100, 200)]
    assert errors[0] < 2.0 and errors[-1] < 0.02
    orders = np.log2(np.array(errors[:-1]) / errors[1:])
    assert orders.mean() > 1.7, (errors, orders)


def test_depth_on_a_graded_grid_is_as_good():
    edges = graded_edges(300 * UM, 80, 0.5 * UM)

    def curve(x):
        return 1 / (1 + np.exp(-(x / UM - 40) / 6))

    assert o.lesion_depth(*of(curve, edges), edges) == pytest.approx(40 + 6 * np.log(19), abs=0.1)


def test_other_thresholds_lie_where_the_curve_does():
    edges = grid(400)
    m, s = of(lambda x: np.clip(x / (100 * UM), 0, 1), edges)
    for threshold in (0.2, 0.5, 0.8, 0.9):
        assert o.lesion_depth(m, s, edges, threshold) == pytest.approx(100 * threshold, abs=0.05)


def test_a_lesion_through_the_whole_column_is_as_deep_as_the_column():
    edges = grid(20)
    m, s = np.full(20, 0.3), np.full(20, SOUND)
    assert o.lesion_depth(m, s, edges) == pytest.approx(200)


@pytest.mark.parametrize("cells", [100, 200, 400])
def test_a_surface_layer_is_measured_at_its_midpoint(cells):
    edges = grid(cells)
    m, s = of(lambda x: body(x, outer=0.95, low=0.40, top=20.0), edges)
    layer = o.surface_layer(m, s, edges)
    assert layer.thickness == pytest.approx(20.0, abs=0.7)
    assert layer.mineral == pytest.approx(95, abs=0.8)
    assert layer.body_mineral == pytest.approx(40, abs=0.8)
    assert 35 < layer.body_depth < 75 and layer.mineral_depth < 2
    assert o.surface_layer_thickness(m, s, edges) == layer.thickness
    assert o.surface_layer_mineral(m, s, edges) == layer.mineral
    assert o.lesion_body_mineral(m, s, edges) == layer.body_mineral


def test_a_layer_of_too_little_contrast_is_none():
    edges = grid(100)
    for low, there in ((0.895, False), (0.905, False), (0.84, True)):
        m, s = of(lambda x, low=low: np.where(x < 20 * UM, 0.94, np.where(x < 80 * UM, low, 1.0)), edges)
        layer = o.surface_layer(m, s, edges)
        assert (layer.thickness > 0) == there, low
        assert layer.contrast == pytest.approx(0.94 - low, abs=1e-9)
        assert layer.body_mineral == pytest.approx(100 * low, abs=1e-9)
    assert o.surface_layer(m, s, edges, contrast=0.2).thickness == 0


def test_a_lesion_that_is_open_at_the_surface_has_no_layer_and_an_eroded_one_still_shows_the_layer_below():
    edges = grid(200)
    open_, s = of(lambda x: np.clip(x / (80 * UM), 0, 1), edges)
    assert o.surface_layer(open_, s, edges).thickness == 0
    eroded, _ = of(lambda x: np.where(x < 5 * UM, 0.0, np.where(x < 30 * UM, 0.9, np.where(x < 80 * UM, 0.5, 1))), edges)
    layer = o.surface_layer(eroded, s, edges)
    assert (
        layer.thickness == pytest.approx(30, abs=1.0)
        and layer.mineral == pytest.approx(90)
        and layer.body_mineral == pytest.approx(50)
    )


def test_members_and_times_are_axes_like_any_other():
    edges = grid(50)
    profiles = np.stack([of(lambda x, f=f: np.where(x < f * UM, 0.2, 1.0), edges)[0] for f in (10, 33, 71, 120, 0, 199)])
    s = np.full(50, SOUND)
    stacked = profiles.reshape(2, 3, 50)
    for function in (o.integrated_mineral_loss, o.lesion_depth, o.surface_layer_thickness, o.lesion_body_mineral):
        one_by_one = [function(p, s, edges) for p in profiles]
        np.testing.assert_array_equal(function(stacked, s, edges).ravel(), one_by_one)


def test_what_a_failed_member_left_is_not_a_number_and_no_warning():
    edges = grid(10)
    m = np.full((2, 10), SOUND)
    m[1, 4] = np.nan
    s = np.full(10, SOUND)
    for function in (o.integrated_mineral_loss, o.lesion_depth, o.surface_layer_thickness, o.lesion_body_mineral):
        values = function(m, s, edges)
        assert np.isfinite(values[0]) and np.isnan(values[1]), function


def test_gain_is_counted_from_the_first_lesion():
    first, later = np.array([2000.0, 2000.0, 0.0, 1e-9]), np.array([1400.0, 2500.0, 300.0, 0.0])
    gain = o.mineral_gain(later, first, np.full(4, 17000.0))
    np.testing.assert_allclose(gain[:2], [30.0, -25.0])
    assert np.isnan(gain[2:]).all()


def test_amounts_fluxes_and_collagen():
    edges = graded_edges(100 * UM, 20, 1 * UM)
    mineral = np.full((3, 2, 20), 0.4)
    np.testing.assert_allclose(o.phase_amounts(mineral, edges), np.full((3, 2), 4000.0))
    np.testing.assert_allclose(o.flux(np.array([[0.0, 2.0, 2.0, 1.0]]), np.array([0.0, 4.0, 8.0, 10.0])), [[0, 0.5, 0, -0.5]])
    intact = np.where(edges[1:] <= edges[10], 0.25, 1.0)
    assert o.collagen_loss(intact, edges) == pytest.approx(0.75e6 * edges[10])


def test_a_profile_is_read_at_any_depth():
    edges = np.array([-20.0, -10, 0, 10, 30, 60]) * UM
    line = 5 + 0.5 * (edges[:-1] + edges[1:]) / 2 / UM
    for depth in (-15, -3.3, 5, 7.7, 44.9):
        assert o.value_at(line, edges, depth * UM) == pytest.approx(5 + 0.5 * depth)
    assert o.value_at(line, edges, 1.0) == line[-1] and o.value_at(line, edges, -1.0) == line[0]
    assert np.isnan(o.value_at(line, edges, np.nan))
    absent = np.full((2, 5), -np.inf)
    assert (o.value_at(absent, edges, np.array([0.0, 1e-5])) == -np.inf).all()
    assert o.value_at(np.array([[3.0]]), np.array([0.0, 1.0]), 0.2) == 3.0


def test_the_reference_profiles_give_the_reference_figures(shared):
    """The figures of the PHREEQC runs: ΔZ and, to within a cell, the depth."""
    for name, loss, depth in (
        ("c_eq_Lac_pH4.5_dx5_N30_h24_S300", 3089.0, 40),
        ("c_eq_Lac_pH4.5_dx5_N30_h168_S300", 8161.6, 105),
        ("c_kin_Lac_pH4.5_dx5_N30_h24_S300_k0.0004", 2280.1, 75),
        ("c_eqmcd_Lac_pH4.5_dx10_N15_h24_S300", 3022.1, 40),
    ):
        data = json.loads((shared / "oracle" / "phreeqc" / f"{name}.json").read_text())
        rows = np.array(next(reversed(data["profiles"].values())))
        edges = data["dx"] * np.arange(data["N"] + 1)
        mineral, sound = 0.8 * rows[:, 1], np.full(len(rows), 0.8)
        assert o.integrated_mineral_loss(mineral, sound, edges) == pytest.approx(loss, rel=1e-4)
        assert depth - data["dx"] / UM <= o.lesion_depth(mineral, sound, edges) <= depth
        assert o.surface_layer_thickness(mineral, sound, edges) == 0


WIDTHS = hnp.arrays(float, st.integers(2, 25), elements=st.floats(0.5, 20))


@st.composite
def profiles(draw, low=0.0, high=1.1):
    widths = draw(WIDTHS)
    share = draw(hnp.arrays(float, widths.shape, elements=st.floats(low, high)))
    sound = draw(hnp.arrays(float, widths.shape, elements=st.floats(0.3, 0.9)))
    return share * sound, sound, np.concatenate([[0], np.cumsum(widths)]) * UM


@settings(deadline=None)
@given(profiles(), st.integers(0, 10))
def test_loss_is_additive_over_depth_and_over_phases(profile, cut):
    m, s, edges = profile
    k = 1 + cut % (len(m) - 1)
    whole = o.integrated_mineral_loss(m, s, edges)
    parts = o.integrated_mineral_loss(m[:k], s[:k], edges[: k + 1]) + o.integrated_mineral_loss(m[k:], s[k:], edges[k:])
    assert parts == pytest.approx(whole, abs=1e-9)
    amounts = o.phase_amounts(np.stack([0.3 * m, 0.7 * m]), edges)
    assert o.phase_amounts(s[None], edges)[0] - amounts.sum() == pytest.approx(whole, abs=1e-9)


@settings(deadline=None)
@given(profiles(), st.integers(2, 5))
def test_loss_does_not_change_when_cells_are_cut(profile, parts):
    m, s, edges = profile
    finer = np.interp(np.arange((len(edges) - 1) * parts + 1) / parts, np.arange(len(edges)), edges)
    coarse, fine = (
        o.integrated_mineral_loss(m, s, edges),
        o.integrated_mineral_loss(np.repeat(m, parts), np.repeat(s, parts), finer),
    )
    assert fine == pytest.approx(coarse, rel=1e-9, abs=1e-8)


@settings(deadline=None)
@given(profiles())
def test_depth_is_in_or_just_below_the_deepest_cell_that_lost_mineral(profile):
    m, s, edges = profile
    depth = o.lesion_depth(m, s, edges) * UM
    lost = np.flatnonzero(1 - m / s > 1 - 0.95)
    if len(lost) == 0:
        assert depth == 0
        return
    k = lost[-1]
    assert edges[k] - 1e-12 <= depth <= edges[min(k + 2, len(edges) - 1)] + 1e-12
    deeper = [o.lesion_depth(m, s, edges, t) for t in (0.2, 0.5, 0.8, 0.95)]
    assert (np.diff(deeper) >= -1e-9).all()


@settings(deadline=None)
@given(profiles())
def test_a_layer_lies_between_its_maximum_and_its_minimum(profile):
    m, s, edges = profile
    layer = o.surface_layer(m, s, edges)
    assert layer.contrast >= 0
    if layer.thickness > 0:
        assert layer.mineral_depth - 21 <= layer.thickness <= layer.body_depth + 21
        assert layer.mineral - layer.body_mineral == pytest.approx(100 * layer.contrast)
    else:
        assert layer.contrast <= o.SURFACE_CONTRAST + 1e-12 and np.isnan(layer.mineral)


@settings(deadline=None)
@given(profiles())
def test_the_curve_stays_between_its_neighbours(profile):
    m, _, edges = profile
    faces = face_values(m, np.diff(edges))
    assert (faces[1:-1] <= np.maximum(m[1:], m[:-1]) + 1e-12).all() and (faces >= -1e-12).all()


@settings(deadline=None)
@given(profiles(), st.floats(0.01, 0.9))
def test_first_and_deepest_mirror_each_other(profile, threshold):
    m, _, edges = profile
    last = deepest_above(m, edges, threshold)
    mirrored = first_above(m[::-1], edges[-1] - edges[::-1], threshold)
    if np.isnan(last):
        assert np.isnan(mirrored)
    else:
        assert edges[-1] - mirrored == pytest.approx(last, abs=1e-12)
