"""What ``amelo simulate`` does with a whole tooth: runs it, prints what was done and what came of it, writes files."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from amelo.cite import remember_citations
from amelo.cli.output import print_json, print_table
from amelo.cli.progress import progress_bar, working

if TYPE_CHECKING:
    from amelo.twin.tooth.trajectory import ToothTrajectory

__all__ = ["print_treatment", "simulate_tooth"]

MOST_STEPS = 40  # lines of what was done


def simulate_tooth(
    case: str,
    protocol: str,
    tooth: int,
    members: int,
    tier: str,
    seed: int,
    years: float | None,
    places: Mapping[str, Path | None],
    *,
    json: bool,
    force: bool,
) -> int:
    """Simulate a whole tooth, print what came of it, and write what was asked for.

    Arguments: case (file); protocol (file or text); tooth (FDI number); members; tier; seed; years (None for the usual number); places of
    ``out``, ``report`` and ``plot``; json; force.
    """
    from amelo.cli.simulate import open_protocol
    from amelo.records.case import load_case
    from amelo.twin.tooth.twin import ToothTwin

    twin, steps = ToothTwin.of(load_case(case), tooth), open_protocol(protocol)
    from amelo.protocol.simulate import simulate

    with progress_bar("laying out the tooth") as on_progress:
        trajectory = simulate(
            twin,
            steps,
            members=members,
            tier=tier,
            seed=seed,
            years=years,
            out=places["out"],
            force=force,
            on_progress=on_progress,
        )
    remember_citations("amelo simulate", trajectory.citations)
    if places["out"] is not None:
        print(f"what was seen written to {places['out']}", file=sys.stderr)
    if json:
        from amelo.report.treatment_summary import treatment_summary

        print_json(treatment_summary(trajectory))
    else:
        print_treatment(trajectory)
    for sentence in trajectory.warnings:
        print(f"note: {sentence}", file=sys.stderr)
    _write_pictures(trajectory, places["report"], places["plot"], force)
    return 0


def print_treatment(trajectory: ToothTrajectory) -> None:
    """Print what was done, outcomes, harm, the years after, what was assumed, and how it was computed."""
    from amelo.report.treatment_words import (
        ahead_rows,
        assumption_lines,
        harm_rows,
        how_it_was_computed,
        outcome_rows,
        step_rows,
    )
    from amelo.twin.tooth.show import in_words, price_in_words

    several = trajectory.members > 1
    spread = ("5–95 %",) if several else ()
    print(in_words(trajectory).splitlines()[0])
    rows = step_rows(trajectory)
    more = len(rows) - MOST_STEPS
    print_table(("", "what was done", "when", "min", "price", "consent"), rows[:MOST_STEPS], left=2)
    if more > 0:
        print(f"and {more} more; all of them are in --json and --report")
    print(price_in_words(trajectory))
    heads = ("outcome", "before", "after", *spread, "unit")
    print_table(heads, outcome_rows(trajectory))
    print_table(("harm since the start", "share", *spread, "unit"), harm_rows(trajectory))
    if trajectory.ahead:
        title = f"after {trajectory.ahead.years:g} years"
        print_table((title, "mean", *spread, "unit"), ahead_rows(trajectory))
    for sentence in assumption_lines(trajectory):
        print(f"assumed: {sentence}")
    print(f"status: {how_it_was_computed(trajectory)}")
    print("'amelo cite' lists the references; not a medical device")


def _write_pictures(trajectory: ToothTrajectory, report: Path | None, plot: Path | None, force: bool) -> None:
    if plot is not None:
        from amelo.twin.figures import write_figure
        from amelo.twin.store import writing

        with writing(plot), working("drawing the plot"):
            write_figure(trajectory.plot(), plot)
        print(f"plot written to {plot}", file=sys.stderr)
    if report is not None:
        from amelo.report.treatment import treatment_report

        with working("writing the report"):
            treatment_report(trajectory, report, force=force)
        print(f"report written to {report}", file=sys.stderr)
