"""``amelo compare``: the user's own protocols beside the planner's and beside waiting, on the same scenarios."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from amelo.cite import remember_citations
from amelo.cli.options import Flag, Whole
from amelo.cli.output import print_json, print_table
from amelo.cli.plan import check_budget, goals_and_limits, tooth_of, with_seconds_left
from amelo.cli.progress import progress_bar
from amelo.errors import CommandError

if TYPE_CHECKING:
    from amelo.plan.compare import Compared

__all__ = ["compare"]

MOST_PROTOCOLS, MOST_SCENARIOS = 50, 20_000


def compare(
    case: str,
    /,
    *protocols: str,
    tooth: Whole | None = None,
    surface: str | None = None,
    seconds: float = 10.0,
    goals: Annotated[str, Parameter(name=("--goals", "--goal"))] = "balanced",
    limits: Path | None = None,
    years: float = 10.0,
    seed: Whole = 0,
    rollouts: Whole | None = None,
    scenarios: Whole = 1024,
    no_plan: Flag = False,
    json: Flag = False,
) -> int:
    """Compare protocols of your own with the planner's and with waiting, on the same scenarios, which no search has seen.

    Parameters
    ----------
    case
        A case file; - reads standard input.
    protocols
        Files with protocols, or protocols in quotes.
    tooth
        The tooth (FDI number); the one that 'amelo plan' would take, if not given.
    surface
        The surface; that of the deepest lesion, if not given.
    seconds
        How long the planner searches.
    goals
        What counts how much: a preset or a TOML file, as for 'amelo plan'.
    limits
        A TOML file with the largest chance of each class of harm.
    years
        Years that are looked ahead.
    seed
        The same seed and --rollouts give the same numbers.
    rollouts
        Let the planner search with so many rollouts, whatever time that takes.
    scenarios
        How many scenarios each protocol is lived through in.
    no_plan
        Leave the planner's out.
    json
        Print everything as JSON.
    """
    from amelo.cli.simulate import open_protocol
    from amelo.records.case import load_case

    check_budget(seconds, rollouts, seed, years)
    if not protocols:
        raise CommandError("no protocol is given", fix="name one or more protocol files, or write one in quotes")
    if len(protocols) > MOST_PROTOCOLS:
        raise CommandError(f"{len(protocols)} protocols are too many", why=f"allowed up to {MOST_PROTOCOLS}")
    if not 32 <= scenarios <= MOST_SCENARIOS:
        raise CommandError(f"--scenarios {scenarios} is out of range", why=f"allowed 32 to {MOST_SCENARIOS}")
    wishes, bounds = goals_and_limits(goals, limits)
    texts = {}
    for source in protocols:
        texts[_name(source, texts)] = str(open_protocol(source))
    record = load_case(case)
    number, why = tooth_of(record, tooth, surface, seed)
    from amelo.plan.compare import compare as compared

    with progress_bar("building the teeth that this may be") as on_progress:
        planned = None
        if not no_plan:
            from amelo.plan.plan import plan

            told = with_seconds_left(lambda f, m: on_progress(0.6 * f, m), None if rollouts else seconds)
            planned = plan(
                record, number, surface, seconds=seconds, goals=wishes, limits=bounds, seed=seed, rollouts=rollouts, years=years, on_progress=told
            )  # fmt: skip
        found = compared(
            record, texts, number, surface, plan=planned, goals=wishes, limits=bounds, members=scenarios, seed=seed, years=years,
            on_progress=lambda f, m: on_progress(0.6 + 0.4 * f, m),
        )  # fmt: skip
    remember_citations("amelo compare", planned.provenance.citations if planned is not None else ())
    if json:
        from amelo.cli.plan import plain_values
        from amelo.report.plan_words import UNITS, banner

        print_json(plain_values({**found.to_dict(), "units": UNITS, "disclaimer": banner()}))
    else:
        _print(found, why)
    return 0


def _name(source: str, taken: dict[str, str]) -> str:
    """Return a name for a protocol: its file's, or its first words; numbered where two are alike."""
    first = source if len(source) < 60 and "\n" not in source else source.split("\n")[0][:57] + "…"
    name = Path(first).name if "/" in first and not any(c.isspace() for c in first) else first
    count = sum(1 for known in taken if known.split(" #")[0] == name)
    return f"{name} #{count + 1}" if count else name


def _print(found: Compared, why: str) -> None:
    from amelo.plan.goals import HARMS
    from amelo.report.plan_words import banner, chance

    print(f"Tooth {found.tooth} {found.surface}: {found.members} scenarios, the same for each, which no search has seen")
    if why:
        print(f"({why})")
    rows, refused = [], []
    for row in found.rows:
        run = row.run
        if run.refused:
            refused.append(f"{row.name}: cannot be done on this tooth: {run.refused}")
            continue
        gain, low, high = row.gain
        outcome = dict(zip(("quality", "vitality", "mineral", "tissue"), run.outcomes[:4].mean(axis=1), strict=True))
        rows.append(
            (row.name, f"{run.worth.mean():.3f}", f"{gain:+.3f} ({low:+.3f} to {high:+.3f})", *(f"{v:.3f}" for v in outcome.values()),
             f"{run.cost:.2f}", f"{run.visits}", "yes" if row.within else "no")
        )  # fmt: skip
    columns = (
        "protocol",
        "worth",
        "over waiting (95 %)",
        "quality",
        "vitality",
        "mineral",
        "tissue",
        "cost",
        "visits",
        "within limits",
    )
    print_table(columns, rows)
    harms = []
    for row in found.rows:
        if row.run.refused:
            continue
        seen = [
            (k, name)
            for k, name in enumerate(HARMS)
            if row.run.harms[k].any() or row.upper[k] > found.limits.largest.get(name, 1.0)
        ]
        for k, name in seen:
            share, limit = float(row.run.harms[k].mean()), found.limits.largest.get(name, 1.0)
            over = "beyond" if row.upper[k] > limit else ""
            harms.append((row.name, name.replace("_", " "), chance(share), chance(float(row.upper[k])), chance(limit), over))
    if harms:
        print_table(("protocol", "harm", "share", "at most", "limit", ""), harms, title="Harms that occurred", left=2)
    else:
        print("no harm occurred in any scenario")
    for line in refused:
        print(line)
    print(
        f"'at most' holds with a confidence of {100 * found.limits.confidence:g} % for one protocol; goals {found.goals.name}, seed {found.seed}"
    )
    print(banner())
