"""The trials of a network: read, checked, and turned into log ratios of means with their covariances.

The unit of everything is the natural log of a ratio of mean caries increments (DMFS), below 0 where the later treatment is better.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from amelo.errors import FileError, FormatError, nearest

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["INACTIVE", "TREATMENTS", "Spread", "Trial", "fit_spread", "make_trials", "read_spread", "read_trials"]

TREATMENTS = ("no treatment", "placebo", "toothpaste", "rinse", "gel", "varnish")  # code 1 to 6 of the file
INACTIVE = ("no treatment", "placebo")  # what bias works against
ARMS = ("trial", "treat_code", "mean_dmfs_increment", "n", "bias")
SPREAD_COLUMNS = ("nfluor", "meanfluor", "sdfluor", "nplacebo", "meanplacebo", "sdplacebo")


@dataclass(frozen=True)
class Spread:
    """How much children of one arm differ: log SD = intercept + slope · log mean, and how far arms lie off that line (SD of the log)."""

    intercept: float
    slope: float
    residual: float
    arms: int

    def variance(self, mean: np.ndarray, n: np.ndarray) -> np.ndarray:
        """Return the sampling variance of the log of the mean of n children, by the delta method."""
        sd = np.exp(self.intercept + self.slope * np.log(mean))
        return (sd / mean) ** 2 / n


@dataclass(frozen=True, eq=False)
class Trial:
    """One trial: its treatments (k,), logs of the mean increments (k,), their sampling variances (k,), whether it is at risk of bias, and how
    many children it has."""

    treatments: tuple[str, ...]
    log_mean: np.ndarray
    variance: np.ndarray
    at_risk: bool
    children: int

    @property
    def contrasts(self) -> np.ndarray:
        """Log ratios of the later arms over the first (k - 1,)."""
        return self.log_mean[1:] - self.log_mean[0]

    @property
    def covariance(self) -> np.ndarray:
        """Sampling covariance of the contrasts (k - 1, k - 1): they share the first arm, so its variance stands everywhere."""
        return np.diag(self.variance[1:]) + self.variance[0]


def _read_table(path: Path, columns: tuple[str, ...]) -> pd.DataFrame:
    """Return the columns of a CSV file as finite numbers.

    Raises: FileError when it is not there, FormatError when a column or a number is missing.
    """
    import pandas as pd

    try:
        table = pd.read_csv(path)
    except OSError as error:
        raise FileError(f"cannot read {path.name}", why=error.strerror or str(error), fix="give the folder that holds it") from None
    except (ValueError, UnicodeDecodeError) as error:
        raise FormatError(f"{path.name} is not a readable table", why=str(error).splitlines()[0]) from None
    for column in columns:
        if column not in table:
            raise FormatError(f"column {column} is missing", where=path.name, fix=nearest(column, table.columns))
    numbers = table[list(columns)].apply(pd.to_numeric, errors="coerce")
    bad = ~np.isfinite(numbers.to_numpy(float))
    if bad.any():
        row, column = np.argwhere(bad)[0]
        raise FormatError(f"row {row + 1} has no number in column {columns[column]}", where=path.name)
    return numbers


def read_spread(path: str | Path) -> Spread:
    """Fit how much children differ to trials of toothpaste that report it.

    Arguments: path (CSV with n, mean and SD of a fluoride and a placebo arm per row).
    Raises: FileError, FormatError.
    """
    table = _read_table(Path(path), SPREAD_COLUMNS)
    means = np.concatenate([table.meanfluor, table.meanplacebo])
    sds = np.concatenate([table.sdfluor, table.sdplacebo])
    if (means <= 0).any() or (sds <= 0).any():
        raise FormatError("means and standard deviations of increments must be above 0", where=Path(path).name)
    return fit_spread(means, sds)


def fit_spread(means: np.ndarray, sds: np.ndarray) -> Spread:
    """Return the line through log SD against log mean, by least squares.

    Arguments: means, sds (A,), both above 0.
    """
    x = np.column_stack([np.ones(len(means)), np.log(means)])
    (intercept, slope), *_ = np.linalg.lstsq(x, np.log(sds), rcond=None)
    rest = np.log(sds) - x @ [intercept, slope]
    return Spread(float(intercept), float(slope), float(np.sqrt((rest**2).sum() / (len(means) - 2))), len(means))


def read_trials(path: str | Path, spread: Spread) -> list[Trial]:
    """Read a file of arms, one row each, with the columns of ``ARMS``.

    Arguments: path (CSV); spread (stands for the standard deviations that the file lacks).
    Raises: FileError, FormatError naming the trial.
    """
    table = _read_table(Path(path), ARMS)
    try:
        return make_trials(*(table[name].to_numpy(float) for name in ARMS), spread=spread)
    except FormatError as error:
        raise error.at(Path(path).name) from None


def make_trials(
    trial: np.ndarray, code: np.ndarray, mean: np.ndarray, n: np.ndarray, bias: np.ndarray, *, spread: Spread
) -> list[Trial]:
    """Return the trials of arms.

    Arguments: trial (A,) number of the trial; code (A,) of the treatment, from 1; mean (A,) caries increment [surface]; n (A,) children;
    bias (A,) 1 for a trial at risk, the same in all its arms; spread.
    Raises: FormatError for a mean or number of children that is not above 0, an unknown code, a trial of one arm, twice the same
    treatment in one trial, or arms of one trial that disagree about its risk.
    """
    found = []
    for number in dict.fromkeys(trial.tolist()):
        arms = np.flatnonzero(trial == number)
        arms = arms[np.argsort(code[arms], kind="stable")]
        where = f"trial {number:g}"
        if len(arms) < 2:
            raise FormatError("it has one arm", where=where, why="a trial compares at least two")
        if not np.isin(code[arms], np.arange(1, len(TREATMENTS) + 1)).all():
            raise FormatError("a treatment has an unknown code", where=where, why=f"codes are 1 to {len(TREATMENTS)}")
        if len(set(code[arms])) < len(arms):
            raise FormatError("a treatment stands in it twice", where=where, fix="pool its arms first")
        if (mean[arms] <= 0).any() or (n[arms] <= 0).any():
            raise FormatError("a mean increment or a number of children is not above 0", where=where, why="logs are taken of both")
        if not np.isin(bias[arms], (0, 1)).all() or len(set(bias[arms])) > 1:
            raise FormatError("its risk of bias is not 0 or 1 for all of its arms", where=where)
        names = tuple(TREATMENTS[int(c) - 1] for c in code[arms])
        found.append(
            Trial(names, np.log(mean[arms]), spread.variance(mean[arms], n[arms]), bool(bias[arms[0]]), round(n[arms].sum()))
        )
    return found
