"""What is known of a tooth that no step changes: constants of every member in SI, its pulp, its chance and whose it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from amelo.errors import ParameterError
from amelo.params import Parameter, load_set
from amelo.twin.ensemble import draw
from amelo.twin.pulp.constants import Pulps
from amelo.twin.tooth.draws import Draws

__all__ = ["DAY", "HOUR", "MOLAR_VOLUME", "SI", "Constants", "Mouth", "Owner", "drawn", "in_si", "no_mouth"]

HOUR, DAY = 3600.0, 86400.0
SI = {
    "1": 1.0, "um": 1e-6, "mm": 1e-3, "m": 1.0, "h": HOUR, "d": DAY, "min": 60.0, "s": 1.0, "1/h": 1.0 / HOUR, "1/d": 1.0 / DAY,
    "um/d": 1e-6 / DAY, "um2/h": 1e-12 / HOUR, "mol/m3": 1.0, "K": 1.0, "m2/s": 1.0, "W/m2": 1.0, "W/(m2 K)": 1.0, "mm3": 1e-9, "1/m2": 1.0, "cm3/mol": 1e-6,
    "mL/min": 1e-6 / 60.0,
}  # fmt: skip
MOLAR_VOLUME = 1e-6 * load_set("tissues").value("molar_volume.apatite")  # m3/mol of apatite with five calcium


Mouth = Callable[[Mapping[str, float], Draws], Mapping[str, np.ndarray]]


def no_mouth(habits: Mapping[str, float], draws: Draws) -> Mapping[str, np.ndarray]:
    """Return what a mouth takes from bare enamel and dentine (M,) [m/s] that takes nothing."""
    return {tissue: np.zeros(len(draws.members)) for tissue in ("enamel", "dentine")}


@dataclass(frozen=True)
class Owner:
    """Whose tooth it is: tooth (FDI number), surface, age [years, None where unknown], what the case says of risk, in words that steps ask for."""

    tooth: int = 36
    surface: str = "O"
    age: float | None = None
    primary: bool = False
    facts: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Constants:
    """Constants of M members.

    Fields: values (by name (M,), SI; those of the set ``tooth`` and of others that a part asks for); pulps; draws; owner; reacts (M,), who
    answers carriers badly; dentine_from (number of enamel cells); sound (N,) and pores (N,), volume shares of mineral and water in sound
    tissue of each cell; mouth (function of habits and draws: what the mouth takes from bare enamel and bare dentine (M,) [m/s]).
    """

    values: Mapping[str, np.ndarray]
    pulps: Pulps
    draws: Draws
    owner: Owner
    reacts: np.ndarray
    dentine_from: int
    sound: np.ndarray
    pores: np.ndarray
    mouth: Mouth = no_mouth

    def __getitem__(self, name: str) -> np.ndarray:
        """Return a constant (M,) in SI."""
        return self.values[name]

    @property
    def members(self) -> int:
        """Number of members."""
        return len(self.reacts)

    def take(self, which: np.ndarray) -> Constants:
        """Return the constants of some members, by index or mask."""
        return replace(
            self,
            values={name: value[which] for name, value in self.values.items()},
            pulps=self.pulps.take(which),
            draws=self.draws.take(which),
            reacts=self.reacts[which],
        )


def in_si(parameter: Parameter) -> Parameter:
    """Return a constant in SI.

    Raises: ParameterError for a unit that is not in the table ``SI``.
    """
    if parameter.unit not in SI:
        raise ParameterError(f"the unit '{parameter.unit}' of {parameter.name} is not known here", fix="add it to SI")
    factor = SI[parameter.unit]
    return replace(parameter, value=factor * parameter.value, low=factor * parameter.low, high=factor * parameter.high, unit="SI")


def drawn(
    names: Mapping[str, str] | None, members: int, seed: int, *, sets: tuple[str, ...] = ("tooth", "steps")
) -> dict[str, np.ndarray]:
    """Return constants (members,) in SI of whole sets, drawn from their ranges.

    Arguments: names (others, name in the result: ``set/name``); members; seed; sets.
    """
    wanted = {p.name: p for name in sets for p in load_set(name)}
    for own, place in (names or {}).items():
        origin, _, name = place.partition("/")
        wanted[own] = load_set(origin)[name]
    return draw({name: in_si(p) for name, p in wanted.items()}, members, seed)
