"""Derivatives by what is done in a mouth, through biofilm and enamel, beside differences of whole runs with segments cut alike."""

from __future__ import annotations

import os
from dataclasses import replace

import numpy as np
import pytest
from differences import EXACT, check_one

from amelo.inference.knobs import knobs_of, turned
from amelo.inference.slopes import by_mouth, mouth_numbers
from amelo.protocol.compile import mouths_of
from amelo.protocol.record import Protocol
from amelo.records.specimen import parse_specimen
from amelo.twin import mouth_balance
from amelo.twin.build import column_of
from amelo.twin.column import Biofilm
from amelo.twin.diffusivity import diffusivities
from amelo.twin.lesion.biofilm import typical
from amelo.twin.lesion.gradient import integrated_mineral_loss, reverse
from amelo.twin.saliva import resting_fluid, saliva_profile
from amelo.twin.schedule import Repeat

SLOW = bool(os.environ.get("AMELO_SLOW"))  # then every number is checked, in minutes
D = diffusivities(37.0)
SHARES = (2e-4, 1e-4, 5e-5, 1e-3, 2e-5, 5e-3)  # narrow first: laws have corners, and a longer step may need one step in time more
NOISE = 3e-8  # of an elasticity: what the integrator of the mouth leaves, over a step of 1e-3
REPEATED = """repeat 4 times:
    meal sugar 10 % for 5 min
    rest 41 min
    rinse with 8 mL 226 ppm F for 40 s
    sleep 5 h 3 min
brush with 1 g 1450 ppm F paste for 90 s
rest 1 h 3 min
"""
DAY = """demineralise in acetate 75 mM pH 4.5 with Ca 2.0 mM, PO4 2.0 mM for 10 min
day:
    sleep 7 h
    drink 200 mL 0.3 ppm F sugar 10 % pH 3 for 11 min
    rest 3 h
    gel 2 g 5000 ppm F for 4 min
    rest 1 h
    varnish 0.3 g 22600 ppm F for 2 h 20 min
"""


@pytest.fixture(scope="module", autouse=True)
def exact():
    """Make integrators so exact that differences of runs show derivatives."""
    kept = dict(mouth_balance.PRECISION)
    mouth_balance.PRECISION.update(rtol=1e-12, atol=1e-15)
    yield
    mouth_balance.PRECISION.update(kept)


@pytest.fixture(scope="module")
def plaque():
    base = {"name": "x", "tissue": "human enamel", "thickness": "60 um", "grid": {"cells": 10, "first_cell": "1 um"}}
    made = column_of(parse_specimen(base | {"mechanisms": {"calcium_fluoride": True}}, where="x.toml"))
    own = {name: np.array([value]) for name, value in typical().items()}
    lesion = 0.95 * made.mineral  # sound enamel may lose and not gain, which is a corner
    return replace(
        made, mineral=lesion, parameters=made.parameters | own, biofilm=Biofilm(1.5e-4, 6, resting_fluid(saliva_profile(), 37.0))
    )


def loss(column, schedule):
    return float(integrated_mineral_loss(reverse(column, schedule, D, settings=EXACT).run)[0][0])


def checked(column, text, names=None):
    """Compare the derivatives of a protocol with differences of whole runs; return the derivatives, and the mouths."""
    protocol = Protocol.parse(text)
    schedule, mouths = mouths_of(protocol)
    back = reverse(column, schedule, D, settings=EXACT)
    value, slope = integrated_mineral_loss(back.run)
    numbers = mouth_numbers(protocol)
    found = by_mouth(back.chain(slope), schedule, mouths, numbers)
    knobs = {knob.name: knob for knob in knobs_of(protocol) if knob.moves}
    assert list(found) == list(knobs) and np.isfinite(list(found.values())).all()
    for number in numbers:
        if names is None or number.name in names:
            knob, scale = knobs[number.name], number.step / 1e-3

            def turn(x, knob=knob):
                return loss(column, turned(protocol, knob, knob.value + x * knob.kind.scale).schedule(None, mouths))

            check_one(number.name, found[number.name], turn, scale, NOISE * abs(value[0]) / scale, SHARES)
    return found, mouths


def test_meals_and_rinses_repeated_under_a_biofilm(plaque):
    names = {"step 1.1 (meal) sugar", "step 1.3 (rinse) fluoride", "step 1.3 (rinse) hour"}
    found, mouths = checked(plaque, REPEATED, None if SLOW else names)
    assert mouths.passes[0] < 3 and len(mouths.stretches) == mouths.passes[0] + 2  # the last pass worked out stands for several
    assert found["step 1.1 (meal) sugar"] != 0 != found["step 1.3 (rinse) fluoride"]
    assert set(found) >= {"step 1.4 (sleep) duration", "step 2 (brush) mass", "step 3 (rest) duration"}


def test_a_day_on_bare_enamel_after_a_bath(plaque):
    bare = replace(plaque, biofilm=None)
    names = {"step 2.2 (drink at 07:00) pH", "step 2.4 (gel at 10:11) hour", "step 2.6 (varnish at 11:15) mass"}
    found, mouths = checked(bare, DAY, None if SLOW else names)
    assert mouths.stretches[0].rested and len(mouths.stretches) == 1 and names <= set(found)
    assert found["step 2.2 (drink at 07:00) pH"] < 0 and "step 1 (demineralise) pH" not in found


def test_one_pass_stands_for_many_in_derivatives_too(plaque):
    """A pass repeats when the mouth is the same after it to 1e-3; its derivatives are as good."""
    repeated = Protocol.parse(REPEATED)
    assert any(isinstance(part, Repeat) for part in repeated.schedule())
    written = Protocol(steps=(*repeated.steps[0].steps * 4, *repeated.steps[1:]))
    found = []
    for protocol in (repeated, written):
        schedule, mouths = mouths_of(protocol)
        back = reverse(plaque, schedule, D, settings=EXACT)
        _, slope = integrated_mineral_loss(back.run)
        found.append(by_mouth(back.chain(slope), schedule, mouths, mouth_numbers(protocol)))
    for what in ("(meal) sugar", "(meal) duration", "(rinse) fluoride", "(sleep) duration"):
        one, all_of_them = (sum(slope for name, slope in by.items() if what in name) for by in found)
        assert one == pytest.approx(all_of_them, rel=2e-2), what
