"""Steps at the chair in protocols of a specimen: how they become changes, what they refuse, and what cannot follow them."""

from __future__ import annotations

import numpy as np
import pytest

import amelo
from amelo.errors import AmeloError, ParameterError, RecordError, SolveError
from amelo.protocol.column_steps import any_change, on_column
from amelo.protocol.record import Protocol
from amelo.records.specimen import parse_specimen
from amelo.therapy.on_column import ColumnStep, Isolate, readied, steps_of
from amelo.therapy.operative.on_column import EtchColumn, SealColumn
from amelo.twin.build import column_of
from amelo.twin.diffusivity import diffusivities
from amelo.twin.lesion.solve import Settings
from amelo.twin.lesion.tape import taped
from amelo.twin.schedule import Segment, changes_of

ACID = "demineralise in acetate 75 mM pH 4.3 with Ca 2.0 mM, PO4 2.0 mM for 2 h"
STEPS = {
    "isolate": 0,
    "etch 37 % phosphoric acid for 15 s": 15.0,
    "etch 15 % hydrochloric acid for 2 min": 120.0,
    "deproteinise with 5 % NaOCl for 1 min": 60.0,
    "infiltrate resin": None,
    "seal with glass ionomer": None,
    "seal with composite": None,
    "silver diamine fluoride 38 %": None,
    "excavate to firm dentine": None,
}


def specimen(**parts):
    base = {"name": "x", "tissue": "human enamel", "thickness": "200 um", "grid": {"cells": 24, "first_cell": "1 um"}}
    return parse_specimen(base | {"lesion": {"depth": "80 um", "body_mineral": 0.6}} | parts, where="x.toml")


@pytest.mark.parametrize(("text", "duration"), STEPS.items())
def test_every_step_of_a_laboratory_is_a_change_with_its_own_words(text, duration):
    (change,) = changes_of(Protocol.parse(f"{ACID}\n{text}\n{ACID}").schedule())
    assert isinstance(change, ColumnStep)
    assert change.label.startswith(text)
    if duration:
        assert change.duration == duration
    else:
        assert change.duration > 0.0


def test_what_a_step_says_is_what_is_done():
    etch, seal = changes_of(Protocol.parse("etch 10 % phosphoric acid for 30 s\nseal with composite\nrest 1 h").schedule())
    assert (etch.acid, etch.strength, etch.duration) == ("phosphoric acid", 0.1, 30.0)
    assert isinstance(etch, EtchColumn)
    assert isinstance(seal, SealColumn)
    assert seal.material == "composite"


def test_a_repeat_with_a_step_is_written_out_and_others_are_not():
    schedule = Protocol.parse(f"repeat 3 times:\n    {ACID}\n    etch 37 % phosphoric acid for 15 s").schedule()
    assert [isinstance(part, Segment) for part in schedule] == [True, False] * 3
    assert len(Protocol.parse(f"infiltrate resin\nrepeat 3 times:\n    {ACID}").schedule()) == 2
    many = f"repeat 2000 times:\n    {ACID}\n    etch 37 % phosphoric acid for 15 s"
    with pytest.raises(RecordError, match="the steps on the tooth are done 2000 times; allowed up to 1000 times in a repeat"):
        Protocol.parse(many).schedule()
    (repeat,) = Protocol.parse(f"repeat 2 times:\n    {ACID}\n    infiltrate resin").steps
    assert any_change(repeat)
    assert not any_change(repeat.steps[0])


@pytest.mark.parametrize(
    "text",
    [
        "fill with composite", "fill temporarily with glass ionomer", "crown zirconia", "line with calcium silicate", "cap with calcium silicate",
        "pulpotomy full with calcium silicate", "inlay ceramic", "review", "brush twice daily", "excavate to firm dentine, leave 1.0 mm over the pulp",
    ],
)  # fmt: skip
def test_what_needs_a_pulp_or_a_cavity_is_refused_with_its_place(text):
    with pytest.raises(RecordError, match=r"^line 2, column 1: '.+' needs the whole tooth; the column of a lesion has no cavity"):
        Protocol.parse(f"{ACID}\n{text}").schedule()
    (step,) = Protocol.parse(text).steps
    assert on_column(step) is None


def test_the_peptide_is_refused_because_nobody_measured_it():
    words = r"^line 1, column 1: 'peptide P11-4.*' cannot be done to the column of a lesion; nobody measured what it does inside a lesion; .+trials$"
    with pytest.raises(RecordError, match=words):
        Protocol.parse(f"peptide P11-4\n{ACID}").schedule()


