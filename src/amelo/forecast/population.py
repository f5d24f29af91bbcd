"""The models against a population: prevalence by age and tooth over a lifetime beside the survey's estimates, and where they
part."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from amelo.forecast.artefact import find_model
from amelo.forecast.lifetime import AGES, Lifetimes, lifetimes
from amelo.forecast.nhanes import GROUPS, POSITIONS, STATUSES, People, estimates, read_people

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["KEPT_BACK", "Compared", "PopulationCheck", "population_check"]

KEPT_BACK = ((35, 49), (65, 80))
COUNTS = ("dmft", "decayed", "filled", "missing")
BAND = (0.05, 0.5, 0.95)


@dataclass(frozen=True)
class Compared:
    """One figure of one age group: what was counted, the survey's estimate with its 95 % interval, the models' median with their 90
    % band."""

    ages: tuple[int, int]
    what: str
    survey: float
    survey_low: float
    survey_high: float
    model: float
    model_low: float
    model_high: float

    @property
    def verdict(self) -> str:
        """``holds``: the median lies in the survey's interval; ``within the band``: only the models' own doubt covers the survey;
        ``fails``: not even that."""
        if self.survey_low <= self.model <= self.survey_high:
            return "holds"
        return "within the band" if self.model_low <= self.survey <= self.model_high else "fails"

    def to_dict(self) -> dict[str, Any]:
        """Return the row as plain values."""
        return {**self.__dict__, "ages": list(self.ages), "verdict": self.verdict}


@dataclass(frozen=True)
class PopulationCheck:
    """The comparison: rows, the lifetimes behind them, the models' hashes, and what was calibrated (the log level, 0 for
    nothing)."""

    rows: tuple[Compared, ...]
    lifetimes: Lifetimes
    models: tuple[str, ...]
    level: float

    def predicted(self) -> dict[str, Any]:
        """Return what the models say of every age from 6 to 80: median and 90 % band of mean teeth by status, and of each position
        by age group."""
        by_age = {
            what: [[round(float(v), 4) for v in np.quantile(self.lifetimes.mean_teeth(what), q, axis=0)] for q in BAND]
            for what in COUNTS
        }
        by_position = {}
        for low, high in (*GROUPS, *KEPT_BACK):
            for k, status in enumerate(STATUSES):
                values = self.lifetimes.teeth[:, low - AGES[0] : high + 1 - AGES[0], :, k].mean(axis=1)
                by_position[f"{status} {low}-{high}"] = [[round(float(v), 4) for v in np.quantile(values, q, axis=0)] for q in BAND]
        return {"ages": [int(a) for a in AGES], "by_age": by_age, "by_position": by_position}

    def to_dict(self) -> dict[str, Any]:
        """Return the whole check as plain values."""
        return {
            "rows": [row.to_dict() for row in self.rows],
            "predicted": self.predicted(),
            "models": list(self.models),
            "level": self.level,
        }

    def plot(self) -> Figure:
        """Return a figure: mean teeth by age on the left, parts of teeth by position in each age group on the right."""
        import matplotlib

        matplotlib.use("Agg")
        from matplotlib import pyplot as plt

        figure, axes = plt.subplots(2, 4, figsize=(15, 7), layout="constrained")
        for axis, what in zip(axes[0], COUNTS, strict=True):
            low, middle, high = np.quantile(self.lifetimes.mean_teeth(what), BAND, axis=0)
            axis.fill_between(AGES, low, high, alpha=0.25, label="models, 90 %")
            axis.plot(AGES, middle, label="models, median")
            rows = [row for row in self.rows if row.what == what]
            centres = [sum(row.ages) / 2 for row in rows]
            reach = [[row.survey - row.survey_low for row in rows], [row.survey_high - row.survey for row in rows]]
            axis.errorbar(centres, [row.survey for row in rows], reach, fmt="ks", label="NHANES 2017-18, 95 %")
            axis.set(title=f"{what if what != 'dmft' else 'DMFT'}, teeth of 28", xlabel="age, years")
        axes[0, 0].legend(frameon=False)
        places = np.arange(1, POSITIONS + 1)
        for axis, (low_age, high_age) in zip(axes[1], GROUPS, strict=True):
            for k, status in enumerate(STATUSES[:3]):
                rows = [row for row in self.rows if row.ages == (low_age, high_age) and row.what.startswith(f"{status} ")]
                shift = 0.25 * (k - 1)
                reach = [[max(row.model - row.model_low, 0) for row in rows], [max(row.model_high - row.model, 0) for row in rows]]
                axis.errorbar(places + shift, [row.model for row in rows], reach, fmt="_", color=f"C{k}", label=f"{status}, models")
                axis.plot(places + shift, [row.survey for row in rows], "s", color=f"C{k}", markersize=4, label=f"{status}, survey")
            axis.set(title=f"{low_age} to {high_age} years", xlabel="position from the midline", xticks=places)
        axes[1, 0].legend(frameon=False, fontsize=7)
        axes[1, 0].set_ylabel("part of the teeth")
        plt.close(figure)
        return figure


def population_check(
    folder: str | Path, seed: int = 0, *, draws: int = 40, level: float = 0.0, models: tuple[Any, Any] | None = None
) -> PopulationCheck:
    """Compare a lifetime by the models of progression and of restorations with the survey of the folder.

    Arguments: folder (holds the tooth-level file); seed; draws; level (log ratio of caries here to the cohorts behind the models:
    0, so that nothing is fitted to the survey,
    unless said); models (progression and restorations, default: those shipped).
    Raises: FileError when the survey or a model is not there.
    """
    people = read_people(folder)
    progression, restorations = models or (find_model("progression"), find_model("restorations"))
    lives = lifetimes(progression, restorations, draws=draws, seed=seed, level=level)
    rows = tuple(row for group in GROUPS for row in _rows(people, lives, *group))
    return PopulationCheck(rows, lives, tuple(model.get("hash", "") for model in (progression, restorations)), level)


def _rows(people: People, lives: Lifetimes, low: int, high: int) -> list[Compared]:
    """Return the rows of one age group; ages within it are weighted as the survey has them."""
    found = estimates(people, low, high)
    ages = np.arange(low, high + 1)
    weight = np.array([people.design.weight[people.age == age].sum() for age in ages])
    weight = weight / weight.sum()
    inside = ages - AGES[0]
    rows = []
    for what, estimate in found.items():
        status, _, position = what.partition(" ")
        if position:
            values = lives.teeth[:, inside, int(position) - 1, STATUSES.index(status)]
        elif what in COUNTS:
            values = lives.mean_teeth(what)[:, inside]
        elif what == "untreated":
            values = lives.untreated[:, inside]
        else:
            continue
        model_low, model, model_high = (float(v) for v in np.quantile(values @ weight, BAND))
        rows.append(Compared((low, high), what, estimate.value, estimate.low, estimate.high, model, model_low, model_high))
    return rows
