"""``amelo specimen``: what it prints, and a table of bad input that is refused in one sentence each."""

from __future__ import annotations

import csv
import io
import json

import pytest

HEAD = 'name = "x"\ntissue = "human enamel"\nthickness = "300 um"\n'
DENTINE = 'name = "x"\ntissue = "dentine"\nthickness = "300 um"\n'
LESION = HEAD + '[lesion]\ndepth = "100 um"\nbody_mineral = 0.5\n'
HAP = '[[classes]]\nphase = "HAp"\nshare = '
GOOD_CSV = "depth [µm],mineral [vol%]\n0,40\n50,60\n100,87\n"

BAD = {  # what is wrong: (text of the file, words that the sentence must hold)
    "thickness missing": ('name = "x"\ntissue = "root"\n', ["'thickness' is missing"]),
    "thickness without unit": (HEAD.replace('"300 um"', "300"), ["thickness: 300 has no unit", '"120 µm"']),
    "thickness without unit as text": (HEAD.replace("300 um", "300"), ["thickness: '300' has no unit"]),
    "thickness in the unit of another thing": (HEAD.replace("300 um", "300 mM"), ["is a concentration, not a length"]),
    "a negative thickness": (HEAD.replace("300 um", "-300 um"), ["thickness: '-300 um' is negative"]),
    "a thickness of a house": (HEAD.replace("300 um", "3 m"), ["3 m is out of range", "5 um to 10 mm"]),
    "a unit misspelt": (HEAD.replace("300 um", "300 umm"), ["'umm' is not a unit", "did you mean"]),
    "a decimal comma": (HEAD.replace("300 um", "0,3 mm"), ["decimal comma", "write '0.3 mm'"]),
    "no tissue": ('name = "x"\nthickness = "1 mm"\n', ["'tissue' is missing"]),
    "a misspelt tissue": (HEAD.replace("human enamel", "humane enamel"), ["tissue", "did you mean 'human enamel'?"]),
    "a misspelt key": (HEAD + "porousity = 0.1\n", ["'porousity' is not a known key", "did you mean 'porosity'?"]),
    "a misspelt key inside": (HEAD + "[grid]\ncels = 40\n", ["grid.cels", "did you mean 'cells'?"]),
    "a misspelt key of the kinetics": (HEAD + "kinetics = {k = 1e-4, m = 2}\n", ["kinetics.m", "'m' is not a known key"]),
    "porosity above 1": (HEAD + "porosity = 1.2\n", ["porosity: 1.2 is out of range", "0.001 to 0.95"]),
    "porosity in per cent without the sign": (HEAD + "porosity = 20\n", ["porosity: 20 is out of range", "write '20 %'"]),
    "a negative porosity": (HEAD + "porosity = -0.1\n", ["porosity: -0.1 is out of range"]),
    "porosity that is not a number": (HEAD + "porosity = nan\n", ["porosity: nan is out of range"]),
    "porosity as a length": (HEAD + 'porosity = "20 um"\n', ["is a length, not a fraction"]),
    "porosity that is true": (HEAD + "porosity = true\n", ["porosity: True is not a fraction"]),
    "more than one volume": (
        HEAD + "porosity = 0.3\nsound_mineral = 0.8\n",
        ["sound_mineral 0.8, porosity 0.3 add up to 1.1", "at most 1"],
    ),
    "more than one volume with organic": (
        DENTINE + 'porosity = 0.2\nsound_mineral = "48 vol%"\norganic = 0.4\n',
        ["organic 0.4 add up to 1.08"],
    ),
    "porosity that leaves no room for the tissue's mineral": (
        HEAD + "porosity = 0.2\n",
        ["0.87, porosity 0.2 add up to 1.07", "state all"],
    ),
    "pores that are closed already": (
        HEAD + "porosity = 0.004\n",
        ["porosity", "not above the porosity that nothing may fill, 0.005"],
    ),
    "shares that do not add up": (HEAD + HAP + "0.8\n", ["classes: the shares add up to 0.8", "must add up to 1"]),
    "shares above 1": (HEAD + HAP + "0.8\n" + HAP.replace("HAp", "dentine") + "0.8\n", ["the shares add up to 1.6"]),
    "a class twice": (HEAD + HAP + "0.5\n" + HAP + "0.5\n", ["classes[1].phase", "HAp is given twice"]),
    "an unknown phase": (HEAD + HAP.replace("HAp", "HApp") + "1.0\n", ["classes[0].phase", "'HApp'", "did you mean 'HAp'?"]),
    "a phase that is no apatite": (
        HEAD + HAP.replace("HAp", "Calcite") + "1.0\n",
        ["classes[0].phase", "'Calcite' is not a valid value"],
    ),
    "a pK outside its range": (HEAD + HAP + "1.0\npk = 117.2\n", ["classes[0].pk", "117.2 is out of range", "40 to 70"]),
    "a class without a share": (HEAD + '[[classes]]\nphase = "HAp"\n', ["classes[0]", "'share' is missing"]),
    "thinner than its lesion": (
        LESION.replace("100 um", "400 um"),
        ["lesion.depth", "300 um is thinner than its lesion of 400 um"],
    ),
    "a lesion in the wrong unit": (LESION.replace("100 um", "1 mm"), ["300 um is thinner than its lesion of 1 mm"]),
    "a lesion without a depth": (HEAD + "[lesion]\nbody_mineral = 0.5\n", ["lesion", "'depth' is missing"]),
    "body and loss both": (LESION + 'integrated_mineral_loss = "2000 vol%·um"\n', ["lesion", "both given", "give one of them"]),
    "body and loss neither": (HEAD + '[lesion]\ndepth = "100 um"\n', ["lesion", "both left out"]),
    "half a surface layer": (LESION + 'surface_layer = "20 um"\n', ["surface_mineral is missing"]),
    "a surface layer as deep as the lesion": (
        LESION + 'surface_layer = "90 um"\nsurface_mineral = 0.9\n',
        ["lesion", "leaves no room"],
    ),
    "a surface layer poorer than the body": (
        LESION + 'surface_layer = "20 um"\nsurface_mineral = 0.4\n',
        ["more mineral than the body"],
    ),
    "a body that is sound": (LESION.replace("0.5", "1.0"), ["body_mineral: 1 is out of range", "0 to 0.949"]),
    "more loss than there is mineral": (
        HEAD + '[lesion]\ndepth = "50 um"\nintegrated_mineral_loss = "8000 vol%·um"\n',
        ["lesion", "50 µm deep cannot have lost", "check depth, mineral loss"],
    ),
    "a loss without its unit": (
        LESION.replace("body_mineral = 0.5", "integrated_mineral_loss = 2000"),
        ["2000 has no unit", "vol%·µm"],
    ),
    "a loss as a length": (
        LESION.replace("body_mineral = 0.5", 'integrated_mineral_loss = "20 um"'),
        ["is a length, not a mineral loss"],
    ),
    "a lesion and a profile": (LESION + '[profile]\nfile = "p.csv"\n', ["profile", "a lesion and a measured profile are given"]),
    "a profile that is not there": (HEAD + '[profile]\nfile = "q.csv"\n', ["q.csv does not exist", "did you mean 'p.csv'?"]),
    "a profile of nothing": (HEAD + "[profile]\n", ["profile", "the profile is empty"]),
    "thinner than its profile": (
        HEAD.replace("300", "80") + '[profile]\nfile = "p.csv"\n',
        ["thinner than its profile, which reaches 100 µm"],
    ),
    "a profile that does not reach sound tissue": (
        HEAD + "sound_mineral = 0.955\nporosity = 0.04\n" + '[profile]\nfile = "p.csv"\n',
        ["ends at 100 µm with 87 vol%", "measure deeper"],
    ),
    "a profile with more than the tissue can hold": (
        HEAD + "sound_mineral = 0.75\nporosity = 0.05\n" + '[profile]\nfile = "p.csv"\n',
        ["the profile has 87 vol% at 100 µm", "more than sound tissue of 75 vol%"],
    ),
    "a negative rate": (HEAD + "kinetics = {k = -4e-4}\n", ["kinetics.k", "-0.0004 is out of range"]),
    "a rate without bounds": (HEAD + "kinetics = {k = 1e9}\n", ["kinetics.k", "1e-09 to 100 mol/(L s)"]),
    "kinetics by another name": (HEAD + 'kinetics = "equilibrum"\n', ["kinetics", "did you mean 'equilibrium'?"]),
    "diffusion by another name": (HEAD + 'diffusion = "specie"\n', ["diffusion", "did you mean 'species'?"]),
    "a diffusivity of gas": (HEAD + 'pore_diffusivity = "1e-5 m2/s"\n', ["pore_diffusivity", "1e-5 m2/s is out of range"]),
    "an inner face that is neither": (HEAD + 'inner = "open"\n', ["inner", "'open' is not a valid value", "closed"]),
    "a fluid behind that is none": (
        HEAD + "[inner]\npH = 41.0\ntotals_mmol_per_kgw = {K = 10.0}\n",
        ["inner.pH", "41.0 is out of range"],
    ),
    "a switch as a word": (HEAD + '[mechanisms]\nfluoride = "yes"\n', ["mechanisms.fluoride", "'yes' is not true or false"]),
    "a precursor that is none": (
        HEAD + '[mechanisms]\nprecursor = "amorphous"\n',
        ["mechanisms.precursor", "use one of none, DCPD, OCP"],
    ),
    "a gradient that is off": (
        HEAD + '[fluoridated]\nshare = 0.1\ndepth = "20 um"\n',
        ["fluoridated.depth", "gradients are off", "mechanisms.solubility_gradient"],
    ),
    "surface enamel on dentine": (DENTINE + "[mechanisms]\nsolubility_gradient = true\n", ["does not belong to dentine"]),
    "fluoridated apatite twice": (
        HEAD + HAP.replace("HAp", "FHAp_50") + "1.0\n[fluoridated]\nshare = 0.1\n",
        ["fluoridated.phase", "also a solubility class"],
    ),
    "collagen in enamel": (HEAD + "[collagen]\ndecays = true\n", ["collagen: human enamel has no collagen"]),
    "too few cells": (HEAD + "[grid]\ncells = 1\n", ["grid.cells", "1 is out of range", "4 to 2000"]),
    "cells that do not fit": (
        HEAD + '[grid]\nfirst_cell = "10 um"\n',
        ["grid.first_cell", "64 cells of at least 10 um are more than 300 um"],
    ),
    "a temperature without constants": (
        HEAD + 'temperature = "30 degC"\n',
        ["temperature", "30 degC has no set of constants", "37 degC"],
    ),
    "an unknown parameter": (
        HEAD + "[parameters]\ndisolution_rate = 1e-4\n",
        ["parameters.disolution_rate", "did you mean 'dissolution_rate'?"],
    ),
    "a parameter outside its range": (
        HEAD + "[parameters]\ndissolution_rate = 1e-2\n",
        ["parameters.dissolution_rate", "0.01 is out of range", "4e-05 to 0.0005 mol/(L s)", "{value = …, low = …, high = …}"],
    ),
    "a negative parameter": (HEAD + "[parameters]\ngrowth_ratio = -1.0\n", ["parameters.growth_ratio", "-1 is out of range"]),
    "a parameter stated elsewhere too": (
        HEAD + "kinetics = {k = 1e-4}\n[parameters]\ndissolution_rate = 2e-4\n",
        ["dissolution_rate is given twice, as 0.0001 and as 0.0002"],
    ),
    "a range upside down": (
        HEAD + "[parameters]\ngrowth_ratio = {value = 0.1, low = 0.2, high = 0.3}\n",
        ["parameters.growth_ratio", "0.1 is not between 0.2 and 0.3"],
    ),
    "a range without a top": (
        HEAD + "[parameters]\ngrowth_ratio = {value = 0.1, low = 0.05}\n",
        ["parameters.growth_ratio", "'high' is missing"],
    ),
    "a fraction with a range beyond 1": (
        HEAD + "[parameters]\nresidual_mineral = {value = 0.5, low = 0.1, high = 1.5}\n",
        ["parameters.residual_mineral", "1.5 is out of range", "0 to 1"],
    ),
    "a parameter of a mechanism that is off": (
        HEAD + "[mechanisms]\nfluoride = false\n[parameters]\nfluoride_half_uptake = 1e-3\n",
        ["'fluoride_half_uptake' is not a parameter of this specimen"],
    ),
    "a pK of another counting": (
        HEAD + "[parameters]\npk.enamel_main = 116.0\n",
        ["parameters.pk.enamel_main", "116 is out of range"],
    ),
    "not TOML": ("name = x\n", ["not valid TOML", "line 1", "in quotes"]),
    "JSON": ('{"name": "x"}', ["not valid TOML", "this looks like JSON"]),
    "a key twice": (HEAD + 'name = "y"\n', ["not valid TOML", "line 4"]),
    "cut off": (HEAD + '[lesion]\ndepth = "100', ["not valid TOML", "was the file cut off?"]),
    "nothing": (" \n", ["the file is empty"]),
}
PROFILES = {  # what is wrong with the CSV beside a good specimen: (text, words)
    "fractions for vol%": ("depth [µm],mineral [vol%]\n0,0.4\n50,0.6\n100,0.87\n", ["p.csv", "looks like a fraction"]),
    "millimetres for micrometres": ("depth [µm],mineral [vol%]\n0,40\n0.05,60\n0.1,87\n", ["p.csv", "measured in mm"]),
    "a row of NaN": (GOOD_CSV.replace("50,60", "50,NaN"), ["p.csv: row 3", "mineral is NaN"]),
    "no units": (GOOD_CSV.replace(" [µm]", ""), ["the column depth has no unit"]),
}


