"""Saliva of a case: what is measured is used, what is not is said; films resist as theory has it; fluids are neutral."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from amelo.errors import RecordError
from amelo.params import load_set
from amelo.records.case import load_case
from amelo.twin.chemistry.solve import speciate
from amelo.twin.chemistry.table import reaction_table
from amelo.twin.saliva import ML, ML_PER_MIN, film_thickness, film_velocity, neutral, ph_of, saliva_profile, sites

TABLE = reaction_table(37.0)
ROOT = Path(__file__).resolve().parents[2]
CASES = sorted((ROOT / "cases").glob("*.json"))


@pytest.mark.parametrize("path", CASES, ids=lambda p: p.stem)
def test_every_case_has_a_saliva_that_is_neutral_at_its_own_ph(path):
    case = load_case(path)
    saliva = saliva_profile(case)
    rest, stimulated = ph_of(np.array([saliva.rest, saliva.stimulated]))
    typical = load_set("oral-fluids")
    expected = typical.value("ph.rest") if case.saliva.pH == "unknown" else case.saliva.pH
    assert rest == pytest.approx(expected, abs=1e-6)
    assert stimulated - rest == pytest.approx(0.4, abs=1e-6)
    assert 0 < saliva.flow_sleep <= saliva.flow_rest < saliva.flow_stimulated
    assert saliva.residual < saliva.volume < saliva.maximal
    assert (saliva.rest >= 0).all() and (saliva.stimulated >= 0).all()


def test_what_a_case_knows_is_used_and_the_rest_is_said():
    kira, nobody = saliva_profile(load_case(ROOT / "cases" / "kira.json")), saliva_profile()
    assert kira.flow_rest == pytest.approx(0.32 * ML_PER_MIN)
    assert kira.rest[TABLE.names.index("Ca")] == pytest.approx(1.25)
    assert kira.residual == pytest.approx(0.66 * ML)  # a woman's
    said = " ".join(kira.assumed)
    assert "sodium" in said and "flow" not in said and "sex" not in said
    for word in ("calcium", "pH", "buffer capacity", "flow at rest", "stimulated flow", "sex", "film"):
        assert word in " ".join(nobody.assumed)


def test_children_are_smaller_and_a_low_buffer_halves_carbonate():
    child = saliva_profile(load_case(ROOT / "cases" / "mila-hypomineralisation.json"))
    assert child.residual == pytest.approx(0.38 * ML) and child.flow_rest == pytest.approx(0.22 * ML_PER_MIN)
    dry = saliva_profile(load_case(ROOT / "cases" / "greta-dry-mouth.json"))
    carbonate = TABLE.names.index("C(4)")
    assert dry.stimulated[carbonate] == pytest.approx(0.5 * saliva_profile().stimulated[carbonate])


def test_the_film_resists_by_renewal_when_slow_and_by_diffusion_when_fast():
    saliva, mouth = saliva_profile(), load_set("mouth")
    diffusivity = mouth.value("film.diffusivity")
    slow = film_thickness(saliva, saliva.flow_rest)
    renewal = saliva.plaque_length / (saliva.velocity * saliva.film)
    assert slow == pytest.approx(diffusivity * renewal, rel=1e-6)
    fast = film_thickness(saliva.at("lower_anterior_lingual"), 100 * saliva.flow_rest)
    assert saliva.film / mouth.value("film.sherwood") < fast < 1.2 * saliva.film / mouth.value("film.sherwood")
    flows = saliva.flow_rest * np.geomspace(0.1, 100, 40)
    assert (np.diff(film_thickness(saliva, flows)) <= 0).all()
    most = film_velocity(saliva, 1.0) / saliva.velocity
    assert most == mouth.value("film.velocity_gain")


def test_places_differ_and_a_misspelt_one_is_named():
    saliva = saliva_profile()
    assert saliva.at("upper_anterior_buccal").velocity < saliva.velocity < saliva.at("lower_anterior_lingual").velocity
    slowest, fastest = (load_set("mouth").value(f"film.velocity.{s}") for s in ("upper_anterior_buccal", "lower_anterior_lingual"))
    assert load_set("mouth").value("film.velocity.typical") == pytest.approx(math.sqrt(slowest * fastest), rel=0.02)
    with pytest.raises(RecordError, match="did you mean 'lower_anterior_lingual'"):
        saliva.at("lower anterior lingual")
    assert "typical" in sites()


def test_glands_secrete_between_rest_and_stimulated():
    saliva = saliva_profile()
    np.testing.assert_allclose(saliva.secreted(0.5 * saliva.flow_rest), saliva.rest)
    np.testing.assert_allclose(saliva.secreted(2 * saliva.flow_stimulated), saliva.stimulated)
    middle = saliva.secreted(0.5 * (saliva.flow_rest + saliva.flow_stimulated))
    np.testing.assert_allclose(middle, 0.5 * (saliva.rest + saliva.stimulated))


@pytest.mark.parametrize("ph", [2.5, 3.0, 5.0, 7.0, 9.0])
@pytest.mark.parametrize("totals", [{"Na": 5.0, "Cl": 5.0}, {"Na": 5.0, "Ace": 40.0}, {"P": 20.0, "K": 3.0}, {"F": 600.0}])
def test_fluids_are_made_neutral_with_chloride_or_sodium(ph, totals):
    row = neutral(TABLE, totals, ph)
    assert (row >= 0).all()
    charge = speciate(TABLE, row / 1000.0, np.array([ph])).charge[0]
    assert abs(charge) < 1e-9
    for name, amount in totals.items():
        if name not in ("Na", "Cl"):
            assert row[TABLE.names.index(name)] == amount
