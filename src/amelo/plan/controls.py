"""Controls of the index of synergy: worlds whose answer is known, in which it must find nothing, or what is there.

These are worlds of numbers, not of teeth: patients with a frailty that both arms share, and arms that do not know of each other.  Every claim
of synergy on a tooth is only as good as the index is here; whoever doubts it runs them again with another seed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from amelo.errors import ParameterError, nearest
from amelo.plan.bounds import lower_bound
from amelo.plan.synergy import Synergy, synergy_of

__all__ = ["PATIENTS", "REPLICATES", "WORLDS", "Control", "World", "control", "controls", "judged"]

PATIENTS, REPLICATES = 1024, 300
# Chances of success of two arms, and how much of a patient's response is frailty that both share: numbers of an example.  They are chosen so that
# population indices are biased as in the published table, +0.148 and -0.054; the paired index must be 0 whatever they are.
CHANCES = (0.45, 0.55)
SHARED = 0.34
NOISE = 0.05  # of an outcome in a scenario, that no patient explains
SEEN = 0.02  # of worth, from which a population index would be taken for synergy
EFFECT = 0.05  # of worth, that the combination adds in the world of power
REACH = 0.05  # of the effect of carriers, that a seal lets through
STEEP, HALF = 1.0, 0.5  # of a dose-response, in doses

Arms = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]  # combined, carriers, operative, nothing


@dataclass(frozen=True)
class Control:
    """What the index said in a world over replicates.

    Fields: world; told; truth of the paired excess; replicates, patients; mean excess, and those of HSA and Bliss; share of replicates in which the
    interval lies above 0 (found), in which "synergistic" is claimed, in which HSA and Bliss exceed what would be taken for synergy, and in which the
    interval covers the truth; passed.
    """

    world: str
    told: str
    truth: float
    replicates: int
    patients: int
    mean: float
    hsa: float
    bliss: float
    found: float
    claimed: float
    hsa_claims: float
    bliss_claims: float
    covered: float
    passed: bool

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain values."""
        return asdict(self)


def _frail(rng: np.random.Generator, count: int, sign: float) -> tuple[np.ndarray, np.ndarray]:
    """Return two latent responses (count,) of variance 1 that share a frailty, the second with a sign."""
    frailty, own = rng.standard_normal(count), rng.standard_normal((2, count))
    a, b = np.sqrt(SHARED), np.sqrt(1.0 - SHARED)
    return a * frailty + b * own[0], sign * a * frailty + b * own[1]


def _null(sign: float) -> Callable[[np.random.Generator, int], Arms]:
    """Return a world in which each arm works in a patient or not, and both together work where either does."""

    def world(rng: np.random.Generator, count: int) -> Arms:
        from scipy.special import ndtri

        first, second = _frail(rng, count, sign)
        nano = (first < ndtri(CHANCES[0])).astype(float)
        operative = (second < ndtri(CHANCES[1])).astype(float)
        return np.maximum(nano, operative), nano, operative, np.zeros(count)

    return world


