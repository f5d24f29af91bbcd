"""What a search for a plan has found so far, and what there is still time for."""

from __future__ import annotations

import time as clock_time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from amelo.plan.certify import Certificate, certify
from amelo.plan.design import Design, Situation
from amelo.plan.goals import Goals, Limits
from amelo.plan.outside import Outside, both
from amelo.plan.policy import Policy
from amelo.plan.record import Option
from amelo.plan.rollout import Rollouts
from amelo.twin.tooth.twin import ToothTwin

__all__ = ["CERTIFYING", "LAST", "LOOKING", "OTHER", "PARTS", "PROBE", "SEARCHING", "STARTING", "Search"]

# shares of the time after the teeth are built, until which each may begin something new: what comes to mind first, the race, certificates, a probe, the rest
STARTING, SEARCHING, CERTIFYING, LOOKING, LAST = 0.7, 0.6, 0.78, 0.92, 0.96
PROBE, OTHER, PARTS = "whether a probe would tell something", "how it does in other worlds", "what each of its parts gives"


@dataclass(eq=False)
class Search:
    """What a search has found so far, and how much time it has left."""

    twin: ToothTwin
    explore: Rollouts
    untouched: Rollouts
    situation: Situation
    goals: Goals
    limits: Limits
    seed: int
    deadline: float
    started: float
    on_progress: Callable[[float, str], None] | None
    seconds: float
    on_found: Callable[[Mapping[str, Any]], None] | None = None
    certificates: dict[Design, Certificate] = field(default_factory=dict)
    policy: Policy | None = None
    first_certified: float | None = None
    outside: tuple[Outside, ...] = ()
    wider: Rollouts | None = None
    no_time_for: list[str] = field(default_factory=list)
    ready: float = 0.0

    def now(self) -> float:
        """Return the seconds since the start."""
        return clock_time.perf_counter() - self.started

    def until(self, share: float) -> float:
        """Return when a share of the time has passed [s], counted from when the teeth were built."""
        return self.ready + share * (self.deadline - self.ready)

    def before(self, share: float) -> bool:
        """Return whether a share of the time has not passed yet."""
        return self.now() < self.until(share)

    def affords(self, on: Rollouts, count: int, share: float) -> bool:
        """Return whether so many rollouts, at the pace of the last, end before a share of the time has passed."""
        return self.now() + on.pace * count <= self.until(share)

    def has_time_for(self, what: str, on: Rollouts, count: int, share: float) -> bool:
        """Return whether there is time for something, and keep in mind what there was none for; what is asked for again, less of it, counts alone."""
        found = self.affords(on, count, share)
        if found and what in self.no_time_for:
            self.no_time_for.remove(what)
        elif not found and what not in self.no_time_for:
            self.no_time_for.append(what)
        return found

    def tell(self, what: str) -> None:
        """Tell how far it is."""
        if self.on_progress:
            done = min(self.now() / self.deadline, 1.0) if np.isfinite(self.deadline) else 0.0
            best = self.best()
            said = f"best so far: {best.design.arm}, certified" if best is not None else "nothing certified yet"
            self.on_progress(done, f"{what}; {said}")

    def best(self) -> Certificate | None:
        """Return the certified design of most worth, waiting left out."""
        good = [c for c in self.certificates.values() if c.verdict is True and c.design.arm != "wait"]
        return max(good, key=lambda c: c.worth.mean(), default=None)

    def certify(self, designs: Sequence[Design], share: float, sizes: Sequence[int], paid: float) -> None:
        """Certify designs of which nothing is known for certain yet, with a share of the error that all certificates have together."""
        open_ = lambda c: c is None or (c.verdict is None and not c.refused)  # noqa: E731 - a few scenarios may have been too few
        due = [d for d in dict.fromkeys(designs) if open_(self.certificates.get(d))]
        if not due:
            return
        twice = 1 + (self.wider is not None)
        while len(due) > 1 and not self.affords(self.untouched, twice * len(due) * sizes[0], share):
            due.pop()  # better a few that are known than many that are not
        look = {"sizes": sizes, "paid": paid, "affords": lambda count: self.affords(self.untouched, twice * count, share)}
        found = certify(self.untouched, due, self.limits, **look)
        if self.wider is not None:  # outside what was calibrated it must hold in scenarios drawn wider as well
            found = [both(*pair) for pair in zip(found, certify(self.wider, due, self.limits, **look), strict=True)]
        self.certificates |= {c.design: c for c in found if c.count or c.refused}
        if self.first_certified is None and self.best() is not None:
            self.first_certified = self.now()
        self.tell_found()

    def tell_found(self) -> None:
        """Tell what is certified so far, for whoever wants to keep it."""
        best = self.best()
        if self.on_found is None:
            return
        found: dict[str, Any] = {"tooth": self.twin.tooth, "seed": self.seed, "seconds": self.now(), "unfinished": True}
        if best is None:
            self.on_found({**found, "status": "deferred", "reason": "nothing was certified yet", "chosen": None})
            return
        chosen = Option(best.design.arm, best.design, best.design.text(), best).to_dict(self.limits)
        self.on_found({**found, "status": "certified", "reason": "the best that was certified by then", "chosen": chosen})
