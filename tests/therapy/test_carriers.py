"""Carriers that ship exist, differ as they should, and refuse what cannot be."""

from __future__ import annotations

import numpy as np
import pytest

import amelo
from amelo.errors import ParameterError
from amelo.params import load_set
from amelo.therapy.nano import motion
from amelo.therapy.nano.carrier import FORMS, KEYS, Carrier, carrier_names

HEAD = '[set]\nname = "x"\nversion = "1"\nabout = "x"\n[carrier]\nform = "sphere"\n'


def entry(key: str, value: float, unit: str = "m") -> str:
    return (
        f'[{key}]\nvalue = {value}\nunit = "{unit}"\nlow = 0.0\nhigh = 1e9\ngrade = "assumption"\nsource = "peddi2025"\nnote = ""\n'
    )


def test_every_kind_of_therapy_has_a_carrier():
    shipped = {name: Carrier.named(name) for name in carrier_names()}
    assert {
        "caps-400",
        "nano-hap",
        "silica-acp",
        "ion-clusters",
        "iron-oxide",
        "calcium-fluoride",
        "helicoid",
        "peptide",
    } <= shipped.keys()
    assert {c.form for c in shipped.values()} == set(FORMS)
    assert {c.payload for c in shipped.values()} == {"", "ACP", "HAp", "CaF2"}


@pytest.mark.parametrize("name", carrier_names())
def test_what_a_file_says_is_consistent(name):
    carrier = Carrier.named(name)
    assert carrier.name == name and carrier.about
    assert {p.name for p in carrier.parameters} <= set(KEYS.values())
    assert carrier.iron_fraction > 0.0 or carrier.magnetisation == 0.0  # what is pulled holds iron
    assert bool(carrier.iron_absorption) == bool(carrier.iron_fraction)
    assert carrier.stick_lesion >= carrier.stick_sound and carrier.stick_acid_factor >= 1.0
    assert carrier.sticking(1.0, 5.0) >= carrier.sticking(1.0, 7.0) >= carrier.sticking(0.0, 7.0)
    assert carrier.retrievable == bool(carrier.magnetisation or carrier.moment)  # a reversed field brings home what a field moves
    if carrier.payload:
        assert carrier.release(4.5) >= carrier.release(7.0) > 0.0


def test_a_helix_and_its_small_copy_differ_in_size_alone():
    big, small = Carrier.named("helicoid"), Carrier.named("helicoid-400")
    assert big.length / small.length == pytest.approx(5.0)
    assert big.volume / small.volume == pytest.approx(125.0, rel=0.002)
    assert big.moment / small.moment == pytest.approx(125.0)
    assert big.advance == small.advance


def test_nothing_but_tubules_admits_particles_and_pores_admit_molecules():
    pore = load_set("nano/scene").value("enamel.pore")
    inside = {name for name in carrier_names() if Carrier.named(name).diameter < pore}
    assert {"peptide", "ion-clusters"} <= inside
    assert not {"caps-400", "silica-acp", "helicoid", "iron-oxide"} & inside


def test_a_magnet_moves_what_holds_iron_only():
    passage, field = amelo.nano.tubule(), amelo.nano.Field(gradient=1.0)
    assert np.all(amelo.nano.flow(passage, Carrier.named("caps-400"), field).parts["pull"] > 0.0)
    assert np.all(amelo.nano.flow(passage, Carrier.named("nano-hap"), field).parts["pull"] == 0.0)


def test_iron_oxide_is_magnetite_throughout():
    carrier = Carrier.named("iron-oxide")
    assert carrier.iron_oxide_mass == pytest.approx(5180.0 * motion.sphere_volume(carrier.diameter))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"growth_rate": -1.0}, "growth.rate = -1 is out of range"),
        ({"kill_contact": float("nan")}, "kill.contact = nan is out of range"),
        ({"scafold_rate": 1.0}, "did you mean 'scaffold_rate'"),
        ({"payload_fraction": 1.5}, "holds more than its volume"),
        ({"diameter": 2e-3}, "diameter of 2e\\+06 nm is out of range"),
    ],
)
def test_impossible_numbers_are_refused(changes, words):
    with pytest.raises(ParameterError, match=words):
        Carrier.named("silica-acp").changed(**changes)


def test_a_file_of_a_user_may_use_every_key_and_no_other(tmp_path):
    path = tmp_path / "mine.toml"
    body = HEAD + entry("diameter", 1e-7) + entry("excess_density", 1000.0, "kg/m3")
    path.write_text(body + entry("scaffold.rate", 1e-9, "1/s"))
    assert Carrier.read(path).scaffold_rate == 1e-9
    path.write_text(body + entry("scaffold.rat", 1e-9, "1/s"))
    with pytest.raises(ParameterError, match="did you mean 'scaffold.rate'"):
        Carrier.read(path)


def test_an_unknown_carrier_is_named_with_the_nearest():
    with pytest.raises(ParameterError, match="did you mean 'nano-hap'"):
        Carrier.named("nanohap")
