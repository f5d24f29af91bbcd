"""Controls of the index of synergy on a tooth: worlds made of its own physics, in which there is nothing to find, or an effect that is known.

Every world is lived through by many members of the tooth; they are its population, and the mean over all of them its truth.  Replicates are drawn
from it with replacement, as if so many patients had been looked at, and the index is asked of each.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from amelo.errors import ParameterError
from amelo.plan.bounds import lower_bound, upper_bound
from amelo.plan.controls import EFFECT, PATIENTS, REPLICATES, Control, World, judged
from amelo.plan.design import Design, Nano
from amelo.plan.effects import USUAL_GAP, behind, halves, split
from amelo.plan.rollout import Rollouts
from amelo.plan.synergy import DELTA, synergy_of
from amelo.twin.tooth.state import WholeTooth

__all__ = ["COVERED", "POPULATION", "TOOTH_WORLDS", "tooth_controls"]

POPULATION = 4096  # members that live through every world
TRACE = 1.0  # carriers per mL: a bath with nothing in it
LINER = "calcium silicate"
COVERED = (0.93, 0.97)  # of replicates, between which the interval of 95 % must cover the truth
ARMS = ("combined", "nano", "operative", "nothing")
Worths = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class _Tried:
    """A world on a tooth: told; texts of the four arms from a combination; tooth, what becomes of it; effect that is put in (None: none)."""

    told: str
    texts: Callable[[Design], tuple[str, str, str]]
    tooth: Callable[[WholeTooth], WholeTooth] = lambda tooth: tooth
    effect: float | None = None


def _dose(design: Design) -> Nano:
    if design.dose is None:
        raise ParameterError("the combination brings no carriers", why="then there is nothing to combine")
    return design.dose


def _own(design: Design) -> tuple[str, str, str]:
    operative, nano = halves(design)
    return design.text(), nano.text(), operative.text()


def _empty(design: Design) -> tuple[str, str, str]:
    """Return the arms with baths that have next to nothing in them."""
    none = replace(_dose(design), density=TRACE, peroxide=0.0)
    return _own(replace(design, first=none if design.first else None, within=none if design.within else None))


def _sham(design: Design) -> tuple[str, str, str]:
    """Return one thing in two half doses, beside the whole dose at once and one half."""
    nano = Design(first=_dose(design))
    return split(nano), nano.text(), Design(first=_dose(design).less(0.5)).text()


def _antagonist(design: Design) -> tuple[str, str, str]:
    """Return what covers the lesion before the carriers: a liner in the cavity, because nothing passes a filling at all; a seal on the surface."""
    dose = _dose(design)
    operative, nano = halves(design)
    if not design.excavate:
        return behind(operative, dose, design.gap or USUAL_GAP), nano.text(), operative.text()
    operative = replace(operative, line=operative.line or LINER)
    lines = operative.text().splitlines()
    place = max(k for k, line in enumerate(lines) if line == f"line with {operative.line}")
    return "\n".join([*lines[: place + 1], dose.line(), *lines[place + 1 :]]), nano.text(), operative.text()


def _deaf(tooth: WholeTooth) -> WholeTooth:
    """Return a tooth whose pulp answers neither carriers nor what they bring."""
    constants = tooth.constants
    pulps = constants.pulps.times(inflammation__by_carriers=0.0)
    values = {**constants.values, "efficacy": 0.0 * constants["efficacy"]}
    return replace(tooth, constants=replace(constants, pulps=pulps, values=values))


TOOTH_WORLDS: Mapping[str, _Tried] = {
    "tooth: empty baths": _Tried("the combination with a bath that has next to no carriers in it", _empty),
    "tooth: deaf": _Tried("a tooth that answers neither carriers nor what they bring", _own, _deaf),
    "tooth: sham": _Tried("carriers in two half doses, beside the whole at once", _sham),
    "tooth: antagonist": _Tried("a liner or seal before the carriers", _antagonist),
    "tooth: power": _Tried(f"the combination as it is, moved to an effect of {EFFECT:g}", _own, effect=EFFECT),
}


def tooth_controls(
    rollouts: Rollouts,
    combined: Design,
    *,
    seed: int = 0,
    replicates: int = REPLICATES,
    patients: int = PATIENTS,
    on_progress: Callable[[float, str], None] | None = None,
) -> list[Control]:
    """Return what the index says in worlds made of a tooth, those left out that cannot be on it.

    Arguments: rollouts, whose members are the population; combined, the combination that worlds are made from; seed; replicates; patients in each;
    on_progress.
    Raises: ParameterError for a combination without carriers.
    """
    _dose(combined)
    found = []
    for k, (name, tried) in enumerate(TOOTH_WORLDS.items()):
        if on_progress:
            on_progress(k / len(TOOTH_WORLDS), f"controls: {name}")
        worth = _lived(rollouts, tried, combined)
        if worth is None:
            continue
        excess = worth["combined"] - np.maximum(worth["nano"], worth["operative"])
        if tried.effect is not None:
            worth = {**worth, "combined": worth["combined"] - excess.mean() + tried.effect}
            excess = excess - excess.mean() + tried.effect
        truth = float(excess.mean())
        rng = np.random.default_rng([seed, 37, k])
        said = []
        for r in range(replicates):
            pick = rng.integers(len(excess), size=patients)
            said.append(synergy_of(*(worth[arm][pick] for arm in ARMS), seed=seed + r))
        passes = partial(_passes, still=bool(np.ptp(excess) == 0.0))
        found.append(judged(name, World(_none, tried.told, truth, passes), said, patients))
    return found


def _lived(rollouts: Rollouts, tried: _Tried, combined: Design) -> Worths | None:
    """Return the worth (M,) of every arm in a world, None where one cannot be done."""
    tooth = tried.tooth(rollouts.tooth)
    there = rollouts if tooth is rollouts.tooth else replace(rollouts, tooth=tooth, _waited={})
    members = tooth.members
    runs = there.run([*tried.texts(combined), Design().text()], 0, members)
    if any(run.refused for run in runs):
        return None
    return {arm: run.values.total for arm, run in zip(ARMS, runs, strict=True)}


def _none(rng: np.random.Generator, count: int) -> tuple[np.ndarray, ...]:
    raise AssertionError("members of a tooth are not made of numbers")


def _passes(c: Control, *, still: bool) -> bool:
    """Return whether nothing is claimed that is not there, an effect that is there is found, and the interval covers as often as it says.

    Assumptions: as far as so many replicates can tell, at 5 %; an excess that is the same in all is always covered.
    """
    count = c.replicates
    often = lambda share, most: float(lower_bound(round(share * count), count, 0.05)) <= most  # noqa: E731
    false = c.claimed if c.truth <= DELTA else 0.0
    silent = often(false, 0.05) and (c.truth > 0.0 or often(c.found, 0.05))
    seen = c.truth < EFFECT - 1e-9 or c.found >= 0.9
    rare = float(upper_bound(round(c.covered * count), count, 0.05)) < COVERED[0]
    covers = still or not (rare or float(lower_bound(round(c.covered * count), count, 0.05)) > COVERED[1])
    return silent and seen and covers
