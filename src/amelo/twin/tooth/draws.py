"""Chance in a tooth: streams by name, so that the same member meets the same luck whatever else is done to it."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from zlib import crc32

import numpy as np

__all__ = ["Draws"]


@dataclass(frozen=True, eq=False)
class Draws:
    """The chance of some members of an ensemble.

    Fields: seed; members (M,), their numbers.  Member 0 has the middle of every distribution.
    Two treatments of the same members are paired: what is drawn depends on the seed, the name, the occasion and the member alone.
    """

    seed: int
    members: np.ndarray
    size: int = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "size", int(self.members.max()) + 1 if len(self.members) else 0)

    def normal(self, name: str, occasion: int = 0) -> np.ndarray:
        """Return standard normal numbers (M,); 0 for member 0.

        Arguments: name; occasion (0 for the first time, 1 for the second and so on).
        """
        return _normals(self.seed, name, occasion, self.size)[self.members]

    def uniform(self, name: str, occasion: int = 0) -> np.ndarray:
        """Return numbers (M,) even between 0 and 1; 0.5 for member 0."""
        return _uniforms(self.seed, name, occasion, self.size)[self.members]

    def take(self, which: np.ndarray) -> Draws:
        """Return the chance of some of the members."""
        return Draws(self.seed, self.members[which])


def _stream(seed: int, name: str, occasion: int) -> np.random.Generator:
    return np.random.default_rng(np.random.SeedSequence([seed, crc32(name.encode()), occasion]))


@lru_cache(maxsize=1024)
def _normals(seed: int, name: str, occasion: int, size: int) -> np.ndarray:
    drawn = _stream(seed, name, occasion).standard_normal(size)
    drawn[:1] = 0.0
    drawn.setflags(write=False)
    return drawn


@lru_cache(maxsize=1024)
def _uniforms(seed: int, name: str, occasion: int, size: int) -> np.ndarray:
    drawn = _stream(seed, name, occasion).random(size)
    drawn[:1] = 0.5
    drawn.setflags(write=False)
    return drawn
