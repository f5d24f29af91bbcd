"""Caries onset on a user's own children, in the form that the commands take: a model or an :class:`Evaluation` from a table."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from amelo.errors import FormatError
from amelo.forecast.evaluation import Evaluation, Figure

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["evaluate", "train"]

TRAINING = "train"


def train(table: pd.DataFrame, *, on_progress: Callable[[float, str], None] | None = None) -> dict[str, Any]:
    """Train on a cohort of children; only the rows of split ``train`` when there is a column ``split``.

    Arguments: table (as :func:`amelo.forecast.caries.cohort.read_cohort` takes it); on_progress (fraction, words).
    Returns: the content of a model file; the same table gives the same model.
    Raises: FormatError for a cohort that cannot be used.
    """
    from amelo.forecast.caries.train import train as trained

    with _naming(table):
        return trained(table, split=TRAINING if "split" in table.columns else "", on_progress=on_progress)


def evaluate(
    model: dict[str, Any],
    table: pd.DataFrame,
    *,
    data: str = "",
    draws: int = 200,
    seed: int = 0,
    on_progress: Callable[[float, str], None] | None = None,
) -> Evaluation:
    """Score a model on a cohort of children, with intervals over children.

    Arguments: model (as :func:`amelo.forecast.artefact.find_model` returns); table; data (name of the file); draws of the bootstrap; seed;
    on_progress (fraction, words).
    Raises: FormatError for a cohort that cannot be used.
    """
    from amelo.forecast.caries.cohort import read_cohort
    from amelo.forecast.caries.evaluate import evaluate as scored

    notes = []
    with _naming(table):
        cohort = read_cohort(table)
    if on_progress:
        on_progress(0.0, "drawing children again")
    if {TRAINING, "dev"} <= set(cohort.split):
        cohort = cohort.take(cohort.split != TRAINING)
        notes.append("rows of split train left out: the shipped model was trained on them")
    found = scored(model, cohort, replicates=draws, seed=seed)
    notes.append(
        f"{found['teeth_scored']} of {found['teeth']} teeth were free of caries when first examined and seen again; those are scored"
    )
    notes += _history(found.get("history", {}))
    return Evaluation(
        kind=model["kind"],
        model=model["hash"],
        data=data,
        rows=found["teeth_scored"],
        patients=found["children_scored"],
        events=found["events"],
        figures=_figures(found["figures"]),
        subgroups={
            f"{group} {label}": _figures(figures)
            for group, labels in found["subgroups"].items()
            for label, figures in labels.items()
        },
        notes=tuple(notes),
    )


@contextmanager
def _naming(table: pd.DataFrame) -> Iterator[None]:
    """Name the file that a table came from in what is wrong with it; a table by itself has no name."""
    try:
        yield
    except FormatError as error:
        raise FormatError(error.what, where=str(table.attrs.get("where", error.where)), why=error.why, fix=error.fix) from None


def _figures(found: Mapping[str, Any]) -> dict[str, Figure]:
    """Return what has an interval; counts are left out."""
    return {key: Figure(f["value"], f["low"], f["high"]) for key, f in found.items() if isinstance(f, Mapping) and "low" in f}


def _history(found: Mapping[str, Any]) -> list[str]:
    gain = found.get("gain")
    if not isinstance(gain, Mapping):
        return []
    interval = f"{gain['value']:+.4f} ({gain['low']:+.4f} to {gain['high']:+.4f})"
    return [f"what the mouth has shown by then changes the log-likelihood per tooth of what follows by {interval}"]
