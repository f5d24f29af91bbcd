"""Designs: everything a plan may be, as few choices with few values, and the interlocks that no search can leave.

A design is written as the text of a protocol and nothing else, so that what is certified is what is read aloud.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from functools import lru_cache
from itertools import chain, product

__all__ = ["ARMS", "CHOICES", "Design", "Nano", "Situation", "enumerated", "neighbours"]

ARMS = ("wait", "nano", "operative", "combined")
SETTLE = 56.0  # d at the end, eight weeks, in which it shows what became of the pulp and of the lesion
SURFACES = ("", "varnish", "silver", "peptide", "infiltrate", "seal resin", "seal ionomer")
CRITERIA = ("", "leathery", "firm", "hard")
LINERS = ("", "calcium silicate", "anti-inflammatory dressing")
COVERS = ("", "composite", "glass ionomer", "onlay", "crown")
PULPS = ("", "pulpotomy", "root treatment")
LEAVES = (0.0, 0.5, 1.0, 1.5)  # mm
GAPS = (1.0, 4.0, 14.0, 90.0)  # d
CONDITION = "etch 10 % polyacrylic acid for 15 s"  # of a floor to which carriers are brought


@dataclass(frozen=True, order=True)
class Nano:
    """A bath of carriers: carrier, how many per millilitre, minutes, gradient [T/m], peroxide [%]."""

    carrier: str
    density: float
    minutes: float = 20.0
    gradient: float = 5.0
    peroxide: float = 0.0

    def line(self, word: str = "nanobots") -> str:
        """Return it as a line of a protocol."""
        text = f"{word} {self.carrier} at {self.density:.4g} per mL for {self.minutes:.4g} min"
        text += f", pull {self.gradient:.4g} T/m" if self.gradient else ""
        return text + (f", peroxide {self.peroxide:.4g} %" if self.peroxide else "")

    def less(self, share: float) -> Nano:
        """Return a share of the dose."""
        return replace(self, density=self.density * share)


NANO: tuple[Nano | None, ...] = (
    None,
    Nano("caps-400", 3e8),
    Nano("caps-400", 1e9),
    Nano("caps-400", 1e9, gradient=1.0),
    Nano("caps-400", 3e11, gradient=1.0),
    Nano("iron-oxide", 1e13, 5.0, 0.0, 1.0),
)


@dataclass(frozen=True)
class Situation:
    """What a tooth allows: carious dentine under the surface; the floor lies open in dentine; a lesion in enamel; a restoration is there;
    the pulp is alive; primary; arms that were asked for; dead, whether the pulp was called necrotic; only (choices by name with the values
    that are on offer; what is not named is free).
    """

    carious: bool
    open_floor: bool
    enamel_lesion: bool
    restored: bool
    vital: bool
    primary: bool = False
    arms: tuple[str, ...] = ARMS
    dead: bool = False
    only: tuple[tuple[str, tuple[object, ...]], ...] = ()


@dataclass(frozen=True, order=True)
class Design:
    """One plan as choices.

    Fields: habits (brush twice daily with 1450 ppm, snacks at most 3 a day); first (carriers on the lesion as it is, in a visit of its own);
    gap [d] between two visits; surface (what is done to a surface without a cavity); excavate (criterion); leave [mm] over the pulp; stepwise (in two
    visits, to leathery dentine first, covered between them); within (carriers in the opened cavity); deproteinise; line; cover.
    """

    habits: bool = False
    first: Nano | None = None
    gap: float = 0.0
    surface: str = ""
    excavate: str = ""
    leave: float = 0.0
    stepwise: bool = False
    within: Nano | None = None
    deproteinise: bool = False
    line: str = ""
    cover: str = ""
    pulp: str = ""

    @property
    def arm(self) -> str:
        """Which arm it belongs to."""
        other = bool(self.habits or self.surface or self.excavate or self.cover)
        return ("combined" if other else "nano") if self.dose else ("operative" if other else "wait")

    @property
    def dose(self) -> Nano | None:
        """The carriers it brings, on the lesion or into the cavity; None for none."""
        return self.first or self.within

    @property
    def skeleton(self) -> tuple[str, ...]:
        """What kinds of things it does, in order, without their doses."""
        parts = ["habits"] * self.habits + ["nano"] * (self.first is not None) + [self.surface] * bool(self.surface)
        parts += ["stepwise"] * self.stepwise + ["excavate"] * bool(self.excavate) + ["nano within"] * (self.within is not None)
        return tuple(parts + [self.pulp] * bool(self.pulp) + [self.line] * bool(self.line) + [self.cover] * bool(self.cover))

    def refused(self, on: Situation) -> str:
        """Return why it may not be done, empty when it may: the hard interlocks, and one canonical form for each plan."""
        for name, values in on.only:
            if getattr(self, name) not in values:
                return f"of {name} this is not on offer"
        if on.restored and (self.surface or self.excavate or self.first or self.within or self.cover):
            return "something covers the tooth"
        if self.excavate and not on.carious:
            return "there is no carious dentine to excavate"
        if not self.excavate and (
            self.leave or self.stepwise or self.within or self.deproteinise or self.line or self.cover or self.pulp
        ):
            return "nothing is opened, so that nothing is lined or filled"
        if self.excavate and not self.cover:
            return "an open cavity is never left open"
        if self.excavate and self.surface:
            return "a surface is sealed or a cavity is filled, not both"
        if self.first is not None and not (on.open_floor or on.enamel_lesion):
            return "carriers find no lesion"
        if self.first is not None and self.within is not None:
            return "carriers are brought once"
        if bool(self.gap) != bool(self.stepwise or (self.first is not None and (self.excavate or self.surface))):
            return "a gap lies between two visits, and only there"
        if self.surface == "infiltrate" and (not on.enamel_lesion or on.open_floor):
            return "resin infiltrates closed enamel only"
        if self.surface == "peptide" and not on.enamel_lesion:
            return "the peptide is for lesions in enamel"
        if self.surface == "silver" and not (on.carious or on.enamel_lesion):
            return "there is no lesion to arrest"
        if self.stepwise and not self.excavate:
            return "a cavity in two visits is opened in the first"
        if on.primary and self.cover in ("onlay", "crown"):
            return "primary teeth get no laboratory work"
        if (self.line or self.pulp) and not on.vital:
            return "there is no pulp to line over or to treat"
        if on.dead and self.excavate and self.pulp != "root treatment":
            return "a dead pulp is not covered: its canals are treated first"
        if self.pulp and (self.line or self.leave or self.stepwise or self.within or self.first):
            return "a pulp that is taken out is not spared, lined over or brought carriers"
        if self.surface.startswith("seal") and on.open_floor and not on.primary:
            return "a cavity in dentine is filled after its soft part is taken out, not sealed as it is"
        return ""

    def text(self) -> str:
        """Return the protocol."""
        lines = ["brush twice daily with 1450 ppm F", "snacks at most 3 a day"] if self.habits else []
        if self.first is not None:
            lines += ["isolate", self.first.line()]
        if self.first is not None and self.gap:
            lines += _rest(self.gap)
        lines += _surface(self.surface)
        if self.excavate:
            lines += [*self._opening(), *self._cavity()]
        return "\n".join([*lines, *_rest(SETTLE)])

    def reopened(self) -> str:
        """Return the protocol of what is left to do where the cavity was excavated before, and lies under a temporary filling."""
        lines = ["brush twice daily with 1450 ppm F", "snacks at most 3 a day"] if self.habits else []
        return "\n".join([*lines, "isolate", "take off the restoration", *self._cavity(), *_rest(SETTLE)])

    def opened(self, within: str) -> str:
        """Return the protocol of a first visit: the cavity is excavated, something brought into it, and covered for a while.

        Arguments: within, a line of a protocol, empty for nothing.
        """
        lines = [CONDITION, within] if within else [CONDITION]
        lines += [f"line with {self.line}"] if self.line else []
        return "\n".join([*self._opening(), *lines, "fill temporarily with glass ionomer"])

    def _opening(self) -> list[str]:
        lines = ["isolate"]
        leave = f", leave {self.leave:.4g} mm over the pulp" if self.leave else ""
        if self.stepwise:
            liner = [f"line with {self.line}"] if self.line else []
            lines += [f"excavate to leathery dentine{leave}", *liner, "fill temporarily with glass ionomer"]
            lines += [*_rest(self.gap), "isolate", "take off the restoration"]
            if self.excavate == "leathery":  # the second visit goes on in the cavity of the first
                return lines
        return [*lines, f"excavate to {self.excavate} dentine{leave}"]

    def _cavity(self) -> list[str]:
        lines = [CONDITION, self.within.line()] if self.within is not None else []
        lines += ["deproteinise with 5 % NaOCl for 60 s"] * self.deproteinise
        lines += {"": [], "pulpotomy": ["pulpotomy full with calcium silicate"], "root treatment": ["root canal treatment"]}[
            self.pulp
        ]
        lines += [f"line with {self.line}"] if self.line else []
        etch = "etch 37 % phosphoric acid for 15 s"
        return (
            lines
            + {
                "composite": [etch, "fill with composite"],
                "glass ionomer": ["fill with glass ionomer"],
                "onlay": [etch, "fill with composite", "onlay ceramic"],
                "crown": [etch, "fill with composite", "crown zirconia"],
            }[self.cover]
        )


def _rest(days: float) -> list[str]:
    return [f"rest {days:.4g} d"]


def _surface(what: str) -> list[str]:
    return {
        "": [],
        "varnish": ["varnish 22600 ppm F for 6 h"],
        "silver": ["silver diamine fluoride 38 %"],
        "peptide": ["peptide P11-4"],
        "infiltrate": ["isolate", "etch 15 % hydrochloric acid for 2 min", "infiltrate resin"],
        "seal resin": ["isolate", "etch 37 % phosphoric acid for 15 s", "seal with resin"],
        "seal ionomer": ["isolate", "seal with glass ionomer"],
    }[what]


CHOICES: dict[str, tuple[object, ...]] = {
    "habits": (False, True),
    "first": NANO,
    "gap": (0.0, *GAPS),
    "surface": SURFACES,
    "excavate": CRITERIA,
    "leave": LEAVES,
    "stepwise": (False, True),
    "within": NANO,
    "deproteinise": (False, True),
    "line": LINERS,
    "cover": COVERS,
    "pulp": PULPS,
}


@lru_cache(maxsize=32)
def enumerated(on: Situation) -> tuple[Design, ...]:
    """Return every design that a tooth allows and whose arm was asked for."""
    closed = (Design(h, n, g, s) for h, n, g, s in product(CHOICES["habits"], NANO, CHOICES["gap"], SURFACES))
    opened = (
        Design(h, first, gap, "", criterion, leave, stepwise, within, bleach, line, cover, pulp)
        for h, (first, within), criterion, leave, stepwise, bleach, line, cover in product(
            CHOICES["habits"], _brought(), CRITERIA[1:], LEAVES, CHOICES["stepwise"], CHOICES["deproteinise"], LINERS, COVERS[1:]
        )
        for gap in (GAPS if stepwise or first is not None else (0.0,))
        for pulp in (PULPS if not (line or leave or stepwise or first or within) else ("",))
    )
    return tuple(d for d in chain(closed, opened) if d.arm in on.arms and not d.refused(on))


def _brought() -> list[tuple[Nano | None, Nano | None]]:
    """Return carriers before and within a cavity: none, or once."""
    return [(None, None), *((n, None) for n in NANO if n), *((None, n) for n in NANO if n)]


def neighbours(design: Design, on: Situation, arm: str = "") -> Iterator[Design]:
    """Yield every design of an arm that differs in one choice, or in one and what must go with it; of the same arm where none is named."""
    for field in fields(Design):
        for value in CHOICES[field.name]:
            if value == getattr(design, field.name):
                continue
            changed = _completed(replace(design, **{field.name: value}))
            if changed != design and changed.arm == (arm or design.arm) and not changed.refused(on):
                yield changed


def _completed(design: Design) -> Design:
    """Return a design with what a changed choice needs: a cover for a cavity, a gap between visits, nothing where nothing is opened."""
    if not design.excavate:
        design = replace(design, leave=0.0, stepwise=False, within=None, deproteinise=False, line="", cover="", pulp="")
    else:
        design = replace(design, surface="", cover=design.cover or "composite")
    if design.pulp:
        design = replace(design, line="", leave=0.0, stepwise=False, within=None, first=None)
    two = design.stepwise or (design.first is not None and bool(design.excavate or design.surface))
    return replace(design, gap=(design.gap or GAPS[1]) if two else 0.0)
