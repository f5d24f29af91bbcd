"""A panel of scenarios for the search of a probe: teeth that react are few, and all that a probe may find, so that it has more of them than there
are, and each counts for less.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from amelo.plan.design import Situation
from amelo.plan.goals import Limits
from amelo.plan.probe import Trace, harmless
from amelo.plan.rollout import Outcome, Rollouts

__all__ = ["EDGES", "GROUP", "Panel"]

REACTING = 2  # every how many-th scenario is of a tooth that reacts, as long as there are any
GROUP = 8  # protocols that are lived through at once
EDGES = (3 / 16, 3 / 8, 3 / 4, 1.0)  # of the scenarios, where blocks of them end: a glance, a sketch, and more


@dataclass(eq=False)
class Panel:
    """Scenarios in such an order, and what a search for a probe must know.

    Fields: rollouts on them; share of all teeth that reacts; situation; limits; going, whether there is time and effort left; then what was lived through.
    """

    rollouts: Rollouts
    share: float
    situation: Situation
    limits: Limits
    going: Callable[[], bool]
    _lived: dict[str, list[Outcome]] = field(default_factory=dict)

    @classmethod
    def of(
        cls, rollouts: Rollouts, situation: Situation, limits: Limits, *, members: int, budget: int, going: Callable[[], bool]
    ) -> Panel:
        """Return the panel of some scenarios.

        Arguments: rollouts; situation; limits; members of the panel; budget of rollouts; going.
        """
        reacts = rollouts.tooth.constants.reacts
        few, many = np.flatnonzero(reacts), np.flatnonzero(~reacts)
        turn = np.concatenate([REACTING * np.arange(len(few)), np.arange(len(many)) + np.arange(len(many)) // (REACTING - 1) + 1])
        order = np.concatenate([few, many])[np.argsort(turn, kind="stable")]
        own = _on(rollouts, order[:members])
        return cls(own, float(reacts.mean()), situation, limits, lambda: own.count < budget and going())

    @property
    def members(self) -> int:
        """Number of scenarios."""
        return self.rollouts.tooth.members

    def reacts(self, count: int) -> np.ndarray:
        """Return which of the first teeth react (n,)."""
        return self.rollouts.tooth.constants.reacts[:count]

    def weights(self, count: int) -> np.ndarray:
        """Return for how much each of the first scenarios counts (n,), one in the mean."""
        reacts = self.reacts(count)
        mine = reacts.mean()
        if mine in (0.0, 1.0):
            return np.ones(count)
        return np.where(reacts, self.share / mine, (1.0 - self.share) / (1.0 - mine))

    def count(self, share: float) -> int:
        """Return how many scenarios a share of them is."""
        return round(share * self.members)

    def seen(self, texts: Iterable[str], share: float = 1.0) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        """Return worth (n,) and harms (H, n) of protocols on the first scenarios, of those that can be done.

        Arguments: texts; share of the scenarios.
        Assumptions: all are lived through in the same blocks of scenarios, each once.
        """
        texts, ends = list(dict.fromkeys(texts)), [self.count(e) for e in EDGES if e <= share]
        for block, (first, last) in enumerate(pairwise([0, *ends])):
            due = [t for t in texts if len(self._lived.setdefault(t, [])) == block and not self._refused(t)]
            for k in range(0, len(due), GROUP):
                some = due[k : k + GROUP]
                for text, run in zip(some, self.rollouts.run(some, first, last), strict=True):
                    self._lived[text].append(run)
        parts = {t: self._lived[t][: len(ends)] for t in texts if not self._refused(t)}
        return {
            t: (np.concatenate([r.values.total for r in runs]), np.concatenate([r.harms for r in runs], axis=1))
            for t, runs in parts.items()
        }

    def _refused(self, text: str) -> bool:
        return any(run.refused for run in self._lived[text])

    def run_on(self, texts: Iterable[str], members: np.ndarray) -> list[Outcome]:
        """Return what protocols do to some members alone."""
        on = _on(self.rollouts, members)
        found = on.run(list(texts), 0, len(members))
        self.rollouts.count += on.count
        return found

    def harmless(self, traces: Iterable[Trace], share: float = 1.0, doubt: float = 1.0) -> dict[Trace, np.ndarray]:
        """Return what is read (n,) by a share of the scenarios after those traces that hardly harm anyone; see :func:`amelo.plan.probe.harmless`."""
        count = self.count(share)
        return harmless(self.rollouts, traces, self.limits, 0, count, weights=self.weights(count), doubt=doubt)


def _on(rollouts: Rollouts, members: np.ndarray) -> Rollouts:
    """Return the same on some members alone."""
    r = rollouts
    return Rollouts(r.twin, r.tooth.take(members), r.clock, r.goals, r.years, r.seed, r.threads)
