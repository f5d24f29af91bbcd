"""Failure of restorations: the order of materials and effects, the patient's own record, abstention."""

from __future__ import annotations

import numpy as np
import pytest

from amelo.forecast.artefact import find_model
from amelo.forecast.restorations.hazard import expected, marginal, mixed, published
from amelo.forecast.restorations.outlooks import _mean_log_gamma, outlooks
from amelo.forecast.restorations.patient import failures_told, posterior_frailty
from amelo.params import load_set
from amelo.records.case import Case, load_case

TIMES = np.array([0.0, 1.0, 2.0, 5.0, 10.0])


@pytest.fixture(scope="module")
def model():
    return find_model("restorations")


def case(age: str = "40-40", history=(), medical=None, **teeth) -> Case:
    data = {"pseudonym": "Test", "origin": "synthetic", "recorded_on": "2026-01-01", "age_band": age, "history": list(history)}
    data["medical"] = {"conditions": [], "diabetes": "none"} | (medical or {})
    return Case.model_validate({**data, "teeth": {key.strip("t"): value for key, value in teeth.items()}})


def filled(age: float | str = 5, fdi: int = 14, others=None, patient: str = "40-40", tooth=None, medical=None, **words) -> Case:
    restoration = {"surfaces": ["O"], "kind": "filling", "material": "composite", "age": age, "condition": "intact", **words}
    record = {"status": "present", "other_surfaces": "sound", "root_treated": False, "restorations": [restoration], **(tooth or {})}
    return case(patient, medical=medical, **{f"t{fdi}": record}, **(others or {}))


def risk(model, *args, horizon: int = 3, **words) -> float:
    found = [o for o in outlooks(filled(*args, **words), TIMES, model=model, seed=1) if o.tooth == words.get("fdi", 14)]
    return float((1 - np.exp(-found[0].hazard[:, horizon])).mean())


def test_hazards_start_at_nothing_and_rise(model, root):
    for name in ("jonas-approximal", "kira", "greta-dry-mouth", "tomas-amelogenesis", "mila-hypomineralisation"):
        for o in outlooks(load_case(root / f"cases/{name}.json"), TIMES, model=model):
            if o.abstained:
                assert o.hazard is None
            else:
                assert np.all(o.hazard[:, 0] == 0) and np.all(np.diff(o.hazard, axis=1) > 0) and np.isfinite(o.hazard).all()


def test_what_the_studies_found_worse_is_worse(model):
    base = risk(model)
    assert risk(model, fdi=16) > base
    assert risk(model, tooth={"root_treated": True}) > 1.3 * base
    assert risk(model, surfaces=["M", "O", "D", "B"]) > risk(model, surfaces=["M", "O"]) > base
    assert risk(model, patient="70-70") > base
    assert risk(model, medical={"diabetes": "type 2"}) > base
    active = {"t36": {"status": "present", "findings": [{"surface": "O", "icdas": 5, "activity": "active"}]}}
    assert risk(model, others=active) > 1.2 * base
    assert risk(model, material="glass ionomer") > base > risk(model, kind="crown", material="ceramic")
    assert risk(model, kind="temporary", material="other") > 2 * base
    assert risk(model, condition="marginal gap") > risk(model, condition="worn") > base


def test_parts_are_exactly_additive(model):
    from amelo.forecast.restorations.outlooks import DECADE, ORDINARY_AGE, SOON, _prepare
    from amelo.forecast.restorations.patient import flags

    p = {name: np.asarray(v) for name, v in model["draws"].items()}
    count = len(p["level"])
    rng = np.random.default_rng(0)
    age, nothing = np.full(count, 70.0), np.zeros(count)
    person = filled(
        "unknown",
        fdi=16,
        surfaces=["M", "O", "D", "B"],
        condition="marginal gap",
        material="unknown",
        tooth={"root_treated": "unknown"},
    )
    common = flags(person, age, rng.random((3, count)), model["constants"])
    tooth = person.tooth(16)
    ready = _prepare(16, tooth, tooth.restorations[0], p, model["constants"], age, common, nothing, nothing, rng)
    now = np.log(ready.shape / DECADE) + ready.level + (ready.shape - 1) * np.log((ready.age + SOON) / DECADE)
    average = np.log(ready.shape / DECADE) + p["level"] + p["practice"] + (ready.shape - 1) * np.log((ORDINARY_AGE + SOON) / DECADE)
    assert now - average == pytest.approx(sum(part.effect for part in ready.parts), abs=1e-10)
    assert {part.name for part in ready.parts} >= {"material", "age", "elderly", "molar", "root_treated", "surfaces", "condition"}


