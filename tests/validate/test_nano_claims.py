"""The rows of the nano therapies: all there, each says what it is, and what they run answers as it must."""

from __future__ import annotations

import numpy as np
import pytest

from amelo.params import load_set
from amelo.therapy.nano import motion
from amelo.therapy.nano.carrier import Carrier
from amelo.therapy.nano.field import Field
from amelo.therapy.nano.passage import tubule
from amelo.validate import nano, nano_swarms, nano_tubules, run_subject

KINDS = ("Exact limit", "Codes against each other", "Prediction", "nput", "Speed")
VALIDATION = load_set("validation")
NUMBERS = {f"N{i}" for i in range(1, 20)}

BANDS = {  # as stated beforehand, apart from the file, so that an edit there shows here
    "N1": (1.643 * 0.99, 1.643 * 1.01),
    "N2_narrow": (4.41 * 0.995, 4.41 * 1.005),
    "N3_drift": (1.029 * 0.999, 1.029 * 1.001),
    "N4_particles": (0.03489 * 0.995, 0.03489 * 1.005),
    "N5_density": (0.0, 1e-12),
    "N7": (18.1 * 0.65, 18.1 * 1.35),
    "N8": (0.9, 1.25),
    "N8_null": (0.0, 100.0),
    "N9": (6.4 * 0.95, 6.4 * 1.05),
    "N9_centreline": (12.9 * 0.95, 12.9 * 1.05),
    "N10_irrigation": (640.0, 960.0),
    "N11": (0.0, 0.02),
    "N12_exponent": (-3.2, -2.8),
    "N14": (2.4, 3.0),
    "N15_shuttle": (3.98e9 * 0.999, 3.98e9 * 1.001),
    "N17": (-1.6, -0.5),
    "N18_single": (0.0, 25.0),
    "N19_tubule": (0.0, 50.0),
    "N19_patients": (0.0, 2.0),
}


@pytest.mark.parametrize("name", BANDS)
def test_bands_are_those_that_were_stated(name):
    p = VALIDATION[f"nano.{name}"]
    assert (p.low, p.high) == pytest.approx(BANDS[name], rel=2e-3)


@pytest.fixture(scope="module")
def rows():
    found, missing = run_subject("nano")
    assert not missing
    return {c.id: c for c in found}


def test_every_number_of_the_table_has_a_row():
    assert {name.partition("_")[0] for name in nano.QUICK | nano.FULL} == NUMBERS
    assert not set(nano.QUICK) & set(nano.FULL)
    known = {p.name for p in VALIDATION if p.name.startswith("nano.N")}
    assert known == {f"nano.{name}" for name in nano.QUICK | nano.FULL}


def test_every_row_says_what_it_is():
    for name in nano.QUICK | nano.FULL:
        note = VALIDATION[f"nano.{name}"].note
        assert any(kind in note for kind in KINDS), name
    assert {name for name in nano.QUICK if "no test" in VALIDATION[f"nano.{name}"].note} == {"N13_acid", "N13_adhesive", "N14"}


def test_all_rows_are_computed(rows):
    assert list(rows) == list(nano.IDS)
    assert all(c.verdict in ("hit", "miss") for c in rows.values()), [c for c in rows.values() if c.verdict == "missing"]


def test_limits_and_books_and_bits_are_hit(rows):
    """Exact ones and codes against each other are a matter of correctness, not of luck."""
    for name, row in rows.items():
        note = VALIDATION[f"nano.{name.replace(' ', '_')}"].note
        if "Exact limit" in note or "Codes against each other" in note:
            assert row.verdict == "hit", row


def test_a_miss_that_is_known_says_why(rows):
    missed = {name.replace(" ", "_") for name, row in rows.items() if row.verdict == "miss"}
    assert missed == set(nano.REASONS)
    for name in missed:
        assert nano.REASONS[name] in rows[name.replace("_", " ")].note


def test_the_null_fails_where_the_field_does_not():
    pulled = nano_tubules.depth("caps-400", Field(gradient=nano_tubules.calbots_gradient()))
    assert pulled == pytest.approx(400.0, rel=0.01)
    assert nano_tubules.depth("caps-400", Field()) < 100.0
    assert nano_tubules.depth("caps-400", Field(gradient=-1.0)) < nano_tubules.depth("caps-400", Field())


