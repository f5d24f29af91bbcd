"""Caries onset on a user's own children, in the form that the commands take."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["train"]

TRAINING = "train"


def train(table: pd.DataFrame, *, on_progress: Callable[[float, str], None] | None = None) -> dict[str, Any]:
    """Train on a cohort of children; only the rows of split ``train`` when there is a column ``split``.

    Arguments: table (as :func:`amelo.forecast.caries.cohort.read_cohort` takes it); on_progress (fraction, words).
    Returns: the content of a model file; the same table gives the same model.
    Raises: FormatError for a cohort that cannot be used.
    """
    from amelo.forecast.caries.train import train as trained

    return trained(table, split=TRAINING if "split" in table.columns else "", on_progress=on_progress)
