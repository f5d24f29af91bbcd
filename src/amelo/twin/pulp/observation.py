"""What a clinical test tells of a pulp: agreement with histology in 35 of 51 teeth, hence wrong in about three of ten."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from amelo.errors import ParameterError
from amelo.params import load_set

__all__ = ["PulpTest", "silent"]


@dataclass(frozen=True)
class PulpTest:
    """A diagnosis "lost" or "can be kept" that is right with some probability, the same for both.

    Fields: right and wrong, counts of a Beta distribution of that probability.
    Assumptions: the study tells agreement alone, neither sensitivity nor specificity, so that both are taken as equal; how sure one is
    of the probability is that of 51 teeth, after Jeffreys.
    """

    right: float
    wrong: float

    @classmethod
    def clinical(cls) -> PulpTest:
        """Return the clinical diagnosis.  Source: giuroiu2015."""
        value = load_set("pulp").value
        agreed = value("test.agreement") * value("test.teeth")
        return cls(agreed + 0.5, value("test.teeth") - agreed + 0.5)

    @property
    def agreement(self) -> float:
        """Mean probability that the diagnosis is right."""
        return self.right / (self.right + self.wrong)

    def drawn(self, count: int, seed: int) -> np.ndarray:
        """Return probabilities (count,) that the diagnosis is right, for studies that carry their doubt along."""
        return np.random.Generator(np.random.Philox(key=seed)).beta(self.right, self.wrong, count)

    def read(self, lost: np.ndarray, seed: int) -> np.ndarray:
        """Return what the test says (M,) of pulps that are lost or not (M,)."""
        truth = np.asarray(lost, bool)
        agrees = np.random.Generator(np.random.Philox(key=seed)).random(truth.shape) < self.agreement
        return np.where(agrees, truth, ~truth)

    def likelihood(self, says_lost: bool, lost: np.ndarray) -> np.ndarray:
        """Return the probability (M,) of a finding if pulps are lost or not (M,)."""
        return np.where(np.asarray(lost, bool) == says_lost, self.agreement, 1.0 - self.agreement)

    def after(self, before: float | np.ndarray, says_lost: bool) -> np.ndarray:
        """Return the probability that a pulp is lost after a finding, from that before it.

        Raises: ParameterError for a probability outside 0 to 1.
        """
        prior = np.asarray(before, float)
        if not ((prior >= 0.0) & (prior <= 1.0)).all():
            raise ParameterError("a probability is not between 0 and 1")
        if_lost, if_kept = self.likelihood(says_lost, np.array([True, False]))
        return prior * if_lost / (prior * if_lost + (1.0 - prior) * if_kept)


def silent(lost: np.ndarray) -> np.ndarray:
    """Return the probability (M,) that a pulp does not answer cold if it is lost or not (M,).  Source: villachavez2013."""
    value = load_set("pulp").value
    return np.where(np.asarray(lost, bool), value("test.silent_if_lost"), value("test.silent_if_alive"))