def test_practice_fails_early_and_the_published_shape_is_kept(model):
    d = {name: np.asarray(v) for name, v in model["draws"].items()}
    assert np.median(np.exp(d["shape_practice"])) < np.median(np.exp(d["shape_trial"]))
    told = expected(d)
    for name, (value, error) in published().items():
        assert abs(np.log(np.median(told[name]) / value)) < max(2.5 * error, 0.25), name


def test_groups_of_unequal_patients_report_less():
    assert marginal(0.5, 1e-6) == pytest.approx(0.5, rel=1e-5)
    z = np.random.default_rng(0).gamma(2.0, 0.5, 400_000)
    assert marginal(0.5, 0.5) == pytest.approx(-np.log(np.exp(-0.5 * z).mean()), rel=5e-3)
    assert mixed([(np.log(2.0), 0.25), (np.log(3.0), 1.0)]) == pytest.approx(1.25 * 3)


def test_own_record_is_the_exact_gamma_when_nothing_was_replaced():
    rng = np.random.default_rng(2)
    count = 200_000
    none = np.zeros(count)
    z = posterior_frailty(2, np.full(count, 0.8), 3, none, np.full(count, 0.5), rng)
    assert z.mean() == pytest.approx((2 + 2) / (2 + 0.8), rel=0.01)
    assert z.var() == pytest.approx((2 + 2) / (2 + 0.8) ** 2, rel=0.02)


def test_own_record_with_replacements_is_that_of_simulated_mouths():
    """Six restorations, each the first of its tooth or, with a chance that rises with frailty, a replacement; all have survived."""
    rng = np.random.default_rng(3)
    q, hazard, n = 0.5, 0.3, 6
    z = rng.gamma(2.0, 0.5, 600_000)
    likelihood = (np.exp(-hazard * z) * (1 - q + q * z)) ** n
    mean = np.sum(z * likelihood) / np.sum(likelihood)
    count = 100_000
    found = posterior_frailty(0, np.full(count, n * hazard), n, np.full(count, q), np.full(count, 0.5), rng)
    assert found.mean() == pytest.approx(mean, rel=0.01)
    naive = posterior_frailty(0, np.full(count, n * hazard), n, np.zeros(count), np.full(count, 0.5), rng)
    assert naive.mean() < found.mean()


def test_failures_in_the_mouth_make_the_rest_less_safe(model):
    broken = {
        "t26": {
            "status": "present",
            "restorations": [{"surfaces": ["O"], "kind": "filling", "material": "composite", "age": 2, "condition": "fractured"}],
        }
    }
    fine = {
        "t26": {
            "status": "present",
            "restorations": [{"surfaces": ["O"], "kind": "filling", "material": "composite", "age": 15, "condition": "intact"}],
        }
    }
    assert risk(model, others=broken) > risk(model) > risk(model, others=fine)
    history = [{"on": "2024-01-01", "tooth": 16, "what": "filling fractured"}, {"on": "2024-01-01", "what": "fractured arm"}]
    assert failures_told(case(history=history)) == 1
    assert failures_told(case(**broken)) == 1


