"""Every constant of the sets ``tooth`` and ``steps`` is asked for by some tooth, act or span of time, and every name asked for is there."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from every_act import RECORDED, case_of, mouth

import amelo
from amelo.errors import AmeloError
from amelo.params import load_set
from amelo.protocol import Protocol
from amelo.protocol.simulate_tooth import followed
from amelo.therapy.operative import constants as shared_by_all
from amelo.twin.tooth import COARSE, build, whole_tooth
from amelo.twin.tooth.look import looked

ROOT = Path(__file__).resolve().parents[2]
PROTOCOLS = (
    "isolate\nexcavate to hard dentine with 30 mL/min water\ncap with calcium silicate\netch 37 % phosphoric acid for 15 s\nfill with composite\nrest 60 d",
    "excavate to firm dentine, leave 0.5 mm over the pulp\nline with anti-inflammatory dressing\nfill with amalgam\nrest 30 d",
    "excavate to firm dentine\nline with glass ionomer\nfill temporarily with glass ionomer\nrest 30 d\ntake off the restoration\n"
    "pulpotomy full with calcium hydroxide\nfill with glass ionomer\nonlay ceramic",
    "excavate to soft dentine\npulpotomy partial with calcium silicate\nfill with composite\ncrown zirconia\nrest 1 d",
    "etch 15 % hydrochloric acid for 120 s\ndeproteinise with 5 % NaOCl for 60 s\ninfiltrate resin\nseal with resin\nrest 1 d",
    "silver diamine fluoride 38 %\nrest 14 d",
    "infiltrate resin\nrest 1 d",
    "excavate to firm dentine\ninlay ceramic\nrest 1 d",
)
TEETH = (
    *RECORDED.values(), ("jonas-approximal", 15), ("mila-hypomineralisation", 16), ("noor-white-spots", 13), ("greta-dry-mouth", 34), ("greta-dry-mouth", 43),
    ("ines-hypersensitivity", 14), ("kira", 37),
)  # fmt: skip


class Asked(dict):
    """Values that remember who was asked for."""

    seen: set[str] = set()  # noqa: RUF012

    def __getitem__(self, name):
        Asked.seen.add(name)
        return super().__getitem__(name)

    def get(self, name, default=None):
        Asked.seen.update({name} & set(self))
        return super().get(name, default)


def other_cases(folder):
    """Cases in which less is known of one tooth: no measured depth, and then no image either."""
    record = json.loads((ROOT / "cases" / "kira.json").read_text())
    tooth = record["teeth"]["36"]
    tooth.pop("residual_dentine")
    for name, change in (("D3", {}), *((f"icdas {code}", {"radiograph": "unknown", "icdas": code}) for code in (4, 5, 6))):
        tooth["findings"] = [{"surface": "O", "icdas": 6, "radiograph": "D3", "activity": "active", **change}]
        path = folder / f"{name}.json"
        path.write_text(json.dumps(record))
        yield amelo.load_case(path), 36


@pytest.fixture(scope="module")
def asked(tmp_path_factory):
    """Names that were asked for while many teeth were built, treated and left alone."""
    patch = pytest.MonkeyPatch()
    Asked.seen.clear()
    drawn, known = build.drawn, load_set("steps")
    patch.setattr(build, "drawn", lambda *words, **more: Asked(drawn(*words, **more)))

    def noted(name):
        Asked.seen.add(name)
        return known[name]

    shared_by_all.value.cache_clear()
    patch.setattr(shared_by_all, "load_set", lambda _: type("Noted", (), {"__getitem__": staticmethod(noted)})())
    done = 0
    known_less = other_cases(tmp_path_factory.mktemp("cases"))
    for case, number in (*((case_of(case), number) for case, number in TEETH), *known_less):
        start = whole_tooth(case, number, members=4, seed=1, mouth=mouth).tooth
        for text in PROTOCOLS:
            try:
                looked(followed(start, Protocol.parse(text), COARSE).tooth)
                done += 1
            except AmeloError:
                continue
    patch.undo()
    shared_by_all.value.cache_clear()
    assert done > 20
    return frozenset(Asked.seen)


@pytest.mark.parametrize("name", ["tooth", "steps"])
def test_every_constant_is_asked_for(name, asked):
    on_the_column = set()  # acts that are done to the ion-resolved column as well ask for some by themselves
    for kind in ("operative", "resilience"):
        text = (ROOT / "src" / "amelo" / "therapy" / kind / "on_column.py").read_text("utf-8")
        on_the_column |= set(re.findall(r"""values\["([a-z_.]+)"\]""", text))
    assert {p.name for p in load_set(name)} - asked - on_the_column == set()


def test_what_was_asked_for_is_more_than_the_two_sets(asked):
    assert {"free_diffusivity", "collagen.protected_above", "payload.release", "dentine.mismatch"} <= asked
