"""``amelo saturation``, ``amelo critical-ph`` and ``amelo solubility``."""

from __future__ import annotations

import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from amelo.cite import remember_citations
from amelo.cli.options import Flag
from amelo.cli.output import number, one_format, print_csv, print_json, print_table
from amelo.cli.progress import working
from amelo.errors import CommandError

if TYPE_CHECKING:
    from amelo.records.fluid import Fluid

__all__ = ["critical_ph", "parse_background", "parse_range", "saturation", "solubility"]


def saturation(files: list[str], /, *, json: Flag = False, csv: Flag = False, all: Flag = False) -> int:  # noqa: A002
    """How saturated one or more fluids are with the minerals of enamel, dentine and calculus.

    Parameters
    ----------
    files
        JSON files of fluids, one or a list in each; - reads standard input.
    json
        Print every figure as JSON, one object for one fluid and a list for a list.
    csv
        Print one row per fluid.
    all
        Show historic enamel constants, fluorhydroxyapatite and calcite in the table as well.
    """
    from amelo.twin.chemistry.saturation import HISTORIC, read_fluids, saturation_of

    form = one_format(json=json, csv=csv)
    groups = [read_fluids(file) for file in files]
    labelled = [group.labelled(file) for file, group in zip(files, groups, strict=True)]
    with working(f"solving {sum(len(fluids) for fluids, _ in labelled)} fluids"):
        solved = [fluid for fluids, _ in labelled for fluid in fluids]
        answers = saturation_of(solved, [name for _, names in labelled for name in names])
    remember_citations("amelo saturation", answers.sources)
    if form == "json":
        several = len(groups) > 1 or groups[0].is_list
        print_json([a.to_dict() for a in answers] if several else answers[0].to_dict())
    elif form == "csv":
        print_csv([_row(a.to_dict()) for a in answers])
    else:
        phases = [p for p in answers[0].saturation_index if p != "enamel" and (all or p not in HISTORIC)]
        _print_saturation(answers, phases)
    labels = [label for _, names in labelled for label in names]
    return _report_status([(_called(label, f), a.status) for label, f, a in zip(labels, solved, answers, strict=True)])


def _called(label: str, fluid: Fluid) -> str:
    return f"{label}: {fluid.case}" if fluid.case else label


def _row(answer: dict) -> dict[str, object]:
    row = {key: answer[key] for key in ("case", "pH", "temperature_C", "ionic_strength", "charge_error_percent", "status")}
    row |= {f"SI_{phase}": value for phase, value in answer["saturation_index"].items()}
    return row | {f"DS_{phase}": value for phase, value in answer["degree_of_saturation"].items()}


def _print_saturation(answers: object, phases: list[str]) -> None:
    if len(answers) == 1 and not answers[0].status.usable:
        return
    if len(answers) == 1:
        a = answers[0]
        print(f"{a.name}: pH {a.pH:.3f}, {a.temperature:g} °C, ionic strength {a.ionic_strength:.4g} mol/kgw")
        rows = []
        for phase in phases:
            si, ds = a.saturation_index[phase], a.degree_of_saturation[phase]
            verdict = "no ion of it present" if si == float("-inf") else "supersaturated" if si > 0 else "undersaturated"
            rows.append((phase, number(si, "+.2f"), number(ds, ".3g"), verdict if si == si else "–"))
        print_table(("phase", "SI", "DS", ""), rows)
        logs = ", ".join(f"{ion} {number(value, '.2f')}" for ion, value in a.log_activity.items())
        print(f"log activities: {logs}")
        print(f"share of enamel that this fluid dissolves: {a.undersaturated_enamel:.0%}")
        if abs(a.charge_error) > 0.05:
            print(f"note: charges are out of balance by {100 * a.charge_error:+.0f} %; name an ion in charge_balanced_by")
    else:
        rows = [
            (a.name, number(a.pH, ".2f"), number(a.ionic_strength, ".4f"), *(number(a.saturation_index[p], "+.2f") for p in phases))
            for a in answers
        ]
        print_table(("fluid", "pH", "I", *phases), rows, title="saturation index log10(IAP/Ksp)")
    print(
        f"constants {', '.join(dict.fromkeys(a.constants for a in answers))}; SI > 0 is supersaturated; 'amelo cite' lists the references"
    )


