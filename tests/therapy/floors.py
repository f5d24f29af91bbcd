"""Teeth with a floor to bring carriers to, for tests."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np

from amelo.records.case import load_case
from amelo.therapy.nano.carrier import Carrier
from amelo.therapy.nano.field import Field
from amelo.therapy.nano.on_tooth import NanoVisit
from amelo.therapy.nano.visit import Act
from amelo.therapy.operative.excavate import cut_to
from amelo.twin.tooth import WholeTooth, whole_tooth

CASES = Path(__file__).parents[2] / "cases"
CAPS, IRON = Carrier.named("caps-400"), Carrier.named("iron-oxide")
PULL = Act(CAPS, Field(5.0), 1e15, 1200.0)
MEMBERS = 24


@cache
def carious() -> WholeTooth:
    """A molar with a deep cavity: its floor is carious dentine, as ordinary as any."""
    ordinary = load_case(CASES / "kira.json").model_copy(update={"genotype": load_case(CASES / "felix-healthy.json").genotype})
    return whole_tooth(ordinary, 36, members=MEMBERS, seed=5).tooth


@cache
def sound(left: float = 1.0e-3, smear: float = 0.0) -> WholeTooth:
    """A molar without a lesion, cut down until so much dentine [m] is left, its smear layer there or not."""
    whole = whole_tooth(load_case(CASES / "felix-healthy.json"), 36, members=MEMBERS, seed=5).tooth
    cut = cut_to(whole, whole.edges[:, -1] - left)
    return replace(cut, smear=np.full(cut.members, smear))


@cache
def enamel() -> WholeTooth:
    """A molar without a lesion and untouched."""
    return whole_tooth(load_case(CASES / "felix-healthy.json"), 36, members=MEMBERS, seed=5).tooth


def cut(left: float = 1.0e-3, smear: float = 0.0) -> WholeTooth:
    """The molar with a cavity, its lesion cut until so much dentine [m] is left."""
    tooth = carious()
    after = cut_to(tooth, tooth.edges[:, -1] - left)
    return replace(after, smear=np.full(after.members, smear))


def book(tooth: WholeTooth, name: str, carrier: Carrier = CAPS) -> np.ndarray:
    """Return a book of a carrier (M,)."""
    return np.broadcast_to(tooth.books.get(f"{carrier.name}: {name}", 0.0), (tooth.members,))


def visited(tooth: WholeTooth, *acts: Act) -> WholeTooth:
    """Return a tooth after a visit."""
    visit = NanoVisit(acts=acts or (PULL,))
    visit.check(tooth)
    return visit.apply(tooth)
