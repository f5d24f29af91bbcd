"""Where a search begins: what a clinician would think of first, and designs of every kind."""

from __future__ import annotations

import numpy as np

from amelo.plan.design import NANO, Design, Situation, enumerated

__all__ = ["corners", "starters"]


def corners(on: Situation, seed: int) -> list[Design]:
    """Return all designs of an arm in an order in which every skeleton comes early, each with its doses shuffled.

    Arguments: on (with the one arm); seed.
    """
    rng = np.random.default_rng([seed, 7])
    by_skeleton: dict[tuple[str, ...], list[Design]] = {}
    for design in enumerated(on):
        by_skeleton.setdefault(design.skeleton, []).append(design)
    order = [[same[k] for k in rng.permutation(len(same))] for same in by_skeleton.values()]
    rng.shuffle(order)
    order.sort(key=lambda same: len(same[0].skeleton))  # plain ones first
    found = []
    for turn in range(max((len(same) for same in order), default=0)):
        found += [same[turn] for same in order if turn < len(same)]
    return found


def starters(on: Situation) -> list[Design]:
    """Return what a clinician would think of first, so that there is an answer within a moment.

    Arguments: on, with the arms that are asked for.
    """
    carious = [
        Design(excavate=criterion, leave=leave, line=line, cover=cover)
        for criterion, leave, line, cover in (
            ("firm", 1.0, "calcium silicate", "composite"),
            ("leathery", 1.0, "calcium silicate", "glass ionomer"),
            ("firm", 0.0, "", "composite"),
            ("hard", 0.5, "calcium silicate", "composite"),
            ("firm", 1.0, "calcium silicate", "glass ionomer"),
        )
    ]
    carious += [Design(excavate="firm", cover="composite", pulp=pulp) for pulp in ("pulpotomy", "root treatment")]
    surfaces = [Design(surface=s) for s in ("infiltrate", "seal resin", "seal ionomer", "silver", "varnish", "peptide")]
    nano = [Design(first=n) for n in NANO if n is not None]
    both = [
        Design(excavate="firm", leave=1.0, within=n, line="calcium silicate", cover="glass ionomer") for n in NANO if n is not None
    ]
    both += [Design(first=n, surface="seal ionomer", gap=4.0) for n in NANO if n is not None]
    habits = [Design(habits=True)]
    found = [Design(), *habits, *carious, *surfaces, *nano, *both]
    return [d for d in found if d.arm in on.arms and not d.refused(on)]