def test_only_the_product_of_magnetisation_and_gradient_counts():
    weak = Carrier.named("caps-400").changed(magnetisation=4e4)
    assert nano_tubules.depth(weak, Field(gradient=2.0)) == pytest.approx(
        nano_tubules.depth("caps-400", Field(gradient=1.0)), rel=1e-9
    )


def test_the_threshold_is_where_pull_over_drag_is_the_outflow():
    carrier, fluid = Carrier.named("caps-400"), motion.viscosity(37.0)
    per_gradient = motion.magnetic_velocity(carrier.diameter, carrier.magnetisation, 1.0, fluid) / motion.wall_drag(
        np.asarray(4 / 9)
    )
    by_hand = VALIDATION.value("nano.input.outflow_speed") / float(per_gradient)
    assert by_hand == pytest.approx(6.43, abs=0.02)
    assert nano_tubules.threshold_gradient() == pytest.approx(by_hand, rel=0.05)


def test_a_share_lies_between_two_depths():
    assert nano_tubules.fraction_between(0.0, 2000.0) == pytest.approx(1.0)
    inner = nano_tubules.fraction_between(300.0, 500.0)
    assert 0.0 < inner < 1.0
    assert inner == pytest.approx(nano_tubules.fraction_between(300.0, 400.0) + nano_tubules.fraction_between(400.0, 500.0))
    assert nano_tubules.fraction_between(0.0, 400.0) == pytest.approx(0.5, abs=0.02)


def test_where_a_function_rises_to():
    assert nano_tubules._rises_to(2.0, lambda x: x * x, 0.0, 4.0) == pytest.approx(np.sqrt(2.0), rel=2e-3)
    assert np.isnan(nano_tubules._rises_to(20.0, lambda x: x * x, 0.0, 4.0))
    assert np.isnan(nano_tubules._rises_to(0.0, lambda x: x * x, 0.0, 4.0))


def test_fewer_than_all_bits_would_be_seen(monkeypatch):
    real = nano_swarms._same
    calls = []

    def second_differs(one, other):
        calls.append(real(one, other))
        other.particles.depth[0] = np.nextafter(other.particles.depth[0], 1.0)
        return real(one, other)

    monkeypatch.setattr(nano_swarms, "_same", second_differs)
    assert nano_swarms.equal_bits() == 0.0 and calls == [True, True]


def test_a_lesion_of_the_twin_is_never_filled_faster_than_its_fluid_brings(rows):
    assert 0.0 < rows["N16 twin"].ours < 1.0


def test_the_frequency_of_steering_is_sought_for_copies_of_one_helix_in_one_field(monkeypatch):
    asked = []

    def needed(carrier, flux_density, tolerance):
        asked.append((carrier.volume / carrier.length**3, carrier.moment / carrier.volume, flux_density))
        return 7.0 * carrier.length**-2.5

    monkeypatch.setattr(nano_swarms, "required_frequency", needed)
    assert nano_swarms.exponent() == pytest.approx(-2.5)
    assert len(asked) == 3 and all(a == pytest.approx(asked[0]) for a in asked)


@pytest.mark.parametrize(("name", "value"), [("white_spot", 7.8), ("coil", 5e-3), ("therapy", 1200.0)])
def test_inputs_stand_beside_the_bands(name, value):
    assert VALIDATION.value(f"nano.input.{name}") == value


def test_the_tubule_of_the_rows_is_the_one_that_ships():
    ours, shipped = nano_tubules.extracted(), tubule()
    assert ours.edges[-1] == pytest.approx(shipped.edges[-1]) and ours.far == shipped.far
    np.testing.assert_allclose(
        np.interp(ours.edges, shipped.edges, shipped.width), ours.width, rtol=3e-3
    )  # the bend falls into a cell


def test_figures_are_drawn():
    import matplotlib.pyplot as plt

    drawn = nano.figures()
    assert set(drawn) == {"N8", "N12"} and all(f.axes[0].lines for f in drawn.values())
    for figure in drawn.values():
        plt.close(figure)