def refuse(ran, words):
    assert ran.code == 2, ran
    block = ran.err.strip()
    assert block.startswith("amelo: ") and "\n" not in block and "Traceback" not in block, block
    for word in words:
        assert word in block, f"{word!r} is not in: {block}"


@pytest.mark.parametrize("what", BAD)
def test_bad_specimens(what, amelo, tmp_path):
    text, words = BAD[what]
    path = tmp_path / "x.toml"
    path.write_text(text, "utf-8")
    (tmp_path / "p.csv").write_text(GOOD_CSV, "utf-8")
    ran = amelo("specimen", "show", path)
    refuse(ran, words)
    assert ran.out == ""
    assert amelo("specimen", "check", path).code == 2


@pytest.mark.parametrize("what", PROFILES)
def test_bad_profiles(what, amelo, tmp_path):
    text, words = PROFILES[what]
    (tmp_path / "x.toml").write_text(HEAD + '[profile]\nfile = "p.csv"\n', "utf-8")
    (tmp_path / "p.csv").write_text(text, "utf-8")
    refuse(amelo("specimen", "show", tmp_path / "x.toml"), words)


def test_the_table_is_as_long_as_promised():
    assert len(BAD) + len(PROFILES) >= 40


def test_the_good_ones_behind_the_bad_are_good(amelo, tmp_path):
    (tmp_path / "p.csv").write_text(GOOD_CSV, "utf-8")
    for text in (HEAD, DENTINE, LESION, HEAD + HAP + "1.0\n", HEAD + '[profile]\nfile = "p.csv"\n'):
        (tmp_path / "x.toml").write_text(text, "utf-8")
        assert amelo("specimen", "check", tmp_path / "x.toml").code == 0
    assert "a valid specimen: x, human enamel, 300 um" in amelo("specimen", "check", "-", stdin=HEAD.encode()).out


