"""The outlook of one patient's first permanent molars: draws over parameters, unknown inputs, age, emergence and frailty.

A child within the ages of a first examination is placed there; an older one is placed at the latest such age and followed from there to
now, so that what its molars did since weighs the frailty.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from amelo.forecast.caries.advice import changes_for
from amelo.forecast.caries.bounds import GRID, outlasts
from amelo.forecast.caries.chart import Molar, ages, known_inputs, matrix_of, molars, refusal, refused
from amelo.forecast.caries.cohort import FIRST_MOLARS
from amelo.forecast.caries.emergence import EARLIEST, LATEST, emergence_mean, sample_emergence
from amelo.forecast.caries.features import COLUMNS, GROUPS, design, standardise
from amelo.forecast.caries.inputs import NAMES, columns_for, distance_of, draw_inputs
from amelo.forecast.caries.likelihood import FRAILTY, ahead, exposure
from amelo.forecast.caries.survival import Fitted, fitted
from amelo.forecast.caries.words import missing_of, value_of
from amelo.forecast.distance import unlike
from amelo.forecast.outlook import Driver, Outlook
from amelo.records.base import UNKNOWN
from amelo.records.case import Case
from amelo.records.teeth import ALL_TEETH, is_primary

__all__ = ["Mouth", "outlooks", "simulate"]

TINY = 1e-300
HISTORY = "this mouth"  # the driver that stands for the frailty


@dataclass(frozen=True)
class Mouth:
    """Draws for the four first molars: inputs (draws × variables), parts (group: draws × 4, log hazard against the average molar), frailty
    (draws × 4, log hazard), age (draws), emergence (draws × 4, age), hazard (draws × pieces, 1/y)."""

    inputs: np.ndarray
    parts: dict[str, np.ndarray]
    frailty: np.ndarray
    age: np.ndarray
    emergence: np.ndarray
    hazard: np.ndarray

    def cumulative(self, molar: int, years: np.ndarray) -> np.ndarray:
        """Return the cumulative hazard from now (draws × times) of the molar in place 0 to 3."""
        level = sum(part[:, molar] for part in self.parts.values()) + self.frailty[:, molar]
        to = lambda age: self._since(age - self.emergence[:, [molar]])  # noqa: E731
        return np.exp(level)[:, None] * (to(self.age[:, None] + years) - to(self.age[:, None]))

    def _since(self, duration: np.ndarray) -> np.ndarray:
        return (exposure(np.maximum(duration, 0)) * self.hazard[:, None, :]).sum(-1)


def outlooks(case: Case, times: np.ndarray, *, draws: int, seed: int, model: dict[str, Any]) -> list[Outlook]:
    """Forecast when caries begins in the first permanent molars of a child.

    Arguments: case; times (years from now, starting at 0); draws, seed; model (content of a model file).
    Returns: an outlook for each first molar, and one with ``abstained`` for each other charted permanent tooth. The cumulative hazard is
    NaN at times past the age at which the cohort ends (``range.age_last``): nothing is forecast there.
    Assumptions: see the model's card.
    """
    name = model.get("hash", "")
    blank = lambda fdi, why: Outlook("caries onset", fdi, name, abstained=why)  # noqa: E731
    charted = [t for t in ALL_TEETH if not is_primary(t) and case.tooth(t).status in ("present", "partially erupted")]
    others = [
        blank(t, "the model knows first permanent molars only; sound surfaces of other teeth follow published rates (progression)")
        for t in charted
        if t not in FIRST_MOLARS
    ]
    why = refusal(case, model["range"]) or _unlike(case, model)
    if why:
        return sorted([blank(t, why) for t in charted if t in FIRST_MOLARS] + others, key=lambda o: o.tooth)
    teeth = molars(case)
    reasons = {fdi: refused(case, molar) for fdi, molar in teeth.items()}
    found = [blank(fdi, reason) for fdi, reason in reasons.items() if reason]
    if any(not reason for reason in reasons.values()):
        mouth = simulate(case, draws=draws, seed=seed, model=model)
        found += [_outlook(case, fdi, mouth, np.asarray(times, float), model) for fdi, reason in reasons.items() if not reason]
    return sorted(found + others, key=lambda o: o.tooth)


def _unlike(case: Case, model: dict[str, Any]) -> str:
    """Return why the mouth is too unlike those of the cohort, "" when it is not."""
    known = matrix_of(known_inputs(case), 1)[0]
    low, high = ages(case)
    age = min(max(0.5 * (low + high), model["range"]["age_low"]), model["range"]["age_first_high"])
    known[NAMES.index("age")] = age
    for fdi, molar in molars(case).items():
        if molar.state != "carious":
            known[NAMES.index(f"carious_{fdi}")] = np.nan if molar.state == "unknown" else 0.0
        elif 0.5 * (low + high) - (molar.years_ago or 0.0) <= age:  # otherwise it may have been sound at a first examination
            known[NAMES.index(f"carious_{fdi}")] = 1.0
    return unlike(distance_of(model["inputs"], known), model["inputs"]["typical"])


def _outlook(case: Case, fdi: int, mouth: Mouth, times: np.ndarray, model: dict[str, Any]) -> Outlook:
    place = FIRST_MOLARS.index(fdi)
    hazard = mouth.cumulative(place, times)
    hazard[:, np.median(mouth.age) + times > model["range"]["age_last"] + 1e-9] = np.nan
    drivers = [
        Driver(g, GROUPS[g], value_of(g, case, fdi, mouth, place), float(part[:, place].mean())) for g, part in mouth.parts.items()
    ]
    words = "what no input tells of this mouth, weighed by what its first molars did so far"
    drivers.append(Driver(HISTORY, words, _history_in_words(molars(case)), float(mouth.frailty[:, place].mean())))
    reach = model["range"]["age_last"] - float(np.median(mouth.age))
    curve = (-np.expm1(-mouth.cumulative(place, GRID))).mean(0)
    two_years = float(1 - np.exp(-mouth.cumulative(place, np.array([2.0]))).mean())
    return Outlook(
        "caries onset",
        fdi,
        model.get("hash", ""),
        hazard=hazard,
        drivers=tuple(sorted(drivers, key=lambda d: -abs(d.effect))),
        missing=missing_of(case, fdi, mouth, place),
        changes=changes_for(case, fdi, two_years),
        outlasts=outlasts(model["bounds"], curve, reach) if "bounds" in model else (),
    )


def _history_in_words(teeth: dict[int, Molar]) -> str:
    of = lambda state: ", ".join(str(m.tooth) for m in teeth.values() if m.state == state)  # noqa: E731
    parts = [f"{of(state)} {words}" for state, words in (("carious", "carious"), ("sound", "sound")) if of(state)]
    return "; ".join(parts) or UNKNOWN


def simulate(case: Case, *, draws: int, seed: int, model: dict[str, Any]) -> Mouth:
    """Draw what is not known of a mouth, weighed by what its first molars did so far.

    Arguments: case (of a child within the range of the model), draws, seed, model.
    """
    rng, fit, reach = np.random.default_rng(seed), fitted(model), model["range"]
    low, high = ages(case)
    age = rng.uniform(max(low, reach["age_low"]), min(high, reach["age_last"]), draws)
    first = np.minimum(age, reach["age_first_high"])  # the age at which the inputs are taken to have been seen
    teeth = [molars(case)[fdi] for fdi in FIRST_MOLARS]
    before, dated = _when_carious(teeth, age, first, reach, rng)
    known = matrix_of(known_inputs(case), draws)
    known[:, 0] = first
    for place, fdi in enumerate(FIRST_MOLARS):
        known[:, NAMES.index(f"carious_{fdi}")] = before[:, place]
    values = draw_inputs(model["inputs"], known, rng)
    values[:, [NAMES.index(f"carious_{fdi}") for fdi in FIRST_MOLARS]] = np.nan_to_num(before)
    emergence = _emergence(case, values, age, fit, rng)
    columns = columns_for(values)
    columns["erupted_base"] = (emergence <= first[:, None]).astype(float)
    pick = rng.integers(0, len(fit.beta_draws), draws)
    parts = _parts(standardise(design(columns), fit.mean, fit.scale), fit.beta_draws[pick])
    eta = sum(parts.values())
    hazard, sigma = fit.hazard_draws[pick], fit.sigma_draws[pick]
    log_at, log_since = _evidence(teeth, before, dated, age, first, emergence, eta, hazard, sigma)
    z = _frailty(log_at, log_since, fit.share_draws[pick], rng)
    return Mouth(values, parts, sigma[:, None] * z, age, emergence, hazard)


def _when_carious(
    teeth: list[Molar], age: np.ndarray, first: np.ndarray, reach: dict[str, float], rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Return whether each molar was carious at the first examination (draws × 4, NaN unknown), and its age at caries (NaN undated)."""
    before = np.full((len(age), len(teeth)), np.nan)
    when = np.full_like(before, np.nan)
    for place, molar in enumerate(teeth):
        if molar.state in ("sound", "lesion", "unerupted"):
            before[:, place] = 0.0
        elif molar.state == "carious" and molar.years_ago is not None:
            when[:, place] = np.maximum(age - molar.years_ago, EARLIEST)
            before[:, place] = when[:, place] <= first
        elif molar.state == "carious":
            early = reach["carious_at_first"] / (reach["carious_at_first"] + reach["carious_per_year"] * (age - first))
            before[:, place] = rng.random(len(age)) < early
    return before, when


