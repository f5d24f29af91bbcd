"""A protocol as a timeline that can be read aloud: visits and days, what is done in each, how long it takes, and which consent it needs."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from amelo.plan.rollout import operations_of

__all__ = ["CONSENT", "Line", "Timeline", "timeline"]

DAY = 86400.0  # s
CONSENT = {
    "none": "what people do themselves; no consent beyond advice",
    "routine": "established care; told, and agreed to by word",
    "operative": "tissue is removed for good; consent in writing, with the alternatives",
    "research": "no clinic offers it; only within a study that a committee has approved, with consent in writing",
}


@dataclass(frozen=True)
class Line:
    """One step: number from 1; day on which it is done, from 0; visit, 0 for what is done at home; words; minutes; consent; cost (a composite of
    two surfaces is 1); rest, whether it is only time that passes.
    """

    number: int
    day: float
    visit: int
    words: str
    minutes: float
    consent: str
    cost: float
    rest: bool = False

    def aloud(self) -> str:
        """Return it as a sentence."""
        if self.rest:
            return f"Then wait {_days(self.minutes / 1440.0)}."
        return f"{self.words[:1].upper()}{self.words[1:]}."


@dataclass(frozen=True)
class Timeline:
    """Steps in their order; visits, chair time [min], cost of all; consents that are needed, the gravest first."""

    lines: tuple[Line, ...]
    visits: int
    chair: float
    cost: float
    consents: tuple[str, ...]

    def to_list(self) -> list[dict[str, Any]]:
        """Return the steps as plain values."""
        return [asdict(line) for line in self.lines]

    def aloud(self, after: int = 0) -> list[str]:
        """Return numbered lines, each visit with its day before its steps; after, how many of the steps were read before."""
        said, visit = [], 0
        for line in self.lines[after:]:
            if line.visit and line.visit != visit:
                visit = line.visit
                said.append(f"Visit {visit}, day {line.day:.0f}:")
            said.append(f"{line.number:3}. {line.aloud()}")
        return said


def timeline(text: str) -> Timeline:
    """Return the timeline of a protocol.

    Arguments: text.
    Raises: what reading a protocol raises.
    Assumptions: steps at the chair that follow each other without a rest are one visit, as the prices of a plan have it.
    """
    lines: list[Line] = []
    day, visit, open_ = 0.0, 0, False
    for op in operations_of(text):
        chair = op.at_chair
        consent = op.act.consent if op.act is not None else ("routine" if chair else "none")
        if chair and not open_:
            visit += 1
        open_ = chair
        rest = op.act is None and op.step.kind in ("rest", "sleep", "day", "day of case")
        words = "live as usual" if rest and op.step.kind != "rest" else _words(op.label)
        number = len(lines) + 1
        lines.append(
            Line(
                number, day, visit if chair else 0, words, (op.chair_time if chair else op.duration) / 60.0, consent, op.price, rest
            )
        )
        day += op.duration / DAY
    needed = {line.consent for line in lines}
    consents = tuple(name for name in reversed(CONSENT) if name in needed)
    done = [line for line in lines if line.visit]
    return Timeline(tuple(lines), visit, sum(line.minutes for line in done), sum(line.cost for line in lines), consents)


def _words(label: str) -> str:
    """Return the words of a step without what only a program wants."""
    return label.removeprefix("visit: ").removeprefix("probe: ").replace(" per mL", " per millilitre")


def _days(days: float) -> str:
    if days >= 1.0:
        return f"{days:.4g} day{'s' * (days != 1.0)}"
    if days >= 1.0 / 24.0:
        return f"{24.0 * days:.3g} hours"
    return f"{1440.0 * days:.3g} minutes"