def _graded(rng: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return outcomes of two arms between 0 and 1 that share a frailty, without noise."""
    from scipy.special import ndtr

    first, second = _frail(rng, count, 1.0)
    return 0.2 + 0.4 * ndtr(first), 0.25 + 0.4 * ndtr(second)


def _noisy(rng: np.random.Generator, value: np.ndarray) -> np.ndarray:
    return value + NOISE * rng.standard_normal(len(value))


def _independent(rng: np.random.Generator, count: int) -> Arms:
    """Return a world of graded outcomes in which the combination does what the better arm does, and scenarios differ by chance."""
    nano, operative = _graded(rng, count)
    return _noisy(rng, np.maximum(nano, operative)), nano, operative, np.full(count, 0.1)


def _sham(rng: np.random.Generator, count: int) -> Arms:
    """Return a world in which the combination is one thing in two half doses, beside the whole dose at once."""
    first, _ = _frail(rng, count, 1.0)
    half = HALF * np.exp(0.5 * first)
    response = lambda dose: 0.8 * dose**STEEP / (dose**STEEP + half**STEEP)  # noqa: E731
    return _noisy(rng, response(0.5 + 0.5)), response(1.0), response(0.5), np.zeros(count)


def _antagonist(rng: np.random.Generator, count: int) -> Arms:
    """Return a world in which a seal comes before the carriers and keeps them out."""
    nano, operative = _graded(rng, count)
    blocked = REACH * np.maximum(nano - 0.1, 0.0)
    return _noisy(rng, 0.9 * operative + blocked), nano, operative, np.full(count, 0.1)


def _power(rng: np.random.Generator, count: int) -> Arms:
    """Return a world in which the combination adds a known effect to the better arm."""
    combined, *rest = _independent(rng, count)
    return (combined + EFFECT, *rest)


@dataclass(frozen=True)
class World:
    """A world: arms of a generator and a count; what it is; truth of the paired excess, None where only its sign is known; what must hold."""

    arms: Callable[[np.random.Generator, int], Arms]
    told: str
    truth: float | None
    passes: Callable[[Control], bool]


def _silent(c: Control) -> bool:
    """Return whether there are no more false claims than one in twenty, as far as so many replicates can tell."""
    seen = round(c.found * c.replicates)
    return c.claimed <= 0.05 and float(lower_bound(seen, c.replicates, 0.05)) <= 0.05


WORLDS: Mapping[str, World] = {
    "null, alike": World(_null(1.0), "arms that do not know of each other, in patients who answer both or neither", 0.0, _silent),
    "null, opposite": World(_null(-1.0), "arms that do not know of each other, in patients who answer the one or the other", 0.0, _silent),
    "null, graded": World(_independent, "as the first, with graded outcomes and scenarios that differ by chance", 0.0, _silent),
    "sham": World(_sham, "one thing in two half doses, beside the whole at once", 0.0, _silent),
    "antagonist": World(_antagonist, "the seal before the carriers", None, lambda c: c.claimed <= 0.05 and c.mean < 0.0),
    "power": World(_power, f"an effect of {EFFECT:g} that is there", EFFECT, lambda c: c.found >= 0.9 and c.mean > 0.0),
}  # fmt: skip


def control(name: str, *, seed: int = 0, replicates: int = REPLICATES, patients: int = PATIENTS) -> Control:
    """Return what the index says in a world.

    Arguments: name, of ``WORLDS``; seed; replicates; patients in each.
    Raises: ParameterError for another name, or too few of either.
    """
    if name not in WORLDS:
        raise ParameterError(f"'{name}' is not a world of the controls", fix=nearest(name, WORLDS))
    if replicates < 2 or patients < 32:
        raise ParameterError(
            f"{replicates} replicates of {patients} patients are too few", fix="take 2 replicates of 32 patients or more"
        )
    world = WORLDS[name]
    found = []
    for k in range(replicates):
        rng = np.random.default_rng([seed, 31, list(WORLDS).index(name), k])
        found.append(synergy_of(*world.arms(rng, patients), seed=seed + k))
    return judged(name, world, found, patients)


def judged(name: str, world: World, found: Sequence[Synergy], patients: int) -> Control:
    """Return what the index said over replicates of a world, and whether what must hold does.

    Arguments: name; world; found, of each replicate; patients in each.
    """
    mean = float(np.mean([s.mean for s in found]))
    truth = world.truth if world.truth is not None else mean
    share = lambda test: float(np.mean([test(s) for s in found]))  # noqa: E731
    said = Control(
        name, world.told, truth, len(found), patients, mean,
        float(np.mean([s.hsa for s in found])), float(np.mean([s.bliss for s in found])),
        share(lambda s: s.low > 0.0), share(lambda s: s.claim == "synergistic"),
        share(lambda s: s.hsa > SEEN), share(lambda s: s.bliss > SEEN),
        share(lambda s: s.low - 1e-12 <= truth <= s.high + 1e-12), False,
    )  # fmt: skip
    return Control(**{**asdict(said), "passed": world.passes(said)})


def controls(
    *,
    seed: int = 0,
    replicates: int = REPLICATES,
    patients: int = PATIENTS,
    on_progress: Callable[[float, str], None] | None = None,
) -> list[Control]:
    """Return what the index says in every world; arguments as for :func:`control`."""
    found = []
    for k, name in enumerate(WORLDS):
        if on_progress:
            on_progress(k / len(WORLDS), f"controls: {name}")
        found.append(control(name, seed=seed, replicates=replicates, patients=patients))
    return found
