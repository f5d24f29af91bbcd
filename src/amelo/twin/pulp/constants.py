"""The constants of an ensemble of pulps: as they stand, changed, or drawn from their ranges."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from amelo.errors import ParameterError, nearest
from amelo.params import load_set
from amelo.params.load import Parameter
from amelo.twin.pulp.equations import NAMES, STATES

__all__ = ["PROFILES", "Pulps", "profile"]

PROFILES = ("ordinary", "hypothetical")
SPREAD = 2.0 * 1.959964  # standard deviations between the ends of a range of 95 %


def profile(name: str = "ordinary") -> Mapping[str, Parameter]:
    """Return the constants of a profile by name; the hypothetical one is fiction, and its notes say so.

    Raises: ParameterError for another name.
    """
    if name not in PROFILES:
        raise ParameterError(f"'{name}' is not a profile of a pulp", fix=nearest(name, PROFILES))
    found = dict(load_set("pulp").parameters)
    if name == "hypothetical":
        found |= load_set("pulp-hypothetical").parameters
    return MappingProxyType(found)


@dataclass(frozen=True, eq=False)
class Pulps:
    """Constants of M pulps.

    Fields: values (K, M), in the order of ``NAMES`` and the units of the set ``pulp`` (hours, mmHg); profile (its name).
    """

    values: np.ndarray
    profile: str = "ordinary"

    @classmethod
    def named(cls, name: str = "ordinary", count: int = 1, **changes: object) -> Pulps:
        """Return so many pulps alike of a profile.

        Arguments: name; count; changes (constants by name with ``__`` for the dot, a number or (count,) each).
        Raises: ParameterError for an unknown profile or constant, or a value that cannot be.
        """
        if count < 1:
            raise ParameterError(f"{count} pulps cannot be simulated", fix="ask for one or more")
        found = profile(name)
        plain = np.array([found[key].value for key in NAMES])
        pulps = cls(np.repeat(plain[:, None], count, axis=1), name)
        return pulps.changed({key.replace("__", "."): value for key, value in changes.items()}) if changes else pulps

    @classmethod
    def drawn(cls, count: int, seed: int, name: str = "ordinary", *, varied: Iterable[str] | None = None) -> Pulps:
        """Return pulps whose constants are drawn from log-normal priors around their values.

        Arguments: count; seed; name of the profile; varied (constants that vary, None for all that have a range).
        Raises: ParameterError for an unknown constant.
        Assumptions: low to high of a constant hold 95 % on the scale of logarithms, apart from each other; the pressure at rest is even
        over its range, because its sources conflict; some react to carriers with the chance of the profile.
        """
        found, pulps = profile(name), cls.named(name, count)
        rng = np.random.Generator(np.random.Philox(key=seed))
        wanted = set(NAMES if varied is None else varied)
        for key in sorted(wanted - set(NAMES)):
            raise ParameterError(f"'{key}' is not a constant of a pulp", fix=nearest(key, NAMES))
        changes = {}
        for key in NAMES:  # the stream is used alike whatever varies, so that draws can be paired
            normal, even = rng.standard_normal(count), rng.random(count)
            p = found[key]
            if key not in wanted or p.high == p.low:
                continue
            if key == "perfusion.resting":
                changes[key] = p.low + (p.high - p.low) * even
            else:
                changes[key] = p.value * np.exp(np.log(p.high / p.low) / SPREAD * normal)
        if "perfusion.venous" in changes or "perfusion.arterial" in changes:
            changes["perfusion.arterial"] = np.maximum(
                changes.get("perfusion.arterial", found["perfusion.arterial"].value),
                1.05 * np.asarray(changes.get("perfusion.venous", found["perfusion.venous"].value)),
            )  # blood runs downhill
        if "inflammation.by_carriers" in changes:
            reacts = rng.random(count) < found["reactor.chance"].value
            ratio = found["reactor.by_carriers"].value / found["inflammation.by_carriers"].value
            changes["inflammation.by_carriers"] *= np.where(reacts, ratio, 1.0)
        return pulps.changed(changes)

    def changed(self, changes: Mapping[str, object]) -> Pulps:
        """Return the same pulps with some constants replaced by others.

        Arguments: changes (by name, a number or (M,)).
        Raises: ParameterError for an unknown name, or a value that is not finite, below 0, or that leaves blood no way.
        """
        values = self.values.copy()
        for key, value in changes.items():
            if key not in NAMES:
                raise ParameterError(f"'{key}' is not a constant of a pulp", fix=nearest(key, NAMES))
            given = np.asarray(value, float)
            if given.shape not in ((), (1,), (self.count,)):
                raise ParameterError(f"{key} has the shape {given.shape}", why=f"there are {self.count} pulps")
            if not (np.isfinite(given).all() and (given >= 0.0).all()):
                raise ParameterError(f"{key} is below 0 or not finite", why="constants of a pulp are finite and not negative")
            values[NAMES.index(key)] = given
        arterial, venous = (values[NAMES.index(f"perfusion.{end}")] for end in ("arterial", "venous"))
        if not (arterial > venous).all():
            raise ParameterError("the pressure of arterioles is not above that of venules", fix="raise perfusion.arterial")
        return Pulps(values, self.profile)

    def times(self, **factors: float) -> Pulps:
        """Return the same pulps with some constants multiplied, by name with ``__`` for the dot."""
        names = {key.replace("__", "."): factor for key, factor in factors.items()}
        for key in names.keys() - set(NAMES):
            raise ParameterError(f"'{key}' is not a constant of a pulp", fix=nearest(key, NAMES))
        return self.changed({key: self[key] * factor for key, factor in names.items()})

    @property
    def count(self) -> int:
        """Number of pulps."""
        return self.values.shape[1]

    def __getitem__(self, name: str) -> np.ndarray:
        """Return a constant (M,) by name."""
        if name not in NAMES:
            raise ParameterError(f"'{name}' is not a constant of a pulp", fix=nearest(name, NAMES))
        return self.values[NAMES.index(name)]

    def take(self, which: np.ndarray) -> Pulps:
        """Return some of them, by index or mask, repeats allowed."""
        return Pulps(self.values[:, which], self.profile)

    def rest(self) -> np.ndarray:
        """Return the healthy state (5, M) without influx: nothing but what calms."""
        state = np.zeros((len(STATES), self.count))
        state[STATES.index("calming")] = self["calming.source"] / self["calming.loss"]
        return state
