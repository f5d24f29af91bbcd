"""Which models can be trained and tested on a user's own cohort, and which columns each of them knows."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

from amelo.errors import CommandError, MissingDependencyError, nearest

__all__ = ["EVALUATORS", "TRAINERS", "Column", "check_installed", "columns_of", "evaluator", "kind_with_cohort", "trainer"]

TRAINERS = {  # kind: function of (table, on_progress=) that returns the content of a model file
    "tooth-loss": "amelo.forecast.tooth_loss.train:train",
    "caries-onset": "amelo.forecast.caries.train:train",
}
EVALUATORS = {  # kind: function of (model, table, data=, draws=, seed=, on_progress=) that returns an Evaluation
    "tooth-loss": "amelo.forecast.tooth_loss.evaluate:evaluate",
    "caries-onset": "amelo.forecast.caries.evaluate:evaluate",
}
OPTIONAL = "lightgbm"
HERE = Path(__file__).parent


@dataclass(frozen=True)
class Column:
    """A column of a cohort: name, words for people, unit ("" for counts, codes and text)."""

    name: str
    words: str
    unit: str = ""


@cache
def columns_of(kind: str) -> Mapping[str, Column]:
    """Return the columns that a kind of model knows, by name."""
    found = dict(tomllib.loads((HERE / "cohort_columns.toml").read_text("utf-8"))[kind])
    if kind == "tooth-loss":
        found |= tomllib.loads((HERE / "tooth_loss" / "columns.toml").read_text("utf-8"))
    return {name: Column(name, entry["words"], entry.get("unit", "")) for name, entry in found.items()}


def kind_with_cohort(kind: str) -> str:
    """Return the kind, when its models are made from cohorts of teeth.

    Raises: CommandError when there is no such kind, or when it stands on published rates alone.
    """
    if kind in TRAINERS:
        return kind
    from amelo.forecast.run import OUTLOOKS

    if kind in OUTLOOKS:
        what, why = f"a model of {kind} cannot be trained or tested on a cohort", "it is made from published rates"
        raise CommandError(what, why=why, fix="use one of " + ", ".join(TRAINERS))
    raise CommandError(f"'{kind}' is not a kind of model", fix=nearest(kind, TRAINERS))


def trainer(kind: str) -> Callable[..., dict[str, Any]]:
    """Return what trains a kind of model.

    Raises: CommandError for another kind, MissingDependencyError when what it trains with is not there.
    """
    return _loaded(TRAINERS[kind_with_cohort(kind)], needs=OPTIONAL if kind == "tooth-loss" else "")


def evaluator(kind: str) -> Callable[..., Any]:
    """Return what tests a model of a kind.

    Raises: CommandError for another kind.
    """
    return _loaded(EVALUATORS[kind_with_cohort(kind)])


def _loaded(where: str, needs: str = "") -> Callable[..., Any]:
    if needs:
        check_installed(needs)
    module, _, name = where.partition(":")
    return getattr(import_module(module), name)


def check_installed(package: str) -> None:
    """Refuse to train when the boosting library is not installed, or when a library of the system that it needs is not there."""
    what = f"training needs {package}"
    try:
        import_module(package)
    except ImportError:
        fix = "install it with: uv sync --extra train, or: pip install 'amelo[train]'"
        raise MissingDependencyError(what, why="it is not installed", fix=fix) from None
    except OSError as error:  # its own library cannot be loaded
        library = str(error).partition(":")[0] or "a library"
        fix = "install it with: apt install libgomp1, or the package of your system that has it (GNU OpenMP)"
        raise MissingDependencyError(what, why=f"{library} of the system is not there", fix=fix) from None
