"""Specimens: what is read, what the tissue fills in, what ranges are, and that the published schema is the records' own."""

from __future__ import annotations

import json

import jsonschema
import pytest
from pydantic import ValidationError

from amelo.errors import RecordError
from amelo.params import load_set
from amelo.records.measure import measured, share
from amelo.records.specimen import Specimen, load_specimen, notices, parse_specimen, specimen_schema
from amelo.records.specimen_parameters import (
    STATED,
    catalogue,
    class_names,
    fluoridated_names,
    parameter_ranges,
    tissue_entry,
    unused,
)
from amelo.records.specimen_parts import APATITES
from amelo.twin.chemistry.table import reaction_table

SHIPPED = ["human-enamel", "bovine-enamel", "hypomineralised-enamel", "human-dentine", "root", "pressed-apatite", "phreeqc-slab",
           "surface-enamel", "enamel-low-r-lesion", "enamel-high-r-lesion", "measured-lesion"]  # fmt: skip
BASE = {"name": "x", "tissue": "human enamel", "thickness": "300 um"}


def specimen(**parts):
    return parse_specimen(BASE | parts, where="x.toml")


def test_the_list_of_shipped_specimens_is_complete(root):
    assert sorted(SHIPPED) == sorted(path.stem for path in (root / "cases/specimens").glob("*.toml"))


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_specimens(root, name):
    found = load_specimen(root / f"cases/specimens/{name}.toml")
    parameters = catalogue(found)
    for p in parameters.values():
        assert p.low <= p.value <= p.high
        assert p.source or p.grade == STATED
    assert parameters["porosity"].high + parameters["sound_mineral"].high <= 1 + 1e-9
    assert set(found.sources)
    again = parse_specimen(json.loads(found.model_dump_json(exclude_none=True)), where="again")
    assert again == found, "a specimen written as JSON is the same specimen"


def test_quantities_keep_their_text_and_give_si():
    found = specimen(window="4 mm2", porosity="5 %", sound_mineral="87 vol%", temperature="25 degC")
    assert (found.thickness.text, found.thickness.value) == ("300 um", 3e-4)
    assert found.window.value == pytest.approx(4e-6)
    assert (found.porosity.value, found.sound_mineral.value, found.celsius) == (0.05, 0.87, 25.0)
    assert specimen(porosity=0.05).porosity.value == 0.05
    assert json.loads(found.model_dump_json())["porosity"] == "5 %"


def test_a_field_of_a_range_refuses_what_is_outside_it():
    for kind, bad in (
        (measured("length", "1 um", "1 mm", "a", "b"), "2 mm"),
        (share(0, 0.5, "a", "b"), 0.6),
        (share(0, 1, "a", "b"), None),
    ):
        read = kind.__metadata__[0].func
        with pytest.raises(RecordError):
            read(bad)


def test_nothing_can_be_changed_afterwards():
    with pytest.raises(ValidationError):
        specimen().tissue = "dentine"


@pytest.mark.parametrize(
    ("tissue", "classes", "collagen"),
    [
        ("human enamel", ("enamel_main", "enamel_soluble"), False),
        ("bovine enamel", ("enamel_main", "enamel_soluble"), False),
        ("hypomineralised enamel", ("enamel_main", "enamel_soluble"), False),
        ("dentine", ("dentine",), True),
        ("root", ("dentine",), True),
        ("pressed apatite", ("HAp",), False),
    ],
)
def test_what_a_tissue_fills_in(tissue, classes, collagen):
    found = specimen(tissue=tissue)
    parameters = catalogue(found)
    assert class_names(found) == classes
    assert ("collagen.decay_rate" in parameters) is collagen is bool(tissue_entry(tissue)["collagen"])
    tissues = load_set("tissues")
    assert parameters["porosity"].value == tissues.value(f"{tissue.replace(' ', '_')}.porosity")
    assert all(f"pk.{name}" in parameters for name in classes)
    assert all(p.grade != STATED for p in parameters.values())