def test_show_prints_what_it_is_and_where_numbers_come_from(amelo, root):
    from amelo.cite import last_citations

    out = amelo("specimen", "show", "cases/specimens/enamel-high-r-lesion.toml").out
    for words in (
        "human enamel, 500 um thick",
        "ΔZ 2000 vol%·µm, 75 µm deep, R 26.7 vol%",
        "enamel_soluble",
        "never grows",
        "elliott1998",
        "stated",
    ):
        assert words in out
    command, keys = last_citations()
    assert command == "amelo specimen show" and "elliott1998" in keys
    out = amelo("specimen", "show", "cases/specimens/phreeqc-slab.toml").out
    assert "one diffusivity for all; pores stay as they are" in out and "30 equal cells" in out
    assert "dissolution_rate" in out and "2.6e-10" in out
    out = amelo("specimen", "show", "cases/specimens/surface-enamel.toml").out
    assert "precipitation, fluoride (FHAp_50), solubility gradient, inhibitors, precursor DCPD, calcium fluoride" in out


def test_show_for_programs(amelo):
    rows = json.loads(amelo("specimen", "show", "cases/specimens/root.toml", "--json").out)["parameters"]
    table = list(csv.DictReader(io.StringIO(amelo("specimen", "show", "cases/specimens/root.toml", "--csv").out)))
    assert [row["name"] for row in rows] == [row["name"] for row in table]
    porosity = next(row for row in rows if row["name"] == "porosity")
    assert (porosity["value"], porosity["unit"], porosity["low"], porosity["high"]) == (0.2, "1", 0.15, 0.25)
    refuse(amelo("specimen", "show", "cases/specimens/root.toml", "--json", "--csv"), ["cannot be used together"])


