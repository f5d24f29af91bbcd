"""The shipped model in numpy: its parameters as arrays, and what it says of a cohort from the first examination on."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from amelo.errors import FormatError
from amelo.forecast.caries.cohort import Cohort
from amelo.forecast.caries.emergence import emergence_now
from amelo.forecast.caries.features import COLUMNS, design, standardise
from amelo.forecast.caries.likelihood import (
    FRAILTY,
    KNOTS,
    LOG_RATE,
    TINY,
    ahead,
    exposure,
    exposures,
    pack,
    tooth_parts,
)

__all__ = ["KIND", "Fitted", "Forecaster", "fitted"]

KIND = "caries-onset"


@dataclass(frozen=True)
class Fitted:
    """Parameters of the hazard: beta (columns, per scale), hazard (pieces, 1/y), sigma (of the log
    frailty of a molar), share (squared correlation of
    the frailty ahead with the one that the mouth has shown); mean and scale of the columns; emergence.

    Draws of the posterior stand in beta_draws (draws × columns), hazard_draws (draws × pieces), sigma_draws and share_draws (draws).
    """

    beta: np.ndarray
    hazard: np.ndarray
    sigma: float
    share: float
    mean: np.ndarray
    scale: np.ndarray
    emergence: dict[str, float]
    beta_draws: np.ndarray
    hazard_draws: np.ndarray
    sigma_draws: np.ndarray
    share_draws: np.ndarray


def fitted(model: dict[str, Any]) -> Fitted:
    """Return the parameters in a model file's content.

    Raises: FormatError when it is of another kind or made for other columns.
    """
    if model.get("kind") != KIND:
        raise FormatError(f"the model is of kind {model.get('kind')} and not {KIND}", fix="see: amelo models")
    names = [column.name for column in COLUMNS]
    if model["columns"] != names or model["knots"] != list(KNOTS):
        raise FormatError("the model was made for other columns than this amelo computes", fix="train anew: amelo train")
    draws = np.array(model["draws"])
    p = len(names)
    return Fitted(
        beta=np.array(model["beta"]),
        hazard=np.array(model["hazard"]),
        sigma=float(model["sigma"]),
        share=float(model["share"]),
        mean=np.array(model["mean"]),
        scale=np.array(model["scale"]),
        emergence=model["emergence"],
        beta_draws=draws[:, :p],
        hazard_draws=draws[:, p:-2],
        sigma_draws=draws[:, -2],
        share_draws=draws[:, -1],
    )


class Forecaster:
    """What the most probable parameters say of a cohort, each child's frailty weighed by its molars sound at the first examination."""

    def __init__(self, model: Fitted, cohort: Cohort) -> None:
        self.model, self.cohort = model, cohort
        matrix = design({**cohort.inputs, "age_base": cohort.age_base})
        self.eta = standardise(matrix, model.mean, model.scale) @ model.beta
        self.rate = np.exp(np.clip(self.eta[:, None] + model.sigma * FRAILTY, *LOG_RATE))
        self.at, self.weight = emergence_now(cohort, model.emergence)
        self.sound = self.survival(cohort.age_base)

    @cached_property
    def observed(self) -> np.ndarray:
        """Probability of the observed interval per tooth and node of its frailty (teeth × FRAILTY)."""
        seen = exposures(self.cohort, self.model.emergence, known_now=True)
        return tooth_parts(np, self.eta, self.model.hazard, self.model.sigma, seen, FRAILTY)[0]

    def frailty(self, since: np.ndarray, own: np.ndarray) -> np.ndarray:
        """Return the weights of the nodes of each molar's frailty (teeth × FRAILTY), given what its mouth did after the first examination.

        Arguments: since (teeth × FRAILTY, probability of what each molar did, counted for the other molars of its mouth), own (counted
        for itself).
        """
        log_since = np.log(since)
        behind = self.at_first * np.exp(pack(self.cohort, log_since).sum(1)[self.cohort.child] - log_since)
        weight = (behind / behind.sum(1, keepdims=True)) @ ahead(self.model.share) * own
        return weight / weight.sum(1, keepdims=True)

    @cached_property
    def at_first(self) -> np.ndarray:
        """Weights of the nodes of frailty when all that is known is which molars of the mouth were sound at the first examination."""
        sound = np.where(self.cohort.at_risk[:, None], self.sound, 1.0)
        total = pack(self.cohort, np.log(sound)).sum(1) - 0.5 * FRAILTY**2
        weight = np.exp(total - total.max(1, keepdims=True))
        return (weight / weight.sum(1, keepdims=True))[self.cohort.child]

    def log_likelihood(self) -> np.ndarray:
        """Return per tooth the log probability of its observed interval, given what was sound at the first examination."""
        return np.log(np.maximum((self.observed / self.sound * self.at_first).sum(1), 1e-300))

    def survival(self, age: np.ndarray) -> np.ndarray:
        """Return the survival to an age per tooth and node of its frailty (teeth × FRAILTY)."""
        total = exposure(np.maximum(age[:, None] - self.at, 0)) @ self.model.hazard
        found = np.zeros_like(self.rate)
        for weight, hazard in zip(self.weight.T, total.T, strict=True):  # one node of emergence at a time stays in the cache
            found += weight[:, None] * np.exp(-hazard[:, None] * self.rate)
        return np.maximum(found, TINY)

    def risk(self, years: float | np.ndarray) -> np.ndarray:
        """Return per tooth the probability of caries within some years of the first examination (one number, or one per tooth)."""
        left = self.survival(self.cohort.age_base + years) / self.sound
        return 1 - (left * self.at_first).sum(1)
