"""A probe dose: a trace of carriers, one reading of the pulp, one branch; what that is worth against its price and its own risk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from amelo.plan.design import Design, Nano
from amelo.plan.goals import HARMS, Limits
from amelo.plan.rollout import Outcome, Rollouts

__all__ = ["NOISE", "WAIT", "Policy", "probe_text", "read_out", "search_policy"]

NOISE = 0.012  # of a reading of inflammation, in the unit of the host model
WAIT = 1.0  # d until it is read
SHARES = (0.05, 0.15)  # of a dose
MOST_HARM = 0.1  # of every limit, that the probe itself may use up
BRANCHES = 0.8  # of every limit, that the policy may use, because its branches were chosen on the same scenarios


@dataclass(frozen=True, eq=False)
class Policy:
    """A probe and what follows: share of the dose; threshold of the reading; designs below and above it; worth (n,) and harms (H, n) of the whole; alarmed (n,)."""

    nano: Nano
    share: float
    threshold: float
    calm: Design
    alarmed: Design
    worth: np.ndarray
    harms: np.ndarray
    above: np.ndarray


def probe_text(nano: Nano, share: float) -> str:
    """Return the protocol of a probe: the bath, and the wait until it is read."""
    return f"isolate\n{nano.less(share).line('probe')}\nrest {WAIT:g} d"


def read_out(outcome: Outcome) -> np.ndarray:
    """Return what is read after a probe (n,): inflammation with the noise of the reading."""
    tooth = outcome.lived.tooth
    return tooth.pulp_state("inflammation") + NOISE * tooth.constants.draws.normal("probe.reading")


def search_policy(
    rollouts: Rollouts, designs: Sequence[Design], nano: Nano, limits: Limits, first: int, last: int
) -> Policy | None:
    """Return the best policy of one probe and one branch among designs, None where none keeps the limits.

    Arguments: rollouts; designs, what may follow; nano, whose trace is the probe; limits; first, last, scenarios.
    Assumptions: what follows a probe is run after it, so that its own load and inflammation are in it.
    """
    largest = np.array([limits.largest.get(name, 1.0) for name in HARMS])
    best: Policy | None = None
    for share in SHARES:
        text = probe_text(nano, share)
        runs = rollouts.run([text, *(f"{text}\n{d.text()}" for d in designs)], first, last)
        if runs[0].refused or (runs[0].harms.mean(axis=1) > MOST_HARM * largest + 1e-12).any():
            continue
        reading = read_out(runs[0])
        usable = [(d, r) for d, r in zip(designs, runs[1:], strict=True) if not r.refused]
        if not usable:
            continue
        worth = np.stack([r.values.total for _, r in usable])
        harms = np.stack([r.harms for _, r in usable])  # (D, H, n)
        for threshold in np.unique(np.quantile(reading, np.linspace(0.05, 0.95, 19))):
            above = reading >= threshold
            pick = _branches(worth, harms, above, largest)
            if pick is None:
                continue
            low, high = pick
            total = np.where(above, worth[high], worth[low])
            harm = np.where(above[None, :], harms[high], harms[low])
            if best is None or total.mean() > best.worth.mean():
                best = Policy(nano, share, float(threshold), usable[low][0], usable[high][0], total, harm, above)
    return best


def _branches(worth: np.ndarray, harms: np.ndarray, above: np.ndarray, largest: np.ndarray) -> tuple[int, int] | None:
    """Return which designs (below, above) give most worth with harms together within their limits, None for none."""
    n = worth.shape[1]
    below = ~above
    gain = [(worth * side).sum(axis=1) / n for side in (below, above)]
    risk = [(harms * side).sum(axis=2) / n for side in (below, above)]  # (D, H)
    best, found = -np.inf, None
    for low in np.argsort(-gain[0]):
        room = BRANCHES * largest - risk[0][low]
        if (room < -1e-12).any():
            continue
        fits = np.flatnonzero((risk[1] <= room + 1e-12).all(axis=1))
        if not len(fits):
            continue
        high = fits[np.argmax(gain[1][fits])]
        if gain[0][low] + gain[1][high] > best:
            best, found = gain[0][low] + gain[1][high], (int(low), int(high))
    return found
