"""What can be known to be impossible from the text of a protocol alone, whatever the tooth: steps in an order that cannot be.

What the protocol itself has placed is known; what the tooth brought with it is not, so that the first step is never refused.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from amelo.errors import RecordError
from amelo.protocol.nano_steps import NanoStep
from amelo.protocol.resilience_steps import HabitStep, Review
from amelo.protocol.steps import Day, DayOfCase, Drink, Gel, Meal, Repeat, Rest, Sleep, Varnish
from amelo.protocol.text import line
from amelo.protocol.tooth_steps import ToothStep

__all__ = ["out_of_order"]

Path = tuple[int, ...]
COVERING = ("seal", "fill", "inlay", "onlay", "crown")
ONCE = ("root treatment", "extract", "crown")
UNDER = {  # step: under which covers it cannot be done, and what it has to reach
    "excavate": (("fill", "inlay", "onlay", "crown"), "carious dentine"),
    "deproteinise": (COVERING, "enamel or dentine"),
    "line": (COVERING, "the floor of the cavity"),
    "cap": (COVERING, "the pulp"),
    "etch": (("crown",), "enamel or dentine"),
    "infiltrate": (("crown",), "enamel"),
    "seal": (("crown",), "enamel"),
    "inlay": (("inlay", "onlay", "crown"), "the cavity"),
    "onlay": (("onlay", "crown"), "the cusps"),
    "crown": (("crown",), "the tooth"),
}
ON_THE_PULP = ("cap", "pulpotomy")
SAME_VISIT = {"etch": ("fill", "inlay", "onlay")}  # step: what must not have been placed in the same visit
OPENING = ("excavate", "pulpotomy", "root treatment", "take off")  # steps after which the tooth is open
BETWEEN = (Rest, Sleep, Meal, Drink, Day, DayOfCase)  # steps that end a visit
ON_THE_TOOTH = (*(kind for kind in ToothStep if kind not in (*HabitStep, Review)), *NanoStep, Varnish, Gel)


@dataclass(frozen=True)
class _Known:
    """What the steps so far have made of the tooth.

    Fields: cover (kind of step) and placed (its line); fresh (whether that was in this visit); hollow (whether the pulp is out); out
    (whether the tooth is).
    """

    cover: str = ""
    placed: str = ""
    fresh: bool = False
    hollow: bool = False
    out: bool = False


class _Refused(Exception):
    """A step that cannot be, with its path."""

    def __init__(self, path: Path, error: RecordError) -> None:
        super().__init__(str(error))
        self.path, self.error = path, error


def out_of_order(steps: Sequence[Any]) -> tuple[Path, RecordError] | None:
    """Return the place of the first step that cannot be done where it stands, and what is wrong; None when all is well.

    Arguments: steps.
    Assumptions: a protocol is about one tooth; a pause, a meal or a day ends a visit.
    """
    try:
        _walked(steps, (), _Known(), {})
    except _Refused as refused:
        return refused.path, refused.error
    return None


def _walked(steps: Sequence[Any], path: Path, known: _Known, seen: dict[tuple[Path, _Known], _Known]) -> _Known:
    """Return what is known after the steps; a block that was entered with the same knowledge before is not walked again."""
    if (path, known) in seen:
        return seen[path, known]
    start = known
    for i, step in enumerate(steps):
        here = (*path, i)
        if isinstance(step, Repeat):
            _once(step, here)
            passed: set[_Known] = set()
            for _ in range(step.count):
                if known in passed:  # every further pass is as one before
                    break
                passed.add(known)
                known = _walked(step.steps, here, known, seen)
        elif isinstance(step, Day):
            _at_home(step, here)
            known = replace(known, fresh=False)
        else:
            known = _after(step, here, known)
    seen[path, start] = known
    return known


def _after(step: Any, path: Path, known: _Known) -> _Known:
    """Return what is known after one step.

    Raises: _Refused for a step that cannot be.
    """
    kind = step.kind
    if known.out and isinstance(step, ON_THE_TOOTH):
        raise _Refused(
            path,
            RecordError(f"'{_verb(step)}' comes after 'extract'", why="the tooth is out by then", fix="put it before, or drop it"),
        )
    if known.hollow and kind in ON_THE_PULP:
        what = f"'{_verb(step)}' comes after 'root canal treatment'"
        raise _Refused(path, RecordError(what, why="the pulp is out by then", fix="put it before, or drop it"))
    covers, wanted = UNDER.get(kind, ((), ""))
    if known.cover in covers:
        why = f"'{known.placed}' covers {wanted}"
        fix = "write 'take off the restoration' before it"
        raise _Refused(path, RecordError(f"'{_verb(step)}' comes after '{known.cover}'", why=why, fix=fix))
    if known.fresh and known.cover in SAME_VISIT.get(kind, ()):
        why = f"in one visit the acid comes before '{known.placed}', which it bonds"
        raise _Refused(path, RecordError(f"'{_verb(step)}' comes after '{known.cover}'", why=why, fix="put it before"))
    if isinstance(step, BETWEEN):
        return replace(known, fresh=False)
    if kind in COVERING:
        return replace(known, cover=kind, placed=line(step).split(" for ")[0], fresh=True)
    if kind in OPENING:
        return replace(known, cover="", placed="", fresh=False, hollow=known.hollow or kind == "root treatment")
    return replace(known, out=True) if kind == "extract" else known


def _once(repeat: Repeat, path: Path) -> None:
    """Refuse what a repeat would do more than once and no tooth can bear twice.

    Raises: _Refused.
    """

    def final(step: Any) -> bool:
        return step.kind in ONCE

    if repeat.count > 1 and (found := _first(repeat.steps, path, final)):
        place, step = found
        what = f"'{_verb(step)}' is repeated {repeat.count} times"
        why = "a tooth has it done once"
        raise _Refused(place, RecordError(what, why=why, fix="put it before or after the repeat"))


def _at_home(day: Day, path: Path) -> None:
    """Refuse steps of the whole tooth inside a day.

    Raises: _Refused.
    """

    def treats(step: Any) -> bool:
        return isinstance(step, ToothStep)

    if found := _first(day.steps, path, treats):
        place, step = found
        why = "'day:' holds what a person does at home in 24 hours, and rest for what is left of them"
        if isinstance(step, HabitStep):
            what, fix = f"'{_verb(step)}' stands inside 'day:'", "put it before the days that it changes"
        else:
            what, fix = f"'{_verb(step)}' stands inside 'day:'", "put it before or after the day"
        raise _Refused(place, RecordError(what, why=why, fix=fix))


def _first(steps: Sequence[Any], path: Path, asked: Callable[[Any], bool]) -> tuple[Path, Any] | None:
    """Return the first step, however deep, of which something is true, with its path."""
    for i, step in enumerate(steps):
        here = (*path, i)
        if isinstance(step, Repeat | Day):
            if found := _first(step.steps, here, asked):
                return found
        elif asked(step):
            return here, step
    return None


def _verb(step: Any) -> str:
    """Return how a step is named in a sentence."""
    names = {
        "root treatment": "root canal treatment",
        "take off": "take off the restoration",
        "limit snacks": "snacks",
        "field": "pull",
    }
    return names.get(step.kind, step.kind)
