"""The two model files: small, honest about where they come from, drawn from the sets of constants, and made again by their scripts."""

from __future__ import annotations

import json
import os

import numpy as np
import pytest

from amelo.cite import bibliography
from amelo.forecast.artefact import find_model, model_files
from amelo.params import load_set

KINDS = ("progression", "restorations")
SLOW = pytest.mark.skipif(not os.environ.get("AMELO_SLOW"), reason="fits for minutes; set AMELO_SLOW=1 to run it")


@pytest.mark.parametrize("kind", KINDS)
def test_files_are_small_and_cards_complete(kind):
    (path,) = [path for path in model_files() if path.name.startswith(kind)]
    assert path.stat().st_size < 300_000
    model = find_model(kind)
    card = model["card"]
    for key in (
        "title",
        "made_by",
        "data",
        "population",
        "licence",
        "rows",
        "patients",
        "method",
        "fit",
        "limits",
        "subgroups",
        "sources",
        "sampler",
    ):
        assert key in card, key
    assert card["rows"] == card["patients"] == 0 and card["looks_at_development_data"] == 0
    assert set(card["sources"]) <= set(bibliography())
    assert len(card["limits"]) >= 4


@pytest.mark.parametrize("kind", KINDS)
def test_the_sampler_has_converged(kind):
    sampler = find_model(kind)["card"]["sampler"]
    assert sampler["largest_r_hat"] < 1.02
    assert sampler["smallest_effective_size"] > 300
    assert sampler["divergences"] <= 0.005 * sampler["draws"] * sampler["chains"]


@pytest.mark.parametrize("kind", KINDS)
def test_draws_are_finite_alike_in_length_and_not_all_one(kind):
    draws = {name: np.array(values) for name, values in find_model(kind)["draws"].items()}
    assert {len(values) for values in draws.values()} == {400}
    assert all(np.isfinite(values).all() and values.std() > 0 for values in draws.values())


def test_constants_in_the_files_are_those_of_the_sets():
    for kind, name in (("progression", "natural-history"), ("restorations", "restorations")):
        for key, constant in find_model(kind)["constants"].items():
            p = load_set(name)[key]
            assert constant == {"value": p.value, "low": p.low, "high": p.high, "grade": p.grade, "source": p.source}, key


def test_every_prior_and_site_is_a_parameter_of_the_file():
    names = {p.name.partition(".")[2] for p in load_set("natural-history") if p.name.startswith(("prior.", "site."))}
    assert names <= set(find_model("progression")["draws"])
    groups = ("prior.", "material.", "event.", "condition.")
    assert {p.name.partition(".")[2] for p in load_set("restorations") if p.name.startswith(groups)} <= set(
        find_model("restorations")["draws"]
    )


def test_the_posterior_learned_what_the_figures_tell_and_kept_the_prior_elsewhere():
    from amelo.forecast.stages.fit import priors

    draws = {name: np.array(values) for name, values in find_model("progression")["draws"].items()}
    told = {name: draws[name].std() / spread for name, (_, spread) in priors().items() if name in draws}
    assert told["progression_age"] < 0.7 and told["border_to_outer"] < 0.6 and told["occlusal_progression"] < 0.8
    for name in ("deep_to_pulp", "smooth_onset", "smooth_progression", "approximal_incisor", "occlusal_premolar"):
        assert 0.8 < told[name] < 1.2, name
    assert np.exp(np.median(draws["progression_age"])) == pytest.approx(
        0.4, abs=0.12
    )  # a fall to about a third by the mid-twenties
    assert (draws["active_occlusal"] > 0).all() and (draws["active_share"] < 0).all()


def test_figures_of_the_fit_are_met_where_cohorts_agree():
    for row in find_model("progression")["card"]["fit"]:
        if "not fitted" not in row["figure"]:
            assert row["low"] * 0.9 <= row["published"] <= row["high"] * 1.1, row


@SLOW
@pytest.mark.parametrize("kind", KINDS)
def test_the_script_makes_the_file_again(kind):
    from amelo.forecast.restorations import fit as restorations
    from amelo.forecast.stages import fit as progression

    made = {"progression": progression, "restorations": restorations}[kind].train()
    shipped = {key: value for key, value in find_model(kind).items() if key != "hash"}
    again = json.loads(json.dumps(made))
    assert again["constants"] == shipped["constants"]
    for name, values in shipped["draws"].items():
        assert again["draws"][name] == pytest.approx(values, abs=2e-4), name