def test_the_plot_is_drawn(amelo, tmp_path):
    path = tmp_path / "profile.svg"
    ran = amelo("specimen", "show", "cases/specimens/measured-lesion.toml", "--plot", path, "--members", "8")
    assert ran.code == 0 and str(path) in ran.err
    svg = path.read_text("utf-8")
    for words in ("mineral [vol%]", "depth [µm]", "5 to 95 % of members", "enamel_soluble", "sound"):
        assert words in svg
    refuse(amelo("specimen", "show", "cases/specimens/root.toml", "--plot", tmp_path / "x.gif"), ["not a picture"])
    refuse(amelo("specimen", "show", "cases/specimens/root.toml", "--plot", path, "--members", "0"), ["allowed 1 to 10000"])


def test_check_goes_on_after_a_bad_file_and_tells_notices(amelo, tmp_path):
    bad = tmp_path / "bad.toml"
    bad.write_text(HEAD + "porosity = 3\n", "utf-8")
    ran = amelo("specimen", "check", bad, "cases/specimens/phreeqc-slab.toml")
    assert ran.code == 2 and ran.err.count("amelo: ") == 1
    assert "a valid specimen: slab of the PHREEQC reference results" in ran.out
    assert "notice: diffusivity_scale does nothing while diffusion is single" in ran.out


def test_the_schema_is_printed(amelo, root):
    published = json.loads((root / "src/amelo/records/specimen.schema.json").read_text("utf-8"))
    assert json.loads(amelo("specimen", "schema").out) == published
