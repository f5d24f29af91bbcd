"""Teeth over a lifetime by the models: when a cavity comes, what is done about it, what follows a restoration, and when the tooth
is lost.

Nothing is drawn: for each draw of the posteriors and each frailty the expected state of a tooth of each position is carried from 6
to 80 years, so that only uncertainty
about the models makes the bands wide.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from amelo.forecast.nhanes import POSITIONS, STATUSES
from amelo.forecast.restorations.hazard import DECADE, mixed
from amelo.forecast.stages.chain import FASTEST, STAGES, advance, frailty_nodes
from amelo.forecast.stages.patient import erupted_at
from amelo.forecast.stages.rates import SurfaceKind, log_rates, site_of
from amelo.params import load_set

__all__ = ["AGES", "Lifetimes", "lifetimes"]

AGES = np.arange(6, 81)
STEP = 0.5  # years
D1 = STAGES.index("D1")
STATES = ("sound", "decayed", "filled", "decayed again", "crowned", "missing")
SURFACES: dict[bool, tuple[tuple[SurfaceKind, int], ...]] = {  # front tooth? -> kinds and how many
    True: (("approximal", 2), ("smooth", 2)),
    False: (("approximal", 2), ("occlusal", 1), ("smooth", 2)),
}
SOONEST = 6.0  # per year: fastest rate at which a tooth of the most susceptible is taken; faster ones differ by weeks
PIECES, TERMS = 4, 8  # of a step; SOONEST times a piece is 0.75
GROWN_UP = 20.0  # years, from which a cavity is more often answered by extraction


@dataclass(frozen=True)
class Lifetimes:
    """Expected part of the teeth in each status: draws × ages (6 to 80) × 7 positions × ``STATUSES``; untreated is the part of
    people with a decayed tooth (draws × ages)."""

    teeth: np.ndarray
    untreated: np.ndarray

    def mean_teeth(self, status: str) -> np.ndarray:
        """Return the mean number of teeth of 28 in a status, ``dmft`` for all but sound (draws × ages)."""
        if status == "dmft":
            return 4 * self.teeth[..., :3].sum(axis=(2, 3))
        return 4 * self.teeth[..., STATUSES.index(status)].sum(axis=2)


def lifetimes(
    progression: dict[str, Any], restorations: dict[str, Any], *, draws: int = 60, seed: int = 0, level: float = 0.0
) -> Lifetimes:
    """Return the teeth of a population over a lifetime.

    Arguments: progression, restorations (models); draws, seed; level (log ratio of caries in this population to the cohorts, added
    to all rates; 0 when nothing is calibrated).
    Assumptions: everybody of every age lived under the same rates (no birth cohorts); surfaces of a mouth are independent given its
    frailty; the set ``population`` for the spiral.
    """
    rng = np.random.default_rng([seed, 7])
    p = _pick(progression["draws"], draws, rng)
    r = _pick(restorations["draws"], draws, rng)
    spiral = {
        q.name: np.exp(np.log(q.value) + np.log(q.high / q.low) / (2 * 1.645) * rng.standard_normal(draws))
        for q in load_set("population")
        if not q.name.startswith("nhanes")
    }
    spread = np.exp(p["cohort_spread"])
    levels = np.stack([level + spread * rng.standard_normal(draws), *[level + spread * rng.standard_normal(draws)] * 6], axis=1)
    found = [frailty_nodes(float(v)) for v in np.exp(p["frailty_variance"])]
    frailty, weights = found[0][0], np.stack([w for _, w in found])
    positions = [_tooth(position, p, r, spiral, levels, frailty, progression["constants"]) for position in range(1, POSITIONS + 1)]
    states = np.stack(positions, axis=2)  # ages × draws × positions × nodes × states
    statuses = np.stack([states[..., 1] + states[..., 3], states[..., 2] + states[..., 4], states[..., 5], states[..., 0]], axis=-1)
    teeth = np.einsum("adpns,dn->daps", statuses, weights)
    none = np.prod((1.0 - statuses[..., 0]) ** 4, axis=2)  # nobody's tooth decayed, given the frailty
    return Lifetimes(teeth, 1.0 - np.einsum("adn,dn->da", none, weights))


def _pick(values: dict[str, list[float]], draws: int, rng: np.random.Generator) -> dict[str, np.ndarray]:
    rows = rng.integers(0, len(next(iter(values.values()))), draws)
    return {name: np.asarray(v)[rows] for name, v in values.items()}


def _cavities(
    kind: SurfaceKind,
    fdi: int,
    p: dict[str, np.ndarray],
    early: np.ndarray,
    levels: np.ndarray,
    frailty: np.ndarray,
    constants: dict[str, Any],
) -> tuple[np.ndarray, np.ndarray]:
    """Return hazards of the first cavity and of a filling before one, of one surface (steps × draws × nodes) [1/year]."""
    start = erupted_at(fdi, constants)
    site = p[f"{kind}_{site_of(fdi)}"]
    occupied = np.tile(np.eye(D1 + 3)[0], (len(site), len(frailty), 1))
    cavity, filled = [], []
    for age in np.arange(AGES[0], AGES[-1] + STEP / 2, STEP):
        if age < start - 1e-9:
            cavity.append(np.zeros(occupied.shape[:2]))
            filled.append(cavity[-1])
            continue
        log = log_rates(p, kind, np.full(len(site), age + STEP / 2)) + levels + site[:, None]
        rates = np.minimum(frailty[None, :, None] * np.exp(log)[:, None, :], FASTEST)[..., : D1 + 1]
        leaving = rates[..., D1] + early[:, None]
        full = np.zeros((*rates.shape[:2], len(STAGES) - 1))
        full[..., :D1], full[..., D1] = rates[..., :D1], leaving
        padded = np.zeros((*rates.shape[:2], len(STAGES)))
        padded[..., : D1 + 2] = occupied[..., : D1 + 2]
        later = advance(padded, full, STEP)
        here, there = 1.0 - padded[..., D1 + 1], 1.0 - later[..., D1 + 1]
        hazard = np.maximum(np.log(np.maximum(here, 1e-12) / np.maximum(there, 1e-12)), 0.0) / STEP
        share = rates[..., D1] / leaving
        cavity.append(hazard * share)
        filled.append(hazard * (1.0 - share))
        occupied = later
    return np.array(cavity), np.array(filled)


def _tooth(
    position: int,
    p: dict[str, np.ndarray],
    r: dict[str, np.ndarray],
    spiral: dict[str, np.ndarray],
    levels: np.ndarray,
    frailty: np.ndarray,
    constants: dict[str, Any],
) -> np.ndarray:
    """Return the expected state of a tooth at each whole age (ages × draws × nodes × states)."""
    fdi = 10 + position
    cavity = filled = 0.0
    for kind, count in SURFACES[position <= 3]:
        one = _cavities(kind, fdi, p, spiral["spiral.filled_early"], levels, frailty, constants)
        cavity, filled = cavity + count * one[0], filled + count * one[1]
    fails, crown_fails = _failures(position, r)
    state = np.zeros((len(levels), len(frailty), len(STATES)))
    state[..., 0] = 1.0
    rows = []
    loss = spiral["loss.at_72"] * (spiral["loss.molar"] if position >= 6 else 1.0)
    for i, age in enumerate(np.arange(AGES[0], AGES[-1] + STEP / 2, STEP)):
        if abs(age - round(age)) < 1e-9:
            rows.append(state)
        other = (loss * spiral["loss.per_year"] ** (age - 72.0))[:, None]
        extracted = np.minimum(spiral["spiral.extracted_adult" if age >= GROWN_UP else "spiral.extracted_child"], 0.9)[:, None]
        refill = np.minimum(spiral["spiral.again_filled"], 0.95)[:, None]
        crowned = np.minimum(spiral["spiral.crowned"][:, None], 1.0 - refill)
        treated, lost = spiral["spiral.treated"][:, None], np.minimum(spiral["spiral.crown_lost"], 0.95)[:, None]
        secondary = np.minimum(spiral["spiral.secondary"], 0.95)[:, None]
        after = {2: refill, 4: crowned, 5: 1.0 - refill - crowned}  # what follows a failed filling
        rates = np.zeros((*state.shape, len(STATES)))
        rates[..., 0, 1], rates[..., 0, 2] = np.minimum(cavity[i], SOONEST), np.minimum(filled[i], SOONEST)
        rates[..., 1, 2], rates[..., 1, 5] = treated * (1 - extracted), treated * extracted
        rates[..., 2, 3] = fails * secondary
        for target in (4, 5):
            rates[..., 2, target] = fails * (1 - secondary) * after[target]
        for target, share in after.items():
            rates[..., 3, target] = treated * share
        rates[..., 4, 5] = crown_fails * lost
        rates[..., :5, 5] += other[..., None]
        state = _move(state, rates)
    return np.array(rows)


def _failures(position: int, r: dict[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Return mean rates of failure of a filling and of a crown in practice (draws × 1) [1/year], over a decade."""
    value = load_set("restorations").value
    molar = r["molar"] if position >= 6 else 0.0
    base = np.exp(r["level"] + r["practice"] + molar) * mixed([(r["high_risk"], value("study.high_risk"))])
    filling = base * mixed([(r["two_surfaces"], value("study.two_surfaces"))])
    return (filling / DECADE)[:, None], (base * np.exp(r["crown_metal_ceramic"]) / DECADE)[:, None]


def _move(state: np.ndarray, rates: np.ndarray) -> np.ndarray:
    """Return the state a step later, by the series of the exponential in short pieces, which keeps the sum.

    Arguments: state (… × states), rates (… × states × states, from row to column) [1/year].
    """
    for _ in range(PIECES):
        term = found = state
        for k in range(1, TERMS + 1):
            flow = term[..., :, None] * rates * (STEP / PIECES / k)
            term = flow.sum(axis=-2) - flow.sum(axis=-1)
            found = found + term
        state = found
    return state
