"""Words for what dentine feels like under an instrument: soft, leathery, firm, hard, as numbers of hardness.

Nobody published such numbers: the words are defined by what an instrument does (innes2016).  The limits are our judgement, laid between
hardness of infected, affected and sound dentine, and hands differ.
"""

from __future__ import annotations

import numpy as np

from amelo.errors import ParameterError, nearest
from amelo.twin.structure.laws import Laws

__all__ = ["FIRMNESS", "firmness", "thresholds", "word_index"]

FIRMNESS = ("soft", "leathery", "firm", "hard")


def thresholds(laws: Laws | None = None, hand: np.ndarray | float = 0.0) -> dict[str, np.ndarray]:
    """Return the least Knoop hardness of dentine that a hand calls by a word, by word.

    Arguments: laws; hand (how this operator differs from the usual one in standard deviations, a number or (M,); above 0 asks for more).
    Returns: 0 for "soft"; the others () or (M,), rising.
    Assumptions: one hand is off by the same factor at every word.
    """
    laws = laws or Laws.named()
    off = np.exp(laws["words.hand"] * np.asarray(hand, float))
    found = {word: laws[f"words.{word}"] * off for word in FIRMNESS[1:]}
    return {"soft": np.zeros_like(found["hard"]), **found}


def firmness(knoop: np.ndarray, laws: Laws | None = None, hand: np.ndarray | float = 0.0) -> np.ndarray:
    """Return what dentine feels like: 0 soft, 1 leathery, 2 firm, 3 hard.

    Arguments: knoop (M, N) or any shape whose first axis is that of hand and laws; laws; hand (see ``thresholds``).
    Returns: integers in the shape of knoop.
    """
    hardness = np.asarray(knoop, float)
    limits = [thresholds(laws, hand)[word] for word in FIRMNESS[1:]]
    return sum((hardness >= limit.reshape(limit.shape + (1,) * (hardness.ndim - limit.ndim))).astype(int) for limit in limits)


def word_index(word: str) -> int:
    """Return the number of a word of firmness.

    Raises: ParameterError for another word.
    """
    if word not in FIRMNESS:
        raise ParameterError(f"'{word}' is not what dentine feels like", fix=nearest(word, FIRMNESS))
    return FIRMNESS.index(word)
