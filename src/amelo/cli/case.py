"""``amelo case``: check, draw and use patient cases."""

from __future__ import annotations

import sys
from pathlib import Path

from cyclopts import App

from amelo.cli.options import Flag
from amelo.cli.output import print_json
from amelo.errors import AmeloError, FileError

__all__ = ["app", "check", "fluid", "schema", "show"]

app = App(name="case", help="Check, draw and use patient cases.", help_format="plaintext")


@app.command
def check(files: list[str], /) -> int:
    """Check cases against the schema and its rules, and say what is unusual in them.

    Exit code 0 when every file is a case, 2 when one is not.

    Parameters
    ----------
    files
        Case files; - reads standard input.
    """
    from amelo.records.case import Case, notices
    from amelo.records.check import build, problems
    from amelo.records.read import read_json, source_name

    bad = 0
    for file in files:
        name = source_name(file)
        try:
            data = read_json(file)
            found = problems(Case, data, name)
        except AmeloError as error:
            found = [error]
        for problem in found:
            print(f"amelo: {problem}", file=sys.stderr)
        if found:
            bad += 1
            continue
        case = build(Case, data, name)
        print(f"{name}: a valid case: {case.summary()}")
        for notice in notices(case):
            print(f"  notice: {notice}")
    return 2 if bad else 0


@app.command
def show(file: str, /, *, svg: Path | None = None, json: Flag = False) -> int:
    """Draw the tooth chart of a case in the terminal.

    Parameters
    ----------
    file
        A case file; - reads standard input.
    svg
        Write the chart to this SVG file as well.
    json
        Print the case with every unknown field written out.
    """
    from amelo.records.case import load_case
    from amelo.report.chart import chart_text

    if svg is not None:
        from amelo.report.plots import check_picture

        check_picture(svg, (".svg",))
    case = load_case(file)
    if json:
        print(case.to_json(), end="")
    else:
        print(chart_text(case, colour=sys.stdout.isatty()))
    if svg is not None:
        from amelo.report.chart_svg import chart_svg

        try:
            svg.write_text(chart_svg(case), "utf-8")
        except OSError as error:
            raise FileError(f"{svg} cannot be written", why=error.strerror or str(error)) from None
        print(f"chart written to {svg}", file=sys.stderr)
    return 0


@app.command
def fluid(file: str, /) -> int:
    """Print the resting saliva of a case as a fluid, ready for 'amelo saturation -'; what was assumed goes to standard error.

    Parameters
    ----------
    file
        A case file; - reads standard input.
    """
    from amelo.records.case import load_case
    from amelo.twin.chemistry.fluids import saliva_of

    saliva = saliva_of(load_case(file))
    for sentence in saliva.assumed:
        print(f"note: assumed {sentence}", file=sys.stderr)
    print_json(saliva.fluid.model_dump(exclude_none=True))
    return 0


@app.command
def schema() -> int:
    """Print the JSON Schema of a case."""
    from amelo.records.case import case_schema

    print_json(case_schema())
    return 0
