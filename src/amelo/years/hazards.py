"""Every hazard of a start, one row a member: what both ways of looking into the years read, so that they differ in nothing else.

Draws belong to the seed and the member alone, never to what was done, so that two arms with one seed are the same people.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache, lru_cache
from typing import Any

import numpy as np

from amelo.forecast.artefact import find_model
from amelo.forecast.stages.chain import MOVES, STAGES
from amelo.forecast.stages.rates import FADING, kind_of, log_rates, site_of
from amelo.params import load_set
from amelo.records.teeth import tooth_class
from amelo.years.constants import CENTRAL, Constants
from amelo.years.outside import MECHANISMS, ratios
from amelo.years.pulp import chance_lost, pulp_hazard
from amelo.years.start import DIRECT, Start
from amelo.years.states import ROWS, code

__all__ = ["DECADE", "Hazards", "hazards_of", "surviving_frailty"]

DECADE = 10.0  # years after which levels are told
ELDERLY = 65.0
SHARES = 3  # of failures: caries, other, fracture
NEXT_SURFACES = {"filled": 2, "refilled, lesions pending": 4, "refilled": 4, "root-treated": 4}


@dataclass(frozen=True, eq=False)
class Hazards:
    """M members.

    Fields: state (M,), where each starts; collapsed (M,), the chance that its pulp is lost at once; shape (M,) of restorations' Weibull law;
    now (M, 3), cumulative hazard after a decade of the present restoration by caries, other failure and fracture; now_age (M,) [year]; later
    (M, 6, 3), the same of what may be placed later; root_now (M, 2), cumulative hazard of the loss of a tooth that is root-treated now after a
    decade, and the part of it that is fracture; root (M, 2), the same hazard of teeth treated or crowned later, without and with a crown, and
    root_shape (M,); root_age (M,) [year]; deep (M,), cumulative hazard of the pulp after a year by what was done near it, and
    deep_shape (M,); steady (M, 5) [1/year]: pulp without and with a restoration, fracture without one, loss of a vital tooth, loss of an implant;
    age (M,) [year]; stage (M, K), log_rate (M, K, 7), fading (M, K, 7), change of the log rate over the ten years from 13.5, and activity
    (M, K) of surfaces, ratios of effects included; policy (9,): part of large fillings that become crowns, of lost
    pulps that are root-treated, of these that are crowned, of lost teeth that become implants, of fractures that cannot be restored; rate at
    which cavities are filled [1/year]; the stage from which they are; the part of losses of root-treated teeth that is fracture; of pulps
    under lesions filled in the last third of dentine that are lost.
    """

    state: np.ndarray
    collapsed: np.ndarray
    shape: np.ndarray
    now: np.ndarray
    now_age: np.ndarray
    later: np.ndarray
    root_now: np.ndarray
    root: np.ndarray
    root_shape: np.ndarray
    root_age: np.ndarray
    deep: np.ndarray
    deep_shape: np.ndarray
    steady: np.ndarray
    age: np.ndarray
    stage: np.ndarray
    log_rate: np.ndarray
    fading: np.ndarray
    activity: np.ndarray
    policy: np.ndarray

    @property
    def lesions(self) -> bool:
        """Whether any surface is not sound."""
        return bool((self.stage > 0).any())

    def part(self, rows: slice) -> Hazards:
        """Return some of the members."""
        return Hazards(**{name: a if name == "policy" else a[rows] for name, a in self.__dict__.items()})


def _each(value: Any, count: int) -> np.ndarray:
    """Return a number or array as an array over members."""
    return np.broadcast_to(np.asarray(value, float), (count,)).copy()


def surviving_frailty(start: Start, seed: int = 0) -> np.ndarray:
    """Return frailties (M,) of restorations of patients whose restoration has stood its years: the exact posterior of the gamma law.

    Arguments: start, whose material and age of the restoration count; seed, of the projections that will use it.
    Notes: the draws are those that a projection with this seed would have made, so that a restoration of no age changes nothing.  Take it
    from the tooth before treatment and give it to every arm: a new filling makes nobody sturdier.
    """
    ordinary = replace(start, restoration_frailty=None)
    fillings = _Fillings(ordinary, np.random.default_rng([seed, 19, 1]), _Ratio(start, CENTRAL), CENTRAL)
    drawn = fillings.frailty
    if not start.material:
        return drawn
    past = (
        fillings.level(start.material, start.covers, start.root_treated)
        / drawn
        * (start.restoration_age / DECADE) ** fillings.shape
    )
    return drawn / (1.0 + fillings.variance * past)


@cache
def _posterior(kind: str) -> dict[str, np.ndarray]:
    return {name: np.asarray(values, float) for name, values in find_model(kind)["draws"].items()}


def _drawn(kind: str, count: int, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Return one draw of a posterior for each member, each draw as often as the next."""
    draws = _posterior(kind)
    shipped = len(next(iter(draws.values())))
    picks = np.concatenate([rng.permutation(shipped) for _ in range(-(-count // shipped))])[:count]
    return {name: values[picks] for name, values in draws.items()}


def _gamma(variance: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return frailties of mean 1."""
    return rng.standard_gamma(1.0 / variance) * variance


@lru_cache(maxsize=32)
def _constants(count: int, seed: int) -> Constants:
    """Return the constants that members draw, the same whatever is done to them."""
    found = Constants.of(count, np.random.default_rng([seed, 19, 3]))
    for values in found.drawn.values():
        values.setflags(write=False)
    return found


@lru_cache(maxsize=32)
def _normal(count: int, seed: int) -> np.ndarray:
    """Return the luck (M, mechanisms) with which members answer to published effects."""
    found = np.random.default_rng([seed, 19, 2]).standard_normal((count, len(MECHANISMS)))
    found.setflags(write=False)
    return found


def hazards_of(start: Start, seed: int = 0, *, spread: bool = True) -> Hazards:
    """Return the hazards of a start.

    Arguments: start; seed of all draws: posteriors, practice, frailties, effects, constants; spread, whether the constants of the set
    ``years`` are drawn for each member from their ranges, or stand as they are.
    Raises: ParameterError for an effect that cannot be applied or counts twice.
    """
    count = start.members
    streams = [np.random.default_rng([seed, 19, k]) for k in range(2)]  # lesions, restorations
    value = _constants(count, seed) if spread else CENTRAL
    ratio = _Ratio(start, value)
    lesion = _lesions(start, streams[0], _normal(count, seed))
    fillings = _Fillings(start, streams[1], ratio, value)
    root_10, root_37 = value("root.loss_10"), value("root.loss_37")
    periodontal = 1.0 + start.periodontal * (value("background.loss_periodontal") / value("background.loss") - 1.0)
    loss = value("background.loss") * periodontal if start.loss_rate is None else start.loss_rate
    crowned_root = root_10 * (value("root.practice") if start.setting == "practice" else 1.0) * periodontal
    fracture = value("fracture.sound") * ratio.fracture(start.strength, 1.0)
    policy = start.policy.numbers()
    steady = np.stack(
        np.broadcast_arrays(
            value("background.pulp_unrestored"), value("background.pulp_restored"), fracture, loss, fillings.implant
        ),
        axis=1,
    )
    return Hazards(
        state=_state(start),
        collapsed=np.where(
            start.root_treated > 0, 0.0, 1.0 - (1.0 - start.collapsed) * (1.0 - chance_lost(start.diagnosis, start.cap))
        ),
        shape=fillings.shape,
        now=fillings.now(),
        now_age=start.restoration_age,
        later=fillings.later(),
        root_now=_root_now(start, crowned_root, ratio, value),
        root=np.stack([crowned_root * value("root.uncrowned"), crowned_root], axis=1),
        root_shape=_each(np.log(root_37 / root_10) / np.log(37.0 / 10.0), count),
        root_age=start.root_age,
        deep=_each(_deep(start, value), count),
        deep_shape=_each(value("after.shape"), count),
        steady=np.ascontiguousarray(steady, float),
        age=start.age,
        policy=np.array(
            [policy[name] for name in ("crown", "root_treatment", "crown_on_root", "implant")]
            + [
                value("fracture.lost"),
                1.0 / policy["wait"],
                float(STAGES.index(start.policy.filled_from)),
                value("root.fracture"),
                _too_late(),
            ]
        ),
        **lesion,
    )


def _root_now(start: Start, crowned_root: np.ndarray, ratio: _Ratio, value: Constants) -> np.ndarray:
    """Return level and part of fracture (M, 2) of the loss of a tooth that is root-treated now, which answers to its strength."""
    part = value("root.fracture")
    level = crowned_root * (1.0 if start.crowned else value("root.uncrowned"))
    broken = part * ratio.fracture(start.strength, value(f"strength.{'crowned' if start.crowned else 'refilled'}"))
    return np.stack([level * (1.0 - part + broken), broken / (1.0 - part + broken)], axis=1)


def _state(start: Start) -> np.ndarray:
    vital = code("crowned") if start.crowned else code("filled") if start.material else code("unrestored")
    rooted = code("root-treated and crowned") if start.crowned else code("root-treated")
    return np.where(start.root_treated > 0, rooted, vital).astype(np.int64)


def _too_late() -> float:
    """Return the chance that a pulp does not survive the filling of a lesion in the inner third of dentine, by selective removal."""
    return float(1.0 - np.exp(-pulp_hazard(5.0, residual=load_set("years").value("after.residual_selective"), carious_left=1.0)))


def _deep(start: Start, value: Constants) -> np.ndarray:
    return pulp_hazard(
        1.0,
        exposed=start.exposed,
        cap=start.cap,
        residual=start.residual,
        carious_left=start.carious_left,
        pain=start.pain,
        damage=start.damage,
        constants=value,
    )


class _Ratio:
    """How many times as often a tooth breaks as one of another strength."""

    def __init__(self, start: Start, value: Constants) -> None:
        given = start.load_exponent
        self.exponent = _each(value("fracture.exponent"), start.members) if given is None else given

    def fracture(self, strength: Any, reference: float) -> np.ndarray:
        return (reference / strength) ** self.exponent


class _Fillings:
    """Levels of restorations from the posterior, with its own rules for materials, surfaces and patients."""

    def __init__(self, start: Start, rng: np.random.Generator, ratio: _Ratio, value: Constants) -> None:
        count = start.members
        p, practice = _drawn("restorations", count, rng), start.setting == "practice"
        self.start, self.p, self.ratio, self.value = start, p, ratio, value
        setting, source = (
            np.exp(p["setting_spread"]) * rng.standard_normal(count),
            np.exp(p["source_spread"]) * rng.standard_normal(count),
        )
        self.variance = np.exp(p["frailty_variance"])
        frailty = _gamma(self.variance, rng)
        between = load_set("restorations")["hazard.implant_between_10"]
        clinics = np.log(between.high / between.low) / (2 * 1.96) * rng.standard_normal(count)
        self.implant = np.exp(p["implant"] + clinics) / DECADE
        self.shape = np.exp(p["shape_practice"] if practice else p["shape_trial"])
        self.source = source
        flags = {"elderly": (start.age >= ELDERLY).astype(float), **start.flags, "periodontal": start.periodontal}
        log = p["level"] + (p["practice"] + setting if practice else 0.0) + p["molar"] * (tooth_class(start.tooth) == "molar")
        for name, holds in flags.items():
            log = log + p[name] * holds
        self.frailty = np.maximum(frailty if start.restoration_frailty is None else start.restoration_frailty, 1e-300)
        self.base = log + np.log(self.frailty)

    def level(self, material: str, covers: int, rooted: np.ndarray | float) -> np.ndarray:
        """Return the cumulative hazard (M,) of a restoration after a decade."""
        p, log = self.p, self.base
        if material != "composite":
            log = log + p[material] + self.source
        if material in DIRECT and covers > 1:
            log = log + p["two_surfaces"] + (p["four_surfaces"] if covers >= 4 else 0.0)
            log = log + (p["glass_ionomer_more"] if material == "glass_ionomer" else 0.0)
        return np.exp(log + rooted * (p["inlay_root_treated"] if material == "inlay" else p["root_treated"]))

    def _shared(self, level: np.ndarray, material: str, strength: Any, leak: Any, bond: Any) -> np.ndarray:
        """Return the level (M, 3) by what ends a restoration, each answering to its own part of the state."""
        value = self.value
        word = "direct" if material in DIRECT else "indirect"
        caries, fracture = value(f"failure.caries_{word}"), value(f"failure.fracture_{word}")
        parts = (
            caries * leak * self.start.margin_activity,
            (1.0 - caries - fracture) * bond ** -value("failure.by_bond"),
            fracture * self.ratio.fracture(strength, value(f"strength.{'filled' if word == 'direct' else 'crowned'}")),
        )
        return np.stack([level * part for part in np.broadcast_arrays(*parts)], axis=1)

    def now(self) -> np.ndarray:
        s = self.start
        if not s.material:
            return np.zeros((s.members, SHARES))
        return self._shared(self.level(s.material, s.covers, s.root_treated), s.material, s.strength, s.leak, s.bond)

    def later(self) -> np.ndarray:
        s, value = self.start, self.value
        rows = []
        for row in ROWS:
            filling = row in NEXT_SURFACES
            material = s.policy.next_filling if filling else s.policy.next_crown
            strength: Any = value("strength.crowned")
            if filling:
                strength = np.minimum(s.strength, value("strength.filled" if row == "filled" else "strength.refilled"))
            level = self.level(material, NEXT_SURFACES.get(row, 5), float(row.startswith("root")))
            rows.append(self._shared(level, material, strength, 1.0, 1.0))
        return np.ascontiguousarray(np.stack(rows, axis=1))


def _lesions(start: Start, rng: np.random.Generator, normal: np.ndarray) -> dict[str, np.ndarray]:
    """Return stages, rates and activities of the surfaces."""
    count, shape = start.members, (start.members, len(start.surfaces))
    p = _drawn("progression", count, rng)
    spread = np.exp(p["cohort_spread"])
    levels = [spread * rng.standard_normal(count) for _ in range(2)]  # of onset and of progression, between populations
    drawn = _gamma(np.exp(p["frailty_variance"]), rng)
    frailty = np.log(np.maximum(drawn if start.caries_frailty is None else start.caries_frailty, 1e-300))
    stage, activity = np.zeros(shape, np.int64), np.zeros(shape)
    log, fading = np.zeros((*shape, MOVES)), np.zeros((*shape, MOVES))
    ratios(start.effects, start.carried, "approximal", normal)  # names are checked whatever surfaces there are
    for k, surface in enumerate(start.surfaces):
        kind = kind_of(surface.letter)
        stage[:, k], activity[:, k] = surface.codes(count), surface.activity
        activity[:, k] *= ratios(start.effects, start.carried, kind, normal)
        rates = log_rates(p, kind, start.age) + (p[f"{kind}_{site_of(start.tooth)}"] + frailty)[:, None]
        rates[:, 0] += levels[0]
        rates[:, 1:] += levels[1][:, None]
        log[:, k] = rates
        fading[:, k, 0] = p["occlusal_onset_age" if kind == "occlusal" else "onset_age"]
        fading[:, k, 1:FADING] = p["progression_age"][:, None]
    return {"stage": stage, "log_rate": log, "fading": fading, "activity": activity}
