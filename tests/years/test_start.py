"""Starts that contradict themselves are refused in one sentence, and numbers spread over members."""

from __future__ import annotations

import numpy as np
import pytest
from starts import plain

from amelo.errors import ParameterError
from amelo.years import Policy, Start, Surface, Weights, project


def test_a_number_is_one_for_each_member_and_an_array_stays():
    start = plain(3, strength=[0.5, 0.6, 0.7], flags={"medical": True})
    assert start.age.tolist() == [40.0] * 3 and start.strength.tolist() == [0.5, 0.6, 0.7]
    assert start.flags["medical"].tolist() == [1.0] * 3 and np.isinf(start.residual).all() and not start.exposed.any()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"members": 0}, "one member or more"),
        ({"age": [1.0, 2.0]}, "age has the shape"),
        ({"age": -1.0}, "between 0 and 120"),
        ({"age": float("nan")}, "age is out of range"),
        ({"strength": 0.0}, "strength is out of range"),
        ({"collapsed": 1.2}, "collapsed is out of range"),
        ({"carious_left": -0.1}, "carious_left is out of range"),
        ({"setting": "practise"}, "did you mean 'practice'"),
        ({"material": "composit"}, "did you mean 'composite'"),
        ({"diagnosis": "pulpitis"}, "is not a diagnosis"),
        ({"tooth": 75}, "is a primary tooth"),
        ({"exposed": True}, "nothing covers it"),
        ({"exposed": True, "cap": "calcium hydroxid"}, "did you mean 'calcium hydroxide'"),
        ({"covers": 7}, "a tooth has five"),
        ({"flags": {"smoker": 1.0}}, "flag of a patient"),
        ({"flags": {"high_risk": True}, "margin_activity": 2.0}, "told twice"),
        ({"surfaces": (Surface("I"),)}, "no surface 'I'"),
        ({"surfaces": (Surface("M"), Surface("M"))}, "stands twice"),
        ({"surfaces": (Surface("M", "E3"),)}, "'E3' is not a stage"),
        ({"surfaces": (Surface("M", "pulp"),)}, "treat the lesion"),
        ({"surfaces": (Surface("M", 2.5),)}, "no code"),
        ({"surfaces": (Surface("M", "E1", -1.0),)}, "activity of M is out of range"),
        ({"surfaces": (Surface("M", "E1"),), "material": "crown_ceramic"}, "leave the surfaces out"),
    ],
)
def test_what_a_start_refuses(changes, words):
    with pytest.raises(ParameterError, match=words):
        plain(**({"count": 3} | changes)) if "members" not in changes else Start(changes["members"], age=30.0, tooth=36)


def test_stages_are_names_or_codes_for_all_or_each():
    assert Surface("M", ["sound", "E2", "D3"]).codes(3).tolist() == [0, 2, 6]
    assert Surface("M", np.array([1, 0, 5])).codes(3).tolist() == [1, 0, 5]
    assert Surface("M", "border").codes(2).tolist() == [3, 3]


@pytest.mark.parametrize(
    ("policy", "words"),
    [
        (Policy(crown=1.5), "policy crown is 1.5"),
        (Policy(wait=0.0), "wait is above 0 years"),
        (Policy(filled_from="D5"), "not something a policy can name"),
        (Policy(next_crown="crown_gold"), "not something a policy can name"),
        (Policy(implant=float("nan")), "policy implant"),
    ],
)
def test_what_a_policy_refuses(policy, words):
    with pytest.raises(ParameterError, match=words):
        project(plain(2, policy=policy), 1.0)


def test_weights_are_from_nothing_to_one_and_can_be_set():
    assert Weights.default().crowned == 0.87 and Weights.default(gap=0.5).gap == 0.5
    assert Weights.default().of_states(lesions=True)[0] == 0.98 and Weights.default().of_states(lesions=False)[0] == 1.0
    for wrong in (-0.1, 1.1, float("nan"), "1"):
        with pytest.raises(ParameterError, match="from 0 to 1"):
            Weights.default(gap=wrong)
