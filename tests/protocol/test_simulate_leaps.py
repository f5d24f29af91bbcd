"""Half a year through the front door, with and without leaps over its days."""

from __future__ import annotations

from pathlib import Path

import pytest

import amelo
from amelo.errors import CommandError

SPECIMEN = Path(__file__).resolve().parents[2] / "cases" / "specimens" / "human-enamel.toml"
TEXT = """
repeat 120 times:
    demineralise in acetate 50 mM pH 4.5 with Ca 2.0 mM, PO4 2.0 mM for 2 h
    remineralise in Ca 1.5 mM, PO4 0.9 mM, KCl 130 mM pH 7.0 for 22 h
"""


def test_leaps_keep_to_the_accuracy_and_are_told():
    specimen = amelo.load_specimen(SPECIMEN)
    every, leapt = (amelo.simulate(specimen, TEXT, jump=jump, accuracy=0.1) for jump in (False, True))
    name = "integrated_mineral_loss"
    assert leapt.outcomes()[name].value == pytest.approx(every.outcomes()[name].value, rel=2e-3)
    assert "cycles skipped" not in every.run.counts
    assert leapt.run.counts["cycles skipped"] > 20
    assert leapt.run.counts["steps"] < every.run.counts["steps"]
    assert any("cycles of repeats were not run" in sentence for sentence in leapt.warnings)
    assert every.error_estimate < 0.1 * every.outcomes()[name].value
    assert leapt.error_estimate < every.error_estimate + 2e-3 * every.outcomes()[name].value
    assert leapt.provenance.options["jump"] is True
    assert "jump" not in every.provenance.options


def test_the_fast_tier_does_not_leap():
    with pytest.raises(CommandError, match="reduced"):
        amelo.simulate(amelo.load_specimen(SPECIMEN), TEXT, tier="reduced", jump=True)
