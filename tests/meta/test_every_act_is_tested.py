"""No act without its tests: what is registered, by amelo or by a package that adds to it, is declared for the property tests."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from dataclasses import dataclass, fields
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from amelo.errors import ParameterError
from amelo.protocol.tooth_steps import ToothStep
from amelo.therapy import registry
from amelo.therapy.contract import Act, Therapy
from amelo.twin.tooth import WholeTooth

ROOT = Path(__file__).resolve().parents[2]
ASSEMBLED = {"NanoVisit"}  # made of several steps, so that no word of a step stands for it
FIELDS = {part.name for part in fields(WholeTooth)}


@pytest.fixture
def declared(monkeypatch: pytest.MonkeyPatch) -> dict:
    """What the property tests know, by the kind of step."""
    monkeypatch.syspath_prepend(ROOT / "tests" / "therapy")
    return importlib.import_module("every_act").DECLARED


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> Iterator:
    """Pretend that a package adds an act by an entry point."""

    def add(name: str, value: str) -> dict[str, type[Act]]:
        entry = EntryPoint(name, value, registry.GROUP)
        monkeypatch.setattr(registry, "entry_points", lambda group: [entry] if group == registry.GROUP else [])
        registry.acts.cache_clear()
        return registry.acts()

    yield add
    registry.acts.cache_clear()


def undeclared(found: dict[str, type[Act]], declared: dict) -> set[str]:
    return set(found) - set(declared)


def test_every_act_of_the_registry_has_its_tests(declared):
    assert undeclared(registry.acts(), declared) == set()
    assert set(declared) <= set(registry.acts())


@dataclass(frozen=True)
class Whitened(Act):
    """An act of a package outside."""


def test_an_act_of_another_package_without_tests_is_found(declared, installed):
    found = installed("whiten", f"{__name__}:Whitened")
    assert found["whiten"] is Whitened
    assert undeclared(found, declared) == {"whiten"}


def test_an_entry_point_that_is_no_act_or_takes_a_word_is_told(installed):
    with pytest.raises(ParameterError, match="is not an act"):
        installed("whiten", "builtins:dict")
    with pytest.raises(ParameterError, match="there already"):
        installed("etch", f"{__name__}:Whitened")


def test_every_step_of_the_whole_tooth_has_its_act():
    assert {model.model_fields["kind"].default for model in ToothStep} <= set(registry.acts())


def test_every_class_of_act_in_amelo_is_registered():
    import pkgutil

    import amelo.therapy

    for module in pkgutil.walk_packages(amelo.therapy.__path__, "amelo.therapy."):
        importlib.import_module(module.name)
    waiting, made = [Act], set()
    while waiting:
        for kind in waiting.pop().__subclasses__():
            waiting.append(kind)
            if kind.__module__.startswith("amelo.") and not kind.__name__.startswith("_"):
                made.add(kind)
    assert {kind.__name__ for kind in made} - ASSEMBLED == {kind.__name__ for kind in registry.acts().values()}
    assert Therapy not in made


def test_declarations_name_fields_of_a_tooth_and_acts_of_their_kind(declared):
    next_of = importlib.import_module("every_act").next_of
    for kind, known in declared.items():
        assert known.changes | known.reads <= FIELDS, kind
        assert known.changes or kind == "review"
        act = next_of(kind)
        assert type(act) is registry.acts()[kind] and not act.nothing


def test_every_act_says_what_makes_it_do_nothing():
    for kind, made in registry.acts().items():
        names = set(made.__dataclass_fields__)
        assert made.NOTHING and set(made.NOTHING) <= names, kind
        assert made(**made.NOTHING).nothing, kind
        assert made.consent in ("none", "routine", "operative", "research")
