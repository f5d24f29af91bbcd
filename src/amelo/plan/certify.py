"""Certification: candidates on scenarios that no search ever saw, with exact bounds for every class of harm and every look paid for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from amelo.plan.bounds import Looks, upper_bound
from amelo.plan.design import Design
from amelo.plan.goals import HARMS, Limits
from amelo.plan.rollout import Outcome, Rollouts

__all__ = ["PAID", "SIZES", "Certificate", "certify", "least_provable"]

SIZES = (256, 512, 1024, 2048)  # scenarios after each look
PAID = {
    "early": 0.2,
    "final": 0.6,
    "probe": 0.2,
}  # shares of the error: what is certified at different times may be wrong at each of them


@dataclass(eq=False)
class Certificate:
    """What untouched scenarios said of one design.

    Fields: design; worth (n,), outcomes (W, n); violations (H,) among count scenarios; upper (H,), bounds that hold together for all candidates
    and looks; verdict, True for certified, False for beyond a limit, None for not known with so few scenarios; refused.
    """

    design: Design
    worth: np.ndarray
    outcomes: np.ndarray
    violations: np.ndarray
    upper: np.ndarray
    verdict: bool | None = None
    refused: str = ""

    @property
    def count(self) -> int:
        """Scenarios seen."""
        return len(self.worth)

    @property
    def binding(self) -> str:
        """The class of harm whose bound lies nearest to its limit."""
        return HARMS[int(np.argmax(self.upper))] if len(self.upper) else ""


def least_provable(confidence: float, candidates: int = 10) -> float:
    """Return the least limit that can be certified at all: by all scenarios, without a single harm in any.

    Arguments: confidence; candidates that share its error.
    """
    return float(upper_bound(0, SIZES[-1], PAID["final"] * (1.0 - confidence) / (len(SIZES) * candidates)))


def certify(
    rollouts: Rollouts,
    candidates: Sequence[Design],
    limits: Limits,
    *,
    sizes: Sequence[int] = SIZES,
    paid: float = 1.0,
    affords: Callable[[int], bool] = lambda rollouts: True,
    on_look: Callable[[list[Certificate]], None] | None = None,
) -> list[Certificate]:
    """Return what untouched scenarios say of each candidate, in their order.

    Arguments: rollouts, on an ensemble of its own that no search has used; candidates; limits; sizes, scenarios after each look; paid, share of
    the error that these looks may use; affords, asked before each look whether there is time for so many rollouts, and for fewer, the best,
    where there is none for all; on_look (told after each look).
    Assumptions: a certificate holds under the twin's own uncertainty and nothing beyond; every class is tested at the full error of a look, because a
    plan must pass all of them and would be wrong in the one that is violated.
    """
    sizes = tuple(s for s in sizes if s <= rollouts.tooth.members) or (rollouts.tooth.members,)
    looks = Looks(sizes, max(len(candidates), 1), paid * (1.0 - limits.confidence))
    largest = limits.array
    found = [Certificate(d, np.zeros(0), np.zeros((0, 0)), np.zeros(len(HARMS)), np.ones(len(HARMS))) for d in candidates]
    seen, due = 0, found
    for size in sizes:
        due = [c for c in due if not c.refused and c.verdict is not False]
        while due and not affords(len(due) * (size - seen)):
            due.remove(min(due, key=lambda c: c.worth.mean() if c.count else 0.0))  # better the best for certain than all in part
        if not due:
            break
        for certificate, got in zip(due, rollouts.run([c.design for c in due], seen, size), strict=True):
            _add(certificate, got)
        seen = size
        for certificate in due:
            if not certificate.refused:
                _judge(certificate, looks, largest)
        if on_look:
            on_look(found)
    return found


def _add(certificate: Certificate, got: Outcome) -> None:
    if got.refused or got.values is None or got.harms is None:
        certificate.refused = got.refused
        return
    certificate.worth = np.concatenate([certificate.worth, got.values.total])
    before = certificate.outcomes
    certificate.outcomes = np.concatenate([before, got.values.outcomes], axis=1) if before.size else got.values.outcomes
    certificate.violations = certificate.violations + got.harms.sum(axis=1)


def _judge(certificate: Certificate, looks: Looks, largest: np.ndarray) -> None:
    count = certificate.count
    bound = upper_bound(certificate.violations, np.full(len(largest), count), looks.each)
    certificate.upper = np.minimum(certificate.upper, bound)  # they hold at once, so that the lowest of them holds
    said = [looks.verdict(int(v), count, float(limit)) for v, limit in zip(certificate.violations, largest, strict=True)]
    if certificate.verdict is True:
        return  # certified once is certified: every look was paid for beforehand
    certificate.verdict = False if False in said else (True if all(s is True for s in said) else None)
