"""The rows of the lesion twin: bands are the published ones, exact rows hit, one calibration serves all, and misses stay written down."""

from __future__ import annotations

import numpy as np
import pytest

from amelo.params import load_set
from amelo.twin.run import RunStatus
from amelo.validate import twin
from amelo.validate.claim import claim
from amelo.validate.twin_runs import calcium_for, calibration, progress, ran, slab, tooth

BANDS = {  # as published, apart from the file, so that an edit there shows here
    "T1": (7**0.5 * 0.995, 7**0.5 * 1.005),
    "T2": (38.6 * 0.99, 38.6 * 1.01),
    "T5_threshold": (57.5, 58.5),
    "T7": (3e-11, 3e-10),
    "T8": (0.05, 0.2),
    "T10_constant": (0.0, 0.0),
    "T10_alternation": (5.0, 50.0),
    "T10_drift": (-0.3, 0.3),
    "T12_gain": (45.0, 85.0),
    "T13_saliva": (4.0, 8.0),
    "T13_gel": (30.0, 52.0),
    "T14_control": (-75.0, -35.0),
    "T15": (-0.1, 0.1),
    "T18": (4.0, 4.0),
}
HIT = ("T1", "T2", "T7", "T8_powder", "T9", "T10_constant", "T10_window", "T12_slope")


def row(name: str):
    what, compute = (twin.QUICK | twin.FULL)[name]
    return claim(f"twin.{name}", what, compute, id=name)


@pytest.mark.parametrize("name", BANDS)
def test_bands_are_the_published_ones(name):
    p = load_set("validation")[f"twin.{name}"]
    assert (p.low, p.high) == pytest.approx(BANDS[name], rel=1e-4)


def test_every_row_has_its_band_and_every_band_its_row():
    bands = {p.name.removeprefix("twin.") for p in load_set("validation") if p.name.startswith("twin.")}
    assert bands == set(twin.QUICK) | set(twin.FULL)
    assert set(twin.REASONS) <= bands


@pytest.mark.parametrize("name", HIT)
def test_rows_that_must_hit(name):
    found = row(name)
    assert found.verdict == "hit", f"{name}: {found.ours} {found.note}"


@pytest.mark.parametrize("name", ["T8", "T10_alternation", "T12_gain"])
def test_known_misses_are_computed_and_have_a_reason(name):
    """A row that begins to hit is good news: its reason must then go."""
    found = row(name)
    assert found.verdict == "miss" and np.isfinite(found.ours)
    assert name in twin.REASONS


def test_the_calibration_meets_its_curve_within_the_range_of_the_constant():
    known = load_set("transport")["diffusivity_scale.enamel"]
    assert known.low <= calibration() <= known.high
    assert progress(calibration()) == pytest.approx(load_set("validation").value("twin.T7"), rel=0.03)
    assert progress(known.high) > progress(known.low)


def test_one_calibration_serves_every_row():
    for specimen in (tooth(), tooth("bovine enamel"), tooth(lesion=twin.PEPTIDE_LESION)):
        assert specimen.parameters["diffusivity_scale"].value == calibration()


def test_runs_behind_the_rows_are_solved_and_balanced():
    run = ran(slab(), twin.DAY_IN_ACID.format("1 d"))
    assert run.status == RunStatus.OK and max(run.balance_errors().values()) < 1e-10
    assert run is ran(slab(), twin.DAY_IN_ACID.format("1 d"))  # computed once


def test_calcium_for_a_saturation_is_that_saturation():
    low, high = (calcium_for(index, 7.0, "DCPD", P=-0.6) for index in (-0.4, 0.0))
    assert high / low == pytest.approx(10**0.2, rel=0.05)  # both ions of brushite rise together


def test_figures_are_drawn():
    drawn = twin.figures()
    assert set(drawn) == {"T1-T2", "T7", "T10"}
    assert all(figure.axes for figure in drawn.values())
