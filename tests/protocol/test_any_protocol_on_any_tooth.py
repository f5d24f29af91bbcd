"""Any row of steps, sensible or not, on any tooth of any case: it is done whole, or refused in one sentence with its place."""

from __future__ import annotations

import random
from functools import cache

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from protocol_strategies import leaves, mouth, on_the_tooth

import amelo
from amelo.errors import AmeloError
from amelo.protocol import Protocol
from amelo.protocol.order import out_of_order
from amelo.protocol.simulate_tooth import followed, simulate_tooth
from amelo.protocol.steps import LONGEST, length
from amelo.twin.tooth import COARSE, whole_tooth
from amelo.twin.tooth.twin import ToothTwin

GENTLE = settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
CASES = (
    "felix-healthy", "greta-dry-mouth", "ines-hypersensitivity", "jonas-approximal", "kira", "mila-hypomineralisation", "noor-white-spots",
    "tomas-amelogenesis",
)  # fmt: skip
DAY = 86400.0
LINES = (
    "isolate", "excavate to soft dentine", "excavate to leathery dentine", "excavate to firm dentine, leave 1.0 mm over the pulp",
    "excavate to hard dentine with 0 mL/min water", "etch 37 % phosphoric acid for 15 s", "etch 15 % hydrochloric acid for 120 s",
    "deproteinise with 5 % NaOCl for 60 s", "line with calcium silicate", "line with glass ionomer", "fill with composite",
    "fill with amalgam", "fill temporarily with glass ionomer", "seal with resin", "inlay ceramic", "onlay gold", "crown zirconia",
    "crown stainless steel", "splint", "pulpotomy partial with calcium silicate", "pulpotomy full with calcium hydroxide",
    "cap with calcium silicate", "root canal treatment", "extract", "take off the restoration", "infiltrate resin",
    "silver diamine fluoride 38 %", "peptide P11-4", "brush twice daily with 1450 ppm F", "snacks at most 3 a day", "review", "rest 14 d",
    "rest 60 d", "rest 1 s", "sleep 8 h", "varnish 22600 ppm F for 4 h",
)  # fmt: skip


def some_mouth(habits, draws):
    """A mouth that takes a little from everybody, and less from who eats less."""
    taken = 0.5e-6 / DAY * min(1.0, habits.get("snacks", 5.0) / 5.0) * np.exp(0.4 * draws.normal("mouth"))
    return {"enamel": 0.15 * taken, "dentine": taken}


@cache
def every_tooth():
    """Every tooth of every shipped case that can be looked at, with what a lesion or a restoration makes of it first."""
    found = []
    for name in CASES:
        case = amelo.load_case(f"cases/{name}.json")
        for number, record in case.teeth.items():
            if record.status in ("present", "unknown"):
                found.append((f"{name} {number}", whole_tooth(case, number, members=4, seed=1, mouth=some_mouth).tooth))
    return sorted(found, key=lambda each: (each[1].mineral_loss.max() <= 0.0 and each[1].restored is None, each[0]))


@pytest.fixture(autouse=True)
def at_home(root, monkeypatch):
    monkeypatch.chdir(root)


def one_sentence(error: AmeloError) -> bool:
    text = str(error)
    return bool(error.what) and "\n" not in text and "Traceback" not in text and "nan" not in text.split()


def sound(found) -> None:
    tooth = found.tooth
    for name in ("left", "inner", "organic", "bacteria", "filled", "access", "exposed", "bond", "leak"):
        value = getattr(tooth, name)
        assert ((value >= 0.0) & (value <= 1.0 + 1e-12)).all(), name
    for name, values in found.seen.items():
        assert np.isfinite(values[-1]).all(), name
    assert (np.diff(found.time) >= 0.0).all()


@given(data=st.data())
@GENTLE
def test_any_steps_at_all_are_done_or_refused_with_their_place(data):
    teeth = every_tooth()
    _, tooth = teeth[data.draw(st.integers(0, len(teeth) - 1))]
    steps = tuple(data.draw(st.lists(on_the_tooth | mouth | leaves, min_size=1, max_size=6)))
    assume(out_of_order(steps) is None and sum(map(length, steps)) <= LONGEST)
    protocol = Protocol(steps=steps)
    try:
        found = followed(tooth, protocol, COARSE)
    except AmeloError as error:
        assert one_sentence(error) and error.where, str(error)
    else:
        sound(found)


@pytest.mark.parametrize("seed", range(8))
def test_long_rows_of_whatever_can_be_done_leave_a_tooth(seed):
    chance, teeth = random.Random(seed), every_tooth()
    for _ in range(6):
        name, start = teeth[int(chance.random() ** 2 * len(teeth))]
        tooth, kept = start, []
        for line in (chance.choice(LINES) for _ in range(12)):
            try:
                Protocol.parse("\n".join([*kept, line]))
                tooth = followed(tooth, Protocol.parse(line), COARSE, watch=False).tooth
                kept.append(line)
            except AmeloError as error:
                assert one_sentence(error) and error.where, str(error)
        if kept:
            found = followed(start, Protocol.parse("\n".join(kept)), COARSE)
            sound(found)
            assert found.tooth.same_as(tooth), (name, kept)  # one after the other, or all in one protocol


@pytest.mark.parametrize(
    ("case", "tooth"), [("kira", 36), ("jonas-approximal", 26), ("noor-white-spots", 12), ("greta-dry-mouth", 16)]
)
def test_the_verb_itself_refuses_in_one_sentence(case, tooth):
    twin = ToothTwin.of(amelo.load_case(f"cases/{case}.json"), tooth)
    chance, done, refused = random.Random(tooth), 0, 0
    for _ in range(25):
        try:
            protocol = Protocol.parse("\n".join(chance.choice(LINES) for _ in range(chance.randint(1, 4))))
            simulate_tooth(twin, protocol, members=3, seed=2, years=0)
            done += 1
        except AmeloError as error:
            refused += 1
            assert one_sentence(error) and error.where.startswith("line "), str(error)
    assert done and refused
