"""``amelo validate``."""

from __future__ import annotations

import sys
from pathlib import Path

from amelo.cite import remember_citations
from amelo.cli.options import Flag
from amelo.cli.output import number, print_json, print_table
from amelo.cli.progress import progress_bar, working
from amelo.errors import CommandError, nearest

__all__ = ["validate"]


def validate(subjects: list[str] | None = None, /, *, full: Flag = False, json: Flag = False, plot: Path | None = None) -> int:
    """Compare amelo with published results: hits, misses, and what could not be computed.

    Exit code 0 when every row was computed, whether it hit or missed; 1 when a row is missing.

    Parameters
    ----------
    subjects
        thermo, mouth, twin, forecast, nano, evidence, living; default: all.
    full
        Run the long rows as well.
    json
        Print JSON.
    plot
        Folder for figures of what is better seen.
    """
    from amelo.validate import SUBJECTS, run_subject

    for name in subjects or ():
        if name not in SUBJECTS:
            raise CommandError(f"'{name}' is not a subject of validation", fix=nearest(name, SUBJECTS))
    claims, missing = [], []
    for name in subjects or SUBJECTS:
        with progress_bar(f"computing {name}") as on_progress:
            found, absent = run_subject(name, full=full, on_progress=on_progress)
        claims += found
        missing += absent
    if plot is not None:
        with working("drawing figures"):
            _draw(subjects or list(SUBJECTS), plot)
    missing += [c.id for c in claims if c.verdict == "missing"]
    remember_citations("amelo validate", [key for c in claims for key in c.source.split()])
    if json:
        print_json({"claims": [c.to_dict() for c in claims], "missing": missing})
    else:
        rows = [
            (
                c.id,
                c.what,
                f"{c.published:g}",
                number(c.ours if c.ours is not None else float("nan"), ".4g"),
                f"{c.low:g} to {c.high:g}",
                c.unit,
                c.verdict.upper(),
                c.source,
            )
            for c in claims
        ]
        print_table(("id", "what", "published", "amelo", "band", "unit", "verdict", "source"), rows, left=2)
        for c in claims:
            if c.verdict != "hit" or "assumes" in c.note:  # a prediction is worth what it assumes
                print(f"{c.verdict} {c.id}: {c.note}")
        hits = sum(c.verdict == "hit" for c in claims)
        print(f"{hits} of {len(claims)} hit; bands were stated beforehand and are never fitted")
    if missing:
        print(f"amelo: missing from the run: {', '.join(missing)}", file=sys.stderr)
    return 1 if missing else 0


def _draw(subjects: list[str], folder: Path) -> None:
    """Write the figures of every subject that has some."""
    from importlib import import_module

    from amelo.errors import FileError
    from amelo.validate import SUBJECTS

    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in subjects:
            for title, figure in getattr(import_module(SUBJECTS[name]), "figures", dict)().items():
                figure.savefig(folder / f"{name}-{title}.svg")
    except OSError as error:
        raise FileError(f"{folder} cannot be written", why=error.strerror or str(error)) from None
