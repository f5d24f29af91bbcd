"""The report of a simulated lesion: one HTML file that needs nothing else, with everything needed to judge and repeat it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from amelo.errors import CommandError, FileError
from amelo.report.page import (
    data_script,
    inline,
    listed,
    parameters_table,
    provenance_table,
    styles,
    table,
    text,
    write_page,
)
from amelo.report.summary import depths_of, summary_of
from amelo.twin.show import balance_in_words, describe_time

if TYPE_CHECKING:
    from amelo.twin.measures import Outcome
    from amelo.twin.trajectory import Trajectory

__all__ = ["check_report_path", "lesion_html", "lesion_report"]

PICTURES = {
    "profiles": "Mineral against depth, mineral loss and depth against time, pH against depth.",
    "ph": "The pH of the pore fluid against depth, and over time at the surface, at the dissolution front and at the inner end.",
    "phases": "Each mineral phase against depth at the end, and how much of it came or went.",
    "balance": "What is missing of each component, relative to what was there and what moved; the worst member counts.",
}
CARRIERS = "What carriers hold of their payload, outside the tissue and in it, and how it and they changed over time."
BANDED = ("profiles", "ph")


def check_report_path(path: Path, *, force: bool = False) -> None:
    """Refuse a place where a report could not be written, before anything is computed.

    Raises: CommandError for another ending than .html; FileError when the place is taken or its folder does not exist.
    """
    if path.suffix.lower() not in (".html", ".htm"):
        raise CommandError(f"{path} is not a report amelo can write", fix="use .html")
    if path.is_dir() or not path.parent.is_dir():
        raise FileError(f"{path} cannot be written", why="it is a folder" if path.is_dir() else f"there is no folder {path.parent}")
    if path.exists() and not force:
        raise FileError(
            f"{path} is there already", why="nothing was changed", fix="name another file, or add --force to replace it"
        )


def lesion_report(trajectory: Trajectory, path: str | Path, *, force: bool = False) -> Path:
    """Write the report of a trajectory to ``path`` and return it.

    Arguments: trajectory; path of an .html file; force (replace an earlier one).
    Raises: SolveError when too few members are solved; FileError when the place is taken or cannot be written.
    """
    path = Path(path)
    check_report_path(path, force=force)
    return write_page(lesion_html(trajectory), path)


def lesion_html(trajectory: Trajectory) -> str:
    """Return the report of a trajectory as a well-formed page."""
    trajectory.raise_if_bad()
    origin = trajectory.provenance
    sections = (
        ("What was simulated", _subject(trajectory)),
        ("How it ended", _ending(trajectory)),
        ("Outcomes", _outcomes(trajectory)),
        *((head[0].upper() + head[1:], _books(trajectory, head, books)) for head, books in trajectory.books().items()),
        ("Pictures", "".join(_picture(trajectory, kind, words) for kind, words in PICTURES.items())),
        ("pH and saturation at depth", _at_depth(trajectory)),
        ("Parameters", parameters_table(origin.parameters)),
        ("Assumptions", listed(origin.assumptions) or "<p>None were stated.</p>"),
        ("References", listed(str(reference) for reference in trajectory.references) or "<p>None were named.</p>"),
        ("Where this comes from", provenance_table(origin)),
    )
    body = "".join(f"<section><h2>{text(title)}</h2>{content}</section>" for title, content in sections)
    data = data_script(summary_of(trajectory))
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8" />'
        '<meta name="viewport" content="width=device-width, initial-scale=1" />'
        f"<title>amelo: {text(origin.specimen_name)}</title><style>{styles('lesion.css')}</style></head><body>"
        f"<header><h1>{text(origin.specimen_name)}</h1>"
        "<p><strong>Research and teaching software, not a medical device.</strong> The figures below are of a model; "
        "what it leaves out and how sure its numbers are is stated with them.</p></header>"
        f"<main>{body}</main>{data}</body></html>\n"
    )


def _subject(trajectory: Trajectory) -> str:
    origin = trajectory.provenance
    members = "one member" if trajectory.members == 1 else f"{trajectory.members} members that differ in uncertain parameters"
    words = f"{origin.specimen_name}, {describe_time(trajectory.hours[-1])}, {members}."
    parts = [f"<p>{text(words)}</p>"]
    for title, said in (("Protocol", origin.protocol), ("Specimen", origin.specimen)):
        if said.strip():
            parts.append(f"<h3>{title}</h3><pre>{text(said.strip())}</pre>")
    return "".join(parts)


def _ending(trajectory: Trajectory) -> str:
    errors = dict(trajectory.balance_errors())
    error = trajectory.error_estimate
    lines = [f"Status: {trajectory.verdict}.", f"In numbers: {balance_in_words(errors)}."]
    lines.append(
        f"Estimated numerical error of the mineral loss: {error:.3g} vol%·µm."
        if math.isfinite(error)
        else "The numerical error of the mineral loss was not estimated."
    )
    if trajectory.run.counts:
        lines.append("Work: " + ", ".join(f"{count} {name}" for name, count in trajectory.run.counts.items()) + ".")
    balances = table(("component", "greatest relative imbalance"), [(name, f"{value:.1e}") for name, value in errors.items()])
    return listed(lines) + "".join(f'<p class="note">Note: {text(words)}</p>' for words in trajectory.warnings) + balances


def _outcomes(trajectory: Trajectory) -> str:
    several = trajectory.members > 1
    found = [*trajectory.outcomes().values(), *trajectory.phases().values()]
    rows = []
    for outcome in found:
        measure = outcome.measure
        value = f"{outcome.value:{measure.form}}" if outcome.members else "–"
        spread = f"{outcome.low:{measure.form}} to {outcome.high:{measure.form}}" if outcome.has_interval else ""
        name = " ".join(part for part in (measure.label, measure.symbol) if part)
        cells = (name, value, *((spread, str(outcome.members)) if several else ()), measure.unit, measure.definition)
        rows.append(cells)
    heads = ("outcome", "median" if several else "value", *(("5–95 %", "members") if several else ()), "unit", "definition")
    return table(heads, rows)


def _books(trajectory: Trajectory, head: str, books: Mapping[str, Outcome]) -> str:
    """Return a table of books, and of carriers a picture."""
    several = trajectory.members > 1
    rows = []
    for outcome in books.values():
        spread = (f"{outcome.low:.4g} to {outcome.high:.4g}" if outcome.has_interval else "",) if several else ()
        rows.append((outcome.measure.label, f"{outcome.value:.4g}" if outcome.members else "–", *spread, outcome.unit))
    found = table((head, "median" if several else "value", *(("5–95 %",) if several else ()), "unit"), rows)
    return found + (_picture(trajectory, "carriers", CARRIERS) if head == "carriers" else "")


def _at_depth(trajectory: Trajectory) -> str:
    rows = []
    for depth in depths_of(trajectory):
        found = trajectory.at_depth(depth)
        rows.append((f"{depth:g}", *(outcome.figures() for outcome in found.values())))
    heads = ("depth [µm]", "pH", *(f"SI {phase}" for phase in trajectory.run.phases), "mineral [vol%]")
    return (
        table(heads, rows)
        + "<p>SI = log10(IAP/Ksp): below 0 the phase dissolves, above 0 it can grow; – where an ion is absent.</p>"
    )


def _picture(trajectory: Trajectory, kind: str, words: str) -> str:
    svg = inline(trajectory.plot(kind), kind, words)
    if trajectory.members > 1 and kind in BANDED:
        words += " Grey band: 5–95 % of the members."
    return f"<figure>{svg}<figcaption>{text(words)}</figcaption></figure>"
