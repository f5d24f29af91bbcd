"""``amelo synergy``: what carriers and operative care add to each other on a tooth, and controls that anyone can run again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from amelo.cite import remember_citations
from amelo.cli.options import Flag, Whole
from amelo.cli.output import number, print_json, print_table
from amelo.cli.plan import check_budget, goals_and_limits, plain_values, tooth_of, with_seconds_left
from amelo.cli.progress import progress_bar
from amelo.errors import CommandError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from amelo.plan.controls import Control
    from amelo.plan.effects import Effects
    from amelo.plan.record import Plan
    from amelo.records.case import Case

__all__ = ["synergy"]

MOST_SCENARIOS, MOST_REPLICATES = 20_000, 10_000


def synergy(
    case: str | None = None,
    /,
    *,
    tooth: Whole | None = None,
    surface: str | None = None,
    seconds: float = 10.0,
    goals: Annotated[str, Parameter(name=("--goals", "--goal"))] = "balanced",
    limits: Path | None = None,
    years: float = 10.0,
    seed: Whole = 0,
    rollouts: Whole | None = None,
    scenarios: Whole = 1024,
    controls: Flag = False,
    replicates: Whole = 300,
    json: Flag = False,
) -> int:
    """Tell what carriers and operative care add to each other on a tooth: the paired excess over the better single arm, and why.

    With --controls also, or without a case only, worlds whose answer is known: null, sham, antagonist, and power, of numbers and of the tooth itself. Exit code 1 when the index fails one.

    Parameters
    ----------
    case
        A case file; - reads standard input. May be left out with --controls.
    tooth
        The tooth (FDI number); the one that 'amelo plan' would take, if not given.
    surface
        The surface; that of the deepest lesion, if not given.
    seconds
        How long the planner searches; each arm gets the same.
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
        Fresh scenarios on which arms and variants are compared.
    controls
        Run the controls of the index.
    replicates
        How often each world of the controls is made anew.
    json
        Print everything as JSON.
    """
    check_budget(seconds, rollouts, seed, years)
    if case is None and not controls:
        raise CommandError("no case is given", fix="name a case file, or add --controls to run the controls alone")
    if not 32 <= scenarios <= MOST_SCENARIOS:
        raise CommandError(f"--scenarios {scenarios} is out of range", why=f"allowed 32 to {MOST_SCENARIOS}")
    if not 2 <= replicates <= MOST_REPLICATES:
        raise CommandError(f"--replicates {replicates} is out of range", why=f"allowed 2 to {MOST_REPLICATES}")
    wishes, bounds = goals_and_limits(goals, limits)
    planned: Plan | None = None
    found: Effects | None = None
    checks: Sequence[Control] = ()
    why = ""
    if case is not None:
        from amelo.records.case import load_case

        record = load_case(case)
        chosen, why = tooth_of(record, tooth, surface, seed)
        from amelo.plan.effects import effects
        from amelo.plan.plan import plan

        with progress_bar("building the teeth that this may be") as on_progress:
            told = with_seconds_left(lambda f, m: on_progress(0.6 * f, m), None if rollouts else seconds)
            planned = plan(
                record, chosen, surface, seconds=seconds, goals=wishes, limits=bounds, seed=seed, rollouts=rollouts, years=years, on_progress=told
            )  # fmt: skip
            found = effects(
                record,
                planned,
                members=scenarios,
                seed=seed,
                years=years,
                on_progress=lambda f, m: on_progress(0.6 + 0.4 * f, m),
            )
        remember_citations("amelo synergy", planned.provenance.citations)
    if controls:
        from amelo.plan.controls import controls as run_controls

        with progress_bar("controls", compiles=False) as on_progress:
            checks = run_controls(
                seed=seed, replicates=replicates, on_progress=lambda f, m: on_progress(f if planned is None else 0.5 * f, m)
            )
            if planned is not None:
                checks += _of_the_tooth(record, planned, seed, replicates, years, lambda f, m: on_progress(0.5 + 0.5 * f, m))
    if json:
        print_json(plain_values(_data(planned, found, checks)))
    else:
        _print(planned, found, checks, why)
    return 0 if all(c.passed for c in checks) else 1


def _of_the_tooth(
    record: Case, planned: Plan, seed: int, replicates: int, years: float, on_progress: Callable[[float, str], None]
) -> list[Control]:
    """Return the controls that are made of a tooth and its best combination, none where it has no combination."""
    from amelo.plan.again import fresh_rollouts
    from amelo.plan.controls_tooth import POPULATION, tooth_controls
    from amelo.twin.tooth.twin import ToothTwin

    combined = next((o.design for o in planned.options if o.arm == "combined" and o.certificate.count), None)
    if combined is None:
        return []
    twin = ToothTwin.of(record, planned.tooth, planned.surface)
    rollouts = fresh_rollouts(twin, planned, None, members=POPULATION, seed=seed, years=years)
    return tooth_controls(rollouts, combined, seed=seed, replicates=replicates, on_progress=on_progress)


def _data(planned: Plan | None, found: Effects | None, checks: Sequence[Control]) -> dict[str, Any]:
    from amelo.report.plan_words import UNITS, banner

    data: dict[str, Any] = {}
    if planned is not None:
        data |= {"tooth": planned.tooth, "surface": planned.surface, "seed": planned.provenance.seed}
        data |= {"settings": dict(planned.settings), "rollouts": planned.rollouts}
        data |= found.to_dict() if found is not None else {"synergy": None, "reason": _silent(planned)}
    if checks:
        data["controls"] = [c.to_dict() for c in checks]
    return {**data, "units": {"synergy": UNITS["synergy"], "worth": UNITS["worth"]}, "disclaimer": banner()}


def _silent(planned: Plan) -> str:
    missing = [
        arm for arm in ("nano", "operative", "combined") if arm not in {o.arm for o in planned.options if o.certificate.count}
    ]
    return f"nothing of the arm {', '.join(missing)} can be done on this tooth, so that there is nothing to combine"


def _print(planned: Plan | None, found: Effects | None, checks: Sequence[Control], why: str) -> None:
    from amelo.report.plan_words import ARM_WORDS, CLAIMS, banner

    if planned is not None and found is None:
        print(f"Tooth {planned.tooth} {planned.surface}: {_silent(planned)}")
    if planned is not None and found is not None:
        s = found.synergy
        print(f"Tooth {planned.tooth} {planned.surface}: {found.members} fresh scenarios, the same for every arm and variant")
        if why:
            print(f"({why})")
        print(f"\npaired excess over the better single arm: {s.mean:+.4f} ({s.low:+.4f} to {s.high:+.4f}) of worth")
        print(f"  {CLAIMS[s.claim]}")
        print(f"  the combination does better than both in {100 * s.better:.0f} % of scenarios")
        print(f"  for the literature: HSA {s.hsa:+.4f}, Bliss {s.bliss:+.4f}")
        mean, low, high = found.interaction
        if mean == mean:
            print(f"  interaction of its halves at the same doses: {mean:+.4f} ({low:+.4f} to {high:+.4f})")
        effort = planned.settings.get("designs_tried", {})
        rows = [(ARM_WORDS[arm], f"{found.worth[arm]:.4f}", str(effort.get(arm, "–"))) for arm in found.protocols]
        print()
        print_table(("arm", "worth", "plans tried"), rows, title="Arms, each searched with the same effort")
        for arm, text in found.protocols.items():
            print(f"  {ARM_WORDS[arm]}: {_short(text)}")
        print()
        done = [e for e in found.effects if not e.refused]
        rows = [(e.kind, e.words, f"{e.mean:+.4f} ({e.low:+.4f} to {e.high:+.4f})") for e in done]
        print_table(("what", "variant of the combination", "worth less that of the combination"), rows, left=2)
        for e in found.effects:
            if e.refused:
                print(f"  {e.words}: cannot be done: {e.refused}")
    if checks:
        rows = [
            (c.world, f"{c.truth:+.3f}", f"{c.mean:+.3f}", number(c.hsa, "+.3f"), number(c.bliss, "+.3f"), f"{c.claimed:.0%}", f"{c.found:.0%}",
             f"{c.hsa_claims:.0%}", f"{c.bliss_claims:.0%}", f"{c.covered:.0%}", "passed" if c.passed else "FAILED")
            for c in checks
        ]  # fmt: skip
        columns = ("world", "truth", "paired", "HSA", "Bliss", "claims", "above 0", "HSA claims", "Bliss claims", "covered", "")
        print_table(columns, rows, title=f"Controls: {checks[0].replicates} times {checks[0].patients} patients each")
        for c in checks:
            print(f"  {c.world}: {c.told}")
    print(banner())


def _short(text: str) -> str:
    lines = [line for line in text.splitlines() if line != "isolate"]
    return "; ".join(lines)