def test_words_say_that_a_restoration_may_stand_where_another_failed(model):
    """Nothing failed and a hazard above the average would contradict each other, were the second half not told."""

    def told(patient: str, age: float | str) -> str:
        (outlook,) = outlooks(filled(age, patient=patient), TIMES, model=model, seed=1)
        return next(d.value for d in outlook.drivers if d.name == "patient")

    assert told("40-40", 5).startswith("0 failed; 1 of known age") and told("40-40", 5).endswith(
        "50 % of such stand where another failed"
    )
    assert "another" not in told("9-9", 1) and "another" not in told("40-40", "unknown")


def test_the_mean_of_a_log_gamma():
    from scipy.special import digamma

    shape = np.array([0.5, 1.0, 2.5, 10.0])
    assert _mean_log_gamma(shape) == pytest.approx(digamma(shape) - np.log(shape), abs=1e-7)


def test_it_abstains_and_says_why(model):
    def why(**words) -> str:
        (found,) = outlooks(filled(**words), TIMES, model=model)
        return found.abstained

    for condition in ("secondary caries", "fractured", "lost"):
        assert f"failed already ({condition})" in why(condition=condition)
    assert "changed enamel" in why(tooth={"findings": [{"surface": "B", "defect": "hypocalcification"}]})
    assert "changed enamel" in why(kind="veneer", tooth={"findings": [{"surface": "B", "defect": "hypocalcification"}]})
    assert why(kind="crown", material="ceramic", tooth={"findings": [{"surface": "B", "defect": "hypocalcification"}]}) == ""
    assert "radiotherapy" in why(medical={"radiotherapy_head_neck": True})
    assert why(medical={"radiotherapy_head_neck": False}) == ""
    assert "primary" in why(fdi=54, patient="6-6")
    assert "steel crowns on permanent" in why(kind="crown", material="stainless steel")
    assert why(fdi=54, patient="6-6", material="glass ionomer") == ""


def test_primary_glass_ionomer_is_as_published(model):
    one = outlooks(filled(0, fdi=54, patient="6-6", material="glass ionomer"), TIMES, model=model, draws=4000)[0]
    more = outlooks(
        filled(0, fdi=54, patient="6-6", material="glass ionomer", surfaces=["M", "O"]), TIMES, model=model, draws=4000
    )[0]
    value = load_set("restorations").value
    assert np.median(one.hazard[:, 2]) == pytest.approx(value("hazard.primary_one_2"), rel=0.35)
    assert np.exp(-more.hazard[:, 2]).mean() == pytest.approx(0.654, abs=0.08)


def test_implants_and_what_is_unknown(model):
    (implant,) = outlooks(case(t16={"status": "implant"}), TIMES, model=model, draws=4000)
    assert np.exp(-implant.hazard[:, 4]).mean() == pytest.approx(0.964, abs=0.012)
    (open_,) = outlooks(
        filled("unknown", material="unknown", condition="unknown", tooth={"root_treated": "unknown"}), TIMES, model=model
    )
    (known,) = outlooks(filled(5), TIMES, model=model)
    assert {"age", "material", "condition"} & {m.name for m in open_.missing}
    assert np.log(open_.hazard[:, 1]).std() > np.log(known.hazard[:, 1]).std()


def test_published_figures_give_no_bounds_but_intervals_that_hold_the_spread_between_practices(model):
    """No cohort is behind the draws on which a share that outlasts could be counted."""
    (one,) = outlooks(filled(5), TIMES, model=model, draws=2000)
    assert one.outlasts == ()
    spread = np.exp(np.median(model["draws"]["setting_spread"]))
    assert np.log(one.hazard[:, 3]).std() > spread
    (old,) = outlooks(filled(5, patient="55-75"), TIMES, model=model, draws=2000)
    assert "elderly" in {m.name for m in old.missing}


def test_seeds(model):
    one, again, other = (outlooks(filled(), TIMES, model=model, seed=s)[0] for s in (1, 1, 2))
    assert np.array_equal(one.hazard, again.hazard) and not np.array_equal(one.hazard, other.hazard)
    assert len(outlooks(filled(), TIMES, model=model, draws=33)[0].hazard) == 33