def _report_status(statuses: list[tuple[str, object]]) -> int:
    """Say on standard error what is not plain convergence, and return 2 when a fluid has no answer."""
    bad = [(name, status) for name, status in statuses if not status.usable]
    for name, status in statuses:
        if status.usable and status:
            print(f"note: {name}: {status.sentence}", file=sys.stderr)
    if bad:
        more = f" ({len(bad)} of {len(statuses)} fluids have no answer)" if len(statuses) > 1 else ""
        print(f"amelo: {bad[0][0]}: {bad[0][1].sentence}{more}", file=sys.stderr)
    return 2 if bad else 0


def critical_ph(
    files: list[str], /, *, phase: Annotated[list[str] | None, Parameter(negative=())] = None, json: Flag = False, csv: Flag = False
) -> int:
    """The pH below which a fluid is no longer saturated with a phase: not a constant, but a property of the fluid.

    Parameters
    ----------
    files
        JSON files of fluids; - reads standard input. Their own pH is ignored.
    phase
        HAp, enamel, dentine, FAp, OCP, bTCP, DCPD, CaF2 or another solid; may be repeated. Default: HAp, enamel, dentine, FAp.
    json
        Print JSON.
    csv
        Print CSV.
    """
    from amelo.twin.chemistry.saturation import read_fluids
    from amelo.twin.chemistry.thresholds import critical_ph as find

    form = one_format(json=json, csv=csv)
    phases = [name for item in phase or ["HAp,enamel,dentine,FAp"] for name in item.split(",")]
    labelled = [read_fluids(file).labelled(file) for file in files]
    fluids = [fluid for group, _ in labelled for fluid in group]
    labels = [label for _, names in labelled for label in names]
    with working(f"searching pH 2 to 11 for {len(fluids)} fluids"):
        found = [answer for name in phases for answer in find(fluids, name, labels=labels)]
    remember_citations("amelo critical-ph", [key for answer in found for key in answer.sources])
    rows = [
        {
            "case": a.fluid,
            "phase": a.phase,
            "critical_pH": None if a.ph != a.ph else round(a.ph, 6),
            "low": None if a.low != a.low else round(a.low, 6),
            "high": None if a.high != a.high else round(a.high, 6),
            "note": a.sentence,
        }
        for a in found
    ]
    if form == "json":
        print_json(rows)
    elif form == "csv":
        print_csv(rows)
    else:
        cells = [
            (a.fluid, a.phase, number(a.ph, ".2f"), f"{number(a.low, '.2f')} to {number(a.high, '.2f')}", a.sentence) for a in found
        ]
        print_table(("fluid", "phase", "critical pH", "range of Ksp", ""), cells, left=2)
        print("the range is what the published range of the solubility product gives; 'amelo cite' lists the references")
    statuses = [max(a.status for a in found[k :: len(fluids)]) for k in range(len(fluids))]
    return _report_status([(_called(label, f), status) for label, f, status in zip(labels, fluids, statuses, strict=True)])


