"""The figures of an evaluation in words."""

from __future__ import annotations

import re

__all__ = ["figure_name"]

NAMES = {
    "harrell_c": "Harrell C",
    "uno_c": "Uno C",
    "integrated_brier_score": "integrated Brier score",
    "within_mouth_c": "C within the mouth",
    "within_mouth_c_ordered": "C within the mouth, intervals apart",
    "ici": "ICI",
    "auc": "AUC",
    "auc_expected": "AUC of all",
    "brier": "Brier score",
    "log_likelihood": "log-likelihood per tooth",
    "expected_observed": "expected / observed",
    "losses_caught_top5": "losses among the top 5 %",
    "update_log_likelihood": "log-likelihood of 1000 teeth gained by own history",
    "update_harrell_c": "Harrell C gained by own history",
    "forward_harrell_c": "Harrell C from the landmark of own history on",
}
AT = re.compile(r"(?P<stem>.+)_(?P<years>[\d.]+)y(?P<known>_known)?")
COVERAGE = re.compile(r"coverage_(?P<level>\d+)(?P<part>.*)")
PARTS = {"bounded": "those within reach", "riskiest": "riskiest twentieth", "at_least": "at least", "at_most": "at most"}


def figure_name(key: str) -> str:
    """Return a figure's key in words: ``ici_2y`` is ``ICI at 2 y``."""
    if key in NAMES:
        return NAMES[key]
    if found := COVERAGE.fullmatch(key):
        parts = [words for part, words in PARTS.items() if part in found["part"]]
        return ", ".join([f"coverage of {found['level']} % bounds", *parts])
    if found := AT.fullmatch(key):
        stem = NAMES.get(found["stem"], found["stem"].replace("_", " "))
        return f"{stem} at {found['years']} y" + (", known teeth" if found["known"] else "")
    return key.replace("_", " ")
