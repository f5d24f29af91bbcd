"""``amelo models``, ``amelo train`` and ``amelo evaluate``: the models behind forecasts, and one's own cohort."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from amelo.cli.options import Flag, Whole
from amelo.cli.output import print_json, print_table
from amelo.cli.progress import progress_bar, working
from amelo.errors import CommandError, FileError, FormatError

if TYPE_CHECKING:
    import pandas as pd

    from amelo.forecast.evaluation import Evaluation

__all__ = ["evaluate", "models", "train"]

MOST_DRAWS = 10_000


def models(name: str | None = None, /, *, json: Flag = False) -> int:
    """List the shipped models, or show the card of one: data, population, dates, licence, figures, subgroups, limits, hash.

    Parameters
    ----------
    name
        A kind such as tooth-loss, at least six characters of a hash, or a model file.
    json
        Print JSON, cards included.
    """
    from amelo.forecast.artefact import SHORT, find_model, load_model, model_files
    from amelo.report.forecast_cards import card_lines, summary_of

    if name is not None:
        model = find_model(name)
        if json:
            print_json({"kind": model["kind"], "hash": model["hash"], "card": model.get("card", {})})
        else:
            print("\n".join(card_lines(model)))
        return 0
    found = [(path, load_model(path)) for path in model_files()]
    if json:
        print_json(
            [
                {"kind": m["kind"], "hash": m["hash"], "file": p.name, "bytes": p.stat().st_size, "card": m.get("card", {})}
                for p, m in found
            ]
        )
        return 0
    rows = [(m["kind"], m["hash"][:SHORT], f"{p.stat().st_size / 1000:.0f} kB", *summary_of(m)) for p, m in found]
    print_table(("kind", "hash", "size", "what", "made from", "date"), rows, left=6)
    total = sum(path.stat().st_size for path, _ in found) / 1e6
    print(
        f"{len(found)} models, {total:.1f} MB; 'amelo models KIND' shows a card. Research and teaching software, not a medical device."
    )
    return 0


def train(
    model: str,
    data: Path | None = None,
    /,
    *,
    mapping: Path | None = None,
    out: Path = Path(),
    columns: Flag = False,
    json: Flag = False,
) -> int:
    """Train a model on a cohort and write it as a file that 'amelo forecast --model' takes.

    Rows of the split 'train' are used when there is a column 'split', else all.

    Parameters
    ----------
    model
        What to train: tooth-loss or caries-onset; a hash or model file stands for its kind.
    data
        The cohort: .csv, .csv.gz or .parquet, one row per tooth.
    mapping
        A mapping (TOML) from your columns, units and codes.
    out
        Folder for the model file; made if it is not there.
    columns
        List the columns that the model knows, and stop.
    json
        Print kind, hash, file and card as JSON.
    """
    from amelo.forecast.cohorts import kind_with_cohort, trainer

    kind = kind_with_cohort(_kind(model))
    if columns:
        return _list_columns(kind)
    run = trainer(kind)
    _check_folder(out)
    table = _cohort(data, mapping, kind)
    from amelo.forecast.artefact import load_model, save_model

    with _naming(data), progress_bar("reading the cohort") as on_progress:
        made = run(table, on_progress=on_progress)
    try:
        path = save_model(made, out)
    except OSError as error:
        raise FileError(f"{out} cannot be written", why=error.strerror or str(error)) from None
    whole = load_model(path)
    if json:
        print_json({"kind": kind, "hash": whole["hash"], "file": str(path), "card": whole.get("card", {})})
    else:
        from amelo.report.forecast_cards import card_lines

        print("\n".join(card_lines(whole)))
    print(f"model written to {path}; use it with: amelo forecast CASE --model {path}", file=sys.stderr)
    return 0


def evaluate(
    model: str,
    data: Path | None = None,
    /,
    *,
    mapping: Path | None = None,
    draws: Whole = 200,
    seed: Whole = 0,
    plot: Path | None = None,
    columns: Flag = False,
    json: Flag = False,
) -> int:
    """Test a model on a cohort: discrimination, calibration, benefit, ranking within the mouth, subgroups, with intervals over patients.

    Parameters
    ----------
    model
        tooth-loss or caries-onset for the shipped ones, a hash, or a model file.
    data
        The cohort: .csv, .csv.gz or .parquet, one row per tooth.
    mapping
        A mapping (TOML) from your columns, units and codes.
    draws
        Times that patients are drawn again for the intervals.
    seed
        The same seed gives the same intervals.
    plot
        Draw calibration, decision curve and subgroups to this SVG, PNG or PDF.
    columns
        List the columns that the model knows, and stop.
    json
        Print every figure as JSON.
    """
    from amelo.forecast.artefact import check_parts, find_model
    from amelo.forecast.cohorts import TRAINERS, evaluator, kind_with_cohort

    if columns:
        return _list_columns(kind_with_cohort(_kind(model)))
    if not 2 <= draws <= MOST_DRAWS:
        raise CommandError(f"--draws {draws} is out of range", why=f"allowed 2 to {MOST_DRAWS}")
    if not 0 <= seed < 2**63:
        raise CommandError(f"--seed {seed} is out of range", why="allowed 0 to 9223372036854775807")
    if plot is not None:
        from amelo.report.plots import check_picture

        check_picture(plot)
    whole = find_model(model)
    kind = kind_with_cohort(whole["kind"] if model not in TRAINERS else model)
    check_parts(whole, model)
    run = evaluator(kind)
    table = _cohort(data, mapping, kind)
    with _naming(data), progress_bar("reading the cohort") as on_progress:
        found = run(whole, table, data=Path(data or "").name, draws=draws, seed=seed, on_progress=on_progress)
    if json:
        print_json(_finite(found.to_dict()))
    else:
        _print_evaluation(found)
    if plot is not None:
        from amelo.forecast.figures import write_figure

        with working("drawing the plot"):
            write_figure(found.plot(), plot)
        print(f"plot written to {plot}", file=sys.stderr)
    return 0


def _kind(model: str) -> str:
    """Return the kind that a name stands for: itself, or the kind of a file or hash."""
    from amelo.forecast.artefact import HASH, find_model

    named = model.endswith(".json") or "/" in model or HASH.fullmatch(model)
    return find_model(model)["kind"] if named else model


def _list_columns(kind: str) -> int:
    from amelo.forecast.cohorts import columns_of

    print_table(("column", "unit", "what"), [(c.name, c.unit, c.words) for c in columns_of(kind).values()], left=3)
    return 0


def _cohort(data: Path | None, mapping: Path | None, kind: str) -> pd.DataFrame:
    """Return the cohort in a file, with the columns that the model knows."""
    if data is None:
        raise CommandError("the file with the cohort is missing", fix=f"name it after the model: {kind} cohort.csv")
    from amelo.forecast.cohort import read_table
    from amelo.forecast.mapping import apply_mapping, read_mapping

    columns = {} if mapping is None else read_mapping(mapping, kind)  # first, since it is read at once
    with working("reading the cohort"):
        table = read_table(data, person=columns["id"].column if "id" in columns else "id")
    return table if mapping is None else apply_mapping(table, columns, kind, where=str(mapping))


@contextmanager
def _naming(data: Path | None) -> Iterator[None]:
    """Name the file in what is wrong with the cohort, when it is not named yet."""
    try:
        yield
    except FormatError as error:
        raise error if error.where else error.at(Path(data or "").name) from None


def _check_folder(folder: Path) -> None:
    """Refuse a folder that could not be written to, before anything is trained."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / ".amelo-probe"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise FileError(
            f"{folder} cannot be written", why=error.strerror or str(error), fix="name another folder with --out"
        ) from None


