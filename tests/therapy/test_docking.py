"""Carriers at a surface: exact equations, limits, what is washed and retrieved, and books that close."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import expm

from amelo.errors import ParameterError
from amelo.params import load_set
from amelo.therapy.nano.carrier import Carrier
from amelo.therapy.nano.docking import Docked, _two, dock, most_arriving, refuse_enamel, wash
from amelo.therapy.nano.field import Field

CAPS = Carrier.named("caps-400")
STILL = Field()
LEVEL, NEUTRAL = np.zeros(1), np.full(1, 7.0)


def docked(carrier=CAPS, field=STILL, before=None, *, outside=1e15, duration=600.0, deficit=LEVEL, ph=NEUTRAL, **more):
    before = Docked.nothing(len(deficit)) if before is None else before
    return dock(carrier, field, before, outside=outside, duration=duration, deficit=deficit, ph=ph, **more)


def carriers_of(d):
    return d.loose + d.stuck + d.left


@given(
    start=st.tuples(st.floats(0, 1e9), st.floats(0, 1e9)),
    supply=st.floats(0, 1e9),
    rates=st.tuples(*(st.floats(0, 30.0) for _ in range(4))),
    time=st.floats(1e-3, 100.0),
)
@settings(deadline=None, max_examples=200)
def test_two_linear_equations_are_solved_exactly(start, supply, rates, time):
    out, over, back, lost = rates
    out = out + over  # what goes over to the other has left the one
    found = _two(*(np.array([x]) for x in start), np.array([supply]), out, over, back, lost, time)
    whole = np.zeros((5, 5))  # a, b, their integrals, one
    whole[0, :2] = -(out + lost), back
    whole[1, :2] = over, -(back + lost)
    whole[2, 0] = whole[3, 1] = 1.0
    whole[0, 4] = 1.0
    expected = expm(whole * time) @ np.array([*start, 0.0, 0.0, supply])
    scale = sum(start) + supply * time + 1e-9
    np.testing.assert_allclose(np.array(found)[:2, 0], expected[:2], atol=1e-12 * scale)
    np.testing.assert_allclose(np.array(found)[2:, 0], expected[2:4], atol=1e-12 * scale * time)


def test_under_a_strong_pull_what_the_drift_brings_arrives():
    drift = 5 * 1.0286577e-6  # m/s at 5 T/m, of the science page
    found = docked(field=Field(gradient=5.0), outside=1e15, duration=1200.0)
    assert found.arrived[0] == pytest.approx(1e15 * drift * 1200.0, rel=1e-3)
    assert most_arriving(CAPS, Field(gradient=5.0), 1e15, 1200.0) == pytest.approx(found.arrived[0], rel=1e-12)


def test_without_drift_arrival_is_diffusion_across_the_layer():
    layer = load_set("nano/scene").value("surface.layer")
    weightless = CAPS.changed(excess_density=0.0)
    found = docked(weightless, outside=1e15, duration=10.0)
    assert found.arrived[0] == pytest.approx(1.643e-12 / layer * 1e15 * 10.0, rel=1e-3)


def test_gravity_brings_carriers_to_a_surface_that_faces_up_and_keeps_them_from_one_that_faces_down():
    up, level, down = (docked(field=Field(gravity=g), duration=1200.0).loose[0] for g in (1.0, 0.0, -1.0))
    assert up > 2 * level > 4 * down


def test_more_stick_to_a_lesion_and_in_acid():
    deficit, ph = np.array([0.0, 0.5, 0.5]), np.array([7.0, 7.0, 5.0])
    sound, lesion, sour = docked(deficit=deficit, ph=ph).stuck
    assert lesion > 5 * sound
    assert sour > 1.5 * lesion


def test_nothing_sticks_that_cannot_and_all_of_it_is_washed_away():
    slippery = CAPS.changed(stick_sound=0.0, stick_lesion=0.0, gelation_fraction=1.0)
    found = wash(docked(slippery, field=Field(gradient=5.0)))
    assert found.stuck[0] == 0.0
    assert found.loose[0] == 0.0
    assert found.left[0] == pytest.approx(found.arrived[0], rel=1e-12)


def test_a_reversed_field_takes_loose_carriers_home_and_not_the_bound_ones():
    field = Field(gradient=5.0)
    there = docked(field=field)
    home = docked(field=field.reversed(), before=there, outside=0.0, duration=120.0)
    assert home.loose[0] < 1e-3 * there.loose[0]
    assert home.stuck[0] > 0.9 * there.stuck[0]


def test_a_dense_bed_gels():
    thin = CAPS.changed(stick_sound=0.0, stick_lesion=0.0)
    few, many = (docked(thin, field=Field(gradient=50.0), outside=n, duration=600.0) for n in (1e12, 1e17))
    assert few.stuck[0] == 0.0
    assert many.stuck[0] > 0.5 * many.arrived[0]


def test_payload_goes_off_faster_in_acid_and_not_into_a_saturated_fluid():
    ph, saturation = np.array([7.0, 5.0, 7.0]), np.array([0.0, 0.0, 1.0])
    found = docked(field=Field(gradient=5.0), deficit=np.zeros(3), ph=ph, saturation=saturation)
    neutral, sour, saturated = found.released / found.arrived_load
    assert sour > 2.0 * neutral > 0.0
    assert saturated == 0.0
    expected = 1 - (1 - np.exp(-2e-4 * 600.0)) / (2e-4 * 600.0)  # carriers that came evenly over the time
    assert neutral == pytest.approx(expected, rel=0.02)


def test_no_carriers_no_change():
    found = docked(field=Field(gradient=5.0), outside=0.0)
    assert all(np.all(getattr(found, name) == 0.0) for name in ("loose", "stuck", "left", "arrived", "released"))


@given(
    outside=st.floats(1e6, 1e19),
    gradient=st.floats(-100, 100),
    gravity=st.floats(-1, 1),
    duration=st.floats(1, 86400),
    deficit=st.floats(0, 1),
    ph=st.floats(3, 9),
    saturation=st.floats(0, 1),
)
@settings(deadline=None, max_examples=60)
def test_books_close_whatever_is_done(outside, gradient, gravity, duration, deficit, ph, saturation):
    field = Field(gradient=gradient, gravity=gravity)
    given_there = {"deficit": np.array([deficit]), "ph": np.array([ph]), "saturation": np.array([saturation])}
    first = docked(field=field, outside=outside, duration=duration, **given_there)
    last = wash(docked(field=field.reversed(), before=first, outside=0.0, duration=60.0, **given_there))
    assert last.imbalance < 1e-12
    for name in ("loose", "stuck", "left", "loose_load", "stuck_load", "released"):
        assert getattr(last, name)[0] >= -1e-9 * last.arrived[0], name
    assert last.stuck_load[0] <= last.stuck[0] * (1 + 1e-9)


def test_members_do_not_touch_each_other():
    pulls = np.array([2e4, 8e4, 1.6e5])
    together = docked(field=Field(gradient=2.0), deficit=np.zeros(3), ph=np.full(3, 7.0), magnetisation=pulls)
    for m, pull in enumerate(pulls):
        alone = docked(CAPS.changed(magnetisation=pull), field=Field(gradient=2.0))
        assert together.stuck[m] == pytest.approx(alone.stuck[0], rel=1e-12)


def test_carriers_do_not_swim_through_enamel():
    with pytest.raises(
        ParameterError, match=r"caps-400 cannot enter enamel; it has 400 nm, the widest pores of a lesion 100 nm; let it dock"
    ):
        refuse_enamel(CAPS)
    refuse_enamel(Carrier.named("ion-clusters"))
