"""A protocol on a whole tooth as a row of operations: what is done, how long it takes, and where it stands."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from amelo.errors import AmeloError, RecordError
from amelo.protocol.acts import act_of
from amelo.protocol.record import Protocol
from amelo.protocol.steps import Bath, MouthStep, Slurry, Varnish, length
from amelo.protocol.text import line
from amelo.protocol.tooth_steps import steps_of_tooth
from amelo.therapy.contract import Act
from amelo.twin.tooth.state import WholeTooth

__all__ = ["Operation", "operations"]


@dataclass(frozen=True)
class Operation:
    """One step on a tooth: the step, its act (None for one in which nothing is done), how long it takes [s], and its place for messages."""

    step: Any
    act: Act | None
    duration: float
    place: str

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
    """Return the operations of a protocol, repeats written out."""
    return [Operation(step, act_of(step), length(step), protocol.place(path)) for path, step in steps_of_tooth(protocol.steps)]


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
    home = replace(tooth, isolated=False, prepared=frozenset())
    if isinstance(step, Varnish):
        home = replace(home, effects=home.effects | {"varnish_primary" if tooth.constants.owner.primary else "varnish_permanent"})
    return home
