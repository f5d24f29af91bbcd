"""What was seen of molars after models that had not seen their children forecast them: from the first examination, and from a later one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from amelo.forecast.caries.bounds import GRID, Coverage, Seen, curves_of
from amelo.forecast.caries.cohort import Cohort
from amelo.forecast.caries.survival import Forecaster, fitted

__all__ = ["GAP", "LANDMARK", "Past", "coverage_of", "first_seen", "joined", "later_seen"]

LANDMARK = 2.35  # years after the first examination: the gap between the third yearly examination and the fourth
GAP = 0.45  # years between the examination before a landmark, as a rule, and the landmark


@dataclass(frozen=True)
class Past:
    """What the molars of a cohort did until a landmark, and what that says of their frailty.

    Arguments: forecaster; sound_at (age at which each molar was last seen sound), sound, seen (molars × FRAILTY, probability to be sound
    then, and of the interval that was observed); alone, updated (weights of the frailty by what was known at the first examination, and by
    what the other molars of the mouth did until the landmark); scored (molars that were still sound and seen again).
    Assumptions: only examinations with a finding leave their date, so a molar counts as last seen sound GAP years before the landmark or at
    ``lo``, whichever is earlier. To ask that ``lo`` reach the landmark would keep all molars without caries and drop most with it.
    """

    forecaster: Forecaster
    sound_at: np.ndarray
    sound: np.ndarray
    seen: np.ndarray
    alone: np.ndarray
    updated: np.ndarray
    scored: np.ndarray

    @classmethod
    def of(cls, forecaster: Forecaster, landmark: float = LANDMARK) -> Past:
        """Look back from some years after the first examination."""
        cohort = forecaster.cohort
        lo, hi, event = np.nan_to_num(cohort.lo), np.nan_to_num(cohort.hi), ~np.isnan(cohort.hi)
        mark, sound_at = cohort.age_base + landmark, np.minimum(lo, cohort.age_base + landmark - GAP)
        sound = forecaster.survival(sound_at)
        seen = np.maximum(forecaster.survival(lo) - event[:, None] * forecaster.survival(hi), 1e-300)
        by_mark = event & (hi <= mark)

        def at_risk(values: np.ndarray) -> np.ndarray:
            return np.where(cohort.at_risk[:, None], values, 1.0)

        since = at_risk(np.where(by_mark[:, None], seen, sound) / forecaster.sound)
        own = at_risk(sound / forecaster.sound)
        alone = forecaster.at_first * own
        scored = cohort.at_risk & ~by_mark & (event | (lo > mark))
        alone = alone / alone.sum(1, keepdims=True)
        return cls(forecaster, sound_at, sound, seen, alone, forecaster.frailty(since, own), scored)


def first_seen(forecaster: Forecaster) -> Seen:
    """Return the followed molars of a forecaster's cohort, forecast at the first examination."""
    cohort = forecaster.cohort
    used = cohort.followed
    low, high = (age[used] - cohort.age_base[used] for age in (cohort.lo, cohort.hi))
    return Seen.of(curves_of(forecaster)[used], low, high, _numbered(cohort.child[used]))


def later_seen(past: Past) -> Seen:
    """Return the molars still sound at a landmark, forecast when they were last seen sound by what their mouth had done until then."""
    cohort, forecaster, used = past.forecaster.cohort, past.forecaster, past.scored
    risk = [1 - (forecaster.survival(past.sound_at + years) / past.sound * past.updated).sum(1) for years in GRID]
    low, high = (np.maximum(age[used] - past.sound_at[used], 0) for age in (cohort.lo, cohort.hi))
    return Seen.of(np.stack(risk, axis=1)[used], low, high, _numbered(cohort.child[used]))


def joined(parts: Sequence[Seen]) -> Seen:
    """Return the molars of groups of children that have no child in common."""
    ends = np.cumsum([0] + [int(part.child.max()) + 1 if len(part.child) else 0 for part in parts])
    columns = {f.name: np.concatenate([getattr(part, f.name) for part in parts]) for f in fields(Seen)}
    columns["child"] = np.concatenate([part.child + start for part, start in zip(parts, ends[:-1], strict=True)])
    return Seen(**columns)


def coverage_of(model: dict[str, Any], cohort: Cohort) -> Coverage | None:
    """Return how many followed molars of a cohort outlast the bounds of a model, None when it has none."""
    return Coverage.of(model["bounds"], first_seen(Forecaster(fitted(model), cohort))) if "bounds" in model else None


def _numbered(child: np.ndarray) -> np.ndarray:
    return np.unique(child, return_inverse=True)[1]
