"""The constants of the set ``years``: as they stand, or drawn for each member from what is not known of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from amelo.params import Parameter, load_set

__all__ = ["CENTRAL", "DRAWN", "Constants"]

DRAWN = (
    "after",
    "ratio",
    "background",
    "root",
    "failure",
    "fracture",
)  # groups that speak of nature; the others are choices and worth
POLICY = ("root.fracture", "fracture.lost", "after.residual_selective")  # one number for all members


@dataclass(frozen=True, eq=False)
class Constants:
    """Values by name: what was drawn for members (M,), and the set's value of everything else."""

    drawn: dict[str, np.ndarray]

    def __call__(self, name: str) -> Any:
        """Return a value: a number, or an array over members."""
        found = self.drawn.get(name)
        return load_set("years").value(name) if found is None else found

    @classmethod
    def of(cls, count: int, rng: np.random.Generator) -> Constants:
        """Return draws for members.

        Assumptions: half of belief lies below the value and half above, evenly in the logarithm up to the ends of the range, evenly in the
        number itself where the range begins at 0; constants are independent.
        """
        names = [p for p in load_set("years") if p.name.partition(".")[0] in DRAWN and p.name not in POLICY]
        return cls({p.name: _between(p, (rng.permutation(count) + rng.random(count)) / count) for p in names})


def _between(p: Parameter, uniform: np.ndarray) -> np.ndarray:
    """Return the quantile of a constant at uniform numbers."""
    along = [0.0, 0.5, 1.0]
    if p.low > 0.0:
        return np.exp(np.interp(uniform, along, np.log([p.low, p.value, p.high])))
    return np.interp(uniform, along, [p.low, p.value, p.high])


CENTRAL = Constants({})