def test_shares_and_solubility_come_from_the_set_of_the_temperature():
    warm, cool = catalogue(specimen()), catalogue(specimen(temperature="25 degC"))
    assert warm["share.enamel_soluble"].value == load_set("dental-37C").value("share.enamel_soluble") == 0.15
    assert warm["pk.enamel_main"].value == load_set("dental-37C").value("pk.enamel_main")
    assert cool["pk.enamel_main"].value == load_set("dental-25C").value("pk.enamel_main")
    changed = catalogue(specimen(tissue="hypomineralised enamel"))["share.enamel_soluble"]
    assert changed.value == pytest.approx(0.15 * 6.6 / 4.4)


def test_what_is_stated_has_no_range_and_no_source():
    found = catalogue(
        specimen(porosity=0.05, kinetics={"k": 1e-4, "growth_ratio": 0.2}, classes=[{"phase": "HAp", "share": 1.0, "pk": 58.1}])
    )
    for name, value in (("porosity", 0.05), ("dissolution_rate", 1e-4), ("growth_ratio", 0.2), ("pk.HAp", 58.1)):
        p = found[name]
        assert (p.value, p.low, p.high, p.grade, p.source) == (value, value, value, STATED, "")
    assert found["sound_mineral"].low < found["sound_mineral"].high


def test_parameters_replace_values_and_ranges():
    found = specimen(
        parameters={
            "growth_ratio": 0.1,
            "pk": {"enamel_main": 58.2},
            "dissolution_rate": {"value": 1e-3, "low": 5e-4, "high": 2e-3},
        }
    )
    ranges = parameter_ranges(found)
    assert ranges["growth_ratio"][:3] == (0.1, 0.1, 0.1)
    assert ranges["pk.enamel_main"][:3] == (58.2, 58.2, 58.2), "a dotted key of TOML is a name"
    assert ranges["dissolution_rate"][:4] == (1e-3, 5e-4, 2e-3, "mol/(L s)")
    around = specimen(porosity=0.04, parameters={"porosity": {"value": 0.04, "low": 0.03, "high": 0.05}})
    assert parameter_ranges(around)["porosity"][:3] == (0.04, 0.03, 0.05)


def test_ranges_are_tuples_for_fitting():
    for name, entry in parameter_ranges(specimen()).items():
        value, low, high, unit, source = entry
        assert low <= value <= high and unit and source, name


def test_the_ranges_of_porosity_and_mineral_share_one_volume():
    found = catalogue(specimen(sound_mineral=0.955, porosity=None))
    assert found["porosity"].high == pytest.approx(0.045)
    found = catalogue(specimen(porosity=0.13))
    assert found["sound_mineral"].high == pytest.approx(0.87)
    assert found["porosity"].value == 0.13


def test_options_bring_their_parameters():
    assert "growth_ratio" not in catalogue(specimen(mechanisms={"precipitation": False}))
    assert "fluoride_half_inhibition" not in catalogue(specimen(mechanisms={"fluoride": False}))
    assert "acid_reference" in catalogue(specimen(kinetics={"acid_order": 0.5}))
    assert {"growth_rate.OCP", "dissolution_rate.OCP", "pk.OCP"} <= catalogue(specimen(mechanisms={"precursor": "OCP"})).keys()
    assert {"growth_rate.CaF2", "pk.CaF2"} <= catalogue(specimen(mechanisms={"calcium_fluoride": True})).keys()
    fast = catalogue(specimen(kinetics="equilibrium"))
    assert (fast["dissolution_rate"].value, fast["growth_ratio"].value, fast["residual_mineral"].value) == (0.4, 1.0, 0.0)
    single = catalogue(specimen(diffusion="single"))
    assert single["free_diffusivity"].value * 0.2 == pytest.approx(2.6e-10)
    assert "free_diffusivity" not in catalogue(specimen())
    assert "collagen.decay_rate" not in catalogue(specimen(tissue="root", collagen={"decays": False}))
    assert catalogue(specimen(tissue="root", collagen={"active_enzyme": "20 %"}))["enzyme.initial_activity"].value == 0.2


