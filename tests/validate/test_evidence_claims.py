"""The rows of the evidence: bands as stated beforehand, every row there, misses left as they are."""

from __future__ import annotations

import pytest

from amelo.params import load_set
from amelo.therapy.resilience.posterior_file import fluoride_prior
from amelo.validate import evidence, run_subject

BANDS = {  # as stated before the network was fitted: quartiles of the trials, and Cochrane's intervals
    "C7_toothpaste": (22, 16, 30),
    "C7_rinse": (23, 17, 34),
    "C7_gel": (16, 9, 28),
    "C7_varnish": (29, 24, 52),
    "C8_toothpaste": (23, 19, 27),
    "cochrane_rinse": (27, 23, 30),
    "cochrane_gel": (28, 19, 36),
    "cochrane_varnish": (43, 30, 57),
    "adjusted_toothpaste": (23, 19, 27),
    "adjusted_rinse": (27, 23, 30),
    "adjusted_gel": (28, 19, 36),
    "adjusted_varnish": (43, 30, 57),
}


def test_bands_are_those_that_were_stated():
    table = load_set("validation")
    mine = {p.name.removeprefix("evidence."): (p.value, p.low, p.high) for p in table if p.name.startswith("evidence.")}
    assert mine == BANDS


def test_cochrane_bands_are_the_published_intervals_of_the_table_of_effects():
    effects = load_set("evidence")
    for row, name in (
        ("C8_toothpaste", "toothpaste_1000"),
        ("cochrane_rinse", "rinse"),
        ("cochrane_gel", "gel"),
        ("cochrane_varnish", "varnish_permanent"),
    ):
        p = effects[f"{name}.effect"]
        assert (p.value, p.low, p.high) == BANDS[row] == BANDS[f"adjusted_{row.rpartition('_')[2]}"]


def test_every_row_is_computed_from_the_posterior_it_names():
    found, missing = run_subject("evidence")
    assert not missing and [c.id for c in found] == list(evidence.IDS) == list(BANDS)
    for c in found:
        treatment, adjusted = c.id.rpartition("_")[2], c.id.startswith("adjusted")
        assert c.ours == pytest.approx(fluoride_prior(treatment, adjusted=adjusted).prevented[0])
        assert c.verdict == ("hit" if c.low <= c.ours <= c.high else "miss") and "%" in c.unit


def test_toothpaste_agrees_with_cochrane_and_varnish_is_shown_as_it_is():
    found = {c.id: c for c in run_subject("evidence")[0]}
    assert found["C8_toothpaste"].verdict == found["adjusted_toothpaste"].verdict == "hit"
    assert found["cochrane_varnish"].verdict == "miss"  # three trials against placebo do not carry 43 %
    assert "placebo or no treatment" in found["cochrane_varnish"].note


def test_the_command_names_the_misses(amelo):
    done = amelo("validate", "evidence")
    assert done.code == 0 and "miss cochrane_varnish" in done.out and "10 of 12 hit" in done.out
