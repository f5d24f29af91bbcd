"""How a model did on a cohort: figures with intervals over patients, by subgroup, and the curves behind the plots."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import matplotlib.figure

__all__ = ["Evaluation", "Figure", "bootstrap_figures", "plain"]


@dataclass(frozen=True)
class Figure:
    """One score: value and its interval over patients."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Evaluation:
    """The scores of a model on a cohort.

    Arguments: kind and model (hash); data (name of the file); rows, patients, events; figures (key: figure); subgroups (name: key:
    figure); curves (name: columns of equal length, for plots and tables; ``calibration…`` has predicted and observed, with low and high
    where there are bands, ``decision…`` has threshold, model and all); level of the intervals [1]; notes (sentences).
    """

    kind: str
    model: str
    data: str
    rows: int
    patients: int
    events: int
    figures: dict[str, Figure]
    subgroups: dict[str, dict[str, Figure]] = field(default_factory=dict)
    curves: dict[str, dict[str, list[float]]] = field(default_factory=dict)
    level: float = 0.95
    notes: tuple[str, ...] = ()

    def plot(self, kind: str = "all") -> matplotlib.figure.Figure:
        """Return a figure: ``calibration``, ``decision`` curve, ``subgroups`` as a forest of the first figure, or ``all`` that there are.

        Raises: InputError for another kind, or when there is nothing of it.
        """
        from amelo.forecast.figures import draw_evaluation

        return draw_evaluation(self, kind)

    def to_dict(self) -> dict[str, Any]:
        """Return every figure under its own key, intervals under ``intervals``, and the rest."""
        return {
            **{key: figure.value for key, figure in self.figures.items()},
            "intervals": {key: [figure.low, figure.high] for key, figure in self.figures.items()},
            "subgroups": {
                name: {key: [f.value, f.low, f.high] for key, f in figures.items()} for name, figures in self.subgroups.items()
            },
            "curves": self.curves,
            **{key: getattr(self, key) for key in ("kind", "model", "data", "rows", "patients", "events", "level")},
            "notes": list(self.notes),
        }


def bootstrap_figures(
    scores: Callable[[np.ndarray], dict[str, float]],
    patient: np.ndarray,
    *,
    draws: int = 200,
    seed: int = 0,
    level: float = 0.95,
    on_progress: Callable[[float, str], None] | None = None,
) -> dict[str, Figure]:
    """Return scores with intervals from a bootstrap over patients.

    Arguments: scores (function of the weights of the rows [1]); patient of each row; draws; seed; level; on_progress (fraction, words).
    """
    ids, index = np.unique(patient, return_inverse=True)
    rng = np.random.default_rng(seed)
    value = scores(np.ones(len(patient)))
    drawn: dict[str, list[float]] = {key: [] for key in value}
    for k in range(draws):
        count = rng.multinomial(len(ids), np.full(len(ids), 1 / len(ids)))
        for key, score in scores(count[index].astype(float)).items():
            drawn[key].append(score)
        if on_progress:
            on_progress((k + 1) / draws, "drawing patients again")
    tail = (1 - level) / 2
    found = {}
    for key, number in value.items():
        kept = np.array([d for d in drawn[key] if np.isfinite(d)])
        low, high = np.quantile(kept, [tail, 1 - tail]) if len(kept) > draws / 2 else (float("nan"), float("nan"))
        found[key] = Figure(float(number), float(low), float(high))
    return found


def plain(values: Iterable[float]) -> list[float]:
    """Return the values of a curve as they are written, six digits each."""
    return [float(f"{v:.6g}") for v in values]
