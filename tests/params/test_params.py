"""Constants carry value, unit, range, grade and source, or the loader refuses them; references are found by their keys."""

from __future__ import annotations

import numpy as np
import pytest

from amelo.cite import bibliography
from amelo.cite.references import last_citations, references, remember_citations
from amelo.errors import FileError, MixedSetError, ParameterError
from amelo.params import load_set, parse_set, set_names
from amelo.params.load import GRADES, same_set
from amelo.twin.chemistry.table import SETS, build_table, reaction_table

HEAD = '[set]\nname = "test"\nversion = "1"\nabout = "a test"\n'
GOOD = {"value": "1.0", "unit": '"1"', "low": "0.5", "high": "2.0", "grade": '"A"', "source": '"dawes2003"', "note": '""'}


def text(**changes: str | None) -> str:
    entry = {k: v for k, v in (GOOD | changes).items() if v is not None}
    return HEAD + "[rate.k]\n" + "\n".join(f"{k} = {v}" for k, v in entry.items()) + "\n"


def test_a_complete_entry_is_read():
    found = parse_set(text(), where="t.toml")
    assert found["rate.k"].to_dict() == {
        "set": "test 1", "name": "rate.k", "value": 1.0, "unit": "1", "low": 0.5, "high": 2.0, "grade": "A", "source": "dawes2003", "note": "",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"source": None}, ["rate.k", "source is missing"]),
        ({"source": '""'}, ["source is missing"]),
        ({"source": '"dawes2033"'}, ["'dawes2033' is not in the bibliography", "did you mean 'dawes2003'?"]),
        ({"value": "3.0"}, ["3.0 is outside its own range", "0.5 to 2.0"]),
        ({"value": None}, ["value is missing"]),
        ({"value": None, "grade": None, "source": None}, ["rate.k", "value is missing"]),
        ({"low": None}, ["low is missing"]),
        ({"unit": None}, ["unit is missing"]),
        ({"unit": '""'}, ["unit is missing"]),
        ({"grade": '"D"'}, ["unknown grade 'D'"]),
        ({"grade": '"asumption"'}, ["did you mean 'assumption'?"]),
        ({"valu": "1"}, ["unknown key 'valu'", "did you mean 'value'?"]),
        ({"value": "nan"}, ["is not a finite number"]),
        ({"value": '"1.0"'}, ["'1.0' is not a finite number"]),
        ({"value": "true"}, ["True is not a finite number"]),
        ({"note": "5"}, ["note = 5 is not text"]),
    ],
)
def test_what_the_loader_refuses(changes, words):
    with pytest.raises(ParameterError) as caught:
        parse_set(text(**changes), where="t.toml")
    for word in ["t.toml", *words]:
        assert word in str(caught.value)


def test_files_that_are_no_sets():
    with pytest.raises(ParameterError, match="not valid TOML"):
        parse_set("[set", where="t.toml")
    with pytest.raises(ParameterError, match=r"\[set\] table"):
        parse_set("[a]\nx = 1\n", where="t.toml")
    with pytest.raises(ParameterError, match="unknown key 'temperature'"):
        parse_set(HEAD + "temperature = 37\n", where="t.toml")


@pytest.mark.parametrize("name", set_names())
def test_every_shipped_constant_is_complete(name):
    for p in load_set(name):
        assert p.low <= p.value <= p.high
        assert p.grade in GRADES
        assert set(p.source.split()) <= set(bibliography())
        if p.grade == "assumption":
            assert p.note, f"{p.name}: an assumption says why"


def test_the_nearest_name_is_given():
    with pytest.raises(ParameterError, match="did you mean 'pk.HAp'?"):
        load_set("dental-37C")["pk.Hap"]
    with pytest.raises(ParameterError, match="did you mean 'dental-37C'?"):
        load_set("dental-37")


def test_sets_are_not_mixed():
    assert same_set(load_set("dental-37C"), load_set("dental-37C")).name == "dental-37C"
    with pytest.raises(MixedSetError, match="dental-37C 2026.1 and dental-25C 2026.1 are mixed"):
        same_set(load_set("dental-37C"), load_set("dental-25C"))


def test_both_sets_have_the_same_constants():
    names = [{p.name for p in load_set(name)} for name in SETS.values()]
    assert names[0] == names[1]


