"""What a mouth's history says of its patient: right direction, right size, against closed forms and simulated patients."""

from __future__ import annotations

import numpy as np
import pytest

from amelo.forecast.stages.patient import Evidence, evidence_of, exposures, posterior_frailty, prior_log_frailty
from amelo.forecast.stages.rates import BASE
from amelo.params import load_set
from amelo.records.case import Case

CONSTANTS = {p.name: {"value": p.value} for p in load_set("natural-history")}
COUNT = 4000
UNIFORM = (np.arange(COUNT) + 0.5) / COUNT
AGE = np.full(COUNT, 20.0)
SOUND = tuple((fdi, letter) for fdi in (16, 26, 36, 46) for letter in "MD")


def draws(onset: float = 0.05, variance: float = 1.0) -> dict[str, np.ndarray]:
    names = {p.name.partition(".")[2]: 0.0 for p in load_set("natural-history") if p.name.startswith(("prior.", "site."))}
    names |= {name: np.log(0.2) for name in BASE} | {
        "onset": np.log(onset),
        "outer_to_inner": np.log(1e3),
        "frailty_variance": np.log(variance),
    }
    return {name: np.full(COUNT, value) for name, value in names.items()}


def frailty(evidence: Evidence, **words: float) -> np.ndarray:
    return posterior_frailty(evidence, draws(**words), CONSTANTS, AGE, np.zeros(COUNT), UNIFORM)


def case(**teeth) -> Case:
    history = teeth.pop("history", [])
    return Case.model_validate(
        {"pseudonym": "Test", "origin": "synthetic", "recorded_on": "2026-01-01", "age_band": "20-20", "history": history,
         "teeth": {key.strip("t"): value for key, value in teeth.items()}}
    )  # fmt: skip


def test_exposure_is_rate_times_years_since_eruption_less_the_lag():
    found = exposures(draws(), CONSTANTS, AGE)
    assert found["approximal", "first"] == pytest.approx(0.05 * (20 - 6.5), rel=1e-3)
    assert found["approximal", "third"] == pytest.approx(0.0, abs=1e-9)
    assert exposures(draws(), CONSTANTS, np.full(COUNT, 3.0))["approximal", "first"].max() == 0.0


def test_without_a_history_the_frailty_is_the_prior():
    z = frailty(Evidence(), variance=0.5)
    assert z.mean() == pytest.approx(1.0, abs=0.01)
    assert z.var() == pytest.approx(0.5, rel=0.05)
    assert np.log(z).mean() == pytest.approx(prior_log_frailty(np.array([0.5]))[0], abs=0.01)


@pytest.mark.parametrize("variance", [0.5, 1.0, 2.0])
def test_sound_surfaces_give_exactly_the_gamma(variance):
    exposure = 8 * 0.05 * 13.5
    z = frailty(Evidence(sound=SOUND), variance=variance)
    shape, rate = 1 / variance, 1 / variance + exposure
    assert z.mean() == pytest.approx(shape / rate, rel=0.02)
    assert z.var() == pytest.approx(shape / rate**2, rel=0.06)


def test_a_lesion_with_little_exposure_adds_one_to_the_shape():
    z = frailty(Evidence(affected=(((16, "M"),),)), onset=1e-6)
    assert z.mean() == pytest.approx(2.0, rel=0.02)  # gamma of shape 1 + 1 and rate 1
    z = frailty(Evidence(affected=(((16, "M"),), ((26, "M"),), ((36, "M"),))), onset=1e-6)
    assert z.mean() == pytest.approx(4.0, rel=0.02)


def test_the_posterior_is_that_of_simulated_patients_with_the_same_chart():
    rng = np.random.default_rng(5)
    z = rng.gamma(1.0, 1.0, 400_000)
    risk = 0.05 * 13.5
    count = rng.binomial(8, 1 - np.exp(-z * risk))
    for lesions in (1, 3, 6):
        evidence = Evidence(sound=SOUND[lesions:], affected=tuple((surface,) for surface in SOUND[:lesions]))
        found = frailty(evidence)
        truth = z[count == lesions]
        assert found.mean() == pytest.approx(truth.mean(), rel=0.03)
        assert np.quantile(found, [0.1, 0.9]) == pytest.approx(np.quantile(truth, [0.1, 0.9]), rel=0.08)


def test_more_disease_moves_it_up_and_more_health_down():
    means = [frailty(Evidence(sound=SOUND[k:], affected=tuple((s,) for s in SOUND[:k]))).mean() for k in range(9)]
    assert means == sorted(means)
    assert frailty(Evidence(sound=SOUND)).mean() < frailty(Evidence(sound=SOUND[:4])).mean() < 1.0


def test_what_counts_as_history():
    sound = {"status": "present", "other_surfaces": "sound"}
    found = evidence_of(
        case(
            t11=sound,
            t16={**sound, "restorations": [{"surfaces": ["M", "O", "D"], "kind": "filling"}]},
            t26={**sound, "findings": [{"surface": "M", "radiograph": "E2"}]},
            t36={"status": "missing", "missing_cause": "caries"},
            t46={"status": "missing", "missing_cause": "trauma"},
            t17={"status": "present"},
            t27={**sound, "restorations": [{"surfaces": ["O"], "kind": "sealant"}]},
            t37={**sound, "findings": [{"surface": "B", "defect": "hypoplasia", "icdas": 5}]},
            t55={**sound, "findings": [{"surface": "O", "icdas": 5}]},
        )
    )
    assert len(found.affected) == 3
    assert ((16, "M"), (16, "O"), (16, "D")) in found.affected and ((26, "M"),) in found.affected
    assert {fdi for fdi, _ in found.sound} == {11, 16, 26, 27}
    assert not {fdi for fdi, _ in found.sound} & {17, 37, 46, 55}
    assert (27, "O") not in found.sound and (26, "M") not in found.sound


def test_events_that_only_the_history_tells_of_count_once():
    events = [
        {"on": "2020-01-01", "tooth": 16, "what": "composite filling"},
        {"on": "2023-01-01", "tooth": 16, "what": "filling replaced"},
        {"on": "2023-01-01", "tooth": 26, "what": "fissure sealant"},
        {"on": "2023-01-01", "what": "caries"},
    ]
    assert len(evidence_of(case(history=events)).affected) == 1
    charted = {"status": "present", "restorations": [{"surfaces": ["O"], "kind": "filling"}]}
    assert len(evidence_of(case(history=events, t16=charted)).affected) == 1