@pytest.mark.parametrize("text", ["etch 37 % phosphoric acid for 15 s", "infiltrate resin", "seal with resin"])
def test_what_cannot_follow_a_visit_cannot_follow_a_step(text):
    schedule = Protocol.parse(f"{text}\n{ACID}").schedule()
    with pytest.raises(
        SolveError, match=rf"the fast tier cannot follow '{text}.*'; it changes the tooth between two steps in time"
    ):
        amelo.simulate(specimen(), schedule, tier="reduced")
    with pytest.raises(SolveError, match=rf"derivatives cannot follow '{text}.*'"):
        taped(column_of(specimen()), schedule, diffusivities(37.0), Settings())


def test_a_calibration_cannot_follow_a_step(tmp_path):
    from amelo.inference.model import model_of
    from amelo.records.measured_profiles import MeasuredPoint, MeasuredProfiles

    schedule = Protocol.parse(f"etch 37 % phosphoric acid for 15 s\n{ACID}").schedule()
    points = MeasuredProfiles((MeasuredPoint(5.0, 80.0, 0.0, None, "", 7),), "p.csv")
    with pytest.raises(AmeloError, match="calibration cannot follow 'etch 37 % phosphoric acid for 15 s'"):
        model_of(specimen(), schedule, ("dissolution_rate",), points)


def test_saliva_is_kept_off_on_a_bench_and_by_a_dam_in_a_mouth():
    column = column_of(specimen())
    for text, dry, expected in (
        ("infiltrate resin", True, True),
        ("infiltrate resin", False, False),
        ("isolate\ninfiltrate resin", False, True),
    ):
        made, schedule = readied(column, Protocol.parse(f"{text}\n{ACID}").schedule(), dry=dry)
        (step,) = steps_of(schedule)  # a dam by itself changes nothing and is left out
        assert step.bench.dry is expected
        assert ("saliva was not kept off" in made.changes[-1]) is not dry
    assert Isolate("isolate", 60.0).nothing


def test_carriers_find_no_way_through_a_seal():
    text = f"seal with resin\nnanobots caps-400 at 1e9 per mL for 20 min\n{ACID}"
    with pytest.raises(
        ParameterError, match=r"'visit: nanobots caps-400.*' cannot be done; 'seal with resin.*' covers the surface"
    ):
        amelo.simulate(specimen(), text)


def test_carriers_come_to_an_etched_surface_and_a_seal_closes_over_them():
    text = f"etch 37 % phosphoric acid for 15 s\nnanobots caps-400 at 1e9 per mL for 20 min\nseal with resin\n{ACID}"
    run = amelo.simulate(specimen(), text, accuracy=0.1)
    assert set(run.books()) == {"carriers", "done to the specimen"}
    assert max(run.balance_errors().values()) < 1e-12
    assert set(run.carriers) == {"caps-400"}


def test_steps_in_a_mouth_stand_between_its_days():
    case = amelo.load_case("cases/kira.json")
    schedule = Protocol.parse("infiltrate resin\nrepeat 2 times:\n    rest 6 h").schedule(case)
    assert isinstance(schedule[0], ColumnStep)
    assert np.isclose(
        sum(p.duration if isinstance(p, Segment) else p.count * sum(q.duration for q in p.parts) for p in schedule[1:]), 43200.0
    )


def test_leaps_over_days_keep_what_resin_holds():
    acid = "demineralise in lactate 50 mM pH 4.6 with Ca 2.0 mM, PO4 2.0 mM for 6 h"
    days = f"infiltrate resin\nrepeat 60 times:\n    {acid}\n    remineralise in Ca 1.5 mM, PO4 0.9 mM, KCl 130 mM pH 7.0 for 18 h"
    every, leapt = (amelo.simulate(specimen(), days, accuracy=0.05, jump=jump) for jump in (False, True))
    assert leapt.run.counts["cycles skipped"] > 10
    loss = [run.outcomes()["integrated_mineral_loss"].value for run in (every, leapt)]
    assert loss[1] == pytest.approx(loss[0], rel=1e-3)
    lesion = every.run.edges[1:] < 78e-6
    for run in (every, leapt):
        left = run.run.mineral[0, -1].sum(axis=0)[lesion] / run.run.mineral[0, 0].sum(axis=0)[lesion]
        assert (left >= 0.85 - 1e-6).all()
        assert max(run.balance_errors().values()) < 1e-12
