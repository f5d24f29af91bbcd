"""The constants of tissues and teeth for an ensemble: as they stand, changed, or drawn from their ranges."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np

from amelo.errors import ParameterError, nearest
from amelo.params import load_set
from amelo.params.load import Parameter

__all__ = ["Laws"]

SETS = ("structure", "structure-tissue")
COMMON = ("mismatch.reach",)  # compared places are the same for all members
SPREAD = 2.0 * 1.959964  # standard deviations between the ends of a range of 95 %


@cache
def _known() -> Mapping[str, Parameter]:
    return {p.name: p for name in SETS for p in load_set(name)}


@cache
def _plain() -> Laws:
    return Laws({})


@dataclass(frozen=True, eq=False)
class Laws:
    """Constants of the sets ``structure`` and ``structure-tissue``, in their units.

    Fields: changes (by name, a number or (M,), what differs from the sets).
    """

    changes: Mapping[str, np.ndarray]

    @classmethod
    def named(cls, **changes: object) -> Laws:
        """Return the constants as they stand, but for changes (by name with ``__`` for the dot, a number or (M,)).

        Raises: ParameterError for a name that is none, or values below 0 or not finite.
        """
        if not changes:
            return _plain()
        found = {}
        for key, value in changes.items():
            name, given = key.replace("__", "."), np.asarray(value, float)
            _parameter(name)
            if given.ndim > 1 or not (np.isfinite(given) & (given >= 0.0)).all():
                raise ParameterError(f"{name} is below 0, not finite, or not one number per member")
            found[name] = given
        return cls(found)

    @classmethod
    def drawn(cls, count: int, seed: int) -> Laws:
        """Return constants drawn for each of so many members.

        Arguments: count; seed.
        Raises: ParameterError for less than one member.
        Assumptions: low to high hold 95 %, apart from each other, each side on its own: log-normal where low is above 0, else even between
        low and high; never outside them; the reach of mismatch is common to all.
        """
        if count < 1:
            raise ParameterError(f"{count} members cannot be drawn", fix="ask for one or more")
        rng = np.random.Generator(np.random.Philox(key=seed))
        found = {}
        for name, p in _known().items():
            normal, even = rng.standard_normal(count), rng.random(count)
            if p.high == p.low or name in COMMON:
                continue
            if p.low > 0.0:
                below, above = 2.0 * np.log(p.value / p.low) / SPREAD, 2.0 * np.log(p.high / p.value) / SPREAD
                found[name] = np.clip(p.value * np.exp(np.where(normal < 0.0, below, above) * normal), p.low, p.high)
            else:
                found[name] = p.low + (p.high - p.low) * even
        return cls(found)

    def __getitem__(self, name: str) -> np.ndarray:
        """Return a constant, () or (M,), by name."""
        given = self.changes.get(name)
        return np.asarray(_parameter(name).value) if given is None else given

    def by_depth(self, name: str) -> np.ndarray:
        """Return a constant, () or (M, 1), by name, to stand beside fields (M, N)."""
        given = self[name]
        return given[:, None] if given.ndim else given


def _parameter(name: str) -> Parameter:
    try:
        return _known()[name]
    except KeyError:
        raise ParameterError(f"'{name}' is not a constant of structure", fix=nearest(name, _known())) from None
