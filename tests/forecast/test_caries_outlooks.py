"""The outlook of a child: what is known moves it, what is unknown widens it, and what cannot be said is not said."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from synthetic_children import children

from amelo.forecast.caries.advice import hazard_ratio
from amelo.forecast.caries.chart import known_inputs, molars
from amelo.forecast.caries.inputs import NAMES, columns_for, draw_inputs
from amelo.forecast.caries.outlooks import outlooks, simulate
from amelo.forecast.caries.train import train
from amelo.forecast.outlook import EVENTS
from amelo.records.case import Case

TIMES = np.array([0.0, 1.0, 2.0, 3.0])
MOLARS = (16, 26, 36, 46)


@pytest.fixture(scope="module")
def model():
    return {**train(children(300, seed=21), draws=40, folds=2, replicates=4), "hash": "abc"}


def sound(**more):
    return {"status": "present", "other_surfaces": "sound", **more}


PRIMARY = {str(t): sound() for t in (54, 55, 64, 65, 74, 75, 84, 85)}
CLEAN = {f: {"plaque": False} for f in ("MB", "B", "DB")}
FILLED = {"surfaces": ["O"], "kind": "filling"}
SEALED = {"surfaces": ["O"], "kind": "sealant", "condition": "intact"}


def child(teeth=None, *, age="7-7", brushing=1.0, sex="female", **more) -> Case:
    teeth = {str(t): sound(periodontal=CLEAN) for t in MOLARS} | PRIMARY | (teeth or {})
    hygiene = {} if brushing is None else {"brushing_per_day": brushing}
    return Case.model_validate({
        "pseudonym": "Mia", "origin": "synthetic", "recorded_on": "2026-03-02", "age_band": age, "sex": sex, "hygiene": hygiene,
        "teeth": teeth, **more,
    })  # fmt: skip


def forecast(case, model, draws=600, seed=1, times=TIMES):
    return {o.tooth: o for o in outlooks(case, times, draws=draws, seed=seed, model=model)}


def risk(outlook, place=2):
    return 1 - np.exp(-outlook.hazard[:, place])


def test_an_outlook_has_the_shape_of_the_seam(model):
    found = forecast(child(), model)
    for tooth in MOLARS:
        one = found[tooth]
        assert one.event in EVENTS
        assert one.model == "abc"
        assert one.hazard.shape == (600, 4)
        assert (one.hazard[:, 0] == 0).all()
        assert (np.diff(one.hazard, axis=1) >= 0).all()
        effects = [abs(d.effect) for d in one.drivers]
        assert effects == sorted(effects, reverse=True)


def test_the_same_seed_gives_the_same_draws_and_another_one_others(model):
    a, b, c = (forecast(child(), model, seed=s)[16].hazard for s in (1, 1, 2))
    assert np.array_equal(a, b)
    assert not np.array_equal(a, c)


def test_drivers_add_up_to_the_whole_difference_from_the_average_molar(model):
    for case in (child(), child(brushing=None, sex="unknown", age="7-9"), child({"46": sound(restorations=[FILLED])})):
        mouth = simulate(case, draws=600, seed=1, model=model)
        for place, tooth in enumerate(MOLARS):
            one = forecast(case, model)[tooth]
            if one.abstained:
                continue
            # the hazard at a time when every draw has passed the last knot, over that of an average molar with the same parameters
            ahead = mouth.cumulative(place, np.array([40.0, 41.0]))
            whole = np.log(np.diff(ahead, axis=1)[:, 0] / mouth.hazard[:, -1]).mean()
            assert sum(d.effect for d in one.drivers) == pytest.approx(whole, abs=1e-9)


def test_what_dentistry_knows_moves_the_risk_its_way(model):
    base = risk(forecast(child(), model)[16]).mean()
    decayed = {"55": sound(findings=[{"surface": "O", "icdas": 5}]), "54": sound(restorations=[FILLED])}
    dirty = {"16": sound(periodontal={f: {"plaque": True} for f in ("MB", "B", "DB")})}
    assert risk(forecast(child(decayed), model)[16]).mean() > base
    assert risk(forecast(child(dirty), model)[16]).mean() > base
    assert risk(forecast(child(brushing=0.0), model)[16]).mean() > base
    all_sealed = {str(t): sound(restorations=[SEALED], periodontal=CLEAN) for t in MOLARS}
    others_sealed = all_sealed | {"16": sound(periodontal=CLEAN)}
    sealed, alone = (forecast(child(teeth), model, draws=2000)[16] for teeth in (all_sealed, others_sealed))
    effect = lambda one: next(d.effect for d in one.drivers if d.name == "sealant")  # noqa: E731
    assert effect(sealed) < effect(alone)


def test_a_filled_first_molar_raises_the_risk_of_the_others_whenever_it_was_filled(model):
    base = risk(forecast(child(age="9-9"), model)[16]).mean()
    for age in (0.3, 2.8, None):
        filling = FILLED if age is None else {**FILLED, "age": age}
        other = forecast(child({"46": sound(restorations=[filling])}, age="9-9"), model)
        assert risk(other[16]).mean() > base + 0.02, age
        assert other[46].abstained == "caries is already there"


def test_an_event_of_the_history_dates_the_caries(model):
    case = child(
        {"46": sound(restorations=[FILLED])},
        age="9-9",
        history=[{"on": "2025-11-02", "tooth": 46, "what": "filling because of caries"}],
    )
    assert molars(case)[46].years_ago == pytest.approx(120 / 365.25)


def test_missing_inputs_widen_and_say_what_they_are_worth(model):
    # a model without frailty, so that the inputs are what varies
    calm = {**model, "draws": [[*row[:-2], 0.01, 0.0] for row in model["draws"]]}
    known, blank = child(), child({t: {"status": "unknown"} for t in PRIMARY}, brushing=None, sex="unknown")
    spread = lambda case: np.log(forecast(case, calm)[16].hazard[:, 2]).std()  # noqa: E731
    assert spread(blank) > 1.2 * spread(known)
    named = {m.name: m.share for m in forecast(blank, calm)[16].missing}
    assert {"primary molars", "brushing"} <= set(named)
    assert all(0 < share <= 1 for share in named.values())
    assert "brushing" not in {m.name for m in forecast(known, calm)[16].missing}
    values = {d.name: d.value for d in forecast(blank, calm)[16].drivers}
    assert values["brushing"] == values["primary molars"] == "unknown"
    assert values["jaw"] == "upper"


def test_a_wider_band_of_ages_is_a_missing_input(model):
    assert "age" in {m.name for m in forecast(child(age="6-10"), model)[16].missing}
    assert "age" not in {m.name for m in forecast(child(age="7-7"), model)[16].missing}


def test_changes_come_from_trials_and_only_where_something_can_be_changed(model):
    one = forecast(child(brushing=0.5), model)[16]
    words = {c.words: c for c in one.changes}
    assert set(words) == {"brush every day", "seal pits and fissures of this molar with resin"}
    assert all(c.effect < 0 and c.grade in "AB" for c in one.changes)
    assert words["brush every day"].source == "kumar2016"
    assert not forecast(child({"16": sound(restorations=[SEALED])}, brushing=2.0), model)[16].changes
    assert {c.words for c in forecast(child(brushing=None), model)[16].changes} == {
        "seal pits and fissures of this molar with resin"
    }


@pytest.mark.parametrize("risk_without", [0.01, 0.2, 0.7])
def test_an_odds_ratio_becomes_the_hazard_ratio_that_gives_it(risk_without):
    ratio = hazard_ratio(0.12, risk_without)
    after = 1 - (1 - risk_without) ** ratio
    odds = lambda p: p / (1 - p)  # noqa: E731
    assert odds(after) / odds(risk_without) == pytest.approx(0.12)


def test_bounds_are_earlier_for_more_and_for_the_riskier_and_end_where_the_model_does(model):
    clean = forecast(child(), model)[16].outlasts
    sick = {str(t): sound(findings=[{"surface": "O", "icdas": 5}]) for t in (54, 55, 64, 65, 74, 75, 84, 85)}
    risky = forecast(child(sick, brushing=0.0), model)[16].outlasts
    assert [c for c, _ in clean] == pytest.approx([0.90, 0.95])
    for found in (clean, risky):
        assert found[0][1] >= found[1][1] > 0
    assert all(a[1] < b[1] for a, b in zip(risky, clean, strict=True))
    end = model["range"]["age_last"]
    late = forecast(child(age="11-11"), model)[16].outlasts
    assert all(t <= end - 11 for _, t in late)
    assert late == forecast(child(age="11-11"), model, times=np.array([0.0, 5.0]))[16].outlasts


def test_what_a_bound_says_is_the_risk_by_then(model):
    """The curve of the case, read at the bound, is the risk that was set for its group."""
    from amelo.forecast.caries.bounds import GRID, LATEST, SCORED

    one = forecast(child(brushing=0.0), model, times=np.append(0.0, GRID))[16]
    curve = (1 - np.exp(-one.hazard)).mean(0)[1:]
    row = model["bounds"]["risk"][int(np.searchsorted(model["bounds"]["edges"], curve[SCORED], "right"))]
    for (cover, bound), at in zip(one.outlasts, row[::-1], strict=True):
        assert cover in (0.9, 0.95)
        if bound < LATEST:
            place = int(np.argmin(np.abs(GRID - bound)))
            assert curve[max(place - 1, 0)] <= at + 1e-9 or place == 0
            assert curve[place] >= at - 1e-9


def test_without_bounds_in_the_model_none_are_given(model):
    bare = {k: v for k, v in model.items() if k != "bounds"}
    assert forecast(child(), bare)[16].outlasts == ()
    assert forecast(child({"16": sound(findings=[{"surface": "O", "icdas": 5}])}), model)[16].outlasts == ()


def mixed_up() -> Case:
    """Every finding of this child is usual, and hardly any two of them go together."""
    teeth = {}
    for k, t in enumerate((16, 26, 36, 46)):
        dirty = {f: {"plaque": k % 2 == 1} for f in ("MB", "B", "DB")}
        teeth[str(t)] = sound(periodontal=dirty) if k % 2 else sound(periodontal=dirty, restorations=[SEALED, FILLED])
        q = t // 10 + 4
        teeth[f"{q}4"] = sound(findings=[{"surface": "O", "icdas": 5}]) if k % 2 else sound()
        teeth[f"{q}5"] = sound() if k % 2 else sound(findings=[{"surface": "O", "icdas": 5}])
    return child(teeth)


def test_a_child_unlike_the_cohort_is_not_forecast(model):
    found = forecast(mixed_up(), model)
    assert "less usual than in 999 of 1000" in found[26].abstained
    assert found[26].hazard is None
    usual = {**model, "inputs": {**model["inputs"], "typical": [9, 9, 9, 99.0]}}
    assert found[16].abstained
    assert not forecast(mixed_up(), usual)[26].abstained


def test_an_unremarkable_or_thin_record_is_not_unlike_the_cohort(model):
    thin = {str(t): {"status": "present", "other_surfaces": "sound"} for t in MOLARS}
    for case in (
        child(),
        child(age="6-12"),
        child(thin, brushing=None, sex="unknown"),
        child({"46": sound(restorations=[FILLED])}),
    ):
        assert not forecast(case, model)[16].abstained


ABSTAINED = {
    "adult": (child(age="30-34"), 16, "made from children"),
    "no age": (child(age="unknown"), 16, "the age is unknown"),
    "carious": (child({"16": sound(findings=[{"surface": "O", "radiograph": "D2"}])}), 16, "already there"),
    "lesion": (child({"16": sound(findings=[{"surface": "O", "icdas": 2}])}), 16, "progression is forecast instead"),
    "unknown": (child({"16": {"status": "present"}}), 16, "whether the tooth is sound is not recorded"),
    "missing": (child({"16": {"status": "missing", "missing_cause": "trauma"}}), 16, "the tooth is missing"),
    "defect": (
        child({"16": sound(findings=[{"surface": "O", "icdas": 0, "defect": "hypoplasia"}])}), 16, "developmental defect of enamel"
    ),
    "incisor": (child({"11": sound()}), 11, "first permanent molars only"),
    "gene": (
        child(genotype={"tested": True, "variants": [{"gene": "ENAM", "significance": "pathogenic"}]}), 16, "a variant in ENAM"
    ),
    "radiotherapy": (child(medical={"radiotherapy_head_neck": True}), 16, "radiotherapy"),
}  # fmt: skip


@pytest.mark.parametrize("name", ABSTAINED)
def test_it_abstains_with_a_reason(model, name):
    case, tooth, words = ABSTAINED[name]
    one = forecast(case, model)[tooth]
    assert words in one.abstained
    assert one.hazard is None
    assert not one.drivers


def test_nothing_is_said_past_the_age_at_which_the_cohort_ends(model):
    end = model["range"]["age_last"]
    times = np.array([0.0, 1.0, 2.0, 8.0])
    hazard = forecast(child(age="9-9"), model, times=times)[16].hazard
    inside = 9.5 + times <= end
    assert np.isfinite(hazard[:, inside]).all()
    assert np.isnan(hazard[:, ~inside]).all()
    assert (~inside).any()


def test_a_molar_still_to_come_has_no_hazard_before_it_is_through(model):
    case = child({"16": {"status": "unerupted"}}, age="6-6")
    hazard = forecast(case, model, times=np.array([0.0, 0.02, 4.0]))[16].hazard
    assert hazard[:, 1].mean() < 1e-3
    assert hazard[:, 2].mean() > 0.02


def test_drawn_inputs_keep_what_is_known_and_follow_the_cohort(model):
    rng = np.random.default_rng(0)
    known = np.full((1500, len(NAMES)), np.nan)
    known[:, NAMES.index("girl")] = 1
    known[:, NAMES.index("p5_16")] = 1
    values = draw_inputs(model["inputs"], known, rng)
    assert (values[:, NAMES.index("girl")] == 1).all()
    columns = columns_for(values)
    made_from = children(300, seed=21)
    assert columns["brush_daily"].mean() == pytest.approx(made_from.brush_daily[made_from.girl == 1].mean(), abs=0.08)
    assert (columns["adj5_d"] + columns["adj5_f"] + columns["adj5_m"])[:, 0].min() == 1
    assert (
        values[:, NAMES.index("p5_26")].mean()
        > draw_inputs(model["inputs"], np.full((1500, len(NAMES)), np.nan), rng)[:, NAMES.index("p5_26")].mean()
    )
    total = sum(columns[f"adj{p}_d"].sum(1) for p in (4, 5))
    assert np.array_equal(columns["mouth_d"][:, 0], total)
    assert np.allclose(columns["oth_seal"] * 3 + columns["seal"], columns["seal"].sum(1, keepdims=True))


def test_known_inputs_leave_open_what_the_case_leaves_open():
    known = known_inputs(child(brushing=None, sex="intersex", teeth={"16": {"status": "present"}, "55": {"status": "missing"}}))
    assert not {"girl", "brush_daily", "seal_16", "plaque_16", "p5_16"} & set(known)
    assert known["p4_16"] == 0
    assert known["erupted_16"] == 1


def test_a_forecast_needs_numpy_alone(model, tmp_path):
    import json

    (tmp_path / "m.json").write_text(json.dumps(model))
    (tmp_path / "c.json").write_text(child().to_json())
    script = (
        "import sys, json, numpy as np; from amelo.records.case import load_case; from amelo.forecast.caries.outlooks import outlooks; "
        f"o = outlooks(load_case({str(tmp_path / 'c.json')!r}), np.array([0., 2.]), draws=100, seed=0, "
        f"model=json.load(open({str(tmp_path / 'm.json')!r}))); assert len([x for x in o if not x.abstained]) == 4; "
        "print(sorted({m.split('.')[0] for m in sys.modules} & {'jax', 'scipy', 'pandas', 'pyarrow', 'numpyro', 'lightgbm', 'matplotlib'}))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_case_and_the_same_child_in_a_table_have_the_same_risk(model):
    from amelo.forecast.caries.cohort import FIRST_MOLARS, INPUTS, Cohort
    from amelo.forecast.caries.survival import Forecaster, fitted

    single = {**model, "draws": [[*model["beta"], *model["hazard"], model["sigma"], model["share"]]]}
    case = child({"16": sound(restorations=[SEALED], periodontal=CLEAN), "55": sound(restorations=[FILLED])}, age="7-7")
    found = forecast(case, single, draws=8000)
    inputs = {name: np.zeros(4) for name in INPUTS}
    ones = np.ones(4)
    inputs |= {"girl": ones, "brush_daily": ones, "erupted_base": ones, "start_brush": np.full(4, np.nan)}
    inputs |= {"upper": np.array([1.0, 1, 0, 0]), "seal": np.array([1.0, 0, 0, 0]), "oth_seal": np.array([0, 1, 1, 1]) / 3}
    inputs |= {"mouth_f": ones, "adj5_f": np.array([1.0, 0, 0, 0])}
    age = np.full(4, 7.5)
    table = Cohort(
        np.zeros(4, int), np.array(FIRST_MOLARS), ones == 1, age, np.full(4, np.nan), np.full(4, 5.0), age, age, age + 4, inputs, {},
        np.full(4, ""),
    )  # fmt: skip
    said = Forecaster(fitted(single), table).risk(2.0)
    for place, tooth in enumerate(MOLARS):
        assert risk(found[tooth]).mean() == pytest.approx(said[place], rel=0.08), tooth  # ages within the year, and chance
