"""Steps with carriers in a protocol of the whole tooth: which are one visit, what they come to, and where they are refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from amelo.errors import AmeloError, RecordError
from amelo.params import load_set
from amelo.protocol import Protocol
from amelo.protocol.operations import _together
from amelo.protocol.simulate_tooth import _parameters, followed
from amelo.protocol.tooth_steps import steps_of_tooth
from amelo.protocol.visits import acts_of, tooth_visit, visit
from amelo.records.case import load_case
from amelo.therapy.nano import tabulated
from amelo.twin.tooth import COARSE, whole_tooth
from amelo.units import molar_mass

CASES = Path(__file__).parents[2] / "cases"
BRING = "nanobots caps-400 at 1e9 per mL for 20 min, pull 5 T/m"
OPEN = "isolate\nexcavate to firm dentine, leave 1 mm over the pulp\netch 37 % phosphoric acid for 15 s\n"


@pytest.fixture(autouse=True, scope="module")
def _coarse_tables():
    """Fewer thicknesses than usual: how exact tables are is tested elsewhere."""
    usual, tabulated.SHARES = tabulated.SHARES, (0.015, 0.2, 0.35, 0.5, 1.4)
    tabulated.tubules.cache_clear()
    yield
    tabulated.SHARES = usual
    tabulated.tubules.cache_clear()


@pytest.fixture(scope="module")
def molar():
    ordinary = load_case(CASES / "kira.json").model_copy(update={"genotype": load_case(CASES / "felix-healthy.json").genotype})
    return whole_tooth(ordinary, 36, members=16, seed=2).tooth


def groups(text):
    return [[step.kind for step in group] for _, group in _together(list(steps_of_tooth(Protocol.parse(text).steps)))]


def test_steps_that_follow_each_other_are_one_visit():
    assert groups(f"{BRING}\npull 2 T/m for 5 min\nretrieve for 5 min\nrest 1 d\n{BRING}\n") == [
        ["nanobots", "field", "retrieve"],
        ["rest"],
        ["nanobots"],
    ]


def test_passes_of_a_repeat_are_visits_of_their_own():
    assert groups(f"repeat 2 times:\n  {BRING}\n  retrieve for 5 min\n") == [["nanobots", "retrieve"], ["nanobots", "retrieve"]]
    assert groups(f"repeat 3 times:\n  {BRING}\n") == [["nanobots"]] * 3
    assert groups(f"{BRING}\nrepeat 2 times:\n  {BRING}\n{BRING}\n") == [["nanobots"]] * 4


def test_a_tooth_and_a_column_are_told_the_same_acts():
    steps = Protocol.parse("nanobots iron-oxide at 1e9 per mL for 5 min, pull 2 T/m, peroxide 1 %\nretrieve for 5 min\n").steps
    assert tooth_visit(steps).acts == visit(steps).acts == acts_of(steps)
    assert tooth_visit(steps).label == visit(steps).label
    bring, home = tooth_visit(steps).acts
    assert bring.peroxide == pytest.approx(0.01 * load_set("habits").value("density.drink") / molar_mass("H2O2"))
    assert home.field.gradient == -2.0
    assert home.home
    assert home.carrier is None


def test_a_protocol_with_a_visit_runs_and_says_what_it_did(molar):
    found = followed(molar, Protocol.parse(f"{OPEN}{BRING}\nretrieve for 5 min\nfill with composite\nrest 10 d\n"), COARSE)
    assert [event.consent for event in found.events] == ["routine", "operative", "routine", "research", "operative", "none"]
    carried = found.events[3]
    assert carried.label.startswith("visit: nanobots caps-400")
    assert carried.duration == 25 * 60.0
    assert found.tooth.books["caps-400: arrived"].all()
    without = followed(molar, Protocol.parse(f"{OPEN}fill with composite\nrest 10 d\n"), COARSE)
    docked = found.tooth.books["caps-400: docked"] > 0.0  # none where the pulp lies bare
    assert docked.any()
    assert ((found.tooth.books["ledger_released"] > 0.0) == docked).all()
    assert not np.any(without.tooth.books["ledger_released"])
    assert found.tooth.time - without.tooth.time == pytest.approx(25 * 60.0)


def test_a_probe_is_a_visit_with_little(molar):
    text = f"probe caps-400 at 1e7 per mL for 2 min, pull 5 T/m\nrest 1 d\n{OPEN}{BRING}\nrest 1 d\n"
    found = followed(molar, Protocol.parse(text), COARSE)
    assert found.events[0].label.startswith("probe: ")
    assert found.events[0].consent == "research"


def test_a_field_alone_passes_time_and_does_nothing(molar):
    found = followed(molar, Protocol.parse("pull 5 T/m for 5 min\n"), COARSE, watch=False)
    waited = followed(molar, Protocol.parse("rest 5 min\n"), COARSE, watch=False)
    assert found.tooth.same_as(waited.tooth)


def test_faults_have_a_place(molar):
    with pytest.raises(AmeloError, match="covers the floor") as refused:
        followed(molar, Protocol.parse(f"{OPEN}fill with composite\n{BRING}\n"), COARSE)
    assert "line 5" in str(refused.value)
    with pytest.raises(RecordError, match="between days"):
        followed(molar, Protocol.parse(f"day:\n  {BRING}\n"), COARSE)


def test_constants_of_carriers_are_told_with_the_others():
    names = {p.name for p in _parameters(Protocol.parse(f"{BRING}\n"))}
    assert {"pulp.surface", "smear.resistance", "stick.tubule", "payload.release"} <= names
    assert "pulp.surface" not in {p.name for p in _parameters(Protocol.parse("rest 1 d\n"))}
