"""Robustness: the chosen plan, with its probe where it has one, in worlds that differ from the one it was chosen in."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from amelo.plan.certify import Certificate
from amelo.plan.design import Design
from amelo.plan.goals import HARMS, Goals, Limits
from amelo.plan.outside import sound_below
from amelo.plan.probe import parted, reading_noise
from amelo.plan.record import Probe
from amelo.plan.rollout import Rollouts
from amelo.twin.tooth.state import WholeTooth
from amelo.twin.tooth.twin import TIERS, ToothTwin

__all__ = ["WORLDS", "World", "applies", "lived_in", "robustness"]

SCENARIOS = 256
MARGIN = 2.0  # standard errors of a chance, by which it must lie below its limit in a shifted world so as not to be flagged
APART = 2_000_003
MISSING = 0.3e-3  # m of dentine that an image showed and is not there
LEFT = 0.1  # of what lies under a lesion, that is left at least
PULL = re.compile(r"(?<=pull )[0-9.eE+-]+(?= T/m)")


@dataclass(frozen=True)
class World:
    """How a world differs: tooth, what becomes of the teeth; slower, by what share carriers are driven slower; misread, whether a probe
    reads too little by the noise of one reading.
    """

    tooth: Callable[[WholeTooth], WholeTooth] = lambda tooth: tooth
    slower: float = 0.0
    misread: bool = False

    def text(self, protocol: str) -> str:
        """Return the protocol as carriers feel it.

        Assumptions: where a gradient drives them, their speed is in proportion to it, so that half of it stands for half their mobility.
        """
        if not self.slower:
            return protocol
        return PULL.sub(lambda found: f"{(1.0 - self.slower) * float(found.group()):.6g}", protocol)


def _pulps(**factors: float) -> World:
    def shift(tooth: WholeTooth) -> WholeTooth:
        return replace(tooth, constants=replace(tooth.constants, pulps=tooth.constants.pulps.times(**factors)))

    return World(shift)


def _constants(**factors: float) -> World:
    def shift(tooth: WholeTooth) -> WholeTooth:
        values = {**tooth.constants.values}
        for name, factor in factors.items():
            values[name.replace("__", ".")] = factor * values[name.replace("__", ".")]
        return replace(tooth, constants=replace(tooth.constants, values=values))

    return World(shift)


def _thinner(tooth: WholeTooth) -> WholeTooth:
    """Return a tooth whose image showed 0.3 mm more dentine than there is.

    Assumptions: what is missing is sound dentine under the lesion, up to nine tenths of it; of a lesion that reaches the last cell, of that cell.
    """
    sound = sound_below(tooth)
    below = np.where(sound, tooth.widths, 0.0).sum(axis=1)
    kept = np.maximum(1.0 - MISSING / below, LEFT)
    return replace(tooth, widths=np.where(sound, kept[:, None] * tooth.widths, tooth.widths))


def _reactors(tooth: WholeTooth) -> WholeTooth:
    """Return a tooth in which twice as many answer carriers badly, as badly and with as little use as those who do so already."""
    constants = tooth.constants
    bad = constants.reacts
    if not bad.any() or bad.all():
        return tooth
    share = bad.mean()
    more = ~bad & (constants.draws.uniform("world.reactors") < share / (1.0 - share))
    pulps = constants.pulps
    gain, efficacy = pulps["inflammation.by_carriers"], constants["efficacy"]
    pulps = pulps.changed({"inflammation.by_carriers": np.where(more, gain[bad].mean(), gain)})
    values = {**constants.values, "efficacy": np.where(more, efficacy[bad].mean(), efficacy)}
    return replace(tooth, constants=replace(constants, pulps=pulps, values=values, reacts=bad | more))


WORLDS: Mapping[str, World] = {
    "twice as many react to carriers": World(_reactors),
    "pulps answer damage by 1.3 times as much": _pulps(inflammation__by_damage=1.3),
    "0.3 mm less dentine than the image shows": World(_thinner),
    "floors twice as rough": _constants(cut__roughness=2.0),
    "bacteria live three times as long under a seal": _constants(bacteria__starving=1.0 / 3.0),
    "carriers driven at half their speed": World(slower=0.5),
    "a probe reads too little, by the noise of one reading": World(misread=True),
}


def applies(world: World, designs: Sequence[Design], probe: Probe | None) -> bool:
    """Return whether a world can change anything for a plan: what drives carriers nothing without any, a reading nothing without a probe."""
    if world.misread:
        return probe is not None
    return not world.slower or any(world.text(d.text()) != d.text() for d in designs)


def lived_in(
    world: World, rollouts: Rollouts, design: Design, probe: Probe | None = None, first: int = 0, last: int | None = None
) -> tuple[np.ndarray, np.ndarray] | str:
    """Return worth (M,) and harms (H, M) of a plan in a world, or why it cannot be done there.

    Arguments: world; rollouts, on teeth of that world; design; probe, with its branches, that is done first (None for none); first, last,
    scenarios (all, if not given).
    """
    last = rollouts.tooth.members if last is None else last
    if probe is None:
        run = rollouts.run([world.text(design.text())], first, last)[0]
        return run.refused or (run.values.total, run.harms)
    bias = -reading_noise() if world.misread else 0.0
    (read, calm, alarmed), above = parted(rollouts, probe, first, last, felt=world.text, bias=bias)
    refused = read.refused or calm.refused or alarmed.refused
    if refused:
        return refused
    worth = np.where(above, alarmed.values.total, calm.values.total)
    return worth, np.where(above[None, :], alarmed.harms, calm.harms)


def robustness(
    twin: ToothTwin,
    design: Design,
    goals: Goals,
    limits: Limits,
    seed: int,
    years: float,
    probe: Probe | None = None,
    *,
    certificate: Certificate | None = None,
    keep_going: Callable[[], bool] = lambda: True,
) -> dict[str, dict[str, float]]:
    """Return worth and the chance of each harm of a plan in every shifted world that can change it, by its name; beyond, how many classes of
    harm may lie above their limit there: their chance and ``MARGIN`` standard errors of it does.

    Arguments: twin; design; goals; limits; seed; years; probe, where the plan begins with one; certificate, what untouched scenarios of the finer tier
    said of it (None: nothing); keep_going, asked before each world.
    Assumptions: a chance is what untouched scenarios saw, changed by what the same members come to in either world, so that luck cancels.
    """
    tooth = twin.whole(members=SCENARIOS, seed=seed + APART).tooth
    largest = limits.array
    make = lambda teeth: Rollouts(twin, teeth, TIERS["reduced"][1], goals, years, seed + APART)  # noqa: E731
    plain = lived_in(World(), make(tooth), design, probe)
    found: dict[str, dict[str, float]] = {}
    if isinstance(plain, str):
        return found
    for name, world in WORLDS.items():
        if not applies(world, [design] if probe is None else [probe.calm, probe.alarmed], probe):
            continue
        if not keep_going():
            break
        lived = lived_in(world, make(world.tooth(tooth)), design, probe)
        if isinstance(lived, str):
            continue
        chance, error = _chances(lived[1], plain[1], certificate)
        worth = float((lived[0] - plain[0]).mean() + (plain[0] if certificate is None else certificate.worth).mean())
        found[name] = {"worth": worth} | {harm: float(p) for harm, p in zip(HARMS, chance, strict=True) if p > 0.0}
        found[name]["beyond"] = float((chance + MARGIN * error > largest).sum())
    return found


def _chances(there: np.ndarray, here: np.ndarray, certificate: Certificate | None) -> tuple[np.ndarray, np.ndarray]:
    """Return the chance of each harm in a world and its standard error (H,).

    Arguments: there, here, which members (H, n) come to harm in that world and as they are; certificate.
    Assumptions: of members that differ one more than was seen is counted, and so is one more harm, so that none seen is not none.
    """
    n = there.shape[1]
    if certificate is None or not certificate.count:
        p = there.mean(axis=1)
        return p, np.sqrt((p * (1.0 - p) + 1.0 / n) / n)
    p, count = certificate.violations / certificate.count, certificate.count
    moved = there.astype(float) - here.astype(float)
    spread = (p * (1.0 - p) + 1.0 / count) / count + (np.abs(moved).sum(axis=1) + 1.0) / n**2
    return np.clip(p + moved.mean(axis=1), 0.0, 1.0), np.sqrt(spread)
