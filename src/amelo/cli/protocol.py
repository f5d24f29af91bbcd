"""``amelo protocol``: check and show what is done to a tooth, and when."""

from __future__ import annotations

from collections.abc import Iterator

from cyclopts import App

from amelo.cli.options import Flag
from amelo.cli.output import check_each, number, print_json, print_table

__all__ = ["app", "check", "schema", "show"]

app = App(name="protocol", help="Check and show protocols: what is done to a tooth, and when.", help_format="plaintext")


@app.command
def check(files: list[str], /, *, case: str | None = None) -> int:
    """Check protocols: their text, their ranges, and that the charges of every bath close.

    Exit code 0 when every file is a protocol, 2 when one is not.

    Parameters
    ----------
    files
        Protocol files, text or JSON; - reads text from standard input.
    case
        A case file, for the mouth and for 'day of case'.
    """
    from amelo.protocol import Protocol
    from amelo.protocol.doses import doses, notes
    from amelo.protocol.values import time_text
    from amelo.records.case import load_case
    from amelo.records.read import source_name

    whose = None if case is None else load_case(case)

    def told(file: str) -> Iterator[str]:
        protocol = Protocol.read(file)
        count = len(doses(protocol, whose))
        steps = f"{count} different step{'s' * (count > 1)}"
        yield f"{source_name(file)}: a valid protocol of {steps}, {time_text(protocol.duration)}"
        yield from (f"  note: {note}" for note in notes(protocol, whose))

    return check_each(files, told)


@app.command
def show(file: str, /, *, case: str | None = None, json: Flag = False) -> int:
    """Print a protocol as canonical text, its length, and what it doses.

    Parameters
    ----------
    file
        A protocol file, text or JSON; - reads text from standard input.
    case
        A case file, for the mouth and for 'day of case'.
    json
        Print text, steps and doses as JSON.
    """
    from amelo.protocol import Protocol
    from amelo.protocol.doses import doses, notes
    from amelo.protocol.values import time_text
    from amelo.records.case import load_case

    whose = None if case is None else load_case(case)
    protocol = Protocol.read(file)
    found, remarks = doses(protocol, whose), notes(protocol, whose)
    if json:
        data = {"text": str(protocol), "duration_s": protocol.duration} | protocol.model_dump(mode="json")
        print_json(data | {"doses": [dose.to_dict() for dose in found], "notes": remarks})
        return 0
    print(protocol, end="")
    print(f"\ntotal length {time_text(protocol.duration)}\n")
    rows = []
    for dose in found:
        bath = dose.bath
        closed = f"{bath.added:.3g} mM {bath.ion}" if bath and bath.ion else "–"
        ppm = number(1e6 * dose.fluoride, ".6g") if dose.fluoride else "–"
        lasts = time_text(dose.duration) if dose.duration else "–"
        rows.append((dose.step, dose.times, lasts, "–" if dose.ph is None else f"{dose.ph:.4g}", closed, ppm))
    print_table(("step", "times", "in all", "pH", "pH set with", "ppm F"), rows)
    for remark in remarks:
        print(f"note: {remark}")
    return 0


@app.command
def schema() -> int:
    """Print the JSON Schema of a protocol."""
    from amelo.protocol import protocol_schema

    print_json(protocol_schema())
    return 0
