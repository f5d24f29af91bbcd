"""A probe dose: a trace of carriers, one change that is read in the pulp, one branch; how it is written, read and weighed.

It is brought to the lesion as it is, or into the cavity that the hand has opened and covers again until the reading.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from amelo.params import load_set
from amelo.plan.design import SETTLE, Design, Nano
from amelo.plan.goals import Limits
from amelo.plan.rollout import Outcome, Rollouts
from amelo.twin.tooth.state import WholeTooth

__all__ = [
    "ALONE",
    "BRANCHES",
    "DRESSING",
    "Parting",
    "Trace",
    "apart",
    "branches",
    "harmless",
    "openings_of",
    "parted",
    "read_out",
    "reading_noise",
    "readings",
    "stacked",
]

ALONE = 3  # protocols that tell what a trace does when nothing follows it
MOST_HARM = 0.2  # of every limit, that the probe itself may use up
BRANCHES = 0.6  # of every limit, that the policy may use, because its branches were chosen on the same scenarios and it must be certified on others
DRESSING = "anti-inflammatory dressing"


@dataclass(frozen=True, order=True)
class Trace:
    """A probe: carriers at full dose; share of it that is brought; opening, the cavity it is brought into and what it is lined with until the
    reading (its cover is temporary), None for the lesion as it is.
    """

    nano: Nano
    share: float
    opening: Design | None = None

    @property
    def dose(self) -> str:
        """The line of the protocol that brings it."""
        return self.nano.less(self.share).line("probe")

    @property
    def text(self) -> str:
        """The probe as a protocol, with the wait until it is read."""
        brought = self.opening.opened(self.dose) if self.opening is not None else f"isolate\n{self.dose}"
        return f"{brought}\n{_wait()}"

    @property
    def empty(self) -> str:
        """The same visit without carriers, and the wait."""
        return f"{self.opening.opened('')}\n{_wait()}" if self.opening is not None else _wait()

    def then(self, design: Design) -> str:
        """Return the protocol of what follows the reading."""
        return design.text() if self.opening is None else design.reopened()

    def policy(self, design: Design) -> str:
        """Return probe and what follows as one protocol."""
        return f"{self.text}\n{self.then(design)}"

    def fitted(self, design: Design) -> Design | None:
        """Return a design as it can follow, going on in the cavity that was opened; None where it opens none."""
        if self.opening is None:
            return design
        if not design.excavate:
            return None
        within = design.within or design.first
        cavity = replace(design, excavate=self.opening.excavate, leave=self.opening.leave, stepwise=False, gap=0.0)
        return replace(cavity, first=None, within=within, leave=0.0 if design.pulp else self.opening.leave)


def _wait() -> str:
    return f"rest {load_set('goals').value('probe.wait'):g} d"


def reading_noise() -> float:
    """Return the standard deviation of one reading of inflammation, in the unit of the host model."""
    return load_set("goals").value("probe.noise")


def readings() -> int:
    """Return how many readings are taken before a probe, and as many after it."""
    return round(load_set("goals").value("probe.readings"))


def read_out(before: WholeTooth, after: WholeTooth) -> np.ndarray:
    """Return what a probe shows (n,): the change of inflammation from the patient's own level before, each the mean of some readings.

    Assumptions: the noise of one reading does not know that of the next.
    """
    draws = after.constants.draws
    noise = reading_noise() / np.sqrt(readings()) * (draws.normal("probe.reading", 1) - draws.normal("probe.reading", 0))
    return after.pulp_state("inflammation") - before.pulp_state("inflammation") + noise


def apart(reading: np.ndarray, reacts: np.ndarray) -> float:
    """Return the area under the curve of a reading that is to tell who reacts: 0.5 for chance, 1 for never wrong."""
    calm, bad = np.sort(reading[~reacts]), reading[reacts]
    if not len(calm) or not len(bad):
        return 0.5
    return float(np.mean(np.searchsorted(calm, bad, side="left") + np.searchsorted(calm, bad, side="right")) / (2 * len(calm)))


def harmless(
    rollouts: Rollouts,
    traces: Iterable[Trace],
    limits: Limits,
    first: int,
    last: int,
    *,
    weights: np.ndarray | None = None,
    doubt: float = 1.0,
) -> dict[Trace, np.ndarray]:
    """Return the changes (n,) that are read after those traces that hardly harm anyone.

    Arguments: rollouts; traces; limits; first, last, scenarios; weights (n,), for how much each counts (None: all the same); doubt, times what may be used up of a limit, for a first look at few scenarios.
    Assumptions: a probe's harm is what comes of it when nothing follows it, and does not come of the same visit without carriers.
    """
    traces = list(dict.fromkeys(traces))
    before, _ = rollouts.waiting(first, last)
    after = f"\nrest {SETTLE:g} d"
    texts = dict.fromkeys(text for t in traces for text in (t.empty + after, t.text, t.text + after))
    runs = dict(zip(texts, rollouts.run(list(texts), first, last), strict=True))
    found = {}
    for trace in traces:
        same, read, alone = runs[trace.empty + after], runs[trace.text], runs[trace.text + after]
        if alone.refused or read.refused or same.refused:
            continue
        own = np.average(alone.harms & ~same.harms, axis=1, weights=weights)
        if (own <= doubt * MOST_HARM * limits.array).all():
            found[trace] = read_out(before, read.lived.tooth)
    return found


class Parting(Protocol):
    """A probe and what follows: trace; threshold of the change; designs below and above it."""

    @property
    def trace(self) -> Trace: ...  # noqa: D102 - as told above
    @property
    def threshold(self) -> float: ...  # noqa: D102
    @property
    def calm(self) -> Design: ...  # noqa: D102
    @property
    def alarmed(self) -> Design: ...  # noqa: D102


def parted(
    rollouts: Rollouts,
    parting: Parting,
    first: int,
    last: int,
    *,
    felt: Callable[[str], str] = lambda text: text,
    bias: float = 0.0,
) -> tuple[list[Outcome], np.ndarray]:
    """Return what probe, low branch and high branch do to members, and who reads high (n,): each goes the way that its own reading says.

    Arguments: rollouts; parting; first, last, scenarios; felt, what a protocol is where it is lived; bias, added to what is read.
    Returns: three outcomes, and nobody who reads high where one of them cannot be done.
    """
    trace = parting.trace
    texts = [trace.text, trace.policy(parting.calm), trace.policy(parting.alarmed)]
    runs = rollouts.run([felt(text) for text in texts], first, last)
    if any(run.refused for run in runs):
        return runs, np.zeros(last - first, bool)
    return runs, read_out(rollouts.waiting(first, last)[0], runs[0].lived.tooth) + bias >= parting.threshold


def branches(
    worth: np.ndarray, harms: np.ndarray, above: np.ndarray, largest: np.ndarray, share: float = BRANCHES
) -> tuple[int, int] | None:
    """Return which designs (below, above) give most worth with harms together within their limits, None for none.

    Arguments: worth (D, n), harms (D, H, n) of designs; above (n,), who goes the second way; largest (H,); share of it that may be used.
    """
    n = worth.shape[1]
    below = ~above
    gain = [(worth * side).sum(axis=1) / n for side in (below, above)]
    risk = [(harms * side).sum(axis=2) / n for side in (below, above)]  # (D, H)
    best, found = -np.inf, None
    for low in np.argsort(-gain[0]):
        room = share * largest - risk[0][low]
        if (room < -1e-12).any():
            continue
        fits = np.flatnonzero((risk[1] <= room + 1e-12).all(axis=1))
        if not len(fits):
            continue
        high = fits[np.argmax(gain[1][fits])]
        if gain[0][low] + gain[1][high] > best:
            best, found = gain[0][low] + gain[1][high], (int(low), int(high))
    return found


def stacked(runs: Sequence[Outcome]) -> tuple[np.ndarray, np.ndarray]:
    """Return worth (D, n) and harms (D, H, n) of runs that could be done."""
    return np.stack([r.values.total for r in runs]), np.stack([r.harms for r in runs])


def openings_of(design: Design) -> list[Design]:
    """Return the cavities that a probe may be brought into before a design goes on: with its own excavation, dressed until the reading or bare."""
    bare = Design(excavate=design.excavate, leave=design.leave, cover="glass ionomer")
    return [replace(bare, line=DRESSING), bare]