def _finite(value: Any) -> Any:
    """Return plain values with null where a figure could not be computed."""
    if isinstance(value, dict):
        return {key: _finite(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(part) for part in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _print_evaluation(found: Evaluation) -> None:
    from amelo.forecast.names import figure_name

    print(
        f"{found.kind} {found.model[:12]} on {found.data}: {found.rows} teeth of {found.patients} patients, {found.events} event{'s' * (found.events != 1)}"
    )
    level = f"{100 * found.level:.0f} % interval"
    rows = [(figure_name(key), _value(f.value), _interval(f.low, f.high)) for key, f in found.figures.items()]
    print_table(("figure", "value", level), rows)
    if found.subgroups:
        keys = list(next(iter(found.subgroups.values())))[:3]
        cells = [(name, *(_of(figures.get(key)) for key in keys)) for name, figures in found.subgroups.items()]
        print_table(("subgroup", *(figure_name(key) for key in keys)), cells)
    for note in found.notes:
        print(f"note: {note}")
    print("Intervals are over patients, drawn again with all of their teeth. Research and teaching software, not a medical device.")


def _value(number: float) -> str:
    return f"{number:.4f}" if math.isfinite(number) else "–"


def _interval(low: float, high: float) -> str:
    return f"{low:.4f} to {high:.4f}" if math.isfinite(low) and math.isfinite(high) else "–"


def _of(figure: Any) -> str:
    return "–" if figure is None else f"{_value(figure.value)} ({_interval(figure.low, figure.high)})"
