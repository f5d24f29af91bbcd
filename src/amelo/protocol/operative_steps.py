"""Steps that a dentist does to a tooth with instruments: what is opened, taken away, bonded, covered and taken out.

Each takes time in the chair: what the set ``procedures`` calls usual, unless the step says otherwise.  What an acid or a hypochlorite
does depends on how long it acts, so that these two always say their time.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator

from amelo.errors import RecordError
from amelo.params import load_set
from amelo.protocol.procedures import ChairTime, at_the_chair
from amelo.protocol.step_parts import lasting, measure
from amelo.protocol.values import PERCENT, number, read_flow
from amelo.records.base import Record

__all__ = ["ACIDS", "Cap", "Crown", "Deproteinise", "Etch", "Excavate", "Extract", "Fill", "Inlay", "Isolate", "Line", "Onlay", "OperativeStep", "Pulpotomy", "RootTreatment", "Seal", "Splint", "TakeOff"]  # fmt: skip

ACIDS = {  # acid: weakest and strongest by mass, why
    "phosphoric acid": (0.1, 0.5, "stronger leaves a salt that shields enamel, and 35 to 37 % is usual"),
    "hydrochloric acid": (0.05, 0.2, "15 % opens a lesion for infiltration, and stronger takes the surface away"),
    "polyacrylic acid": (0.05, 0.4, "10 to 25 % takes the smear away before glass ionomer"),
}
PulpCover = Annotated[Literal["calcium silicate", "calcium hydroxide"], Field(description="what the pulp is covered with")]
Piece = Annotated[Literal["ceramic", "composite", "gold", "zirconia"], Field(description="what the piece is made of")]


class Isolate(Record):
    """Keep saliva off the tooth with a rubber dam."""

    kind: Literal["isolate"] = "isolate"
    duration: ChairTime = at_the_chair()


class Excavate(Record):
    """Open a lesion and take away carious dentine up to what is as hard as asked."""

    kind: Literal["excavate"] = "excavate"
    criterion: Annotated[
        Literal["soft", "leathery", "firm", "hard"],
        Field(description="the dentine that is left: soft leaves all but what is liquid, hard leaves none that is carious"),
    ]
    leave: measure(0, 5e-3, "m", "least dentine left over the pulp, by estimate, 0 for none asked", "none to all") = 0.0
    water: measure(0, read_flow("100", "mL/min"), "m3/s", "water that cools", "dry to 100 mL/min, the strongest spray") = Field(
        default_factory=lambda: read_flow(number(load_set("procedures").value("excavate.water")), "mL/min")
    )
    duration: ChairTime = at_the_chair()


class Etch(Record):
    """Put an acid on the tooth, and rinse it off."""

    kind: Literal["etch"] = "etch"
    acid: Annotated[Literal["phosphoric acid", "hydrochloric acid", "polyacrylic acid"], Field(description="which acid")]
    strength: measure(0, 1, "kg/kg", "acid by mass", "phosphoric 10 to 50 %, hydrochloric 5 to 20 %, polyacrylic 5 to 40 %")
    duration: lasting(300, "a touch to five minutes, after which enamel is lost")

    @field_validator("strength")
    @classmethod
    def _usable(cls, value: float, info: ValidationInfo) -> float:
        acid = info.data.get("acid")
        if acid is None:
            return value
        low, high, reason = ACIDS[acid]
        if not low <= value <= high:
            why = f"allowed {number(low, PERCENT)} to {number(high, PERCENT)} %: {reason}"
            raise RecordError(f"{number(value, PERCENT)} % {acid} is out of range", why=why)
        return value


class Deproteinise(Record):
    """Dissolve the protein that keeps resin out of enamel or dentine, with sodium hypochlorite."""

    kind: Literal["deproteinise"] = "deproteinise"
    strength: measure(0.005, 0.1, "kg/kg", "sodium hypochlorite by mass", "0.5 % rinses to 10 %, beyond which it decays")
    duration: lasting(600, "a touch to ten minutes")


class Line(Record):
    """Line the floor of a cavity."""

    kind: Literal["line"] = "line"
    material: Annotated[
        Literal[
            "calcium silicate", "calcium hydroxide", "glass ionomer", "resin-modified glass ionomer", "anti-inflammatory dressing"
        ],
        Field(description="what lies on the floor"),
    ]
    duration: ChairTime = at_the_chair()


class Fill(Record):
    """Fill a cavity, for good or for a while."""

    kind: Literal["fill"] = "fill"
    material: Annotated[
        Literal["composite", "glass ionomer", "resin-modified glass ionomer", "amalgam", "compomer"],
        Field(description="what it is filled with"),
    ]
    temporary: Annotated[bool, Field(strict=True, description="whether it is to be taken off again")] = False
    duration: ChairTime = at_the_chair()


class Seal(Record):
    """Seal a surface, and with it what was left below."""

    kind: Literal["seal"] = "seal"
    material: Annotated[Literal["glass ionomer", "resin", "composite"], Field(description="what it is sealed with")]
    duration: ChairTime = at_the_chair()


class Inlay(Record):
    """Set a piece made outside the mouth into a cavity, between the cusps."""

    kind: Literal["inlay"] = "inlay"
    material: Piece
    duration: ChairTime = at_the_chair()


class Onlay(Record):
    """Set a piece made outside the mouth over one or more cusps."""

    kind: Literal["onlay"] = "onlay"
    material: Piece
    duration: ChairTime = at_the_chair()


class Crown(Record):
    """Cover the whole tooth above the gum."""

    kind: Literal["crown"] = "crown"
    material: Annotated[
        Literal["zirconia", "ceramic", "metal-ceramic", "stainless steel", "gold"], Field(description="what the crown is made of")
    ]
    duration: ChairTime = at_the_chair()


class Splint(Record):
    """Join the tooth to its neighbours."""

    kind: Literal["splint"] = "splint"
    duration: ChairTime = at_the_chair()


class Pulpotomy(Record):
    """Take away the inflamed part of the pulp, or all of it in the crown, and cover the rest."""

    kind: Literal["pulpotomy"] = "pulpotomy"
    extent: Annotated[Literal["partial", "full"], Field(description="a few millimetres, or all of the pulp in the crown")]
    material: PulpCover
    duration: ChairTime = at_the_chair()


class Cap(Record):
    """Cover an exposed pulp."""

    kind: Literal["cap"] = "cap"
    material: PulpCover
    duration: ChairTime = at_the_chair()


class RootTreatment(Record):
    """Take the pulp out of crown and roots, and fill the canals."""

    kind: Literal["root treatment"] = "root treatment"
    duration: ChairTime = at_the_chair()


class Extract(Record):
    """Take the tooth out."""

    kind: Literal["extract"] = "extract"
    duration: ChairTime = at_the_chair()


class TakeOff(Record):
    """Take away the filling, sealant, inlay, onlay or crown that is there."""

    kind: Literal["take off"] = "take off"
    duration: ChairTime = at_the_chair()


OperativeStep = (Isolate, Excavate, Etch, Deproteinise, Line, Fill, Seal, Inlay, Onlay, Crown, Splint, Pulpotomy, Cap, RootTreatment, Extract, TakeOff)  # fmt: skip
