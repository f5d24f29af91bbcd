"""Robustness: the chosen plan in worlds that differ from the one it was chosen in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np

from amelo.plan.design import Design
from amelo.plan.goals import HARMS, Goals, Limits
from amelo.plan.rollout import Rollouts
from amelo.twin.tooth.state import WholeTooth
from amelo.twin.tooth.twin import TIERS, ToothTwin

__all__ = ["WORLDS", "robustness"]

SCENARIOS = 256
APART = 2_000_003
Shift = Callable[[WholeTooth], WholeTooth]


def _pulps(**factors: float) -> Shift:
    def shift(tooth: WholeTooth) -> WholeTooth:
        return replace(tooth, constants=replace(tooth.constants, pulps=tooth.constants.pulps.times(**factors)))

    return shift


def _constants(**factors: float) -> Shift:
    def shift(tooth: WholeTooth) -> WholeTooth:
        values = {**tooth.constants.values}
        for name, factor in factors.items():
            values[name.replace("__", ".")] = factor * values[name.replace("__", ".")]
        return replace(tooth, constants=replace(tooth.constants, values=values))

    return shift


def _thinner(tooth: WholeTooth) -> WholeTooth:
    """Return a tooth whose image showed 0.3 mm more dentine than there is."""
    less = np.minimum(0.3e-3, 0.5 * tooth.widths[:, -1])
    widths = tooth.widths.copy()
    widths[:, -1] -= less
    return replace(tooth, widths=widths)


def _reactors(tooth: WholeTooth) -> WholeTooth:
    """Return a tooth in which twice as many answer carriers badly."""
    constants = tooth.constants
    more = constants.draws.uniform("world.reactors") < constants.reacts.mean()
    gain = constants.pulps["inflammation.by_carriers"]
    worst = gain[constants.reacts].mean() if constants.reacts.any() else 30.0 * gain.mean()
    pulps = constants.pulps.changed({"inflammation.by_carriers": np.where(more & ~constants.reacts, worst, gain)})
    return replace(tooth, constants=replace(constants, pulps=pulps, reacts=constants.reacts | more))


WORLDS: Mapping[str, Shift] = {
    "twice as many react to carriers": _reactors,
    "pulps answer damage by 1.3 times as much": _pulps(inflammation__by_damage=1.3),
    "0.3 mm less dentine than the image shows": _thinner,
    "floors twice as rough": _constants(cut__roughness=2.0),
    "bacteria live three times as long under a seal": _constants(bacteria__starving=1.0 / 3.0),
}


def robustness(
    twin: ToothTwin, design: Design, goals: Goals, limits: Limits, seed: int, years: float
) -> dict[str, dict[str, float]]:
    """Return worth and the share of each harm of a design in every shifted world, by its name.

    Arguments: twin; design; goals; limits; seed; years.
    """
    tooth = twin.whole(members=SCENARIOS, seed=seed + APART).tooth
    found = {}
    for name, shift in WORLDS.items():
        run = Rollouts(twin, shift(tooth), TIERS["reduced"][1], goals, years, seed + APART).run([design], 0, SCENARIOS)[0]
        if run.refused or run.values is None or run.harms is None:
            continue
        shares = run.harms.mean(axis=1)
        found[name] = {"worth": float(run.values.total.mean())} | {
            harm: float(share) for harm, share in zip(HARMS, shares, strict=True) if share > 0.0
        }
        found[name]["beyond"] = float(sum(share > limits.largest.get(harm, 1.0) for harm, share in zip(HARMS, shares, strict=True)))
    return found
