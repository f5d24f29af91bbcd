"""What tests know of every act: any dose of it, on which tooth it can be done, where it is refused, and what it may read and change.

An act that is registered and not declared here is found by ``tests/meta/test_every_act_is_tested.py``.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from functools import cache
from typing import get_args

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

import amelo
from amelo.errors import AmeloError
from amelo.protocol import operative_steps as records
from amelo.therapy import operative, resilience
from amelo.therapy.contract import Act
from amelo.therapy.operative import Excavate, Extract, Fill, Isolate, Line, RootTreatment, Seal, TakeOff
from amelo.twin.tooth import WholeTooth, wait, whole_tooth

__all__ = ["DECLARED", "MEMBERS", "TEETH", "Declared", "case_of", "frozen", "loose", "mouth", "next_of", "possible", "tooth_of"]

MEMBERS = 12
DAY = 86400.0
CUT = frozenset(
    {
        "left",
        "bacteria",
        "payload",
        "tertiary",
        "exposed",
        "opening",
        "smear",
        "conductance",
        "access",
        "gone",
        "prepared",
        "pulp",
        "books",
    }
)
COVERED = frozenset({"restored", "bond", "leak", "access", "prepared", "pulp", "books"})
LINED = frozenset({"pulp", "antimicrobial", "lined", "books"})
BARE = frozenset({"present", "restored"})  # what every step on an open floor asks


@dataclass(frozen=True)
class Declared:
    """One kind of act.

    Fields: doses (strategy of acts that do something); on (a tooth on which any of them can be done); refused (a tooth on which none can, and
    a word of the sentence); changes and reads (fields of the tooth).
    """

    doses: st.SearchStrategy[Act]
    on: str
    refused: tuple[str, str]
    changes: frozenset[str]
    reads: frozenset[str]


def floats(low: float, high: float) -> st.SearchStrategy[float]:
    """Numbers of a range, with both its ends."""
    return st.floats(low, high, allow_nan=False) | st.sampled_from([low, high])


def words(model: type, name: str) -> st.SearchStrategy[str]:
    """Words that the language has for a clause."""
    return st.sampled_from(get_args(model.model_fields[name].annotation))


chair = floats(1.0, 14_400.0)
acids = st.sampled_from(list(records.ACIDS)).flatmap(
    lambda acid: st.builds(operative.Etch, st.floats(1.0, 300.0), st.just(acid), st.floats(*records.ACIDS[acid][:2]))
)
covers = st.sampled_from(["calcium silicate", "calcium hydroxide"])
DECLARED = {
    "isolate": Declared(
        st.builds(operative.Isolate, chair), "cavity", ("extracted", "taken out"), frozenset({"isolated"}), frozenset({"present"})
    ),
    "excavate": Declared(
        st.builds(
            operative.Excavate,
            chair,
            words(records.Excavate, "criterion"),
            st.just(0.0) | st.floats(0.0, 0.5e-3),
            st.just(0.0) | st.floats(0.0, 1e-4 / 60.0),
        ),
        "cavity",
        ("composite", "covers the tooth"),
        CUT,
        BARE | {"mineral", "inner", "organic", "rooted", "done", "time"},
    ),
    "etch": Declared(
        acids,
        "cavity",
        ("crowned", "covers the floor"),
        frozenset({"left", "smear", "prepared", "books"}),
        BARE | {"mineral", "inner"},
    ),
    "deproteinise": Declared(
        st.builds(operative.Deproteinise, st.floats(1.0, 600.0), st.floats(0.005, 0.1)),
        "cavity",
        ("composite", "covers the floor"),
        frozenset({"organic", "bacteria", "prepared"}),
        BARE | {"left"},
    ),
    "line": Declared(
        st.builds(operative.Line, chair, words(records.Line, "material")),
        "excavated",
        ("sound", "no cavity"),
        LINED,
        BARE | {"left", "exposed", "gone", "rooted"},
    ),
    "fill": Declared(
        st.builds(operative.Fill, chair, words(records.Fill, "material"), st.booleans()),
        "excavated",
        ("cavity", "carious dentine"),
        COVERED,
        BARE
        | {
            "left",
            "gone",
            "isolated",
            "lined",
            "mineral",
            "inner",
            "organic",
            "bacteria",
            "exposed",
            "tertiary",
            "rooted",
            "done",
            "time",
        },
    ),
    "seal": Declared(
        st.builds(operative.Seal, chair, words(records.Seal, "material")),
        "cavity",
        ("sealed", "take off"),
        COVERED,
        BARE | {"left", "gone", "isolated", "lined", "mineral", "inner", "organic", "exposed", "tertiary", "rooted", "time"},
    ),
    "inlay": Declared(
        st.builds(operative.Inlay, chair, words(records.Inlay, "material")),
        "excavated",
        ("sound", "no cavity"),
        COVERED,
        BARE | {"left", "gone", "isolated", "lined", "mineral", "inner", "organic", "exposed", "tertiary", "rooted", "time"},
    ),
    "onlay": Declared(
        st.builds(operative.Onlay, chair, words(records.Onlay, "material")),
        "excavated",
        ("crowned", "take off"),
        COVERED,
        BARE | {"left", "gone", "isolated", "lined", "mineral", "inner", "organic", "exposed", "tertiary", "rooted", "time"},
    ),
    "crown": Declared(
        st.builds(operative.Crown, chair, words(records.Crown, "material")),
        "composite",
        ("crowned", "take off"),
        COVERED,
        BARE | {"left", "gone", "isolated", "lined", "mineral", "inner", "organic", "exposed", "tertiary", "rooted", "time"},
    ),
    "splint": Declared(
        st.builds(operative.Splint, chair), "mobile", ("cavity", "not mobile"), frozenset({"habits"}), frozenset({"present"})
    ),
    "pulpotomy": Declared(
        st.builds(operative.Pulpotomy, chair, words(records.Pulpotomy, "extent"), covers),
        "exposed",
        ("without pulp", "no pulp"),
        LINED | {"exposed"},
        BARE | {"left", "rooted"},
    ),
    "cap": Declared(
        st.builds(operative.Cap, chair, covers), "exposed", ("without pulp", "no pulp"), LINED, BARE | {"left", "exposed", "rooted"}
    ),
    "root treatment": Declared(
        st.builds(operative.RootTreatment, chair),
        "cavity",
        ("without pulp", "already"),
        frozenset({"rooted", "pulp", "exposed", "carriers"}),
        frozenset({"present", "restored"}),
    ),
    "extract": Declared(
        st.builds(operative.Extract, chair), "cavity", ("extracted", "taken out"), frozenset({"present"}), frozenset({"present"})
    ),
    "take off": Declared(
        st.builds(operative.TakeOff, chair),
        "composite",
        ("cavity", "nothing covers"),
        frozenset({"restored", "lined", "access", "leak", "bond", "prepared", "gone"}),
        BARE,
    ),
    "infiltrate": Declared(
        st.builds(resilience.Infiltrate, chair),
        "white spot",
        ("sound", "no lesion"),
        frozenset({"filled", "prepared"}),
        BARE | {"left", "mineral", "inner", "organic", "isolated"},
    ),
    "silver diamine fluoride": Declared(
        st.builds(resilience.SilverDiamineFluoride, chair, st.floats(0.1, 0.4)),
        "cavity",
        ("sound", "no lesion"),
        frozenset({"filled", "antimicrobial", "books", "habits"}),
        BARE | {"left", "mineral", "inner"},
    ),
    "peptide": Declared(
        st.builds(resilience.Peptide, chair),
        "white spot",
        ("cavity", "none here"),
        frozenset({"effects"}),
        BARE | {"left", "mineral"},
    ),
    "brush daily": Declared(
        st.builds(resilience.BrushDaily, times=floats(0.0, 5.0), fluoride=floats(0.0, 0.025)),
        "cavity",
        ("extracted", "taken out"),
        frozenset({"habits", "attack_enamel", "attack_dentine"}),
        frozenset({"present"}),
    ),
    "limit snacks": Declared(
        st.builds(resilience.LimitSnacks, most=floats(0.0, 20.0)),
        "cavity",
        ("extracted", "taken out"),
        frozenset({"habits", "attack_enamel", "attack_dentine"}),
        frozenset({"present"}),
    ),
    "review": Declared(
        st.builds(resilience.Review, chair), "cavity", ("extracted", "taken out"), frozenset(), frozenset({"present"})
    ),
}
RECORDED = {  # case, tooth
    "cavity": ("kira", 36),
    "approximal": ("jonas-approximal", 26),
    "white spot": ("noor-white-spots", 12),
    "sound": ("felix-healthy", 36),
    "opacity": ("mila-hypomineralisation", 36),
    "broken": ("mila-hypomineralisation", 26),
    "primary": ("mila-hypomineralisation", 55),
    "amelogenesis": ("tomas-amelogenesis", 14),
    "crowned": ("tomas-amelogenesis", 16),
    "sealed": ("kira", 46),
    "filled": ("jonas-approximal", 46),
    "mobile": ("greta-dry-mouth", 37),
    "rooted": ("greta-dry-mouth", 16),
}
FIRM = Excavate(600.0, "firm", 0.5e-3, 5e-7)
TREATED = {  # tooth that a case records, acts on it, days after them
    "excavated": ("cavity", (Isolate(60.0), FIRM), 0.0),
    "approximal excavated": ("approximal", (FIRM,), 0.0),
    "exposed": ("near", (Excavate(600.0, "hard"),), 0.0),
    "lined": ("cavity", (Isolate(60.0), FIRM, Line(60.0)), 0.0),
    "composite": ("cavity", (Isolate(60.0), FIRM, operative.Etch(15.0), Fill(600.0)), 3.0),
    "temporary": ("cavity", (Excavate(300.0, "leathery"), Fill(300.0, "glass ionomer", True)), 90.0),
    "taken off": ("cavity", (FIRM, Line(60.0), Fill(600.0, "amalgam"), TakeOff(60.0)), 0.0),
    "sealed cavity": ("primary", (Seal(300.0),), 30.0),
    "etched": ("sound", (operative.Etch(30.0),), 0.0),
    "silvered": ("primary", (resilience.SilverDiamineFluoride(60.0),), 14.0),
    "infiltrated": ("white spot", (operative.Etch(120.0, "hydrochloric acid", 0.15), resilience.Infiltrate(300.0)), 0.0),
    "without pulp": ("cavity", (Excavate(600.0, "hard"), RootTreatment(3000.0)), 0.0),
    "untreated": ("cavity", (), 30.0),
    "extracted": ("cavity", (Extract(600.0),), 0.0),
}
TEETH = (*RECORDED, *TREATED, "near", "loaded")


def mouth(habits, draws):
    """A mouth of a few lines: it takes more the more often it eats, less with fluoride, and not the same from everybody."""
    eats = min(1.0, habits.get("snacks", 5.0) / 5.0)
    brushes = 1.0 / (1.0 + habits.get("brushing", 1.0) * (1.0 + 100.0 * habits.get("fluoride", 1e-3)))
    taken = 0.8e-6 / DAY * eats * brushes * np.exp(0.4 * draws.normal("mouth"))
    return {"enamel": 0.15 * taken, "dentine": taken}


@cache
def case_of(name: str) -> amelo.Case:
    """A shipped case."""
    from pathlib import Path

    return amelo.load_case(Path(__file__).resolve().parents[2] / "cases" / f"{name}.json")


@cache
def tooth_of(name: str, members: int = MEMBERS, cells: tuple[int, int] = (3, 15)) -> WholeTooth:
    """One of the teeth, of which no array can be written to."""
    if name in RECORDED:
        case, number = RECORDED[name]
        return frozen(whole_tooth(case_of(case), number, members=members, seed=5, cells=cells, mouth=mouth).tooth)
    if name == "near":  # every other pulp comes close to the lesion
        tooth = tooth_of("cavity", members, cells)
        widths = tooth.widths.copy()
        widths[::2, -4:] *= 0.1
        return frozen(replace(tooth, widths=widths))
    if name == "loaded":  # carriers in dentine that still hold mineral and a medicine
        tooth = tooth_of("excavated", members, cells)
        dentine = np.arange(tooth.cells) >= tooth.constants.dentine_from
        loaded = np.where(dentine & (tooth.left > 0.0), 40.0, 0.0)
        constants = replace(tooth.constants, values={**tooth.constants.values, "payload.release": np.full(tooth.members, 1e-6)})
        return frozen(replace(tooth, payload=loaded, antimicrobial=0.02 * loaded, carriers=np.ones(members), constants=constants))
    start, acts, days = TREATED[name]
    tooth = tooth_of(start, members, cells)
    for act in acts:
        act.check(tooth)
        tooth = act.apply(tooth)
    return frozen(wait(tooth, days * DAY)[0])


def frozen(tooth: WholeTooth) -> WholeTooth:
    """The same tooth; whoever writes to an array of it fails."""
    held = [getattr(tooth, part.name) for part in fields(tooth)]
    constants = tooth.constants
    for values in (
        *held,
        *tooth.books.values(),
        *constants.values.values(),
        constants.pulps.values,
        constants.sound,
        constants.pores,
    ):
        if isinstance(values, np.ndarray):
            values.setflags(write=False)
    return tooth


def loose(tooth: WholeTooth) -> WholeTooth:
    """The same tooth, mobile."""
    owner = replace(tooth.constants.owner, facts={**tooth.constants.owner.facts, "mobility": 2})
    return replace(tooth, constants=replace(tooth.constants, owner=owner))


@cache
def next_of(kind: str) -> Act:
    """One act of a kind, always the same."""
    found = []

    @given(DECLARED[kind].doses)
    @settings(max_examples=1, derandomize=True, database=None, deadline=None)
    def first(act):
        found.append(act)

    first()
    return found[0]


def possible(act: Act, tooth: WholeTooth) -> bool:
    """Whether an act can be done to a tooth."""
    try:
        act.check(tooth)
    except AmeloError:
        return False
    return True
