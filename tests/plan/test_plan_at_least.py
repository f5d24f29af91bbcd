"""Means that a plan must reach: what misses them is not offered, and why is said."""

from __future__ import annotations

import numpy as np
import pytest

from amelo.errors import FormatError, ParameterError
from amelo.plan.answer import _missed
from amelo.plan.goals import WEIGHTS, Goals, Limits
from amelo.plan.plan import plan
from amelo.records.case import load_case
from made_plans import COMBINED, OPERATIVE, certificate, make_small


def test_means_below_what_is_asked_for_are_named():
    goals = Goals({"quality": 1.0}, at_least={"vitality": 0.9, "quality": 0.2})
    outcomes = np.full((len(WEIGHTS), 50), 0.5)
    assert goals.missed(outcomes) == {"vitality": pytest.approx(0.5)}
    assert Goals({"quality": 1.0}).missed(outcomes) == {}


def test_the_reason_names_the_goal_and_how_near_the_nearest_comes():
    goals = Goals({"quality": 1.0}, at_least={"vitality": 0.99})
    near, far = certificate(COMBINED, 0.8), certificate(OPERATIVE, 0.5)
    mean = near.outcomes[list(WEIGHTS).index("vitality")].mean()
    assert _missed(goals, [far, near]) == (
        f"no certified plan reaches the goal: vitality of at least 0.99, and the one that comes nearest has {mean:.3f}"
    )


def test_more_than_the_best_there_is_and_other_words_are_refused():
    with pytest.raises(ParameterError, match="a goal that nothing can reach"):
        Goals({"quality": 1.0}, at_least={"vitality": 1.01})
    with pytest.raises(ParameterError, match="did you mean 'vitality'"):
        Goals({"quality": 1.0}, at_least={"vitalty": 0.5})
    with pytest.raises(ParameterError, match="not a number"):
        Goals({"quality": 1.0}, at_least={"vitality": "high"})


def test_files_say_what_is_read_and_nothing_else(tmp_path):
    path = tmp_path / "goals.toml"
    path.write_text("[weights]\nquality = 1\n[at_least]\nvitality = 0.7\n")
    assert Goals.read(path).at_least == {"vitality": 0.7}
    path.write_text("at_least = 3\n[weights]\nquality = 1\n")
    with pytest.raises(FormatError, match="not a table"):
        Goals.read(path)
    path.write_text("confidense = 0.9\n[limits]\nfracture = 0.1\n")
    with pytest.raises(FormatError, match="did you mean 'confidence'"):
        Limits.read(path)


def test_a_goal_out_of_reach_of_this_tooth_is_deferred_with_its_reason(root, monkeypatch):
    make_small(monkeypatch)
    goals = Goals({"quality": 1.0}, "own", at_least={"strength": 0.999})
    found = plan(load_case(root / "cases" / "kira.json"), 36, arms=("wait", "operative"), rollouts=300, goals=goals)
    assert found.status == "deferred" and found.chosen.arm == "wait"
    assert "no certified plan reaches the goal: strength of at least 0.999" in found.reason
    assert found.to_dict()["goals"]["at_least"] == {"strength": 0.999}


def test_the_files_that_the_documentation_shows_are_read(root, tmp_path):
    import re

    blocks = re.findall(r"^```toml\n(.*?)^```", (root / "docs" / "plan.md").read_text("utf-8"), re.MULTILINE | re.DOTALL)
    goals, limits = (tmp_path / name for name in ("goals.toml", "limits.toml"))
    goals.write_text(blocks[0], "utf-8")
    limits.write_text(blocks[1], "utf-8")
    assert Goals.read(goals).at_least == {"vitality": 0.7} and Goals.read(goals).about == "the pulp above all"
    assert Limits.read(limits).largest["fracture"] == 0.02 and Limits.read(limits).largest["warming"] == 0.05
