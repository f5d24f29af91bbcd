"""``amelo forecast``: what is likely to go wrong in a mouth, when, how sure that is, why, and what would change it."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from shutil import get_terminal_size
from textwrap import wrap
from typing import TYPE_CHECKING, Literal

from amelo.cite import remember_citations
from amelo.cli.options import Flag, Whole
from amelo.cli.output import one_format, print_json, print_table
from amelo.cli.progress import progress_bar
from amelo.errors import CommandError, FileError, nearest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from amelo.forecast.record import Forecast, Risk

__all__ = ["forecast", "horizons_of"]

MOST_DRAWS = 10_000
NARROWEST = 40  # characters; below it words cannot be broken well
TOLD = 3  # drivers, measurements and deeds that are told; all are in --json
WORTH = 0.005  # share of the spread; less reads as 0 %
COLOURS = {
    "loss": "tooth loss",
    "onset": "caries onset",
    "progression": "progression",
    "restoration": "restoration failure",
    "any": "",
}


def forecast(
    case: str,
    /,
    *,
    horizon: str = "1,2,5",
    model: list[str] | None = None,
    tooth: Whole | None = None,
    all: Flag = False,  # noqa: A002
    draws: Whole = 200,
    seed: Whole = 0,
    json: Flag = False,
    csv: Flag = False,
    plot: Path | None = None,
    svg: Path | None = None,
    colour: Literal["loss", "onset", "progression", "restoration", "any"] = "loss",
) -> int:
    """Forecast what may happen to every tooth of a case: loss, caries, progression of lesions, failure of restorations.

    Prints the chance that each has happened by every horizon, with an interval at the last; what drives it; what would change it most;
    and where it abstains.

    Parameters
    ----------
    case
        A case file; - reads standard input.
    horizon
        Years from the date of the record, with commas between, up to 5.
    model
        A model by hash or file, in the place of the shipped one of its kind; may be given several times.
    tooth
        Tell of this tooth only (FDI number), with all reasons that count.
    all
        Show every row, also those that are not notable.
    draws
        Draws of what is uncertain.
    seed
        The same seed gives the same numbers.
    json
        Print everything as JSON, curves included.
    csv
        Print one line for every event, tooth and horizon as CSV.
    plot
        Draw curves and drivers of what stands out to this SVG, PNG or PDF.
    svg
        Draw the tooth chart coloured and hatched by risk to this SVG.
    colour
        The event that the tooth chart shows: loss, onset, progression, restoration or any.
    """
    from amelo.records.case import load_case
    from amelo.records.read import source_name

    form = one_format(json=json, csv=csv)
    horizons = horizons_of(horizon)
    if not 1 <= draws <= MOST_DRAWS:
        raise CommandError(f"--draws {draws} is out of range", why=f"allowed 1 to {MOST_DRAWS}")
    if not 0 <= seed < 2**63:
        raise CommandError(f"--seed {seed} is out of range", why="allowed 0 to 9223372036854775807")
    _check_places(plot, svg)
    record = load_case(case)
    if tooth is not None:
        _check_tooth(tooth, [int(key) for key in record.teeth], source_name(case))
    from amelo.forecast.run import forecast as forecasted

    with progress_bar("reading the models", compiles=False) as on_progress:
        found = forecasted(record, horizons=horizons, models=model or (), draws=draws, seed=seed, on_progress=on_progress)
    shown = found if tooth is None else replace(found, risks=tuple(r for r in found.risks if r.tooth == tooth))
    remember_citations("amelo forecast", (*found.sources, *(c.source for r in shown.risks for c in r.changes)))
    if form == "json":
        from amelo.report.forecast_words import banner

        print_json({**shown.to_dict(), "disclaimer": banner()})
    elif form == "csv":
        print(shown.to_csv(), end="")
    else:
        _print(
            shown, everything=all or tooth is not None, tooth=tooth or 0, teeth={int(k): t.status for k, t in record.teeth.items()}
        )
    _write_pictures(record, found, shown, plot, svg, COLOURS[colour])
    return 0


def horizons_of(text: str) -> tuple[float, ...]:
    """Return horizons [y] from text such as ``1,2,5``.

    Raises: CommandError when a part is no number.
    """
    found = []
    for part in text.split(","):
        try:
            found.append(float(part))
        except ValueError:
            raise CommandError(
                f"--horizon '{text}' is not a list of years", fix="write numbers with commas between, such as 1,2,5"
            ) from None
    return tuple(found)


def _check_tooth(tooth: int, charted: list[int], name: str) -> None:
    from amelo.records.teeth import tooth as checked

    checked(tooth)
    if tooth not in charted:
        fix = nearest(tooth, charted, limit=0) or f"see: amelo case show {name}"
        raise CommandError(f"tooth {tooth} is not charted in {name}", why="nothing is known of it", fix=fix)


def _check_places(plot: Path | None, svg: Path | None) -> None:
    """Refuse what could not be written, before anything is computed."""
    from amelo.report.plots import check_picture

    if plot is not None:
        check_picture(plot)
    if svg is not None:
        check_picture(svg, (".svg",))


def _write_pictures(case: object, found: Forecast, shown: Forecast, plot: Path | None, svg: Path | None, event: str) -> None:
    path = plot
    try:
        if plot is not None:
            from amelo.forecast.figures import write_figure

            write_figure(shown.plot(), plot)
            print(f"plot written to {plot}", file=sys.stderr)
        path = svg
        if svg is not None:
            from amelo.report.forecast_svg import forecast_svg

            svg.write_text(forecast_svg(case, found, event=event), "utf-8")
            print(f"chart written to {svg}", file=sys.stderr)
    except OSError as error:
        raise FileError(f"{path} cannot be written", why=error.strerror or str(error)) from None


def _print(found: Forecast, *, everything: bool, tooth: int, teeth: Mapping[int, str] | None = None) -> None:
    from amelo.report.forecast_words import banner, models_line, percent, rest_line, sections, span, words_of_nothing, years

    last, level = found.horizons[-1], f"{100 * found.level:.0f} %"
    shown = sections(found, everything=everything)
    of = f"tooth {tooth} of {found.pseudonym}" if tooth else found.pseudonym
    print(f"Forecast for {of}, from {found.recorded_on}")
    if shown:
        rows = []
        for section in shown:
            for row in section.rows:
                risk = row.first
                what = f"{risk.event}{': ' if risk.stage else ''}{risk.stage}"
                rows.append((row.where, what, *(percent(p) for p in risk.risk), span(risk.low[-1], risk.high[-1]), _first(risk)))
        columns = ("tooth", "event", *(years(h) for h in found.horizons), f"{level} interval", "first reason")
        print_table(columns, rows, left=2)
        _notes(found, any(row.worst for s in shown for row in s.rows))
        rest = [line for section in shown if (line := rest_line(section, last))]
        if rest:
            print("\nNot shown (--all shows every row):")
            for line in rest:
                _tell(line)
    else:
        print(f"nothing is forecast: {words_of_nothing(found, tooth, teeth or {})}")
    _print_reasons(found, shown, tooth)
    draws = "1 draw" if found.draws == 1 else f"{found.draws} draws"
    print(
        f"\nmodels: {models_line(found) or 'none'}; seed {found.seed}, {draws}; 'amelo models' has their cards, 'amelo cite' the sources"
    )
    for note in found.notes:
        print(f"note: {note}")
    print(banner())


def _notes(found: Forecast, grouped: bool) -> None:
    if any(r.against for r in found.risks):
        print(
            "A tooth that is lost can no longer decay: every chance but that of loss is that of happening before the tooth is lost."
        )
    if grouped:
        print("'+': the worst surface of each tooth is shown; its others have no higher risk.")


def _tell(line: str) -> None:
    """Print an indented line, broken where the terminal ends."""
    width = get_terminal_size().columns if sys.stdout.isatty() else 0
    print("\n".join(wrap(line, max(width, NARROWEST), initial_indent="  ", subsequent_indent="      ")) if width else f"  {line}")


def _first(risk: Risk) -> str:
    from amelo.report.forecast_words import driver_words

    raising = next((d for d in risk.drivers if d.effect > 0), None)
    return driver_words(raising) if raising else ""


def _print_reasons(found: Forecast, shown: list, tooth: int) -> None:
    from amelo.report import forecast_words as words

    told = words.explained(found, shown, tooth=tooth)
    last = found.horizons[-1]
    if any(risk.drivers for risk in told):
        print("\nWhat drives it (× is the factor on the hazard, against the average of the model's data):")
        for risk in told:
            if risk.drivers:
                drivers = words.reasons(risk, None if tooth else TOLD)
                _tell(f"{risk.where} {words.event_words(risk)}, {words.percent(risk.risk[-1])}: {drivers}")
            if tooth and risk.outlasts:
                _tell(f"  {words.outlasted(risk)}")
    measures, doings = [m for m in words.measurements(found) if m[1] >= WORTH][:TOLD], words.deeds(found)[:TOLD]
    if measures or doings:
        print("\nWhat would change it most:")
    for what, share, risks in measures:
        where = f"{len(risks)} forecasts" if len(risks) > 1 else f"{risks[0].where} {words.event_words(risks[0])}"
        _tell(f"measure this: {what}; up to {100 * share:.0f} % of the spread of {where} goes")
    for what, risk, after, count, source, grade in doings:
        more = f" and {count - 1} more" if count > 1 else ""
        change = f"{words.percent(risk.risk[-1])} to {words.percent(after)} by {words.years(last)}"
        _tell(f"do that: {what}; lowers {risk.where} {words.event_words(risk)}{more}; at most from {change} [{source}, {grade}]")
    silent = words.abstentions(found)
    if silent:
        print("\nNot forecast:")
        for event, where, reason in silent:
            _tell(f"{event} of {where}: {reason}")
