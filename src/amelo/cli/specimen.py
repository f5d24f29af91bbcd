"""``amelo specimen``: check and look at tooth samples."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from cyclopts import App

from amelo.cli.options import Flag, Whole
from amelo.cli.output import check_each, one_format, print_csv, print_json, print_table

__all__ = ["app", "check", "schema", "show"]

app = App(name="specimen", help="Check and look at tooth samples.", help_format="plaintext")


@app.command
def check(files: list[str], /) -> int:
    """Check specimens against the schema and its rules.

    Exit code 0 when every file is a specimen, 2 when one is not.

    Parameters
    ----------
    files
        Specimen files in TOML; - reads standard input.
    """
    from amelo.records.read import source_name
    from amelo.records.specimen import load_specimen, notices

    def told(file: str) -> Iterator[str]:
        specimen = load_specimen(file)
        yield f"{source_name(file)}: a valid specimen: {specimen.name}, {specimen.tissue}, {specimen.thickness.text}"
        yield from (f"  notice: {notice}" for notice in notices(specimen))

    return check_each(files, told)


@app.command
def show(
    file: str, /, *, plot: Path | None = None, members: Whole = 32, seed: Whole = 0, json: Flag = False, csv: Flag = False
) -> int:
    """What a specimen is, with the source and grade of every number.

    Parameters
    ----------
    file
        A specimen in TOML; - reads standard input.
    plot
        Draw the initial profile of an ensemble to this SVG, PNG or PDF.
    members
        Members of the ensemble in the plot.
    seed
        Seed of the ensemble in the plot.
    json
        Print the parameters as JSON.
    csv
        Print the parameters as CSV.
    """
    from amelo.cite import remember_citations
    from amelo.records.specimen import load_specimen
    from amelo.report.plots import check_picture, plot_initial_profile
    from amelo.report.specimen import specimen_lines, specimen_rows

    form = one_format(json=json, csv=csv)
    if plot is not None:
        check_picture(plot)
    specimen = load_specimen(file)
    rows = specimen_rows(specimen)
    remember_citations("amelo specimen show", specimen.sources)
    if form == "json":
        print_json({"name": specimen.name, "tissue": specimen.tissue, "parameters": rows})
    elif form == "csv":
        print_csv(rows)
    else:
        print(specimen.name)
        for line in specimen_lines(specimen):
            print(f"  {line}")
        cells = [(r["name"], f"{r['value']:.4g}", r["unit"], _range(r), r["grade"], r["source"]) for r in rows]
        print_table(("parameter", "value", "unit", "range", "grade", "source"), cells)
    if plot is not None:
        from amelo.errors import CommandError
        from amelo.twin.build import column_of

        if not 1 <= members <= 10_000:
            raise CommandError(f"{members} members cannot be drawn", why="allowed 1 to 10000")
        plot_initial_profile(column_of(specimen, members=members, seed=seed), plot)
        print(f"profile written to {plot}", file=sys.stderr)
    return 0


@app.command
def schema() -> int:
    """Print the JSON Schema of a specimen."""
    from amelo.records.specimen import specimen_schema

    print_json(specimen_schema())
    return 0


def _range(row: dict[str, object]) -> str:
    low, high = row["low"], row["high"]
    return "–" if low == high else f"{low:.4g} to {high:.4g}"