def _emergence(case: Case, values: np.ndarray, age: np.ndarray, fit: Fitted, rng: np.random.Generator) -> np.ndarray:
    """Return draws of the age at emergence (draws × 4), within what the status of each molar tells."""
    found = np.empty((len(age), len(FIRST_MOLARS)))
    girl = values[:, NAMES.index("girl")]
    for place, fdi in enumerate(FIRST_MOLARS):
        mean = emergence_mean(girl, np.full(len(age), fdi < 30), fit.emergence)
        status = case.tooth(fdi).status
        low = np.where(status == "unerupted", age, np.where(status == "partially erupted", age - 1.0, EARLIEST))
        high = np.where(
            status == "unerupted", age + LATEST, np.where(status in ("present", "partially erupted"), age, age + LATEST)
        )
        found[:, place] = sample_emergence(rng, mean, fit.emergence["sd"], np.minimum(low, high - 0.05), high)
    return found


def _parts(matrix: np.ndarray, beta: np.ndarray) -> dict[str, np.ndarray]:
    terms = matrix * beta[:, None, :]
    return {group: terms[..., [c.group == group for c in COLUMNS]].sum(-1) for group in GROUPS}


def _evidence(
    teeth: list[Molar], before: np.ndarray, when: np.ndarray, age: np.ndarray, first: np.ndarray, emergence: np.ndarray,
    eta: np.ndarray, hazard: np.ndarray, sigma: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    """Return log probabilities (draws × 4 × FRAILTY): of being sound at the first examination, and of what each molar did since."""
    at = np.zeros((*eta.shape, len(FRAILTY)))
    since = np.zeros_like(at)
    rate = np.exp(eta[..., None] + sigma[:, None, None] * FRAILTY)
    base = lambda a: (exposure(np.maximum(a[:, None] - emergence, 0)) * hazard[:, None, :]).sum(-1)  # noqa: E731
    to_first, to_now = base(first), base(age)
    for place, molar in enumerate(teeth):
        if molar.state == "unknown":
            continue
        at_risk = (before[:, place] == 0)[:, None]
        r = rate[:, place]
        at[:, place] = np.where(at_risk, -r * to_first[:, [place]], 0.0)
        lived = (to_now - to_first)[:, [place]]
        if molar.state == "carious":
            dated = np.where(np.isnan(when[:, place]), age, np.clip(when[:, place], first, age))
            until = np.maximum(base(dated)[:, [place]] - to_first[:, [place]], 0)
            happened = np.log(np.maximum(-np.expm1(-r * lived), TINY)) if molar.years_ago is None else -r * until + np.log(r)
            since[:, place] = np.where(at_risk, happened, 0.0)
        else:
            since[:, place] = -r * lived
    return at, since


def _frailty(log_at: np.ndarray, log_since: np.ndarray, share: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return draws of the frailty ahead of each molar (draws × 4).

    Assumptions: what the mouth did weighs the frailty and not the other draws; the unknown inputs already follow from which molars are
    carious, and no density of dates enters that only some draws would have.
    """
    everything = log_at.sum(1) - 0.5 * FRAILTY**2 + log_since.sum(1)  # draws × nodes
    z = np.empty((len(share), log_at.shape[1]))
    uniform = rng.random(len(share))
    step = FRAILTY[1] - FRAILTY[0]
    for place in range(log_at.shape[1]):
        rest = everything - log_since[:, place]
        behind = np.exp(rest - rest.max(1, keepdims=True))
        behind /= behind.sum(1, keepdims=True)
        if log_since.any():
            for value in np.unique(share):
                rows = share == value
                behind[rows] = behind[rows] @ ahead(value)
        weight = behind * np.exp(log_since[:, place] - log_since[:, place].max(1, keepdims=True))
        cumulative = weight.cumsum(1)
        node = (cumulative < uniform[:, None] * cumulative[:, -1:]).sum(1).clip(0, len(FRAILTY) - 1)
        z[:, place] = FRAILTY[node] + step * (rng.random(len(share)) - 0.5)
    return z
