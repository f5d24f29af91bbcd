"""Outlooks of surfaces: additive, monotone where dentistry knows the sign, honest about what is not known."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from amelo.forecast.artefact import find_model
from amelo.forecast.stages.outlooks import outlooks
from amelo.records.case import Case, load_case

TIMES = np.array([0.0, 0.5, 1.0, 2.0, 5.0, 10.0])
SOUND = {"status": "present", "other_surfaces": "sound"}


@pytest.fixture(scope="module")
def model():
    return find_model("progression")


def case(age: str = "15-15", **teeth) -> Case:
    data = {"pseudonym": "Test", "origin": "synthetic", "recorded_on": "2026-01-01", "age_band": age}
    data |= {key: teeth.pop(key) for key in ("genotype", "saliva", "medical", "hygiene", "history") if key in teeth}
    return Case.model_validate({**data, "teeth": {key.strip("t"): value for key, value in teeth.items()}})


def lesion(model, letter: str = "M", fdi: int = 16, age: str = "15-15", seed: int = 1, stage: str = "", **finding):
    tooth = {"status": "present", "findings": [{"surface": letter, **finding}]}
    found = outlooks(case(age, **{f"t{fdi}": tooth}), TIMES, seed=seed, model=model)
    found = [o for o in found if o.surface == letter and o.event == "progression"]
    return next(o for o in found if stage in o.stage)


def risk(outlook, at: int = -1) -> float:
    return float((1 - np.exp(-outlook.hazard[:, at])).mean())


def test_every_outlook_starts_at_nothing_and_never_falls(model, root):
    for name in ("jonas-approximal", "kira", "felix-healthy", "mila-hypomineralisation"):
        for o in outlooks(load_case(root / f"cases/{name}.json"), TIMES, model=model):
            if o.hazard is not None:
                assert o.hazard.shape == (400, len(TIMES))
                assert np.all(o.hazard[:, 0] == 0.0) and np.all(np.diff(o.hazard, axis=1) >= 0.0) and np.isfinite(o.hazard).all()
                assert not o.abstained
            else:
                assert o.abstained


def test_drivers_add_up_to_the_difference_from_the_average_tooth(model):
    """The hazard right now is the rate of leaving the present stage, so that the sum can be read off from outside."""
    from amelo.forecast.stages.setting import patient_of

    soon = np.array([0.0, 1e-6])
    person = case("17-17", t16={"status": "present", "findings": [{"surface": "M", "radiograph": "E2", "activity": "active"}]})
    o = next(o for o in outlooks(person, soon, model=model, seed=3) if o.stage == "E2 to D1")
    patient = patient_of(person, model, 400, 3)
    d = patient.draws
    average = d["inner_to_border"] + 0.15 * d["progression_age"] + patient.progression_level + patient.prior_log
    uncapped = o.hazard[:, 1] / 1e-6 < 3.99  # nobody passes a stage faster than allowed; drivers speak of the rate before that
    assert uncapped.mean() > 0.8
    parts = np.log(o.hazard[:, 1] / 1e-6) - average
    assert {x.name for x in o.drivers} == {"age", "site", "patient", "activity"}
    known = sum(x.effect for x in o.drivers)
    expected = d["approximal_first_molar"] + 0.5 * d["active_approximal"] + patient.log_frailty - patient.prior_log
    age = parts - expected
    share = np.clip((patient.age - 13.5) / 10, 0, 1) - 0.15
    assert age[uncapped] == pytest.approx((share * d["progression_age"])[uncapped], abs=1e-4)
    assert known == pytest.approx(float((expected + share * d["progression_age"]).mean()), abs=1e-9)


def test_parts_are_exactly_additive(model):
    from amelo.forecast.stages.chain import STAGES
    from amelo.forecast.stages.outlooks import _parts, _total
    from amelo.forecast.stages.setting import patient_of

    patient = patient_of(case("30-34", t16=SOUND), model, 400, 0)
    for kind, activity in (("approximal", "active"), ("occlusal", "unknown"), ("smooth", "inactive")):
        chances = np.array([0, 0.2, 0.5, 0.2, 0.1, 0, 0, 0])
        stages = np.random.default_rng(0).choice(8, 400, p=chances)
        uniform = np.random.default_rng(1).random(400)
        parts, log = _parts(16, kind, stages, patient, chances, activity, uniform, constants=model["constants"], infiltrated=True)
        d = patient.draws
        average = d["inner_to_border"] + 0.15 * d["progression_age"] + patient.progression_level + patient.prior_log
        assert _total(stages, log) - average == pytest.approx(sum(part.effect for part in parts), abs=1e-10)
        assert len(STAGES) == 8


def test_deeper_lesions_are_nearer_to_the_pulp_and_to_a_cavity(model):
    cavity = [risk(lesion(model, radiograph=film, activity="active", stage="cavity")) for film in ("E1", "E2", "D1")]
    assert cavity == sorted(cavity) and cavity[0] < 0.7 * cavity[2]
    pulp = [risk(lesion(model, radiograph=film, activity="active", stage="pulp")) for film in ("D1", "D2", "D3")]
    assert pulp == sorted(pulp)
    codes = [risk(lesion(model, "O", icdas=code, activity="active", stage="cavity")) for code in (1, 2, 3, 4)]
    assert codes == sorted(codes)


@pytest.mark.parametrize("letter", ["M", "O", "B"])
def test_active_lesions_move_faster(model, letter):
    found = [lesion(model, letter, radiograph="E2", activity=activity) for activity in ("inactive", "active")]
    assert np.all(found[0].hazard <= found[1].hazard * (1 + 1e-3) + 1e-3)  # at the fastest rate allowed both are the same
    unknown = lesion(model, letter, radiograph="E2")
    assert risk(found[0]) <= risk(unknown) <= risk(found[1])
    assert "activity" in [m.name for m in unknown.missing] or letter == "B"
    assert "activity" not in [m.name for m in found[1].missing]


def test_adolescents_progress_faster_than_adults_and_infiltrated_lesions_slower(model):
    assert risk(lesion(model, radiograph="E2", age="14-14"), 2) > 1.2 * risk(lesion(model, radiograph="E2", age="40-40"), 2)
    tooth = {
        "status": "present",
        "findings": [{"surface": "M", "radiograph": "E2"}],
        "restorations": [{"surfaces": ["M"], "kind": "infiltration"}],
    }
    treated = outlooks(case(t16=tooth), TIMES, seed=1, model=model)
    found = next(o for o in treated if o.stage == "E2 to D1")
    assert risk(found, 2) < 0.5 * risk(lesion(model, radiograph="E2"), 2)
    assert any(d.name == "infiltration" and d.effect == pytest.approx(np.log(0.19)) for d in found.drivers)


def test_a_mouth_with_many_lesions_has_a_worse_outlook_than_a_sound_one(model):
    sick = {
        f"t{fdi}": {**SOUND, "findings": [{"surface": "M", "radiograph": "E2"}, {"surface": "D", "radiograph": "D1"}]}
        for fdi in (26, 36, 46, 25)
    }
    healthy = {f"t{fdi}": SOUND for fdi in (11, 12, 13, 14, 15, 26, 36, 46, 25, 35, 45)}
    subject = {"t16": {"status": "present", "findings": [{"surface": "M", "radiograph": "E2"}]}}

    def outcome(others: dict) -> float:
        found = outlooks(case("16-16", **subject, **others), TIMES, model=model)
        return risk(next(o for o in found if o.tooth == 16 and o.stage == "E2 to D1"), 2)

    assert outcome(sick) > 1.1 * outcome({}) and outcome(healthy) < 0.8 * outcome({})  # a lesion alone says a good deal already


def test_what_is_not_known_widens(model):
    known, open_ = lesion(model, "O", radiograph="E2", icdas=2), lesion(model, "O", icdas=2)
    spread = [np.log(o.hazard[:, 2] + 1e-300).std() for o in (known, open_)]
    assert spread[1] > spread[0]
    assert "stage" in [m.name for m in open_.missing] and "stage" not in [m.name for m in known.missing]
    assert all(0 < m.share <= 1 for m in open_.missing)
    assert [m.share for m in open_.missing] == sorted((m.share for m in open_.missing), reverse=True)
    ages = lesion(model, radiograph="E2", age="10-30")
    assert "age" in [m.name for m in ages.missing]


def test_published_rates_give_no_bounds_but_intervals_that_hold_the_spread_between_populations(model):
    """No cohort is behind the draws on which a share that outlasts could be counted; what is drawn instead is which population this is."""
    known = lesion(model, "O", radiograph="E2", icdas=2)
    assert known.outlasts == ()
    spread = np.exp(np.median(model["draws"]["cohort_spread"]))
    assert np.log(known.hazard[:, 3]).std() > spread
    bands = [np.log(lesion(model, "M", radiograph="E2", age=age).hazard[:, 3]).std() for age in ("15-15", "13-33")]
    assert bands[1] > bands[0]


def test_it_abstains_and_says_why(model, root):
    def why(**words) -> str:
        found = outlooks(case(**words), TIMES, model=model)
        assert found and all(o.abstained for o in found)
        return found[0].abstained

    variant = {"gene": "ENAM", "significance": "pathogenic"}
    assert "variant in ENAM" in why(t16=SOUND, genotype={"tested": True, "variants": [variant]})
    assert "mouth is dry" in why(t16=SOUND, saliva={"unstimulated_flow": 0.05})
    assert "radiotherapy" in why(t16=SOUND, medical={"radiotherapy_head_neck": True})
    assert "hypoplasia" in why(t16={**SOUND, "findings": [{"surface": "O", "defect": "hypoplasia"}]})
    assert "nobody has written down" in why(t16={"status": "present"})
    assert "primary" in why(t55=SOUND, age="5-5")
    root_caries = {"status": "present", "findings": [{"surface": "B", "site": "root", "icdas_root": 1}]}
    assert "root caries" in next(
        o.abstained for o in outlooks(case(t16=root_caries), TIMES, model=model) if o.event == "progression"
    )
    assert (
        outlooks(case(t16={"status": "missing"}, t26={"status": "implant"}, t36={"status": "unerupted"}), TIMES, model=model) == []
    )


def test_primary_molars_have_their_own_rate_on_the_occlusal_surface_only(model):
    tooth = {"status": "present", "findings": [{"surface": "O", "icdas": 2}, {"surface": "M", "icdas": 2}]}
    found = {o.surface: o for o in outlooks(case("5-5", t55=tooth), np.array([0.0, 1.0]), model=model, draws=4000)}
    assert (1 - np.exp(-found["O"].hazard[:, 1])).mean() == pytest.approx(0.09, abs=0.025)
    assert "no rate is published" in found["M"].abstained
    two = case(
        "5-5",
        t55={"status": "present", "findings": [{"surface": "O", "icdas": 2}]},
        t65={"status": "present", "findings": [{"surface": "O", "icdas": 1}]},
    )
    one, other = outlooks(two, TIMES, model=model, seed=1)
    assert np.array_equal(one.hazard, other.hazard)  # they share the frailty of the mouth, and the rate knows no depth
    assert not np.array_equal(one.hazard, outlooks(two, TIMES, model=model, seed=2)[0].hazard)


def test_first_molars_of_children_can_be_left_to_the_other_model(model):
    child = case("8-8", t16=SOUND, t11=SOUND)
    assert {o.tooth for o in outlooks(child, TIMES, model=model)} == {11, 16}
    assert {o.tooth for o in outlooks(child, TIMES, model=model, spare_first_molars=True)} == {11}
    adult = case("30-30", t16=SOUND, t11=SOUND)
    assert {o.tooth for o in outlooks(adult, TIMES, model=model, spare_first_molars=True)} == {11, 16}


def test_sound_surfaces_decay_where_they_do(model):
    found = {
        (o.tooth, o.surface, o.stage): risk(o) for o in outlooks(case("13-13", t16=SOUND, t13=SOUND, t15=SOUND), TIMES, model=model)
    }
    assert all(found[t, s, "sound to enamel"] > found[t, s, "sound to dentine"] for t, s, _ in found)
    assert found[16, "O", "sound to dentine"] > found[16, "B", "sound to dentine"]
    assert found[16, "M", "sound to enamel"] > found[15, "M", "sound to enamel"] > found[13, "M", "sound to enamel"]
    sealed = {**SOUND, "restorations": [{"surfaces": ["O"], "kind": "sealant"}]}
    after = {(o.surface, o.stage): risk(o) for o in outlooks(case("13-13", t16=sealed, t13=SOUND, t15=SOUND), TIMES, model=model)}
    assert after["O", "sound to dentine"] < 0.3 * found[16, "O", "sound to dentine"]


def test_what_could_be_done_has_a_source_and_helps(model):
    hygiene = {"toothpaste_fluoride": 500, "varnish_per_year": 0}
    found = outlooks(case(t16={**SOUND, "findings": [{"surface": "M", "radiograph": "E2"}]}, hygiene=hygiene), TIMES, model=model)
    changes = next(o.changes for o in found if o.stage == "E2 to D1")
    assert [c.effect for c in changes] == sorted(c.effect for c in changes) and all(
        c.effect < 0 and c.source and c.grade for c in changes
    )
    assert {c.source for c in changes} == {"elrashid2019", "cd010431", "cd007868", "varnish2019"}
    sealed = next(o.changes for o in found if o.surface == "O")
    assert sealed[0].effect == pytest.approx(np.log(0.12))
    assert not list(next(o.changes for o in outlooks(case(t16=SOUND), TIMES, model=model) if o.surface == "M"))


def test_the_same_seed_gives_the_same_draws_and_another_seed_others(model):
    person = case(t16={**SOUND, "findings": [{"surface": "M", "icdas": 2}]})
    one, again, other = (outlooks(person, TIMES, model=model, seed=seed) for seed in (1, 1, 2))
    assert all(np.array_equal(a.hazard, b.hazard) and a.drivers == b.drivers for a, b in zip(one, again, strict=True))
    assert not np.array_equal(one[0].hazard, other[0].hazard)
    assert risk(other[0]) == pytest.approx(risk(one[0]), abs=0.08)
    assert len(outlooks(person, TIMES, model=model, draws=37)[0].hazard) == 37
    assert len(outlooks(person, TIMES, model=model, draws=900)[0].hazard) == 900


def test_cutting_the_future_finer_changes_nothing(model):
    tooth = {"status": "present", "findings": [{"surface": "M", "radiograph": "E1"}]}
    coarse = outlooks(case(t16=tooth), np.array([0.0, 5.0]), model=model)[0]
    fine = outlooks(case(t16=tooth), np.linspace(0, 5, 41), model=model)[0]
    assert fine.hazard[:, -1] == pytest.approx(coarse.hazard[:, -1], rel=2e-3)


def test_forecasting_needs_numpy_alone(root):
    script = (
        "import sys, numpy as np; from amelo.records.case import load_case; from amelo.forecast.artefact import find_model;"
        "from amelo.forecast.stages.outlooks import outlooks as a; from amelo.forecast.restorations.outlooks import outlooks as b;"
        "c = load_case('cases/jonas-approximal.json'); t = np.array([0., 1., 5.]);"
        "a(c, t, model=find_model('progression')); b(c, t, model=find_model('restorations'));"
        "print(' '.join(m for m in ('jax', 'scipy', 'pandas', 'numpyro', 'matplotlib', 'lightgbm', 'bibtexparser', 'numba') if m in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_the_order_of_findings_in_the_file_changes_nothing(model):
    findings = [{"surface": s, "icdas": 2, "radiograph": "none"} for s in ("O", "D", "M")] + [{"surface": "B", "icdas": 4}]
    tooth = {"status": "present", "findings": findings}
    there = outlooks(case(t16=tooth), TIMES, model=model)
    back = outlooks(case(t16=tooth | {"findings": findings[::-1]}), TIMES, model=model)
    assert [(o.surface, o.stage) for o in there] == [(o.surface, o.stage) for o in back] and len(there) > 4
    assert all(np.array_equal(a.hazard, b.hazard) for a, b in zip(there, back, strict=True) if a.hazard is not None)
