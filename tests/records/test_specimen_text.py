"""A specimen is written as TOML that reads back as the same one, also with other values of its parameters."""

from __future__ import annotations

import tomllib

import pytest

from amelo.errors import RecordError
from amelo.records.specimen import load_specimen, parse_specimen
from amelo.records.specimen_parameters import parameter_ranges
from amelo.records.specimen_text import specimen_text, with_ranges


def again(specimen):
    return parse_specimen(tomllib.loads(specimen_text(specimen, comment="made\n\nby hand")), where="text")


@pytest.mark.parametrize(
    "name", ["human-enamel", "phreeqc-slab", "measured-lesion", "enamel-low-r-lesion", "human-dentine", "surface-enamel"]
)
def test_it_reads_back_as_the_same(root, name):
    specimen = load_specimen(root / "cases" / "specimens" / f"{name}.toml")
    assert again(specimen) == specimen
    assert specimen_text(again(specimen)) == specimen_text(specimen)
    assert specimen_text(specimen, comment="made\n\nby hand").startswith("# made\n#\n# by hand\n")


def test_parameters_have_new_ranges_wherever_they_were_stated(root):
    slab = load_specimen(root / "cases" / "specimens" / "phreeqc-slab.toml")
    wanted = {
        "porosity": (0.15, 0.12, 0.17),
        "dissolution_rate": (1e-4, 5e-5, 2e-4),
        "growth_ratio": (0.2, 0.1, 0.4),
        "pore_diffusivity": (1.23456789012345e-10, 1e-10, 2e-10),
        "pk.HAp": (58.4, 58.2, 58.6),
    }
    changed = again(with_ranges(slab, wanted))
    found = parameter_ranges(changed)
    for name, numbers in wanted.items():
        assert found[name][:3] == pytest.approx(numbers, rel=1e-12), name
    same = set(parameter_ranges(slab)) - set(wanted)
    assert same and all(found[name] == parameter_ranges(slab)[name] for name in same)
    assert changed.kinetics.n == 2 and changed.kinetics.k is None


def test_a_specimen_with_nothing_but_ranges_reads_back(root):
    enamel = load_specimen(root / "cases" / "specimens" / "human-enamel.toml")
    changed = with_ranges(enamel, {"pk.enamel_main": (58.2, 58.0, 58.4), "dissolution_rate": (1e-4, 1e-4, 1e-4)})
    assert again(changed) == changed and parameter_ranges(again(changed))["pk.enamel_main"][:3] == (58.2, 58.0, 58.4)
    mechanisms = parse_specimen({"name": "x", "tissue": "root", "thickness": "1 mm", "mechanisms": {"fluoride": False}}, where="x")
    assert again(with_ranges(mechanisms, {"porosity": (0.15, 0.1, 0.2)})).mechanisms.fluoride is False


def test_a_value_that_is_not_possible_is_refused(root):
    enamel = load_specimen(root / "cases" / "specimens" / "human-enamel.toml")
    with pytest.raises(RecordError, match="porosity"):
        with_ranges(enamel, {"porosity": (1.5, 1.0, 2.0)})


def test_text_with_odd_characters_survives():
    specimen = parse_specimen(
        {"name": 'a "quoted" \\ µ', "tissue": "root", "thickness": "1 mm", "about": "two\nlines\ttab"}, where="x"
    )
    assert again(specimen) == specimen
