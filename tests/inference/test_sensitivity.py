"""Sensitivities against runs that are turned by hand, knobs that read back, and what cannot be turned."""

from __future__ import annotations

import numpy as np
import pytest
from synthetic_profiles import TEXT, protocol, specimen

from amelo.errors import InputError, SolveError
from amelo.inference.knobs import knobs_of, turned
from amelo.inference.model import solve_members
from amelo.inference.sensitivity import sensitivity
from amelo.protocol.record import Protocol
from amelo.twin.lesion.solve import Settings
from amelo.twin.lesion.steps import Grid
from amelo.twin.measures import measure_run

CYCLING = """repeat 3 times:
    demineralise in acetate 75 mM pH 4.5 with Ca 2.0 mM, PO4 2.0 mM film 20 um for 2 h
    brush with 1100 ppm F slurry 1:3 for 2 min
    remineralise in Ca 1.5 mM, PO4 0.9 mM, KCl 130 mM pH 7.0 for 3 h
"""


@pytest.fixture(scope="module")
def found():
    return sensitivity(specimen(), protocol())


def loss(text=TEXT, **values):
    run = solve_members(specimen(), Protocol.parse(text).schedule(), {n: np.array([v]) for n, v in values.items()},
                        Settings(saves=0, grid=Grid(parts=2)))  # fmt: skip
    return measure_run(run)["integrated_mineral_loss"][0, -1]


def exact_loss(text=TEXT, **values):
    settings = Settings(saves=0, grid=Grid(parts=2), tolerance=1e-8, near_tolerance=1e-8, iterations=60)
    run = solve_members(specimen(), Protocol.parse(text).schedule(), {n: np.array([v]) for n, v in values.items()}, settings)
    return measure_run(run)["integrated_mineral_loss"][0, -1]


def difference(f, step):
    return (f(-2 * step) - 8 * f(-step) + 8 * f(step) - f(2 * step)) / (12 * step)


def test_rows_are_what_runs_turned_by_hand_say(found):
    rows = {row.name: row for row in found.rows}
    assert found.value == pytest.approx(loss(), rel=1e-6) and found.measure.unit == "vol%·µm" and found.error < 0.02 * found.value
    rate = rows["dissolution_rate"]
    assert (rate.low, rate.high, rate.unit) == (2e-5, 5e-4, "mol/(L s)")
    assert (rate.at_low, rate.at_high) == pytest.approx((loss(dissolution_rate=2e-5), loss(dissolution_rate=5e-4)), rel=1e-6)
    slope = (loss(dissolution_rate=1.02e-4) - loss(dissolution_rate=0.98e-4)) / 4e-6
    assert rate.derivative == pytest.approx(slope, rel=0.01) and rate.elasticity == pytest.approx(
        slope * 1e-4 / found.value, rel=0.01
    )
    ph = rows["step 1 (demineralise) pH"]
    assert ph.at_low == pytest.approx(loss(TEXT.replace("pH 4.5", "pH 4.3")), rel=1e-3) and np.isnan(ph.elasticity)
    longer = rows["step 1 (demineralise) duration"]
    assert longer.at_high == pytest.approx(loss(TEXT.replace("2.0 mM for 24 h", "2.0 mM for 26.4 h")), rel=5e-3)
    assert longer.unit == "h" and longer.value == pytest.approx(24.0)
    calcium = rows["step 2 (remineralise) Ca"]
    assert calcium.at_high == pytest.approx(loss(TEXT.replace("Ca 1.5 mM", "Ca 1.65 mM")), rel=1e-3)


def test_signs_and_order(found):
    rows = {row.name: row for row in found.rows}
    assert rows["dissolution_rate"].derivative > 0 > rows["pk.HAp"].derivative
    assert rows["step 1 (demineralise) pH"].derivative < 0 < rows["step 1 (demineralise) acetate"].derivative
    assert rows["step 2 (remineralise) duration"].derivative < 0 < rows["step 1 (demineralise) duration"].derivative
    sizes = [row.size for row in found.rows]
    assert sizes == sorted(sizes, reverse=True) and repr(found).startswith("integrated mineral loss ")
    assert {row.kind for row in found.rows} == {"parameter", "protocol"} and found.notes == ()


def test_parts_and_another_outcome(found):
    heard = []
    few = sensitivity(specimen(), protocol(), of="surface_ph", parts="protocol", on_progress=lambda f, m: heard.append(f))
    assert {row.kind for row in few.rows} == {"protocol"} and few.measure.unit == "pH" and few.members == 4 + 2 * len(few.rows)
    assert heard == sorted(heard) and heard[-1] == 1.0
    only = sensitivity(specimen(), protocol(), parts="parameters")
    kept = {row.name: row for row in found.rows if row.kind == "parameter"}
    assert {row.name for row in only.rows} == set(kept)
    assert all(
        row.derivative == pytest.approx(kept[row.name].derivative, rel=1e-3, abs=1e-2 * abs(row.derivative) + 1.0)
        for row in only.rows
    )


