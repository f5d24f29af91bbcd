"""The random kicks of the particle tier: a counter, not a generator with a state.

A kick is a function of (key of the run, step, identity of the carrier), so that it is the same in whatever order and on however many
threads carriers are moved, after a restart, and on another device.  One 64-bit word is the counter put through the finaliser of
SplitMix64.  The functions are plain arithmetic on unsigned words: NumPy, JAX and Numba run this very text.

**Law of the kicks.**  In one dimension a kick is the sum of three uniform numbers of 21 bits, scaled to mean 0 and variance 1 exactly; its
third moment is 0 as that of a Gaussian, its fourth 2.6 instead of 3, and it is never larger than 3.  In three dimensions each axis has one
uniform number of 21 bits, scaled likewise (fourth moment 1.8, at most 1.73).  Means and variances of displacements are those of Brownian
motion at every step, so that the law is of weak order one as Gaussian kicks are; the fourth moment of a displacement of n steps
misses that of a Gaussian by 0.4 / n (1.2 / n) of the squared variance.
"""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["KICKS", "fork_key", "kick", "kicks_of_axes", "mix", "open_unit", "step_words", "word_of"]

GOLDEN = 0x9E3779B97F4A7C15  # 2^64 over the golden ratio, odd
ODD = np.uint64(0xD1342543DE82EF95)  # multiplier of identities
ONE, TWO = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)  # of the finaliser
S30, S27, S31 = np.uint64(30), np.uint64(27), np.uint64(31)
S21, S43, S12 = np.uint64(21), np.uint64(43), np.uint64(12)
LOW = np.uint64(2**21 - 1)
SUM_SCALE = 2.0 / (2.0**42 - 1.0) ** 0.5  # variance of a whole number below M is (M² - 1) / 12
SUM_MIDDLE = 1.5 * (2.0**21 - 1.0)
AXIS_SCALE = (12.0 / (2.0**42 - 1.0)) ** 0.5
AXIS_MIDDLE = 0.5 * (2.0**21 - 1.0)
MASK = 2**64 - 1
KICKS, EVENTS, FORKS = 0, 0x45564E54, 0x464F524B  # streams of one key
Word = Any


def mix(word: Word) -> Word:
    """Return unsigned 64-bit words with every bit of each depending on every bit of the word."""
    word = (word ^ (word >> S30)) * ONE
    word = (word ^ (word >> S27)) * TWO
    return word ^ (word >> S31)


def _mixed(number: int) -> int:
    """Return ``mix`` of a Python number."""
    number = ((number ^ (number >> 30)) * int(ONE)) & MASK
    number = ((number ^ (number >> 27)) * int(TWO)) & MASK
    return number ^ (number >> 31)


def step_words(key: int, first: int, count: int, stream: int = KICKS) -> np.ndarray:
    """Return the words (count,) of the steps from ``first`` on, which those of the carriers start from.

    Arguments: key (0 to 2^64 - 1); first (number of a step); count; stream (``KICKS`` or another use of the same key).
    """
    start = _mixed((key + GOLDEN * (stream + 1)) & MASK)
    steps = np.arange(first + 1, first + count + 1, dtype=np.uint64)
    return mix(np.uint64(start) ^ (steps * np.uint64(GOLDEN)))


def word_of(identity: Word, step_word: Word) -> Word:
    """Return the words of carriers at a step.

    Arguments: identity (unsigned 64-bit numbers of the carriers); step_word (one of ``step_words``).
    """
    return mix(identity * ODD + step_word)


def kick(word: Word) -> Word:
    """Return kicks of mean 0 and variance 1 in one dimension."""
    total = (word & LOW) + ((word >> S21) & LOW) + (word >> S43)
    return (total - SUM_MIDDLE) * SUM_SCALE


def kicks_of_axes(word: Word) -> tuple[Word, Word, Word]:
    """Return kicks of mean 0 and variance 1 along three axes."""
    x, y, z = word & LOW, (word >> S21) & LOW, word >> S43
    return (x - AXIS_MIDDLE) * AXIS_SCALE, (y - AXIS_MIDDLE) * AXIS_SCALE, (z - AXIS_MIDDLE) * AXIS_SCALE


def open_unit(word: Word) -> Word:
    """Return numbers spread evenly over the open interval from 0 to 1."""
    return ((word >> S12) + 0.5) * 2.0**-52


def fork_key(key: int, number: int) -> int:
    """Return the key of a future of a run: that of the run itself for number 0, another one for every other number."""
    return key if number == 0 else _mixed((_mixed((key + GOLDEN * (FORKS + 1)) & MASK) ^ (number * GOLDEN)) & MASK)
