"""From a treated tooth to its years: what of tooth, mouth and patient reaches the projection, and in which direction."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from amelo.protocol import Protocol
from amelo.protocol.simulate_tooth import followed
from amelo.protocol.years import let_through, projected, relative_activity, start_of
from amelo.records.case import Case, load_case
from amelo.twin.tooth import COARSE
from amelo.twin.tooth.twin import ToothTwin

CASES = Path(__file__).resolve().parents[2] / "cases"
JONAS = load_case(CASES / "jonas-approximal.json")
FILL = "isolate\nexcavate to firm dentine\netch 37 % phosphoric acid for 15 s\nfill with composite\nrest 30 d"
INFILTRATE = "isolate\netch 15 % hydrochloric acid for 2 min\ninfiltrate resin\nrest 30 d"
MEMBERS = 64


def treated(case, text, tooth=26):
    twin = ToothTwin.of(case, tooth)
    built = twin.whole(members=MEMBERS, seed=3).tooth
    return twin, followed(built, Protocol.parse(text), COARSE, watch=False).tooth


def like_jonas(**medical):
    data = JONAS.model_dump(mode="json", exclude_none=True)
    data["medical"] = {**data.get("medical", {}), **medical}
    return Case.model_validate(data)


@pytest.fixture(scope="module")
def arms():
    return {name: treated(JONAS, text) for name, text in (("wait", "rest 30 d"), ("fill", FILL), ("infiltrate", INFILTRATE))}


def test_a_filling_is_followed_as_what_it_is(arms):
    start = start_of(*arms["fill"])
    assert (start.material, start.covers) == ("composite", 1)
    assert np.isfinite(start.residual).all(), "dentine was cut"
    assert start_of(*arms["wait"]).material == ""
    assert not np.isfinite(start_of(*arms["wait"]).residual).any()


def test_resin_in_the_pores_slows_a_lesion_and_nothing_counts_twice(arms):
    twin, tooth = arms["infiltrate"]
    through = let_through(tooth)
    assert (through < 0.5).mean() > 0.9
    start = start_of(twin, tooth)
    assert start.effects == ()
    assert "blocked pores" in start.carried
    bare, closed = (projected(*arms[name]).incidence("lesion filled")[-1] for name in ("wait", "infiltrate"))
    assert closed.mean() < bare.mean()


def test_the_patient_reaches_the_years():
    well, ill = (treated(like_jonas(diabetes=word, conditions=[]), FILL) for word in ("none", "type 2"))
    assert not start_of(*well).flags["medical"].any()
    assert start_of(*ill).flags["medical"].all()
    lasts = [projected(*arm).restoration_survival[-1].mean() for arm in (well, ill)]
    assert lasts[1] < lasts[0]


def test_an_arrested_lesion_goes_nowhere_and_less_sugar_slows_one():
    _, tooth = treated(JONAS, "silver diamine fluoride 38 %\nrest 1 d")
    arrested = tooth.books["arrested"] > 0.0
    assert 0 < arrested.sum() < MEMBERS
    assert (relative_activity(tooth)[arrested] == 0.0).all()
    _, sweet = treated(JONAS, "rest 1 d")
    _, less = treated(JONAS, "snacks at most 0 a day\nrest 1 d")
    assert relative_activity(less).mean() < relative_activity(sweet).mean()


def test_a_tooth_that_was_taken_out_has_no_years():
    twin, tooth = treated(JONAS, "extract")
    assert projected(twin, tooth) is None