def test_derivatives_are_exact(found):
    rows = {row.name: row for row in found.rows}
    assert found.derivatives.startswith("the adjoint of one run")
    turns = {"dissolution_rate": 1e-4, "pk.HAp": 1.0, "porosity_exponent": 2.0, "molar_volume": 159.0, "residual_mineral": 0.05}
    for name, scale in turns.items():

        def turn(x, name=name):
            return exact_loss(**{name: rows[name].value + x})

        slope = difference(turn, 1e-3 * scale)
        assert rows[name].derivative == pytest.approx(slope, rel=1e-5, abs=1e-6 * found.value / scale), name
    texts = {"step 1 (demineralise) pH": "pH {:.9g} with Ca 2.0", "step 1 (demineralise) acetate": "acetate {:.9g} mM",
             "step 2 (remineralise) duration": "7.0 for {:.9g} h"}  # fmt: skip
    for name, words in texts.items():
        before, value = words.format(rows[name].value), rows[name].value

        def turn(x, words=words, before=before, value=value):
            assert before in TEXT
            return exact_loss(TEXT.replace(before, words.format(value + x)))

        step = 1e-3 * (1.0 if name.endswith("pH") else value)
        assert before in TEXT and rows[name].derivative == pytest.approx(difference(turn, step), rel=1e-5), name


def test_ends_can_be_read_off_the_gradient(found):
    quick = sensitivity(specimen(), protocol(), ends="gradient")
    kept = {row.name: row for row in found.rows}
    for row in quick.rows:
        assert row.derivative == pytest.approx(kept[row.name].derivative, rel=1e-9)
        assert row.foretold == pytest.approx(row.effect, abs=1e-9) and row.foretold == pytest.approx(
            kept[row.name].foretold, rel=1e-6
        )
        if row.kind == "protocol":  # a tenth either way is nearly straight
            assert row.effect == pytest.approx(kept[row.name].effect, rel=0.02, abs=0.002 * found.value)
    assert quick.members == 2 and quick.value == pytest.approx(found.value, rel=1e-6)


def test_where_a_run_cannot_be_walked_back_differences_stand_in(found, monkeypatch):
    def refused(*_, **__):
        raise SolveError("the way of this run needs more memory than is left of it")

    monkeypatch.setattr("amelo.inference.sensitivity.slopes", refused)
    other = sensitivity(specimen(), protocol())
    assert other.derivatives == "differences of two runs each, because the way of this run needs more memory than is left of it"
    kept = {row.name: row for row in found.rows}
    for row in other.rows:
        assert row.derivative == pytest.approx(
            kept[row.name].derivative, rel=2e-3, abs=1e-4 * abs(found.value / (row.value or 1.0))
        )
        assert (row.at_low, row.at_high) == pytest.approx((kept[row.name].at_low, kept[row.name].at_high), rel=2e-3)
    assert other.members == 4 + 4 * len(other.rows)
    with pytest.raises(InputError, match="ends cannot be read off a gradient"):
        sensitivity(specimen(), protocol(), ends="gradient")


def test_every_number_of_the_laboratory_is_a_knob():
    steps = Protocol.parse(CYCLING)
    knobs = knobs_of(steps)
    assert [k.name for k in knobs if k.path == (0, 0)] == [
        "step 1.1 (demineralise) duration",
        "step 1.1 (demineralise) pH",
        "step 1.1 (demineralise) acetate",
        "step 1.1 (demineralise) Ca",
        "step 1.1 (demineralise) PO4",
        "step 1.1 (demineralise) unstirred film",
    ]
    shown = {k.name: (k.shown, k.kind.unit) for k in knobs}
    assert shown["step 1.2 (brush) fluoride of the paste"] == (pytest.approx(1100), "ppm F")
    assert shown["step 1.1 (demineralise) unstirred film"] == (pytest.approx(20), "µm")
    for knob in knobs:
        other = turned(steps, knob, 1.05 * knob.value)
        back = next(k for k in knobs_of(other) if (k.path, k.field, k.index) == (knob.path, knob.field, knob.index))
        assert back.value == pytest.approx(1.05 * knob.value) and turned(other, back, knob.value) == steps


def test_a_day_of_a_case_needs_the_case():
    with pytest.raises(InputError, match="'day of case' needs a case"):
        sensitivity(specimen(), "day of case", parts="protocol")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"of": "lesion_dept"}, "'lesion_dept' is not an outcome; did you mean 'lesion_depth'?"),
        ({"parts": "protocl"}, "did you mean 'protocol'?"),
        ({"ends": "solve"}, "did you mean 'solved'?"),
    ],
)
def test_what_cannot_be_asked(options, words):
    with pytest.raises(InputError) as caught:
        sensitivity(specimen(), protocol(), **options)
    assert words in str(caught.value)
