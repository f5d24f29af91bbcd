"""The books that a visit keeps, one table: what each is called, its unit, and how those of two visits are joined."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from amelo.therapy.nano.carrier import Carrier

__all__ = ["BOOKS", "DEPTHS", "Book", "account", "books_of"]


def _later(before: np.ndarray, now: np.ndarray) -> np.ndarray:
    return np.where(now > 0.0, now, before)


@dataclass(frozen=True)
class Book:
    """One book: what it is called, the unit it is told in, that unit in SI (its inverse), and how a visit adds to it."""

    label: str
    unit: str
    scale: float = 1.0
    joined: Callable[[np.ndarray, np.ndarray], np.ndarray] = np.add
    wants: str = ""  # the properties of a carrier, or of where it is brought, without any of which it is left out


DEPTHS = (0.0, 10.0, 30.0, 100.0, 300.0, 1000.0, np.inf)  # µm, between which carriers inside are told: a profile over depth
PER_MM2, MICROGRAMS = 1e-6, 1e3  # of 1/m2 and of kg/m2 (in µg/mm2)
BOOKS = {
    "arrived": Book("carriers that came to the tooth", "1/mm2", PER_MM2),
    "docked": Book("carriers docked on the surface", "1/mm2", PER_MM2),
    "inside": Book("carriers inside tubules", "1/mm2", PER_MM2, wants="tubules"),
    **{
        f"inside_{low:g}": Book(
            f"inside, {low:g} to {high:g} µm deep" if high < np.inf else f"inside, deeper than {low:g} µm",
            "1/mm2",
            PER_MM2,
            wants="tubules",
        )
        for low, high in pairwise(DEPTHS)
    },
    "plugged": Book("of them in plugs", "1/mm2", PER_MM2, wants="tubules"),
    "retrieved": Book("carriers retrieved", "1/mm2", PER_MM2),
    "washed": Book("carriers washed away", "1/mm2", PER_MM2),
    "pulp": Book("carriers lost to the pulp", "1/mm2", PER_MM2, wants="tubules"),
    "payload": Book("payload brought", "µm", 1e6, wants="payload_fraction"),
    "iron": Book("iron oxide that stays", "µg/mm2", MICROGRAMS, wants="iron_fraction"),
    "depth": Book("median depth of carriers inside", "µm", 1e6, _later, "tubules"),
    "depth90": Book("depth that 10 % of them pass", "µm", 1e6, _later, "tubules"),
    "conductance": Book("water that tubules still pass", "of open ones", 1.0, lambda before, now: now, "tubules"),
    "kill": Book("bacteria killed", "log10", 1.0, np.add, "kill_rate kill_contact"),
    "warming": Book("warmest place", "K", 1.0, np.maximum, "heated"),
    "pulp_warming": Book("warming of the pulp", "K", 1.0, np.maximum, "heated"),
    "wrong": Book("carriers and payload that do not add up", "relative", 1.0, np.maximum),
}


def account(carrier: Carrier, book: str) -> str:
    """Return the name of a book of a carrier, as a run has it."""
    return f"{carrier.name}: {BOOKS[book].label} [{BOOKS[book].unit}]"


def books_of(carrier: Carrier, *, tubules: bool, heated: bool) -> tuple[str, ...]:
    """Return the names of the books of a carrier that say something.

    Arguments: carrier; tubules (whether it is brought to open ones); heated (whether iron oxide is).
    """
    has = {"tubules": tubules, "heated": heated and bool(carrier.iron_fraction)}
    kept = (
        name
        for name, book in BOOKS.items()
        if not book.wants or any(has.get(wanted, getattr(carrier, wanted, 0.0)) for wanted in book.wants.split())
    )
    return tuple(account(carrier, name) for name in kept)
