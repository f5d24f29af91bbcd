"""The rows of pulp and structure: all there, their bands as stated beforehand, each says what it is, and what they run can miss."""

from __future__ import annotations

import numpy as np
import pytest

from amelo.params import load_set
from amelo.twin.pulp import Pulps
from amelo.validate import living, run_subject

KINDS = ("Own runs", "Exact", "Prediction", "Calibrated on", "By construction", "nput", "Speed")
VALIDATION = load_set("validation")

BANDS = {  # as the page of science states them, apart from the file, so that an edit there shows here
    "P1_load_a": (0.95136569 - 1e-6, 0.95136569 + 1e-6),
    "P1_eigenvalue_b": (-1e-5, 1e-5),
    "P2_heat": (3.605 * 0.99, 3.605 * 1.01),
    "P2_influx": (0.169 * 0.99, 0.169 * 1.01),
    "P2_influx_slow": (0.192 * 0.99, 0.192 * 1.01),
    "P2_fold_answer": (0.134 * 0.98, 0.134 * 1.02),
    "P2_pulse_calm_more": (4.56 * 0.98, 4.56 * 1.02),
    "P3_damage": (47.5 * 0.99, 47.5 * 1.01),
    "P3_back": (0.0, 0.0),
    "P3_rescue_3": (48.0, 48.0),
    "P4_time_165": (81 * 0.97, 81 * 1.03),
    "P4_damage_15": (0.285 * 0.97, 0.285 * 1.03),
    "P5_low": (5.0, 25.0),
    "P5_middle": (50.0, 70.0),
    "P5_high": (90.0, 100.0),
    "P7_far": (3.6, 23.6),
    "P7_near": (23.7, 43.7),
    "P10": (54.0, 81.0),
    "P11_mod": (0.27, 0.47),
}


@pytest.mark.parametrize("name", BANDS)
def test_bands_are_those_that_were_stated(name):
    p = VALIDATION[f"living.{name}"]
    assert (p.low, p.high) == pytest.approx(BANDS[name], rel=1e-6, abs=1e-9)


@pytest.fixture(scope="module")
def rows():
    told = []
    found, missing = run_subject("living", on_progress=lambda fraction, message: told.append((fraction, message)))
    assert not missing and len(told) == len(living.IDS) and told[-1][0] <= 1.0
    return {c.id: c for c in found}


def test_every_row_has_its_band_and_every_band_its_row():
    assert not set(living.QUICK) & set(living.FULL)
    known = {p.name for p in VALIDATION if p.name.startswith("living.") and ".input." not in p.name}
    assert known == {f"living.{name}" for name in living.QUICK | living.FULL}
    assert {name.partition("_")[0] for name in living.QUICK} == {
        *("P1", "P2", "P3", "P4", "P5", "P6", "P7", "P10", "P11", "C18"),
        *("S1", "S2", "S3", "S4"),
    }


def test_every_row_was_computed_and_says_what_it_is(rows):
    assert set(rows) == set(living.IDS)
    for name, row in rows.items():
        assert row.ours is not None, row.note
        assert any(kind in row.note for kind in KINDS), f"{name}: {row.note}"


def test_rows_that_compare_code_with_code_all_hit(rows):
    for name, row in rows.items():
        if name.startswith(("P1 ", "P2 ", "P3 ", "P4 ")):
            assert row.verdict == "hit", (name, row.ours)


def test_what_is_calibrated_on_says_so(rows):
    for name in ("P5 low", "P5 middle", "P5 high", "P7 near"):
        assert rows[name].note.startswith("Calibrated on")
    assert "weak evidence" in rows["P7 far"].note


def test_both_worlds_of_heat_are_needed(rows, monkeypatch):
    assert rows["P6 monkeys"].ours == rows["P6 human"].ours == 1.0
    monkeys_alone = living.heat.tolerances(20_000, 1, monkey=1.0)
    monkeypatch.setattr(living, "_belief", lambda weight=None: monkeys_alone)
    assert living._covered(monkeys=True) == 1.0 > living._covered(monkeys=False)


def test_a_change_of_the_model_shows(monkeypatch):
    worse = Pulps.named().times(damage__by_inflammation=1.5)
    assert not VALIDATION["living.P2_heat"].low <= living.thresholds.heat_threshold(worse)[0] <= VALIDATION["living.P2_heat"].high
    monkeypatch.setattr(living.dentine, "odontoblast_loss", lambda left: np.exp(-np.asarray(left) / 0.188e-3))
    p = VALIDATION["living.P7_far"]
    assert not p.low <= living._odontoblasts(0.5e-3, 2.5e-3) <= p.high  # the exponential that its note speaks of
    assert living._odontoblasts(0.5e-3, 2.5e-3) == pytest.approx(0.7, abs=0.1)


def test_figures_are_drawn(tmp_path):
    drawn = living.figures()
    assert set(drawn) == {"fold", "heat"}
    for name, figure in drawn.items():
        figure.savefig(tmp_path / f"{name}.svg")
        assert (tmp_path / f"{name}.svg").stat().st_size > 5000
    labels = [line.get_label() for line in drawn["fold"].axes[0].lines]
    assert labels == ["stable", "unstable"]
