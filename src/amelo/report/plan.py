"""The report of a plan: one HTML file that needs nothing else, for dentist and patient, with everything needed to judge and repeat it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from amelo.report import plan_words as words
from amelo.report.lesion import check_report_path
from amelo.report.page import (
    GRADES,
    data_script,
    folded,
    listed,
    paragraph,
    parameters_table,
    table,
    text,
    whole_page,
    write_page,
)  # fmt: skip
from amelo.report.plan_svg import futures_svg, harms_svg, timeline_svg
from amelo.report.section_svg import PATTERNS_IN_WORDS, ensemble_words, section_svg, section_words

if TYPE_CHECKING:
    from amelo.plan.futures import Futures
    from amelo.plan.record import Plan
    from amelo.records.case import Case

__all__ = ["plan_html", "plan_report"]

SHOWN_YEARS = (1.0, 5.0, 10.0)
PICTURED = (
    ("tooth kept", 1.0, "chance"),
    ("pulp alive", 1.0, "chance"),
    ("no operation", 1.0, "chance"),
    ("cost", 0.0, "two-surface composites"),
)
LEGEND = {"wait": "dotted grey", "nano": "dashed teal", "operative": "dash-dotted blue", "combined": "solid orange"}
WEAK = ("assumption", "C", "hypothetical")  # grades that a reader should know of first


def plan_report(
    case: Case,
    plan: Plan,
    path: str | Path,
    *,
    force: bool = False,
    seed: int = 0,
    members: int | None = None,
    on_progress: Callable[[float, str], None] | None = None,
) -> Path:
    """Write the report of a plan to ``path`` and return it.

    Arguments: case; plan; path of an .html file; force (replace an earlier one); seed and members of the fresh scenarios that the pictures show; on_progress.
    Raises: FileError when the place is taken or cannot be written, and then nothing is changed.
    """
    from amelo.plan.futures import MEMBERS, futures

    path = Path(path)
    check_report_path(path, force=force)
    found = futures(case, plan, members=members or MEMBERS, seed=seed, on_progress=on_progress)
    return write_page(plan_html(plan, found), path)


def plan_html(plan: Plan, futures: Futures) -> str:
    """Return the report as a well-formed page.

    Arguments: plan; futures, what is shown of it on fresh scenarios.
    """
    sections = (
        ("The answer", _answer(plan)),
        ("What is done, step by step", _steps(plan)),
        ("The tooth in section", _sections(plan, futures)),
        ("The futures", _futures(futures)),
        ("What it does", _outcomes(plan)),
        ("What could go wrong", _harms(plan)),
        ("What it costs", _costs(plan, futures)),
        ("The options, waiting among them", _options(plan)),
        ("What the combination adds, and whether to probe first", _synergy(plan)),
        ("Consent", _consent(plan)),
        ("What was not known, and what would change the answer", _unknown(plan)),
        ("What was assumed", _assumed(plan)),
        ("Where this comes from", _provenance(plan)),
        ("References", _references(plan)),
    )
    return whole_page(
        f"Plan for tooth {plan.tooth} {plan.surface}".rstrip(),
        words.banner(),
        sections,
        style=("plan.css", "section.css"),
        data=data_script(_plain(plan.to_dict())),
    )


def _answer(plan: Plan) -> str:
    sentence = words.headline(plan)
    kind = "answer" if plan.status == "certified" else "answer deferred"
    said = paragraph(f"{sentence[:1].upper()}{sentence[1:]}.", kind=kind)
    if plan.reason:
        said += paragraph(f"Reason: {plan.reason}.")
    if plan.settings.get("stopped_by_user"):
        said += paragraph("The search was stopped by the user; this is the best that was certified by then.")
    return said + listed(plan.explained)


def _steps(plan: Plan) -> str:
    from amelo.plan.timeline import timeline

    steps = timeline(plan.chosen.protocol)
    lines = words.steps_of(plan)
    picture = ""
    if steps.visits:
        picture = f'<figure class="full">{timeline_svg(steps, key="line", words="; ".join(line for line in lines if line))}<figcaption>Visits on a line of days.</figcaption></figure>'
    spoken = ""
    for line in lines:
        said = line.strip()
        if not said:
            continue
        spoken += f"<li><h3>{text(said)}</h3></li>" if said.endswith(":") else f"<li>{text(said)}</li>"
    protocol = folded("The protocol as text, for 'amelo simulate' and 'amelo compare'", f"<pre>{text(plan.chosen.protocol)}</pre>")
    return f'<ol class="steps">{spoken}</ol>{picture}{protocol}'


def _sections(plan: Plan, futures: Futures) -> str:
    figures = ""
    for k, look in enumerate(futures.looks):
        title = f"{look.title[:1].upper()}{look.title[1:]}"
        said = " ".join((section_words(look.section, 0, lost=look.lost), ensemble_words(look.told, look.section.present)))
        picture = section_svg(look.section, 0, name=f"tooth{k}", title=title, lost=look.lost)
        figures += f"<figure>{picture}<figcaption><strong>{text(title)}.</strong> {text(said)}</figcaption></figure>"
    chosen = futures.options[0]
    later = [f"{name} {100 * at[0]:.0f} %" for name in ("tooth kept", "pulp alive", "no operation") if (at := chosen.at(name, 5.0))]
    chances = f"Chances in five years: {', '.join(later)}. " if later else ""
    note = (
        f"The likeliest tooth is drawn, to scale along the axis from the lesion to the pulp; other widths are schematic. {PATTERNS_IN_WORDS} The numbers are means and the "
        f"range of nine of ten of {futures.members} scenarios. In five years: if nothing further is done and nothing breaks. "
    )
    return f'<div class="pictures">{figures}</div>{paragraph(note + chances)}'


def _futures(futures: Futures) -> str:
    figures, rows = "", []
    for k, (name, top, unit) in enumerate(PICTURED):
        there = [o for o in futures.options if name in o.values]
        if not there:
            continue
        height = top or _round_up(max(float(o.values[name][2].max()) for o in there))
        told = "; ".join(_at_five(o, name) for o in there)
        figures += f"<figure>{futures_svg(futures.options, name, top=height, unit=unit, key=f'future{k}', words=told)}</figure>"
    for o in futures.options:
        if o.refused:
            rows.append((words.ARM_WORDS[o.arm], f"cannot be done: {o.refused}"))
            continue
        for name, _, _ in PICTURED:
            cells = [_spread(o.at(name, year)) for year in SHOWN_YEARS]
            rows.append((f"{words.ARM_WORDS[o.arm]}{' (chosen)' if o.chosen else ''}: {name}", *cells))
    if not figures:
        return paragraph("Nothing is foretold over years for this tooth: primary teeth and teeth that are gone have no projection.")
    legend = "; ".join(f"{words.ARM_WORDS[o.arm]}: {LEGEND[o.arm]}" for o in futures.options)
    heads = ("option", *(f"after {year:g} year{'s' * (year != 1)}" for year in SHOWN_YEARS))
    return (
        f'<div class="pictures">{figures}</div>{paragraph(f"Lines: {legend}. Bands: nine of ten scenarios, of the chosen option and of waiting; the table has all.")}'
        + table(heads, rows, caption="The futures in numbers: mean, and nine of ten scenarios")
    )


def _round_up(value: float) -> float:
    """Return the least number of 4, 8, 12, 20 or 40 times a power of ten that is not below a value, so that a quarter of it reads well."""
    from math import floor, log10

    if not value > 0.0:
        return 4.0
    unit = 10.0 ** floor(log10(value / 4.0))
    return next(unit * k for k in (4.0, 8.0, 12.0, 20.0, 40.0) if unit * k >= value * (1.0 - 1e-12))


def _at_five(option: Any, name: str) -> str:
    at = option.at(name, 5.0)
    return f"{words.ARM_WORDS[option.arm]}: {_spread(at)} after five years"


def _spread(at: tuple[float, float, float] | None) -> str:
    return "–" if at is None else f"{at[0]:.2f} ({at[1]:.2f} to {at[2]:.2f})"


def _outcomes(plan: Plan) -> str:
    heads = ("outcome, from 0 to 1", "what it is", "mean", "nine of ten scenarios", "waiting")
    goals = ", ".join(f"{name} {value:g}" for name, value in plan.goals.weights.items())
    about = f" ({plan.goals.about})" if plan.goals.about else ""
    return table(heads, words.outcome_rows(plan), caption="Outcomes of the chosen plan beside waiting") + paragraph(
        f"Goals: {plan.goals.name}{about}. Weights: {goals}. They are a matter of values; the patient sets them."
    )


def _harms(plan: Plan) -> str:
    rows = words.harm_rows(plan)
    if not rows:
        return paragraph("Nothing was tried, so that nothing can be said of harm.")
    told = "; ".join(f"{row[0]}: {row[2]}, at most {row[5]}, limit {row[4]}" for row in rows)
    heads = ("harm", "what it is", "share", "scenarios", "limit", "certified at most")
    note = (
        f"The bounds hold together with a confidence of {100 * plan.limits.confidence:g} %, on scenarios that no search has seen, under the uncertainty of the twin itself. "
        "They do not cover what the model gets wrong."
    )
    others = [(f"{words.ARM_WORDS[o.arm]}: {row[0]}", *row[2:]) for o in plan.options[1:] for row in words.harm_rows(plan, o)]
    beside = (
        folded(
            "Harms of the other options",
            table((heads[0], *heads[2:]), others, caption="Chance of each harm under the other options"),
        )
        if others
        else ""
    )
    worlds = words.world_rows(plan)
    shifted = (
        table(
            ("world", "worth", "harms"),
            worlds,
            caption="The chosen plan in worlds that differ from the one it was chosen in, the worst first",
        )
        if worlds
        else ""
    )
    return f'<figure class="full">{harms_svg(plan.chosen, plan.limits, key="harms", words=told)}</figure>{table(heads, rows, caption="Chance of each harm")}{paragraph(note)}{beside}{shifted}'


def _costs(plan: Plan, futures: Futures) -> str:
    rows = [(name, f"{mean:.3g}", f"{low:.3g} to {high:.3g}", unit) for name, (mean, low, high, unit) in futures.pays.items()]
    tooth = table(("what", "mean", "nine of ten scenarios", "unit"), rows, caption="What it costs the tooth") if rows else ""
    patient = []
    for o in futures.options:
        later, visits = o.at("cost", _end(o)), o.visits
        label = f"{words.ARM_WORDS[o.arm]}{' (chosen)' if o.chosen else ''}"
        patient.append((label, "–" if o.refused else str(visits), f"{o.minutes:.0f}", f"{o.cost:.2f}", _spread(later)))
    heads = ("option", "visits now", "minutes in the chair", "money now", "money later, over the years")
    return tooth + table(heads, patient, caption="What it costs the patient; money in two-surface composites")


def _end(option: Any) -> float:
    """Return the last year of a future, 0 for none."""
    return float(option.times[-1]) if len(option.times) else 0.0


def _options(plan: Plan) -> str:
    heads = ("option", "worth", "certified", "visits", "minutes", "why not")
    said = table(heads, words.option_rows(plan), caption="The best of every arm, each searched with the same effort")
    runner = plan.runner_up
    if runner is not None and runner.why:
        said += paragraph(f"Why the runner-up, {words.ARM_WORDS[runner.arm]}, lost: {runner.why}.")
    texts = "".join(f"<h3>{text(words.ARM_WORDS[o.arm])}</h3><pre>{text(o.protocol)}</pre>" for o in plan.options)
    return said + folded("The protocol of each option", texts)


def _synergy(plan: Plan) -> str:
    return f"<h3>The combination</h3>{listed(words.synergy_words(plan))}<h3>A probe first?</h3>{listed(words.probe_words(plan))}"


def _consent(plan: Plan) -> str:
    from amelo.plan.timeline import CONSENT, timeline

    rows = []
    ways = [("", timeline(plan.chosen.protocol).lines)]
    if plan.probe is not None and plan.probe.adopted:
        read = len(timeline(plan.probe.protocol).lines)
        ways.append(("if the probe reads high: ", timeline(plan.probe.trace.policy(plan.probe.alarmed)).lines[read:]))
    for before, lines in ways:
        for line in lines:
            if not line.rest:
                rows.append((f"{before}{line.number}. {line.words}", line.consent, CONSENT[line.consent]))
    heads = ("step", "class", "what that asks for")
    items = [
        "that this plan comes from a model and was weighed by the dentist",
        "that waiting is an option, and what it would bring",
    ]
    items += [
        f"that {row[0]} may happen: {row[2]} of scenarios, at most {row[5]}" for row in words.harm_rows(plan) if row[2] != "0 %"
    ]
    return (table(heads, rows, caption="Consent for each step") if rows else paragraph("Nothing is done that needs consent.")) + (
        "<h3>To be told and agreed to</h3>" + listed(items)
    )


def _unknown(plan: Plan) -> str:
    return (
        "<h3>Not known</h3>"
        + (listed(plan.unknown) or paragraph("Nothing that the record could hold is missing."))
        + "<h3>Would change the answer</h3>"
        + (listed(words.what_would_change_it(plan)) or paragraph("Nothing that was looked at."))
    )


def _assumed(plan: Plan) -> str:
    origin = plan.provenance
    weak = [row for row in origin.parameters if row["grade"] in WEAK]
    rest = [row for row in origin.parameters if row["grade"] not in WEAK]
    said = listed(origin.assumptions) or paragraph("Nothing beyond the constants below.")
    if weak:
        said += folded(f"{len(weak)} constants that nobody has measured well", parameters_table(weak, caption="Weak constants"))
    if rest:
        said += folded(f"{len(rest)} constants with a source", parameters_table(rest, caption="Other constants"))
    return said + paragraph(GRADES)


def _provenance(plan: Plan) -> str:
    origin = plan.provenance
    packages = ", ".join(f"{name} {number}" for name, number in origin.packages.items())
    tried = plan.settings.get("designs_tried", {})
    rows = [
        ("made", origin.created),
        ("amelo", origin.amelo),
        ("with", packages),
        ("seed", origin.seed),
        ("rollouts", plan.rollouts),
        ("plans tried in each arm", ", ".join(f"{words.ARM_WORDS[arm]} {count}" for arm, count in tried.items())),
        ("found in", f"{plan.seconds:.1f} s"),
        ("first certified after", "–" if plan.first_certified is None else f"{plan.first_certified:.1f} s"),
        ("options", ", ".join(f"{name} {value}" for name, value in origin.options.items())),
    ]
    return table(("what", "value"), rows, caption="How this was found")


def _references(plan: Plan) -> str:
    from amelo.cite.references import references

    found: Sequence[object] = references(plan.provenance.citations)
    return folded(f"{len(found)} references", listed(found)) if found else paragraph("None were named.")


def _plain(value: Any) -> Any:
    """Return a value as JSON can hold it."""
    if isinstance(value, dict):
        return {str(key): _plain(v) for key, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    if hasattr(value, "item"):
        value = value.item()
    return None if isinstance(value, float) and value - value != 0.0 else value
