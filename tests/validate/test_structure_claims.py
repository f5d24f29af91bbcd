"""The rows of structure: bands as stated, what is calibrated on says so, misses are shown, and the one constant gives its figure."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import beta

from amelo.params import load_set
from amelo.twin.structure import Laws
from amelo.validate import living, structure
from amelo.validate.claim import claim

VALIDATION = load_set("validation")
BANDS = {  # apart from the file, so that an edit there shows here
    "C18_hardness": (0.53 - 0.31, 0.53 + 0.31),
    "C18_modulus": (14.5 - 7.6, 14.5 + 7.6),
    "C18_hardness_20": (0.53 - 0.31, 0.53 + 0.31),
    "C18_modulus_20": (14.5 - 7.6, 14.5 + 7.6),
    "C18_vickers": (1.8 - 1.1, 1.8 + 1.1),
    "S1_affected": (20.0, 30.0),
    "S1_infected": (0.0, 10.0),
    "P11_two_surface": (0.44, 0.64),
    "P11_bare": (228 / 1101, 702.7 / 1326.9),
    "P11_inlay": (829 / 804 - 0.1, 829 / 804 + 0.1),
    "P11_deep": (482 / 804 - 0.1, 482 / 804 + 0.1),
    "P11_onlay": (858 / 804 - 0.1, 858 / 804 + 0.1),
    "S4_incidence": (20.5, 69.9),
    "S4_amalgam_15": (0.58, 0.78),
    "S4_crown": (2.68 / 2, 2.68 * 2),
}


def exact(hits: int, count: int) -> tuple[float, float]:
    return float(beta.ppf(0.025, hits, count - hits + 1)), float(beta.ppf(0.975, hits + 1, count - hits))


@pytest.fixture(scope="module")
def rows():
    return {name: claim(f"living.{name}", what, run) for name, (what, run) in structure.ROWS.items()}


@pytest.mark.parametrize("name", BANDS)
def test_bands_are_those_that_were_stated(name):
    p = VALIDATION[f"living.{name}"]
    assert (p.low, p.high) == pytest.approx(BANDS[name], abs=2e-3)


def test_bands_of_shares_are_exact_intervals():
    for name, hits, count in (("S4_three", 183, 238), ("S4_class_2", 703, 764)):
        p = VALIDATION[f"living.{name}"]
        assert (p.low, p.high) == pytest.approx(exact(hits, count), abs=1e-3)


def test_rows_are_joined_to_the_living(rows):
    assert set(structure.ROWS) <= set(living.QUICK)
    assert all(row.ours is not None for row in rows.values())


def test_the_crown_of_ratios_is_that_of_its_survivals():
    assert VALIDATION.value("living.S4_crown") == pytest.approx(np.log(0.816) / np.log(0.927), abs=0.01)


def test_rows_that_miss_are_known_and_shown(rows):
    """A model that is mended moves a row out of this list; a row that goes in must be told in the documentation."""
    missed = {name for name, row in rows.items() if row.verdict == "miss"}
    assert missed == {
        *("S1_affected", "S1_infected", "S2_zones"),
        *("S4_class_2", "S4_amalgam_3", "S4_amalgam_15", "S4_crown", "S4_parafunction"),
    }


def test_the_one_constant_gives_the_incidence_that_it_was_set_on(rows):
    assert rows["S4_incidence"].ours == pytest.approx(44.0, abs=0.2)
    p = load_set("structure")["fracture_over_years.margin"]
    ends = [1000.0 * structure._incidence(Laws.named(fracture_over_years__margin=x)) for x in (p.low, p.high)]
    assert ends == pytest.approx([69.9, 20.5], rel=0.01)


def test_shares_of_the_population_are_whole():
    value = load_set("structure").value
    assert sum(value(f"population.{kind}") for kind in structure.RESTORED) == pytest.approx(1.0)


def test_weaker_kinds_break_more_often():
    risks = structure.population_risks()
    order = [risks[kind] for kind in ("sound", "occlusal", "two_surface", "mod", "root_treated")]
    assert (np.diff(order) > 0.0).all() and risks["crown"] < risks["two_surface"]


@pytest.mark.parametrize("exponent", [6.7, 14.2, 24.1])
def test_who_breaks_rests_on_shape_not_on_the_exponent(exponent):
    """Once set on the same incidence, exponents of enamel, young and old dentine tell the same teeth apart, and differ in when."""
    plain = structure.population_risks()
    low, high = 1.0, 9.0
    for _ in range(50):
        margin = 0.5 * (low + high)
        laws = Laws.named(fatigue__enamel__exponent=exponent, fracture_over_years__margin=margin)
        low, high = (margin, high) if structure._incidence(laws) > 0.044 else (low, margin)
    other = structure.population_risks(laws)
    for kind in ("occlusal", "two_surface", "mod", "root_treated"):
        assert other[kind] == pytest.approx(plain[kind], rel=0.2), kind


def test_risk_falls_with_strength_by_the_power_that_the_projection_over_years_assumes():
    risks = structure.population_risks()
    power = np.log(risks["mod"] / risks["occlusal"]) / np.log(0.8 / 0.37)
    assert power == pytest.approx(5.2, abs=0.1)
    p = load_set("years")["fracture.exponent"]
    assert p.low < power < p.high


def test_a_change_of_the_model_shows(rows, monkeypatch):
    assert rows["S3_payload"].ours < 1.0
    monkeypatch.setattr(structure, "mechanics", _never_brittle)
    monkeypatch.setattr(structure, "mismatch_factor", lambda found: 1.0)
    assert structure._payload() > 1.0  # without both mechanisms more mineral only helps


def _never_brittle(mineral, dentine, **more):
    from amelo.twin.structure import mechanics

    return mechanics(mineral, dentine, laws=Laws.named(dentine__embrittlement=0.0), **more)
