"""A protocol on a whole tooth as a row of operations: what is done, how long it takes, and where it stands."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from amelo.errors import AmeloError, RecordError
from amelo.protocol.acts import act_of
from amelo.protocol.nano_steps import NanoStep
from amelo.protocol.procedures import price, usual_time
from amelo.protocol.record import Protocol
from amelo.protocol.steps import Bath, MouthStep, Slurry, Varnish, length
from amelo.protocol.text import line
from amelo.protocol.tooth_steps import steps_of_tooth
from amelo.protocol.visits import any_nano, tooth_visit
from amelo.therapy.contract import Act
from amelo.twin.tooth.state import WholeTooth

__all__ = ["Operation", "operations"]


@dataclass(frozen=True)
class Operation:
    """One step on a tooth, or steps with carriers that make one visit.

    Fields: step (the first of them); act (None where nothing is done); duration [s]; place, for messages; label, its words.
    """

    step: Any
    act: Act | None
    duration: float
    place: str
    label: str

    @property
    def price(self) -> float:
        """What it costs; a composite of two surfaces is 1."""
        return price(self.step)

    @property
    def at_chair(self) -> bool:
        """Whether it is done at the chair: what has a price, or asks for consent."""
        return self.price > 0.0 or (self.act is not None and self.act.consent != "none")

    @property
    def chair_time(self) -> float:
        """How long it takes in the chair [s]; a varnish stays on longer than that."""
        if not self.at_chair:
            return 0.0
        return self.duration if self.act is not None else usual_time({"kind": self.step.kind})

    def begin(self, tooth: WholeTooth) -> WholeTooth:
        """Return the tooth as it is when the step is begun: checked, and done at once; its time passes after.

        Raises: ParameterError or RecordError with the place of a step that cannot be done.
        """
        try:
            if self.act is None:
                return _at_home(self.step, tooth)
            self.act.check(tooth)
            return self.act.apply(tooth)
        except AmeloError as error:
            raise error.at(self.place) from None


def operations(protocol: Protocol) -> list[Operation]:
    """Return the operations of a protocol, repeats written out, steps with carriers that follow each other directly as one visit."""
    found = []
    for path, group in _together(list(steps_of_tooth(protocol.steps))):
        visit = isinstance(group[0], NanoStep)
        act = tooth_visit(group) if visit else act_of(group[0])
        words = act.label if visit and act is not None else line(group[0])
        found.append(Operation(group[0], act, sum(length(step) for step in group), protocol.place(path), words))
    return found


def _together(steps: Sequence[tuple[tuple[int, ...], Any]]) -> Iterator[tuple[tuple[int, ...], list[Any]]]:
    """Yield steps one by one, but steps with carriers that follow each other directly in one block and pass together, with the first one's path."""
    before: tuple[int, ...] | None = None
    group: list[Any] = []
    start: tuple[int, ...] = ()
    for path, step in steps:
        follows = before is not None and before[:-1] == path[:-1] and path[-1] == before[-1] + 1
        if group and not (isinstance(step, NanoStep) and follows):
            yield start, group
            group = []
        if isinstance(step, NanoStep):
            start, before, group = start if group else path, path, [*group, step]
        else:
            before = None
            yield path, [step]
    if group:
        yield start, group


def _at_home(step: Any, tooth: WholeTooth) -> WholeTooth:
    """Return a tooth as it goes home: no dam, and what was prepared is wet again.

    Raises: RecordError for a step of the laboratory.
    """
    if isinstance(step, Bath | Slurry):
        why = "a tooth in a mouth is not bathed in a laboratory"
        raise RecordError(
            f"'{line(step)}' is a step of the laboratory", why=why, fix="name a surface, so that its column is simulated"
        )
    if not isinstance(step, MouthStep) and step.kind != "day":
        raise RecordError(f"'{line(step)}' cannot be done to a whole tooth", fix="name a surface, so that its column is simulated")
    if any_nano(step):
        why = "what carriers do to a whole tooth is done between days, not within one"
        raise RecordError(f"'{line(step)}' cannot be done to a whole tooth", why=why, fix="write the visit outside of the day")
    home = replace(tooth, isolated=False, prepared=frozenset())
    if isinstance(step, Varnish):
        home = replace(home, effects=home.effects | {"varnish_primary" if tooth.constants.owner.primary else "varnish_permanent"})
    return home
