"""What is measured of a tooth: names, units and words, and the numbers of every member."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from amelo.params import load_set
from amelo.twin.pulp.equations import perfusion, pressure
from amelo.twin.tooth.state import WholeTooth
from amelo.twin.tooth.strength import strength_of

__all__ = ["HARMS", "MEASURES", "Harm", "ToothMeasure", "looked"]


@dataclass(frozen=True)
class ToothMeasure:
    """One number of a tooth: name, label, unit it is shown in, definition, format, and how it is read off (M,)."""

    name: str
    label: str
    unit: str
    definition: str
    form: str
    read: Callable[[WholeTooth], np.ndarray]
    chance: bool = False  # of members in which it holds: shown as a share with the interval of a proportion


@dataclass(frozen=True)
class Harm:
    """Something that may have come to a tooth since the start: name, label, definition, and to whom it came (M,) by what was seen at start and end."""

    name: str
    label: str
    definition: str
    came: Callable[[Mapping[str, np.ndarray], Mapping[str, np.ndarray]], np.ndarray]
    unit: str = "1"
    form: str = ".3f"
    chance: bool = True


def _book(name: str) -> Callable[[WholeTooth], np.ndarray]:
    return lambda tooth: np.broadcast_to(np.asarray(tooth.books.get(name, 0.0), float), (tooth.members,))


MEASURES = (
    ToothMeasure("residual_dentine", "residual dentine", "mm", "between the floor and the pulp, 0 where it lies bare", ".2f", lambda t: 1e3 * t.residual),
    ToothMeasure("pulp_exposed", "pulp exposed", "1", "the pulp lies bare, capped or not", ".3f", lambda t: t.exposed, chance=True),
    ToothMeasure("integrated_mineral_loss", "mineral missing in what is left", "vol%·µm", "sum of sound minus present mineral over depth", ".0f", lambda t: 1e8 * t.mineral_loss),
    ToothMeasure("infected_depth", "infected tissue", "µm", "bacteria that are left, as thickness of fully infected tissue", ".0f", lambda t: 1e6 * t.infected),
    ToothMeasure("pulp_inflammation", "inflammation of the pulp", "unit", "N of the host model", ".3f", lambda t: t.pulp_state("inflammation")),
    ToothMeasure("pulp_damage", "damage of the pulp", "unit", "D of the host model", ".3f", lambda t: t.pulp_state("damage")),
    ToothMeasure("pulp_pressure", "pressure in the pulp", "mmHg", "of its tissue", ".1f", lambda t: pressure(t.pulp_state("inflammation"), t.constants.pulps.values)),
    ToothMeasure("pulp_perfusion", "perfusion of the pulp", "1", "share of full perfusion", ".2f", lambda t: perfusion(t.pulp_state("inflammation"), t.constants.pulps.values)),
    ToothMeasure("pulp_lost", "pulp lost", "1", "irreversible pulpitis or necrosis: damage beyond the mark of collapse", ".3f", lambda t: t.pulp_lost.astype(float), chance=True),
    ToothMeasure("warming", "warming of the pulp", "K", "the highest at its wall since the start", ".1f", _book("warming")),
    ToothMeasure("strength", "strength", "1", "load that breaks it, over that of a sound tooth", ".2f", lambda t: strength_of(t)[0]),
    ToothMeasure("mismatch", "strength left by mismatch", "1", "of mineral in the wrong place, 1 for none", ".2f", lambda t: strength_of(t)[1]),
    ToothMeasure("tissue_removed", "tissue removed", "mm³", "cut away since the start", ".1f", lambda t: 1e9 * _book("tissue_removed")(t)),
    ToothMeasure("tertiary_dentine", "dentine laid down by the pulp", "µm", "since the start", ".0f", lambda t: 1e6 * t.tertiary),
)  # fmt: skip

HARMS = (
    Harm("exposed", "pulp exposed", "the pulp was laid bare, whether or not it was capped", lambda a, b: (b["pulp_exposed"] > 0.5) & (a["pulp_exposed"] < 0.5)),
    Harm("pulp_lost", "living pulp lost", "damage beyond the mark of collapse at the end, and not at the start", lambda a, b: (b["pulp_lost"] > 0.5) & (a["pulp_lost"] < 0.5)),
    Harm("overheated", "pulp warmed beyond the cautious limit", "warming of its wall above the limit of 5.5 K, which is not a claim that more harms", lambda a, b: b["warming"] > load_set("pulp").value("heat.limit")),
    Harm("weakened", "more than a tenth of strength lost", "strength at the end below 0.9 of that at the start", lambda a, b: b["strength"] < 0.9 * a["strength"]),
)  # fmt: skip


def looked(tooth: WholeTooth, names: tuple[str, ...] | None = None) -> dict[str, np.ndarray]:
    """Return what is measured of a tooth (M,) by name.

    Arguments: tooth; names (None for all).
    """
    return {m.name: np.asarray(m.read(tooth), float) for m in MEASURES if names is None or m.name in names}
