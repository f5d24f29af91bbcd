"""The report of a treated tooth: one HTML file that needs nothing else, with everything needed to judge and repeat it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from amelo.report.lesion import check_report_path
from amelo.report.page import (
    data_script,
    folded,
    inline,
    listed,
    parameters_table,
    provenance_table,
    styles,
    table,
    text,
    write_page,
)
from amelo.report.section_svg import PATTERNS_IN_WORDS, section_svg, section_words
from amelo.report.treatment_summary import treatment_summary
from amelo.report.treatment_words import ahead_rows, assumption_lines, harm_rows, how_it_was_computed, outcome_rows, when_in_words
from amelo.twin.tooth.show import nearest_to_median, price_in_words, visits_of

if TYPE_CHECKING:
    from amelo.twin.tooth.trajectory import ToothTrajectory

__all__ = ["treatment_html", "treatment_report"]

MINUTE = 60.0
COURSE = (
    "Inflammation and damage of the pulp and residual dentine over time, mineral and bacteria by depth before and after; "
    "dashed lines mark visits, with the numbers of their steps."
)
SCHEMATIC = (
    "One member of the ensemble, the nearest to its middle. Depth is to scale along the axis of the lesion, and so is the width of the "
    f"opening; other widths are schematic. {PATTERNS_IN_WORDS}"
)


def treatment_report(trajectory: ToothTrajectory, path: str | Path, *, force: bool = False) -> Path:
    """Write the report of a trajectory to ``path`` and return it.

    Arguments: trajectory; path of an .html file; force (replace an earlier one).
    Raises: FileError when the place is taken or cannot be written.
    """
    path = Path(path)
    check_report_path(path, force=force)
    return write_page(treatment_html(trajectory), path)


def treatment_html(trajectory: ToothTrajectory) -> str:
    """Return the report of a trajectory as a well-formed page."""
    origin = trajectory.provenance
    several = trajectory.members > 1
    spread = ("5–95 %",) if several else ()
    outcome_heads = ("outcome", "before", "after", *spread, "unit", "what it is")
    harm_heads = ("harm since the start", "share or count", *spread, "unit", "what it is")
    sections = (
        ("What was asked", _asked(trajectory)),
        ("The tooth before and after", _pictures(trajectory)),
        ("What was done", _done(trajectory)),
        ("Outcomes", table(outcome_heads, outcome_rows(trajectory, defined=True)) + _reading(several)),
        ("Harm", table(harm_heads, harm_rows(trajectory, defined=True)) + _fracture(trajectory)),
        ("The pulp and the tissue over time", f'<figure class="paper">{_course(trajectory)}<figcaption>{text(COURSE)}</figcaption></figure>'),
        *([("The years after", _ahead(trajectory, spread))] if trajectory.ahead else ()),
        ("What was assumed", listed(assumption_lines(trajectory)) or "<p>Nothing had to be.</p>"),
        ("Constants", folded("Every constant with range, grade and source", parameters_table(origin.parameters))),
        ("References", listed(str(reference) for reference in trajectory.references) or "<p>None were named.</p>"),
        ("Where this comes from", f"<p>{text(how_it_was_computed(trajectory))}.</p>" + provenance_table(origin)),
    )  # fmt: skip
    body = "".join(
        f'<section aria-labelledby="part-{k}"><h2 id="part-{k}">{text(title)}</h2>{content}</section>'
        for k, (title, content) in enumerate(sections)
    )
    data = data_script(treatment_summary(trajectory))
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8" />'
        '<meta name="viewport" content="width=device-width, initial-scale=1" />'
        f"<title>amelo: {text(origin.specimen_name)}</title><style>{styles('treatment.css', 'section.css')}</style></head><body>"
        f'<a class="skip" href="#part-3">to the outcomes</a><header><h1>{text(origin.specimen_name)}</h1>'
        '<p class="banner"><strong>Research and teaching software, not a medical device.</strong> The figures below are of a model; '
        "what it leaves out and how sure its numbers are is stated with them. Whoever treats decides.</p></header>"
        f"<main>{body}</main>{data}</body></html>\n"
    )


def _asked(trajectory: ToothTrajectory) -> str:
    origin = trajectory.provenance
    who = (
        "one member, the likeliest tooth"
        if trajectory.members == 1
        else f"{trajectory.members} members that differ in what is not known"
    )
    length = when_in_words(trajectory.time[-1] - trajectory.time[0])
    parts = [f"<p>{text(f'{origin.specimen_name}, {length}, {who}.')}</p>"]
    parts += [f'<p class="note">Note: {text(sentence)}.</p>' for sentence in trajectory.warnings]
    parts.append(f"<h3>Protocol</h3><pre>{text(origin.protocol.strip())}</pre>")
    if origin.specimen.strip():
        parts.append(folded("The case", f"<pre>{text(origin.specimen.strip())}</pre>"))
    return "".join(parts)


def _pictures(trajectory: ToothTrajectory) -> str:
    member = nearest_to_median(trajectory)
    drawn = []
    for row, (title, section) in zip((0, -1), zip(("before", "after"), trajectory.sections, strict=True), strict=True):
        lost = bool(trajectory.seen["pulp_lost"][row][member] > 0.5)
        svg = section_svg(section, member, name=f"section-{title}", title=title.capitalize(), lost=lost)
        drawn.append(f"<figure>{svg}<figcaption>{text(section_words(section, member, lost=lost))}</figcaption></figure>")
    return f'<div class="pair">{"".join(drawn)}</div><p>{text(SCHEMATIC)}</p>'


def _done(trajectory: ToothTrajectory) -> str:
    items = "".join(f"<li>{line}</li>" for line in _visits(trajectory))
    return f'<p>{text(price_in_words(trajectory))}.</p><ol class="visits">{items}</ol>'


def _visits(trajectory: ToothTrajectory) -> Iterator[str]:
    """Yield visits and pauses in order: when, how long, and the numbered steps with minutes, price and consent."""
    for visit in visits_of(trajectory.events):
        when = when_in_words(visit.time)
        if visit.chair_time <= 0.0:
            yield f"<strong>{text(when)}</strong>: " + text("; ".join(_line(e, t) for e, t in visit.steps))
            continue
        heads = ("step", "what was done", "min", "price", "consent")
        rows = [
            (
                str(visit.first + k),
                _line(event, times),
                f"{times * event.duration / MINUTE:.3g}",
                f"{times * event.cost:.2f}",
                event.consent,
            )
            for k, (event, times) in enumerate(visit.steps)
        ]
        yield f"<strong>{text(when)}</strong>, {visit.chair_time / MINUTE:.0f} min in the chair{table(heads, rows)}"


def _line(event: object, times: int) -> str:
    again = f", {times} times" if times > 1 else ""
    at_home = f" (price {times * event.cost:.2f})" if event.cost and not event.duration else ""
    return event.label + again + at_home


def _course(trajectory: ToothTrajectory) -> str:
    return inline(trajectory.plot(), "course", COURSE)


def _reading(several: bool) -> str:
    words = (
        "Medians over the members with the range of nine in ten of them; a share is that of members, with the interval of a proportion "
        "after Jeffreys. The range is what is not known of this tooth, its owner and the constants; it is not what chance would do to one tooth."
    )
    return f"<p>{text(words if several else 'One member: no range is known.')}</p>"


def _fracture(trajectory: ToothTrajectory) -> str:
    told = (
        "Fractures are those of the years after."
        if trajectory.ahead
        else "Fractures were not looked at: they belong to the years after."
    )
    return f"<p>{told} What was lost or bare before the first step does not count.</p>"


def _ahead(trajectory: ToothTrajectory, spread: tuple[str, ...]) -> str:
    ahead = trajectory.ahead
    heads = (f"after {ahead.years:g} years", "mean", *spread, "unit", "what it is", "sources")
    every = max(1, round((len(ahead.times) - 1) / 5))
    shown = [k for k in range(len(ahead.times)) if k % every == 0 or k == len(ahead.times) - 1]
    states = {name: values for name, values in ahead.states.items() if max(values) >= 0.0005}
    rows = [(f"{ahead.times[k]:g}", *(f"{100 * values[k]:.1f}" for values in states.values())) for k in shown]
    picture = ""
    if trajectory.projection is not None:
        words = "States of the tooth over the years, and how often it is kept, alive and left alone."
        picture = f'<figure class="paper">{inline(trajectory.projection.plot(), "ahead", words)}<figcaption>{text(words)}</figcaption></figure>'
    return (
        table(heads, ahead_rows(trajectory, defined=True))
        + picture
        + "<h3>Chance of each state [%]</h3>"
        + table(("year", *states), rows)
    )
