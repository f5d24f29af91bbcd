"""What makes a combination: halves, orders, gaps, half doses; texts that the language reads, and an index on them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from amelo.plan import effects as module
from amelo.plan.again import Again
from amelo.plan.design import GAPS, Design, Nano
from amelo.plan.effects import effects, halves, orders, variants
from amelo.plan.goals import HARMS, WEIGHTS
from amelo.plan.rollout import operations_of
from made_plans import COMBINED, NANO, OPERATIVE, WAIT, made_plan

WITHIN = replace(OPERATIVE, within=Nano("caps-400", 1e9))


def test_halves_keep_the_doses():
    operative, nano = halves(WITHIN)
    assert operative == OPERATIVE and nano == NANO
    operative, nano = halves(COMBINED)
    assert operative == Design(surface="seal ionomer") and nano == Design(first=COMBINED.first)
    stepwise = replace(WITHIN, stepwise=True, gap=90.0)
    assert halves(stepwise)[0].gap == 90.0


@pytest.mark.parametrize("design", [COMBINED, WITHIN, replace(WITHIN, stepwise=True, gap=90.0), replace(COMBINED, habits=True)])
def test_every_variant_is_a_protocol_with_the_same_dose(design):
    dose = (design.first or design.within).line()
    found = variants(design)
    kinds = [kind for kind, _, _ in found]
    assert kinds.count("ablation") == 2 and kinds.count("sham") == 1 and "order" in kinds
    for kind, words, text in found:
        assert operations_of(text), words
        assert text != design.text()
        if kind in ("order", "gap"):
            assert text.count(dose) == 1
    assert len({text for _, _, text in found}) == len(found)


def test_orders_put_carriers_before_within_and_after():
    found = orders(WITHIN)
    first, within, last = (text.splitlines() for text in found.values())
    line = WITHIN.within.line()
    cut = next(k for k, text in enumerate(first) if text.startswith("excavate"))
    assert first.index(line) < cut
    assert within.index(line) > next(k for k, text in enumerate(within) if text.startswith("excavate"))
    assert last.index(line) > next(k for k, text in enumerate(last) if text.startswith("fill"))
    assert len(orders(COMBINED)) == 2  # nothing is opened


def test_gaps_are_all_others_and_the_sham_has_two_half_doses():
    found = variants(COMBINED)
    assert [words for kind, words, _ in found if kind == "gap"] == [f"a gap of {g:g} days" for g in GAPS if g != 14.0]
    sham = next(text for kind, _, text in found if kind == "sham")
    assert sham.count(COMBINED.first.less(0.5).line()) == 2 and COMBINED.first.line() not in sham.splitlines()


class Known:
    """Runs whose worth is known by what the text holds."""

    def __init__(self, worth):
        self.worth = worth

    def __call__(self, rollouts, texts):
        rng = np.random.default_rng(3)
        base = 0.4 + 0.05 * rng.random(200)
        runs = []
        for text in texts:
            value = self.worth(text)
            if value is None:
                nothing = np.zeros(0)
                runs.append(Again(nothing, nothing, nothing, None, nothing, {}, refused="carriers find no lesion"))
                continue
            worth = base + value
            runs.append(Again(worth, np.tile(worth, (len(WEIGHTS), 1)), np.zeros((len(HARMS), 200), bool), None, np.zeros(0), {}))
        return runs


@pytest.fixture
def known(monkeypatch):
    def install(worth):
        monkeypatch.setattr(module, "again", Known(worth))
        monkeypatch.setattr(module, "fresh_rollouts", lambda *a, **k: None)

    return install


def plain_worth(text: str) -> float:
    """Carriers give 0.1, a seal 0.15, and both 0.1 more when the carriers come first."""
    nano, seal = "nanobots" in text, "seal with" in text
    together = nano and seal and text.index("nanobots") < text.index("seal with")
    return 0.1 * nano + 0.15 * seal + 0.1 * together


def test_synergy_interaction_orders_and_sham_of_known_runs(known, root):
    known(plain_worth)
    found = effects(case_of(root), made_plan(), members=200, seed=1)
    # best operative arm of the made plan is an excavation, worth 0; the best single arm is carriers, 0.1; together 0.35
    assert found.synergy.mean == pytest.approx(0.25) and found.synergy.claim == "synergistic"
    assert found.interaction[0] == pytest.approx(0.35 - 0.15 - 0.1 + 0.0)
    by = {(e.kind, e.words): e for e in found.effects}
    assert by["ablation", "without the carriers"].mean == pytest.approx(-0.2)
    assert by["ablation", "without operative care"].mean == pytest.approx(-0.25)
    assert by["order", "carriers last, after seal or filling"].mean == pytest.approx(-0.1)
    assert by["sham", "the carriers in two half doses, one after the other"].mean == pytest.approx(0.0)
    assert found.worth["wait"] < found.worth["nano"] < found.worth["combined"]
    data = found.to_dict()
    assert data["interaction"]["low"] <= data["interaction"]["mean"] and set(data["arms"]) == {
        "combined",
        "nano",
        "operative",
        "wait",
    }


def test_a_sham_that_does_something_takes_the_word_away(known, root):
    known(lambda text: plain_worth(text) + 0.2 * (text.count("nanobots") == 2))
    assert effects(case_of(root), made_plan(), members=200).synergy.claim != "synergistic"


def test_what_cannot_be_done_is_said_so_and_takes_the_interaction_away(known, root):
    known(lambda text: None if "seal with" not in text and "excavate" not in text and "nanobots" not in text and text != WAIT.text() else (plain_worth(text) if "rest 90" not in text else None))  # fmt: skip
    found = effects(case_of(root), made_plan(), members=200)
    assert [e.refused for e in found.effects if e.words == "a gap of 90 days"] == ["carriers find no lesion"]


def test_without_one_of_the_arms_nothing_is_said(root):
    plan = made_plan()
    bare = replace(plan, options=tuple(o for o in plan.options if o.arm != "nano"))
    assert effects(case_of(root), bare) is None


def case_of(root):
    from amelo.records.case import load_case

    return load_case(root / "cases" / "kira.json")
