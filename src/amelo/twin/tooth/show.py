"""What the course of a whole tooth says of itself: visits, outcomes in words, what to know first; for terminals, notebooks and reports."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

import numpy as np

from amelo.twin.show import describe_time

if TYPE_CHECKING:
    from amelo.twin.tooth.trajectory import Event, ToothOutcome, ToothTrajectory

__all__ = [
    "SETTLED", "Visit", "as_html", "figures", "in_words", "nearest_to_median", "price_in_words", "unit_of", "visits_of", "warnings_of",
]  # fmt: skip

DAY, MINUTE = 86400.0, 60.0
SETTLED = 7 * DAY  # s after the last insult, from which it shows whether a pulp is lost
SAME_VISIT = 3 * 3600.0  # s, within which steps belong to one visit
GENTLE = ("isolate", "review", "brush daily", "limit snacks")  # steps that do nothing to a pulp
TOLD = ("residual_dentine", "pulp_exposed", "pulp_lost", "strength")


@dataclass(frozen=True)
class Visit:
    """Steps that were done without a pause: the number of the first, their time [s], the steps, each with how often it was done in a row."""

    first: int
    time: float
    steps: tuple[tuple[Event, int], ...]

    @property
    def count(self) -> int:
        """Number of lines."""
        return len(self.steps)

    @property
    def chair_time(self) -> float:
        """Time in the chair [s]."""
        return sum(event.duration * times for event, times in self.steps)

    @property
    def numbers(self) -> str:
        """The numbers of its steps, such as ``1–5``."""
        return str(self.first) if self.count == 1 else f"{self.first}–{self.first + self.count - 1}"


def visits_of(events: Sequence[Event]) -> list[Visit]:
    """Return steps as visits, in order; what was done again and again in a row is one line."""
    groups: list[list[list]] = []
    for event in events:
        last = groups[-1][-1] if groups else None
        if last is not None and last[0].label == event.label:
            last[1] += 1
        elif last is not None and event.time - last[0].time <= SAME_VISIT and event.duration > 0.0:
            groups[-1].append([event, 1])
        else:
            groups.append([[event, 1]])
    found, number = [], 1
    for group in groups:
        found.append(Visit(number, group[0][0].time, tuple((event, times) for event, times in group)))
        number += len(group)
    return found


def price_in_words(trajectory: ToothTrajectory) -> str:
    """Return minutes in the chair, price and class of consent of everything that was done."""
    visits = sum(visit.chair_time > 0.0 for visit in visits_of(trajectory.events))
    chair = f"{trajectory.chair_time / MINUTE:.0f} min in the chair in {visits} visit{'s' * (visits != 1)}"
    return f"{chair}, price {trajectory.cost:.2f} (a composite of two surfaces is 1), consent: {trajectory.consent}"


def unit_of(outcome: ToothOutcome) -> str:
    """Return the unit in which figures are told: shares of members in per cent."""
    return "% of members" if outcome.measure.chance else outcome.unit


def figures(outcome: ToothOutcome) -> tuple[str, str]:
    """Return value and interval in figures, in the unit of :func:`unit_of`."""
    form, factor = (".1f", 100.0) if outcome.measure.chance else (outcome.measure.form, 1.0)
    value, low, high = (f"{factor * x + 0.0:{form}}" for x in (outcome.value, outcome.low, outcome.high))
    return _unsigned(value), f"{_unsigned(low)} to {_unsigned(high)}"


def _unsigned(digits: str) -> str:
    """Return figures without the sign of a zero."""
    return digits[1:] if digits.startswith("-") and not digits.strip("-0.") else digits


def nearest_to_median(trajectory: ToothTrajectory) -> int:
    """Return the member that stands for the ensemble in pictures: with the majority, and nearest to the middle of what was seen."""
    alike = np.ones(trajectory.members, bool)
    for name in ("pulp_exposed", "pulp_lost"):
        held = trajectory.seen[name][-1] > 0.5
        wanted = alike & (held if held.mean() > 0.5 else ~held)
        alike = wanted if wanted.any() else alike
    far = np.zeros(trajectory.members)
    for name in ("residual_dentine", "integrated_mineral_loss", "infected_depth"):
        for row in (0, -1):
            order = np.argsort(np.argsort(trajectory.seen[name][row], kind="stable"), kind="stable")
            far += np.abs((order + 0.5) / trajectory.members - 0.5)
    return int(np.flatnonzero(alike)[np.argmin(far[alike])])


def warnings_of(trajectory: ToothTrajectory) -> tuple[str, ...]:
    """Return what whoever reads the outcomes should know first."""
    told, count = [], trajectory.members
    gone = int(np.sum(trajectory.seen["pulp_lost"][0] > 0.5))
    if gone:
        told.append(f"in {gone} of {count} members the pulp was lost before anything was done; 'pulp lost' counts them as well")
    insults = [e for e in trajectory.events if e.duration > 0.0 and e.kind not in GENTLE]
    out = next((e for e in trajectory.events if e.kind == "extract"), None)
    if out is not None:
        told.append("the tooth was taken out; outcomes are of the tooth as it was then")
    elif insults and trajectory.time[-1] - insults[-1].time - insults[-1].duration < SETTLED:
        after = describe_time((trajectory.time[-1] - insults[-1].time - insults[-1].duration) / 3600.0)
        when = "at once" if after == "start" else f"{after}"
        words = f"the tooth was last looked at {when} after '{insults[-1].label}', and whether a pulp is lost shows after"
        told.append(f"{words} {SETTLED / DAY:g} days; end with 'rest 14 d'")
    if trajectory.provenance.options.get("years") and trajectory.ahead is None and out is None:
        told.append("the years after are not told: the projection knows permanent teeth only")
    if count == 1:
        told.append("one member, the likeliest tooth: shares and intervals need more, such as 256")
    return tuple(told)


def in_words(trajectory: ToothTrajectory) -> str:
    """Return what was simulated and what came out, in a few lines."""
    count = trajectory.members
    who = "one member" if count == 1 else f"{count} members"
    length = describe_time((trajectory.time[-1] - trajectory.time[0]) / 3600.0)
    head = f"Trajectory of {trajectory.provenance.specimen_name}: {length if length != 'start' else 'no time'}, {who}"
    found, parts = trajectory.outcomes(), []
    for name in TOLD:
        value, spread = figures(found[name])
        unit = unit_of(found[name])
        words = f"{found[name].measure.label} {value}" + (f" ({spread})" if count > 1 else "")
        parts.append(words + (f" {unit}" if unit != "1" else ""))
    lines = [head, "  " + ", ".join(parts), "  " + price_in_words(trajectory)]
    if trajectory.ahead:
        kept = [o for o in trajectory.ahead.outcomes if o.name in ("tooth kept", "pulp alive")]
        lines.append(f"  after {trajectory.ahead.years:g} years: " + ", ".join(f"{o.name} {o.mean:.2f}" for o in kept))
    return "\n".join(lines)


def as_html(trajectory: ToothTrajectory) -> str:
    """Return what was done and the outcomes as tables, for notebooks."""
    first = in_words(trajectory).splitlines()[0]
    done = "".join(
        f"<li>{escape(event.label)}{f' ({times} times)' if times > 1 else ''}</li>"
        for visit in visits_of(trajectory.events)
        for event, times in visit.steps
    )
    several, before = trajectory.members > 1, trajectory.outcomes(0)
    rows = []
    for name, outcome in trajectory.outcomes().items():
        value, spread = figures(outcome)
        cells = (outcome.measure.label, figures(before[name])[0], value, *((spread,) if several else ()), unit_of(outcome))
        rows.append(
            f'<tr title="{escape(outcome.measure.definition)}">' + "".join(f"<td>{escape(cell)}</td>" for cell in cells) + "</tr>"
        )
    heads = ("outcome", "before", "after", *(("5–95 %",) if several else ()), "unit")
    head = "".join(f"<th>{h}</th>" for h in heads)
    notes = "".join(f"<p>note: {escape(sentence)}</p>" for sentence in trajectory.warnings)
    ahead = ""
    if trajectory.ahead:
        far = "".join(
            f"<tr><td>{escape(o.name)}</td><td>{o.mean:.3g}</td><td>{o.low:.3g} to {o.high:.3g}</td><td>{escape(o.unit)}</td></tr>"
            for o in trajectory.ahead.outcomes
        )
        ahead = f"<p>after {trajectory.ahead.years:g} years</p><table>{far}</table>"
    return (
        f"<div><p><b>{escape(first)}</b></p><ol>{done}</ol><p>{escape(price_in_words(trajectory))}</p>"
        f"<table><tr>{head}</tr>{''.join(rows)}</table>{ahead}{notes}<p>not a medical device</p></div>"
    )
