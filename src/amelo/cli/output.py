"""What every command prints with: a table for people, JSON and CSV for programs."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence

from amelo.errors import AmeloError, CommandError

__all__ = ["check_each", "number", "one_format", "print_csv", "print_json", "print_table"]


def check_each(files: Iterable[str], check: Callable[[str], Iterable[str]]) -> int:
    """Print what a check says of each file, and on standard error why one is refused.

    Arguments: files; check (gives the lines to print of a file, or raises).
    Returns: exit code, 2 when a file is refused, else 0.
    """
    bad = False
    for file in files:
        try:
            lines = list(check(file))
        except AmeloError as error:
            print(f"amelo: {error}", file=sys.stderr)
            bad = True
        else:
            print(*lines, sep="\n")
    return 2 if bad else 0


def one_format(**chosen: bool) -> str:
    """Return the one chosen output format, ``""`` for the table.

    Raises: CommandError when two are asked for at once.
    """
    names = [name for name, on in chosen.items() if on]
    if len(names) > 1:
        raise CommandError(f"--{names[0]} and --{names[1]} cannot be used together", fix="choose one")
    return names[0] if names else ""


def print_json(data: object) -> None:
    """Print JSON that any reader accepts: UTF-8, or ASCII where the output has another encoding; no NaN."""
    plain = (getattr(sys.stdout, "encoding", None) or "utf-8").casefold().replace("-", "") != "utf8"
    print(json.dumps(data, indent=1, ensure_ascii=plain, allow_nan=False))


def print_csv(rows: Sequence[Mapping[str, object]]) -> None:
    """Print rows of equal keys as CSV with a header."""
    if rows:
        writer = csv.DictWriter(sys.stdout, fieldnames=list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]], *, title: str = "", left: int = 1) -> None:
    """Print a table, its first ``left`` columns left-aligned and the rest right-aligned; plain when not on a terminal."""
    from rich import box
    from rich.console import Console
    from rich.markup import escape  # without it "[vol%]" would be read as a style and vanish
    from rich.table import Table

    table = Table(title=escape(title) or None, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)
    for i, name in enumerate(columns):
        table.add_column(escape(name), justify="left" if i < left else "right", overflow="fold")
    for row in rows:
        table.add_row(*(escape(str(cell)) for cell in row))
    console = Console(soft_wrap=False, highlight=False)
    if not console.is_terminal:
        console.width = max(console.width, 400)  # nobody reads it: let no column break
    console.print(table)


def number(value: float, form: str) -> str:
    """Format a number, ``–`` where there is none."""
    if value != value:
        return "–"
    return "−∞" if value == float("-inf") else format(value, form)
