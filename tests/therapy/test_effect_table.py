"""The table of effects: whole, sourced, honest about intervals, and beside it what the shipped posterior says."""

from __future__ import annotations

import tomllib

import numpy as np
import pytest

from amelo.cite import bibliography
from amelo.errors import ParameterError
from amelo.params import load_set
from amelo.therapy.resilience.effects import INTERVALS, MEASURES, RATIOS, Effect, effects, find_effects, shrink
from amelo.therapy.resilience.posterior_file import fluoride_prior

STATED = {  # as the science page has them, apart from the file: value, low, high
    "toothpaste_1000": (23, 19, 27),
    "toothpaste_2400": (36, 27, 44),
    "varnish_permanent": (43, 30, 57),
    "gel": (28, 19, 36),
    "rinse": (27, 23, 30),
    "varnish_preschool": (0.88, 0.81, 0.95),
    "sealant": (0.12, 0.08, 0.19),
    "micro_invasive": (0.24, 0.14, 0.41),
    "infiltration_permanent": (0.19, 0.11, 0.33),
    "infiltration_primary": (0.48, 0.30, 0.75),
    "sdf_arrest": (65.9, 41.2, 90.7),
    "peptide_arrest": (1.82, 1.32, 2.50),
    "cppacp": (-0.43, -0.79, -0.07),
    "composite_amalgam_failure": (1.89, 1.52, 2.35),
    "preformed_crown": (0.18, 0.06, 0.56),
    "selective_exposure": (0.11, 0.04, 0.30),
    "incomplete_exposure": (0.31, 0.21, 0.48),
    "nonselective_hall": (8.35, 3.73, 18.68),
    "pulpotomy": (86, 76, 92),
    "implant_10": (96.4, 95.2, 97.5),
}


@pytest.fixture(scope="module")
def table() -> dict[str, Effect]:
    return {e.id: e for e in effects()}


@pytest.mark.parametrize("name", STATED)
def test_numbers_are_those_of_the_sources(table, name):
    p = table[name].published
    assert (p.value, p.low, p.high) == pytest.approx(STATED[name])


def test_every_entry_of_the_file_is_in_the_table_once(root, table):
    file = tomllib.loads((root / "src" / "amelo" / "params" / "evidence.toml").read_text("utf-8"))
    assert set(file) - {"set"} == set(table) and len(table) >= 70
    assert len({(e.therapy, e.against, e.outcome, e.measure, e.published.source) for e in effects()}) == len(table)


def test_every_effect_says_what_its_numbers_are(table):
    for e in table.values():
        p = e.published
        assert e.measure in MEASURES and e.interval in INTERVALS, e.id
        assert e.therapy and e.against and e.outcome and e.certainty, e.id
        assert (p.low < p.high) == (e.interval != "none"), e.id  # a number without an interval brackets itself
        assert p.unit == ("1" if e.measure in (*RATIOS, "standardised difference", "count") else p.unit), e.id
        assert all(key in bibliography() for key in p.source.split()), e.id
        if e.measure in RATIOS:
            assert p.low > 0 and e.against != "–", e.id
        if p.unit == "%" and e.measure != "change":
            assert p.low >= 0 and p.high <= 100, e.id


def test_a_secondary_source_is_never_graded_as_read(table):
    """Cochrane rows came by a secondary extraction, but for the summary of the review of toothpastes."""
    for e in table.values():
        if "secondary extraction" in e.published.note:
            assert e.published.grade == "B", e.id
        if e.published.source.startswith("cd0") and e.published.source != "cd007868":
            assert e.published.grade in ("B", "C"), e.id


def test_nothing_operative_is_claimed_of_nano_arms(table):
    assert table["nano_hap"].published.value == 0 and "no conclusive evidence" in table["nano_hap"].published.note
    for e in table.values():
        if "peptide" in e.therapy and e.measure in RATIOS:
            assert e.shrunk, e.id


def test_our_posterior_stands_beside_the_published_value(table):
    mine = {e.id: e.own for e in table.values() if e.own}
    assert {e.treatment for e in mine.values()} == {"toothpaste", "rinse", "gel", "varnish"}
    for own in mine.values():
        assert own == fluoride_prior(own.treatment) and own.against == "placebo" and own.adjusted
    row = table["rinse"].to_dict()
    assert (row["own_value"], row["own_low"], row["own_high"]) == fluoride_prior("rinse").prevented


def test_numbers_without_an_interval_show_none(table):
    row = table["varnish_sound"].to_dict()
    assert row["low"] is None and row["high"] is None and row["value"] == 0.73 and row["own_value"] is None
    assert table["sealant"].to_dict()["low"] == 0.08


def test_shrinking_is_bayes():
    """Against a posterior on a grid of log ratios."""
    value, low, high, spread = 1.82, 1.32, 2.50, 0.5
    x = np.linspace(-4, 4, 400_001)
    error = np.log(high / low) / (2 * 1.959964)
    density = np.exp(-0.5 * (x / spread) ** 2 - 0.5 * ((x - np.log(value)) / error) ** 2)
    share = np.cumsum(density) / density.sum()
    told = [np.exp(x[np.searchsorted(share, q)]) for q in (0.5, 0.025, 0.975)]
    assert shrink(value, low, high, spread) == pytest.approx(told, rel=1e-3)


def test_the_weaker_the_evidence_the_nearer_to_no_effect():
    narrow, wide = shrink(0.5, 0.4, 0.625, 0.5), shrink(0.5, 0.1, 2.5, 0.5)
    assert 0.5 < narrow[0] < wide[0] < 1.0
    assert shrink(0.5, 0.4, 0.625, 100.0) == pytest.approx((0.5, 0.4, 0.625), rel=1e-3)
    up, down = shrink(2.0, 1.0, 4.0, 0.5), shrink(0.5, 0.25, 1.0, 0.5)
    assert up[0] == pytest.approx(1 / down[0]) and up[1] == pytest.approx(1 / down[2])


@pytest.mark.parametrize(
    "numbers", [(0.0, 0.0, 1.0, 0.5), (1.0, 1.0, 1.0, 0.5), (1.0, 2.0, 3.0, 0.5), (1.0, 0.5, 2.0, 0.0), (float("nan"), 1, 2, 1)]
)
def test_what_is_no_ratio_is_not_shrunk(numbers):
    with pytest.raises(ParameterError, match="cannot be shrunk"):
        shrink(*numbers)


def test_the_prior_of_shrinking_is_the_declared_one(table):
    spread = load_set("fluoride-network").value("prior.effect_spread")
    p = table["peptide_cavitation"].published
    assert table["peptide_cavitation"].shrunk == shrink(p.value, p.low, p.high, spread)


def test_a_word_finds_what_it_names():
    assert {e.id for e in find_effects("P11-4")} == {"peptide_arrest", "peptide_cavitation", "peptide_size", "peptide_icdas"}
    assert {e.id for e in find_effects("cd007868")} == {"toothpaste_1000", "toothpaste_2400"}
    assert {e.id for e in find_effects("SEALANT")} >= {"sealant"}
    assert find_effects(None) == find_effects("") == list(effects())
    with pytest.raises(ParameterError, match="no effect mentions 'varnsh'; did you mean 'varnish'"):
        find_effects("varnsh")
    with pytest.raises(ParameterError, match="lists them all"):
        find_effects("qqqq")