def solubility(
    *,
    phase: Annotated[list[str] | None, Parameter(negative=())] = None,
    ph: str = "4:8:0.5",
    background: Annotated[list[str] | None, Parameter(negative=())] = None,
    temperature: float = 37.0,
    plot: Path | None = None,
    json: Flag = False,
    csv: Flag = False,
) -> int:
    """Solubility of minerals against pH, with congruent dissolution and the pH held by a strong acid or base.

    Parameters
    ----------
    phase
        Solids to compare; may be repeated. Default: HAp, enamel, DCPD.
    ph
        One pH, or first:last:step.
    background
        Salts or components as NAME=mmol/kgw, for example NaCl=100; may be repeated.
    temperature
        37 (mouth) or 25 (bench) degrees Celsius.
    plot
        Write a plot to this .svg, .png or .pdf file.
    json
        Print JSON.
    csv
        Print CSV.
    """
    from amelo.twin.chemistry.status import Status
    from amelo.twin.chemistry.thresholds import solubility as solve

    form = one_format(json=json, csv=csv)
    if plot is not None:
        from amelo.report.plots import check_picture

        check_picture(plot)
    phases = [name for item in phase or ["HAp,enamel,DCPD"] for name in item.split(",")]
    values, salts = parse_range(ph), parse_background(background or [])
    with working(f"dissolving {', '.join(phases)} at {len(values)} pH values"):
        results = [solve(name, values, background=salts, temperature=temperature) for name in phases]
    remember_citations("amelo solubility", [key for r in results for key in r.sources])
    rows = [
        {
            "phase": r.phase,
            "pH": float(r.ph[i]),
            "dissolved_mmol_per_kgw": None if r.dissolved[i] != r.dissolved[i] else 1000.0 * float(r.dissolved[i]),
            **{
                f"{c}_mmol_per_kgw": None if v[i] != v[i] else 1000.0 * float(v[i]) for c, v in r.totals.items() if c in ("Ca", "P")
            },
            "ionic_strength": None if r.ionic_strength[i] != r.ionic_strength[i] else float(r.ionic_strength[i]),
            "status": Status(int(r.status[i])).name.lower(),
        }
        for r in results
        for i in range(len(r.ph))
    ]
    if form == "json":
        print_json(rows)
    elif form == "csv":
        keys = list(dict.fromkeys(key for row in rows for key in row))
        print_csv([{key: row.get(key) for key in keys} for row in rows])
    else:
        cells = [(f"{v:.2f}", *(number(1000.0 * r.totals["Ca"][i], ".4g") for r in results)) for i, v in enumerate(values)]
        print_table(("pH", *(r.phase for r in results)), cells, title="calcium dissolved [mmol/kgw]", left=0)
    if plot is not None:
        from amelo.report.plots import plot_solubility

        plot_solubility(results, plot, background=salts, temperature=temperature)
        print(f"plot written to {plot}", file=sys.stderr)
    return _report_status([(f"{r.phase} at pH {r.ph[i]:g}", Status(int(r.status[i]))) for r in results for i in range(len(r.ph))])


def parse_range(text: str) -> list[float]:
    """Read ``"5.5"`` or ``"4:8:0.1"`` (both ends included) as a list of pH values.

    Raises: CommandError saying what a range looks like.
    """
    parts = text.split(":")
    form = "write one pH or first:last:step, for example 4:8:0.1"
    try:
        numbers = [float(part) for part in parts]
    except ValueError:
        raise CommandError(f"--ph {text!r} is not a range of pH", fix=form) from None
    if len(numbers) not in (1, 3):
        raise CommandError(f"--ph {text!r} has {len(numbers)} parts", fix=form)
    first, last, step = (*numbers, *numbers, 1.0)[:3] if len(numbers) == 1 else numbers
    steps = (last - first) / step if step > 0 else 0.0
    if not (0 <= first <= 14 and 0 <= last <= 14):
        raise CommandError(f"--ph {text!r} leaves the range of pH", why="allowed 0 to 14", fix=form)
    if not 0 < step < math.inf or last < first:
        raise CommandError(
            f"--ph {text!r} does not go upwards", why="last must not be below first, and step must be a number above 0", fix=form
        )
    if steps >= 100_000:
        raise CommandError(f"--ph {text!r} has {steps:,.0f} steps", why="allowed up to 100,000 values", fix="use a larger step")
    return [round(first + k * step, 12) for k in range(round(steps + 1e-9) + 1) if first + k * step <= last + 1e-9]


def parse_background(items: list[str]) -> dict[str, float]:
    """Read ``["NaCl=100", "KCl=5,CaCl2=1"]`` [mmol/kgw] as totals [mol/kgw].

    Raises: CommandError for anything that is not NAME=NUMBER.
    """
    salts: dict[str, float] = {}
    for pair in (pair for item in items for pair in item.split(",")):
        name, _, amount = pair.partition("=")
        try:
            value = float(amount)
        except ValueError:
            value = float("nan")
        if not name or not 0 <= value <= 10_000:
            raise CommandError(
                f"--background {pair!r} is not NAME=mmol/kgw", why="allowed 0 to 10000 mmol/kgw", fix="for example NaCl=100"
            )
        if name.strip() in salts:
            raise CommandError(f"--background names {name.strip()} twice", fix="give it once")
        salts[name.strip()] = value / 1000.0
    return salts
