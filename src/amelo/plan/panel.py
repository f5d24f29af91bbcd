"""A panel of scenarios for the search of a probe: teeth that react are few, and all that a probe may find, so that it has more of them than there
are, and each counts for less.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from amelo.plan.design import Situation
from amelo.plan.goals import Limits
from amelo.plan.probe import Trace, harmless
from amelo.plan.rollout import Outcome, Rollouts

__all__ = ["Panel"]

REACTING = 2  # every how many-th scenario is of a tooth that reacts, as long as there are any
GROUP = 8  # protocols that are lived through at once


@dataclass(eq=False)
class Panel:
    """Scenarios in such an order, and what a search for a probe must know.

    Fields: rollouts on them; share of all teeth that reacts; situation; limits; going, whether there is time and effort left.
    """

    rollouts: Rollouts
    share: float
    situation: Situation
    limits: Limits
    going: Callable[[], bool]

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

    def run(self, texts: Iterable[str], count: int, members: np.ndarray | None = None, *, first: int = 0) -> list[Outcome]:
        """Return what protocols do to the first scenarios, from one on if it is named, or to some members, a group at a time."""
        texts, found = list(texts), []
        on = self.rollouts if members is None else _on(self.rollouts, members)
        for k in range(0, len(texts), GROUP):
            found += on.run(texts[k : k + GROUP], first, count if members is None else len(members))
        if members is not None:
            self.rollouts.count += on.count
        return found

    def harmless(self, traces: Iterable[Trace], count: int, doubt: float = 1.0) -> dict[Trace, np.ndarray]:
        """Return what is read (n,) after those traces that hardly harm anyone; see :func:`amelo.plan.probe.harmless`."""
        return harmless(self.rollouts, traces, self.limits, 0, count, weights=self.weights(count), doubt=doubt)


def _on(rollouts: Rollouts, members: np.ndarray) -> Rollouts:
    """Return the same on some members alone."""
    r = rollouts
    return Rollouts(r.twin, r.tooth.take(members), r.clock, r.goals, r.years, r.seed, r.threads)
