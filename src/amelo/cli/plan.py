"""``amelo plan``: the protocol that helps this patient most, while the chance of harm is certified below its limits."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from amelo.cite import remember_citations
from amelo.cli.options import Flag, Whole
from amelo.cli.output import print_json, print_table
from amelo.cli.progress import progress_bar, working
from amelo.errors import AmeloError, CommandError, nearest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from amelo.plan.goals import Goals, Limits
    from amelo.plan.record import Plan

__all__ = ["arms_of", "check_budget", "goals_and_limits", "plain", "plain_values", "plan", "tooth_of", "with_seconds_left"]

MOST_SECONDS, MOST_ROLLOUTS = 86400.0, 100_000_000


def plan(
    case: str,
    /,
    *,
    tooth: Whole | None = None,
    surface: str | None = None,
    seconds: float = 10.0,
    goals: Annotated[str, Parameter(name=("--goals", "--goal"))] = "balanced",
    limits: Path | None = None,
    arms: str = "nano,operative,combined,wait",
    years: float = 10.0,
    seed: Whole = 0,
    rollouts: Whole | None = None,
    json: Flag = False,
    report: Path | None = None,
    force: Flag = False,
) -> int:
    """Find what to do for a tooth: the timed protocol that helps this patient most while harm is certified below its limits.

    Prints the protocol as a timeline, what it does, what could go wrong and how sure it is, the other options and why they lost, what
    the combination adds, whether to probe first, and what is not known. Ctrl-C gives the best that is certified by then.

    Parameters
    ----------
    case
        A case file; - reads standard input.
    tooth
        The tooth (FDI number); of those with a lesion the one that the forecast worries about most, if not given.
    surface
        The surface, such as O; that of the deepest lesion, if not given.
    seconds
        How long to search.
    goals
        What counts how much: balanced, preserve, fewest_visits, lowest_cost, vital_pulp, or a TOML file with a table [weights].
    limits
        A TOML file with a table [limits]: the largest chance of each class of harm.
    arms
        What may be done, with commas between: nano, operative, combined, wait.
    years
        Years that are looked ahead.
    seed
        The same seed and --rollouts give the same plan.
    rollouts
        Search with so many rollouts, whatever time that takes, so that the plan can be repeated anywhere.
    json
        Print everything as JSON.
    report
        Write a report to this .html file. While the search runs, what it has found is kept beside it in a .part.json file.
    force
        Replace a report that is there already.
    """
    from amelo.records.case import load_case

    check_budget(seconds, rollouts, seed, years)
    chosen_arms = arms_of(arms)
    wishes, bounds = goals_and_limits(goals, limits)
    if report is not None:
        from amelo.report.lesion import check_report_path

        check_report_path(report, force=force)
    record = load_case(case)
    number, why = tooth_of(record, tooth, surface, seed)
    with _kept(report, number) as on_found, progress_bar("building the teeth that this may be") as on_progress:
        from amelo.plan.plan import plan as planned

        found = planned(
            record, number, surface, seconds=seconds, goals=wishes, limits=bounds, arms=chosen_arms, seed=seed, rollouts=rollouts, years=years,
            on_progress=with_seconds_left(on_progress, None if rollouts else seconds), on_found=on_found,
        )  # fmt: skip
        remember_citations("amelo plan", found.provenance.citations)
        closed: BaseException | None = None
        try:
            if json:
                print_json(plain(found, why))
            else:
                _print(found, why)
            sys.stdout.flush()
        except (OSError, SystemExit) as error:  # the reader has seen enough, or the disk is full: the report is still wanted
            closed = error
        on_found(plain(found, why))
        if report is not None:
            _write_report(record, found, report, force)
        if isinstance(closed, OSError) and not isinstance(closed, BrokenPipeError):
            raise closed  # what was kept stays
    if closed is not None:
        raise closed
    return 0


def check_budget(seconds: float, rollouts: int | None, seed: int, years: float) -> None:
    """Refuse a budget that cannot be.

    Raises: CommandError.
    """
    if not 0.0 < seconds <= MOST_SECONDS:
        why = "a plan needs time to be found" if seconds == 0.0 else f"allowed above 0 up to {MOST_SECONDS:g}"
        raise CommandError(f"--seconds {seconds:g} is out of range", why=why, fix="give 1 or more, 10 is usual")
    if rollouts is not None and not 1 <= rollouts <= MOST_ROLLOUTS:
        raise CommandError(f"--rollouts {rollouts} is out of range", why=f"allowed 1 to {MOST_ROLLOUTS}")
    if not 0 <= seed < 2**31:
        raise CommandError(f"--seed {seed} is out of range", why="allowed 0 to 2147483647")
    if not 1.0 <= years <= 30.0:
        raise CommandError(f"--years {years:g} is out of range", why="allowed 1 to 30")


def arms_of(text: str) -> tuple[str, ...]:
    """Return arms from text such as ``nano,wait``; waiting is always among them.

    Raises: CommandError for another word, or none.
    """
    from amelo.plan.design import ARMS

    named = [word.strip().casefold() for word in text.split(",") if word.strip()]
    for word in named:
        if word not in ARMS:
            raise CommandError(f"--arms: '{word}' is not an arm of a plan", fix=nearest(word, ARMS))
    if not named:
        raise CommandError("--arms names nothing", fix="name one or more of " + ", ".join(ARMS))
    return tuple(arm for arm in ARMS if arm in named or arm == "wait")


def goals_and_limits(goals: str, limits: Path | None) -> tuple[Goals, Limits]:
    """Return goals and limits as they were asked for.

    Raises: FileError, FormatError or ParameterError in one sentence.
    """
    from amelo.plan.goals import Goals, Limits

    bounds = Limits() if limits is None else Limits.read(limits)
    if limits is not None:
        from amelo.plan.certify import SIZES, least_provable

        least = least_provable(bounds.confidence)
        for name, limit in bounds.largest.items():
            if limit < least:
                what = f"a limit of {limit:g} for {name} lies below {least:.2g}, the least that {SIZES[-1]} scenarios without a single harm prove"
                print(f"note: {what}: only waiting can be certified", file=sys.stderr)
    return Goals.read(goals), bounds


def tooth_of(record: Any, tooth: int | None, surface: str | None, seed: int) -> tuple[int, str]:
    """Return the tooth to plan for, and why when it was not named.

    Raises: RecordError for a tooth that is not there; CommandError for a surface without its tooth.
    """
    if tooth is not None:
        from amelo.records.teeth import tooth as checked
        from amelo.twin.tooth.build import ABSENT

        number = checked(tooth)
        status = record.tooth(number).status
        if status in ABSENT:
            from amelo.plan.choose import plannable

            others = plannable(record)
            fix = f"name one with a lesion: {', '.join(map(str, others))}" if others else "name a tooth with a crown in the mouth"
            from amelo.errors import RecordError

            raise RecordError(f"tooth {number} is {status}", why="there is nothing to plan for", fix=fix)
        return number, ""
    if surface is not None:
        raise CommandError("--surface is given without --tooth", fix="name the tooth, for example --tooth 36")
    from amelo.plan.choose import tooth_to_plan

    with working("asking the forecast which tooth"):
        choice = tooth_to_plan(record, seed=seed)
    return choice.tooth, choice.why


def with_seconds_left(on_progress: Callable[[float, str], None], seconds: float | None) -> Callable[[float, str], None]:
    """Return a function of progress that also says how many seconds are left, where they are counted."""
    started = perf_counter()

    def told(fraction: float, message: str) -> None:
        left = "" if seconds is None else f"; {max(seconds - (perf_counter() - started), 0.0):.0f} s left"
        on_progress(fraction, message + left)

    return told


@contextmanager
def _kept(report: Path | None, tooth: int) -> Iterator[Callable[[Any], None]]:
    """Yield what keeps on disk what was found so far, beside the report or in the working folder; the file goes when all is told."""
    from amelo.plan.part import Part, part_path

    part = Part(
        part_path(report, tooth),
        on_first=lambda path: print(f"note: what is found is kept in {path} until all is told", file=sys.stderr),
        on_failure=lambda words: print(f"note: {words}", file=sys.stderr),
    )
    try:
        yield part.keep
    except BaseException:
        if part.written:
            print(f"note: what was found is in {part.path}", file=sys.stderr)
        raise
    part.done()


def plain(found: Plan, why: str = "") -> dict[str, Any]:
    """Return a plan as JSON holds it: with units, the timeline, and what it is not."""
    from amelo.plan.timeline import timeline
    from amelo.report.plan_words import UNITS, banner

    data = found.to_dict()
    steps = timeline(found.chosen.protocol)
    data["chosen"] |= {"timeline": steps.to_list(), "visits": steps.visits, "chair_time": steps.chair, "cost": steps.cost}
    extra = {"tooth_chosen_because": why} if why else {}
    return plain_values({**data, **extra, "units": UNITS, "amelo": found.provenance.amelo, "disclaimer": banner()})


def plain_values(value: Any) -> Any:
    """Return a value as JSON can hold it: plain numbers, null for those that are none."""
    if isinstance(value, dict):
        return {str(key): plain_values(v) for key, v in value.items()}
    if isinstance(value, list | tuple):
        return [plain_values(v) for v in value]
    if hasattr(value, "item"):
        value = value.item()
    return None if isinstance(value, float) and value - value != 0.0 else value


def _write_report(record: Any, found: Plan, report: Path, force: bool) -> None:
    from amelo.report.plan import plan_report

    try:
        with working("writing the report"):
            plan_report(record, found, report, force=force)
    except AmeloError as error:
        raise type(error)(
            f"{error.what}", where=error.where, why=error.why, fix="the plan was found, and is printed above"
        ) from None
    print(f"report written to {report}", file=sys.stderr)


def _print(found: Plan, why: str) -> None:
    from amelo.report import plan_words as words

    print(words.headline(found))
    if why:
        print(f"({why})")
    if found.reason:
        print(f"reason: {found.reason}")
    if found.settings.get("stopped_by_user"):
        print("stopped by the user: this is the best that was certified by then; probe and other worlds were not looked at")
    print("\nWhat is done:")
    for line in words.steps_of(found):
        print(f"  {line}" if line else "")
    print()
    columns = ("outcome, 0 to 1", "what it is", "mean", "5–95 % of scenarios", "waiting")
    print_table(columns, words.outcome_rows(found), title="What it does", left=2)
    columns = ("harm", "what it is", "share", "scenarios", "limit", "certified at most")
    print_table(columns, words.harm_rows(found), title="What could go wrong", left=2)
    rows = words.option_rows(found)
    print_table(("option", "worth", "certified", "visits", "minutes"), [row[:-1] for row in rows], title="Options", left=1)
    for title, lines in (
        ("Why not the others", [f"{row[0]}: {row[-1]}" for row in rows[1:]]),
        ("What the combination adds", words.synergy_words(found)),
        ("Probe first?", words.probe_words(found)),
        ("Why", words.leans_on(found)),
        (
            "In other worlds, the worst first",
            [f"{world}: worth {worth}; {harms}" for world, worth, harms in words.world_rows(found)],
        ),
        ("Not known, and could change the answer", list(found.unknown)),
        ("Assumed", list(found.provenance.assumptions)),
    ):
        if lines:
            print(title if title.endswith("?") else f"{title}:")
            for line in lines:
                print(f"  {line}")
            print()
    print(words.run_words(found))
    print("'amelo cite' lists the references.")
    print(words.banner())