def test_fluoridated_apatite_is_named_once():
    assert fluoridated_names(specimen()) == ("FHAp_50",)
    assert fluoridated_names(specimen(mechanisms={"fluoride": False})) == ()
    assert fluoridated_names(specimen(fluoridated={"phase": "FAp", "share": 0.1})) == ("FAp",)
    assert fluoridated_names(specimen(mechanisms={"fluoridated_phase": "FAp"})) == ("FAp",)
    assert fluoridated_names(specimen(classes=[{"phase": "FHAp_50", "share": 1.0}])) == ()


def test_unused_parameters_are_told():
    found = specimen(pore_diffusivity="1e-10 m2/s")
    assert unused(found) == ("pore_diffusivity",) and "pore_diffusivity does nothing" in notices(found)[0]
    found = specimen(pore_diffusivity="1e-10 m2/s", diffusion="single")
    assert unused(found) == ("diffusivity_scale",) and "diffusivity_scale" not in parameter_ranges(found)
    assert notices(specimen()) == []
    assert "fluoridated apatite only" in notices(specimen(kinetics="equilibrium"))[0]


def test_the_options_of_the_slab_can_be_changed_one_by_one(root, tmp_path):
    text = (root / "cases/specimens/phreeqc-slab.toml").read_text("utf-8")
    law = next(line for line in text.splitlines() if line.startswith("kinetics"))
    for old, new in (('"single"', '"species"'), (law, 'kinetics = "equilibrium"'), (law, "kinetics = {k = 4e-5, n = 2}")):
        assert text.count(old) >= 1
        path = tmp_path / "slab.toml"
        path.write_text(text.replace(f"diffusion = {old}", f"diffusion = {new}").replace(law, new if old == law else law), "utf-8")
        assert load_specimen(path) != load_specimen(root / "cases/specimens/phreeqc-slab.toml")


def test_the_names_of_apatites_are_those_of_the_reaction_table():
    apatites = {solid.name for solid in reaction_table(37.0).solids if solid.ions == 9}
    assert set(APATITES) == apatites


def test_the_published_schema_is_the_schema_of_the_records(root):
    published = json.loads((root / "src/amelo/records/specimen.schema.json").read_text("utf-8"))
    assert published == specimen_schema(), "run: amelo specimen schema > src/amelo/records/specimen.schema.json"
    jsonschema.Draft202012Validator.check_schema(published)


def test_every_quantity_of_the_schema_has_dimension_range_and_reason():
    schema = specimen_schema()
    fields = [f for part in (schema, *schema["$defs"].values()) for f in part.get("properties", {}).values()]
    quantities = [p for field in fields for p in field.get("anyOf", [field]) if "dimension" in p]
    assert len(quantities) >= 18
    for part in quantities:
        assert "; range: " in part["description"] and part["examples"]
    assert {"length", "area", "temperature", "fraction", "diffusivity", "mineral loss"} == {
        part["dimension"] for part in quantities
    }


def test_no_part_takes_unknown_keys():
    schema = specimen_schema()
    for part in (schema, *schema["$defs"].values()):
        assert part["additionalProperties"] is False


@pytest.mark.parametrize(
    "part",
    [{"tissue": "bone"}, {"thickness": 300}, {"porosity": 1.5}, {"colour": "white"}, {"classes": [{"phase": "HAp"}]}, {"grid": {"cells": 2}},
     {"kinetics": "fast"}, {"mechanisms": {"fluoride": "yes"}}, {"lesion": {}}, {"parameters": {"porosity": {"value": 0.1}}}],
)  # fmt: skip
def test_schema_and_records_refuse_the_same(part):
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(BASE | part, specimen_schema())
    with pytest.raises(RecordError):
        specimen(**part)


def test_schema_and_records_accept_the_same():
    part = {"porosity": "4 %", "kinetics": {"k": 1e-4}, "inner": {"pH": 7.0, "totals_mmol_per_kgw": {"K": 10.0, "Cl": 10.0}}}
    part |= {"parameters": {"growth_ratio": 0.5, "porosity_floor": {"value": 0.002, "low": 0.001, "high": 0.003}}}
    jsonschema.validate(BASE | part, specimen_schema())
    assert isinstance(specimen(**part), Specimen)