def test_hydroxyapatite_follows_its_published_equation():
    for temperature, name in SETS.items():
        kelvin = temperature + 273.15
        published = 8219.41 / kelvin + 1.6657 + 0.098215 * kelvin
        assert load_set(name).value("pk.HAp") == pytest.approx(published, abs=0.005)


def test_stepwise_and_cumulative_constants_agree():
    k = load_set("dental-37C").value
    assert k("log_k.HPO4-2") == pytest.approx(12.18)
    assert k("log_k.H2PO4-") - k("log_k.HPO4-2") == pytest.approx(7.180)
    assert k("log_k.H3PO4") - k("log_k.H2PO4-") == pytest.approx(2.206)
    assert k("share.enamel_main") + k("share.enamel_soluble") == pytest.approx(1.0)


def test_reactions_that_do_not_balance_or_lack_a_constant_are_refused():
    def reactions(**species):
        component = {
            "Ca": {"master": "Ca+2", "charge": 2, "names": "calcium"},
            "F": {"master": "F-", "charge": -1, "names": "fluoride"},
        }
        return {"component": component, "species": species, "solid": {}, "salt": {}}

    constants = load_set("dental-37C")
    with pytest.raises(ParameterError, match=r"species.CaF\+.*use \+1"):
        build_table(reactions(**{"CaF+": {"charge": 2, "components": {"Ca": 1, "F": 1}, "hydrogen": 0, "water": 0}}), constants)
    with pytest.raises(ParameterError, match="combines more than twice with itself"):
        build_table(reactions(**{"HF": {"charge": -3, "components": {"F": 3}, "hydrogen": 0, "water": 0}}), constants)
    with pytest.raises(ParameterError, match="charge \\+4 is too high"):
        build_table(reactions(**{"CaF+": {"charge": 4, "components": {"Ca": 2}, "hydrogen": 0, "water": 0}}), constants)
    with pytest.raises(ParameterError, match="'log_k.CaFF' is not a parameter"):
        build_table(reactions(CaFF={"charge": 1, "components": {"Ca": 1, "F": 1}, "hydrogen": 0, "water": 0}), constants)


def test_the_shipped_enamel_is_a_distribution():
    table = reaction_table(37.0)
    pks = [-table.solid(name).log_k for name in ("enamel_soluble", "dentine", "enamel", "HAp")]
    assert (np.diff(pks) > 0).all()


@pytest.mark.parametrize("key", bibliography())
def test_every_reference_can_be_printed(key):
    reference = bibliography()[key]
    line = str(reference)
    assert reference.fields["year"] in line and len(line) > 40
    assert reference.bibtex.startswith("@") and key in reference.bibtex
    assert {"author", "title", "year"} <= set(reference.fields)


def test_a_source_outside_the_bibliography_is_a_doi():
    found = parse_set(text(source='"doi:10.1016/0022-0248(90)90079-Z dawes2003"'), where="t.toml")
    named, known = references(found["rate.k"].source.split())
    assert str(named) == "https://doi.org/10.1016/0022-0248(90)90079-Z" and "doi = {10.1016/0022-0248(90)90079-Z}" in named.bibtex
    assert known.key == "dawes2003"
    for wrong in ("doi:10.1016", "doi: 10.1016/x", "https://doi.org/10.1016/x", "10.1016/x"):
        with pytest.raises(ParameterError, match="is not in the bibliography"):
            parse_set(text(source=f'"{wrong}"'), where="t.toml")


def test_last_citations_travel_through_the_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("AMELO_CACHE", str(tmp_path / "cache"))
    with pytest.raises(FileError, match="no command has left references yet"):
        last_citations()
    remember_citations("amelo x", ["dawes2003", "dawes2003", "larsen2003"])
    assert last_citations() == ("amelo x", ["dawes2003", "larsen2003"])
    assert [r.key for r in references(["larsen2003", "dawes2003", "larsen2003"])] == ["larsen2003", "dawes2003"]
    for broken in ("[1]", '{"command": 1, "keys": 5}', '{"comm', "null"):
        (tmp_path / "cache" / "citations.json").write_text(broken)
        with pytest.raises(FileError, match=r"'amelo saturation cases/fluids/resting-saliva\.json'"):
            last_citations()
    monkeypatch.setenv("AMELO_CACHE", "/dev/null/nowhere")
    remember_citations("amelo x", ["dawes2003"])  # a cache that cannot be written is no error
