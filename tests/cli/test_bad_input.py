"""Bad input: one sentence that names the thing, its place, the range and the nearest spelling; exit 2; nothing changed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

CASE = {"pseudonym": "Test-1", "origin": "synthetic", "recorded_on": "2026-01-05"}
FLUID = {"pH": 5.5, "totals_mmol_per_kgw": {"Ca": 1.3, "P": 5.7, "Na": 10, "Cl": 5}, "charge_balanced_by": "Cl"}


def case(**parts: object) -> str:
    return json.dumps(CASE | parts)


def tooth(fdi: str, **parts: object) -> str:
    return case(teeth={fdi: parts})


def fluid(**parts: object) -> str:
    return json.dumps({k: v for k, v in (FLUID | parts).items() if v is not None})


def totals(**amounts: object) -> str:
    return fluid(totals_mmol_per_kgw={"Ca": 1.3, "P": 5.7} | amounts)


CASES = {  # what is wrong: (text of the file, words that the sentence must hold)
    "a tooth that does not exist": (tooth("39"), ["teeth.39", "'39' is not a tooth", "31-38"]),
    "a tooth as a word": (tooth("molar"), ["teeth.molar", "'molar' is not a tooth"]),
    "a tooth in two digits too many": (tooth("036"), ["teeth.036", "is not a tooth"]),
    "a surface not on that tooth": (
        tooth("11", findings=[{"surface": "O"}]),
        ["teeth.11.findings[0].surface", "'O' is not a surface of tooth 11", "M, I, D, F, P"],
    ),
    "a surface that no tooth has": (
        tooth("36", findings=[{"surface": "X"}]),
        ["'X' is not a surface of tooth 36", "M, O, D, B, L"],
    ),
    "an incisal edge on a molar restoration": (
        tooth("36", restorations=[{"surfaces": ["I"]}]),
        ["restorations[0].surfaces", "'I'", "M, O, D, B, L"],
    ),
    "missing and carious": (
        tooth("36", status="missing", findings=[{"surface": "O", "icdas": 3}]),
        ["teeth.36.findings", "missing and carious at once"],
    ),
    "restored and unerupted": (
        tooth("38", status="unerupted", restorations=[{"surfaces": ["O"]}]),
        ["unerupted and restored at once"],
    ),
    "a pulp in an implant": (tooth("36", status="implant", pulp_diagnosis="necrosis"), ["is implant and has no pulp"]),
    "a reason for missing on a present tooth": (
        tooth("36", status="present", missing_cause="caries"),
        ["missing_cause", "the tooth is present"],
    ),
    "a permanent tooth exfoliated": (tooth("36", status="missing", missing_cause="exfoliated"), ["cannot exfoliate"]),
    "one surface twice": (tooth("36", findings=[{"surface": "B"}, {"surface": "F"}]), ["findings[1]", "charted twice"]),
    "an ICDAS code out of range": (tooth("36", findings=[{"surface": "O", "icdas": 7}]), ["icdas", "7 is out of range", "0 to 6"]),
    "a root code on a crown": (tooth("36", findings=[{"surface": "B", "icdas_root": 1}]), ["icdas_root is given for a crown"]),
    "a misspelt status": (tooth("36", status="mising"), ["teeth.36.status", "did you mean 'missing'?"]),
    "a misspelt key": (case(salvia={}), ["salvia", "not a known key", "did you mean 'saliva'?"]),
    "a misspelt key deep inside": (case(saliva={"calcuim": 1.2}), ["saliva.calcuim", "did you mean 'calcium'?"]),
    "text for a number": (case(saliva={"pH": "neutral"}), ["saliva.pH", "'neutral' is not a number"]),
    "true for a number": (tooth("36", mobility=True), ["teeth.36.mobility", "True is not a whole number"]),
    "an impossible pH": (case(saliva={"pH": 41}), ["saliva.pH", "41 is out of range", "4 to 9"]),
    "a concentration in the wrong unit": (case(saliva={"calcium": 1300}), ["saliva.calcium", "0 to 20 mmol/L"]),
    "a future date": (case(recorded_on="2999-01-01"), ["recorded_on", "2999-01-01 is in the future"]),
    "a date that is none": (case(recorded_on="12/31/2025"), ["recorded_on", "'12/31/2025' is not a date"]),
    "an age band upside down": (case(age_band="34-30"), ["age_band", "'34-30' is not a band of ages", "0-120"]),
    "a name for a pseudonym": (case(pseudonym="Anna Smith"), ["pseudonym", "looks like a name"]),
    "no pseudonym": (json.dumps({"origin": "synthetic", "recorded_on": "2026-01-05"}), ["'pseudonym' is missing"]),
    "consent withdrawn before it was given": (
        case(consent={"reference": "c", "purposes": ["care"], "given_on": "2025-05-01", "withdrawn_on": "2025-04-01"}),
        ["consent.withdrawn_on", "before it was given"],
    ),
    "a meal at no hour": (case(diet={"meals": [{"at": "25:00", "what": "meal"}]}), ["diet.meals[0].at", "'25:00'", "HH:MM"]),
    "variants in an untested patient": (
        case(genotype={"tested": False, "variants": [{"gene": "ENAM"}]}),
        ["genotype.tested", "variants are given"],
    ),
    "an event on no tooth": (
        case(history=[{"on": "2020-01-01", "tooth": 90, "what": "filled"}]),
        ["history[0]", "'90' is not a tooth"],
    ),
    "a list instead of a case": ("[]", ["[] is not an object"]),
}
FLUIDS = {
    "a negative total": (totals(Na=-1), ["totals_mmol_per_kgw.Na", "-1 is out of range", "0 to 10000 mmol/kgw"]),
    "an absurd total": (totals(Na=1e9), ["totals_mmol_per_kgw.Na", "0 to 10000 mmol/kgw"]),
    "an unknown element": (totals(Cd=1), ["fluid.json: totals_mmol_per_kgw", "'Cd' is not a component", "use one of Ca, Mg"]),
    "phosphate by another name": (totals(PO4=1), ["'PO4' is not a component", "did you mean 'P'?"]),
    "NaN as a literal": ('{"pH": NaN, "totals_mmol_per_kgw": {"Ca": 1}}', ["NaN is not a number"]),
    "an infinite number": ('{"pH": 7, "totals_mmol_per_kgw": {"Ca": 1e999}}', ["1e999 is too large"]),
    "pH given and asked for": (fluid(charge_balanced_by="pH"), ["pH is given and charge_balanced_by asks for pH"]),
    "pH and the closing ion both unknown": (fluid(pH=None), ["pH is left out", "'Cl'"]),
    "carbonate given twice": (totals(**{"C(4)": 5}).replace('"pH"', '"carbon_dioxide_kPa": 5, "pH"'), ["carbonate is given twice"]),
    "a closing ion that reacts": (
        fluid(charge_balanced_by="Ca"),
        ["fluid.json: charge_balanced_by", "cannot be balanced by 'Ca'", "Na, K, Cl, Tr"],
    ),
    "a closing ion that would be negative": (
        fluid(charge_balanced_by="K", totals_mmol_per_kgw={"Ca": 1, "Na": 50}),
        ["would have to be negative"],
    ),
    "a pH off the scale": (fluid(pH=15), ["pH", "15 is out of range", "0 to 14"]),
    "pH as text": (fluid(pH="5.5"), ["pH", "'5.5' is not a number"]),
    "a temperature without constants": (
        fluid(temperature_C=30),
        ["fluid.json: temperature_C", "30 °C has no set of constants", "use 37 or 25"],
    ),
    "totals that are a number, under a gas": (
        fluid(totals_mmol_per_kgw=1.5, carbon_dioxide_kPa=5),
        ["totals_mmol_per_kgw", "1.5 is not an object"],
    ),
    "no totals": (json.dumps({"pH": 7}), ["'totals_mmol_per_kgw' is missing"]),
    "a misspelt key": (fluid(ph=5), ["'ph' is not a known key", "did you mean 'pH'?"]),
    "an empty list": ("[]", ["holds no fluid"]),
    "so concentrated that the model ends": (totals(Na=9000), ["Davies", "dilute"]),
}
FILES = {  # what is wrong with the file itself: (bytes, words)
    "truncated JSON": (b'{"pH": 7, "totals_mmol_per_kgw": {"Ca": 1', ["not valid JSON", "line 1", "cut off"]),
    "duplicate keys": (b'{"pH": 7,\n "pH": 6, "totals_mmol_per_kgw": {"Ca": 1}}', ["the key 'pH' stands twice", "line 2"]),
    "UTF-16": ('{"pH": 7}'.encode("utf-16"), ["UTF-16", "save it as UTF-8"]),
    "Latin-1": ('{"case": "Spülung"}'.encode("latin-1"), ["is not UTF-8"]),
    "YAML by mistake": (b"pH: 7\ntotals:\n  Ca: 1\n", ["not valid JSON", "looks like YAML"]),
    "TOML by mistake": (b"pH = 7\n", ["not valid JSON", "looks like TOML"]),
    "XML by mistake": (b"<fluid/>", ["not valid JSON", "looks like XML"]),
    "single quotes": (b"{'pH': 7}", ["not valid JSON", "double quotes"]),
    "an empty file": (b"  \n", ["the file is empty"]),
    "brackets without end": (b"[" * 100_000, ["nested too deeply"]),
    "a number of a thousand digits": (b'{"pH": ' + b"9" * 1000 + b"}", ["is too large"]),
}
LINES = {  # command lines: (words, words of the sentence)
    "a misspelt command": (["saturaton", "x.json"], ["'saturaton' is not a command", "did you mean 'saturation'?"]),
    "an option without a command": (["--jsn"], ["'--jsn' is not an option here", "'amelo --help'"]),
    "one file too many": (["case", "show", "cases/kira.json", "x.json"], ["'x.json' is more than 'amelo case show' takes"]),
    "no case": (["case", "check"], ["requires an argument", "'amelo case check --help'"]),
    "a misspelt command of case": (["case", "shw", "cases/kira.json"], ['"shw"', "did you mean 'show'?"]),
    "a misspelt option": (["saturation", "x.json", "--jsn"], ["--jsn", "did you mean"]),
    "no file": (["saturation"], ["requires an argument"]),
    "a file that is not there": (
        ["saturation", "cases/fluids/resting-salvia.json"],
        ["does not exist", "did you mean 'resting-saliva.json'?"],
    ),
    "a folder": (["case", "show", "cases"], ["cases is a folder"]),
    "a folder that is not there": (["case", "show", "nowhere/x.json"], ["there is no folder nowhere"]),
    "two formats at once": (
        ["saturation", "cases/fluids/mouth.json", "--json", "--csv"],
        ["--json and --csv cannot be used together"],
    ),
    "an unknown phase": (
        ["critical-ph", "cases/fluids/mouth.json", "--phase", "fluoroapatit"],
        ["'fluoroapatit' is not a known phase", "did you mean 'fluoroapatite'?"],
    ),
    "a range of pH backwards": (["solubility", "--ph", "8:4:0.1"], ["'8:4:0.1'", "does not go upwards"]),
    "a range of pH off the scale": (["solubility", "--ph", "4:20:1"], ["allowed 0 to 14"]),
    "a range of pH with an endless step": (["solubility", "--ph", "4:8:inf"], ["'4:8:inf'", "step must be a number above 0"]),
    "a range of pH in steps too small to count": (["solubility", "--ph", "4:8:1e-320"], ["'4:8:1e-320'", "100,000 values"]),
    "a range of pH with a word": (["solubility", "--ph", "low"], ["'low' is not a range of pH", "4:8:0.1"]),
    "a background without an amount": (["solubility", "--background", "NaCl"], ["'NaCl' is not NAME=mmol/kgw", "NaCl=100"]),
    "a negative background": (["solubility", "--background", "NaCl=-5"], ["'NaCl=-5'", "0 to 10000"]),
    "an unknown salt": (["solubility", "--background", "NaCll=5"], ["'NaCll' is not a salt", "did you mean 'NaCl'?"]),
    "a picture of no known kind": (["solubility", "--plot", "x.gif"], ["not a picture amelo can write", ".svg"]),
    "a picture in no folder": (["solubility", "--plot", "nowhere/x.svg"], ["folder does not exist"]),
    "a picture where nobody may write": (["solubility", "--plot", "/proc/x.svg"], ["/proc/x.svg cannot be written"]),
    "a picture with a name beyond all limits": (["solubility", "--plot", f"{'n' * 300}.svg"], ["cannot be written", "too long"]),
    "a chart of another kind": (["case", "show", "cases/kira.json", "--svg", "x.png"], ["x.png is not a picture", ".svg"]),
    "a chart in no folder": (["case", "show", "cases/kira.json", "--svg", "nowhere/x.svg"], ["folder does not exist"]),
    "a chart over a folder": (["case", "show", "cases/kira.json", "--svg", "src"], ["src is not a picture"]),
    "an unknown constant": (["params", "pk.HApp"], ["no constant is called 'pk.HApp'", "did you mean 'pk.HAp'?"]),
    "an unknown set": (["params", "--set", "dental-36C"], ["'dental-36C' is not a set", "did you mean 'dental-37C'?"]),
    "an unknown reference": (["cite", "mcdowel1977"], ["'mcdowel1977' is not in the bibliography", "did you mean 'mcdowell1977'?"]),
    "an unknown subject": (["validate", "termo"], ["'termo' is not a subject", "did you mean 'thermo'?"]),
    "text for a number": (["solubility", "--temperature", "warm"], ["--temperature", "warm"]),
}


def refuse(ran, words):
    assert ran.code == 2, ran
    block = ran.err.strip()
    assert block.startswith("amelo: "), block
    assert "\n" not in block and "Traceback" not in block, block
    for word in words:
        assert word in block, f"{word!r} is not in: {block}"


@pytest.mark.parametrize("what", CASES)
def test_cases(what, amelo, tmp_path):
    text, words = CASES[what]
    path = tmp_path / "patient.json"
    path.write_text(text, "utf-8")
    ran = amelo("case", "show", path)
    refuse(ran, [str(path), *words])
    assert ran.out == ""
    assert path.read_text("utf-8") == text
    assert [p.name for p in tmp_path.iterdir()] == ["patient.json"]
    assert amelo("case", "check", path).code == 2


@pytest.mark.parametrize("what", FLUIDS)
def test_fluids(what, amelo, tmp_path):
    text, words = FLUIDS[what]
    path = tmp_path / "fluid.json"
    path.write_text(text, "utf-8")
    refuse(amelo("saturation", path, "--json"), words)
    refuse(amelo("saturation", path), words)
    assert [p.name for p in tmp_path.iterdir()] == ["fluid.json"]
    refuse(
        amelo("saturation", "-", "--json", stdin=text.encode()), [word.replace("fluid.json", "standard input") for word in words]
    )


@pytest.mark.parametrize("what", FILES)
def test_files(what, amelo, tmp_path):
    raw, words = FILES[what]
    path = tmp_path / "input.json"
    path.write_bytes(raw)
    refuse(amelo("saturation", path), [str(path), *words])
    refuse(amelo("case", "check", path), words)
    refuse(amelo("critical-ph", "-", stdin=raw), ["standard input", *words])
    assert path.read_bytes() == raw


@pytest.mark.parametrize("what", LINES)
def test_command_lines(what, amelo):
    words, sentence = LINES[what]
    before = sorted(Path().rglob("*.svg"))
    ran = amelo(*words)
    refuse(ran, sentence)
    assert ran.out == ""
    assert sorted(Path().rglob("*.svg")) == before


def test_a_file_of_200_megabytes_is_refused_before_it_is_read(amelo, tmp_path):
    path = tmp_path / "huge.json"
    with path.open("wb") as file:
        file.truncate(200_000_000)
    refuse(amelo("saturation", path), [str(path), "200 MB", "allowed up to 20 MB"])
    refuse(amelo("saturation", "-", stdin=b" " * 20_000_001), ["standard input", "larger than 20 MB"])


def test_a_fluid_without_an_answer_is_named_by_its_file_and_nothing_is_said_of_its_enamel(amelo, tmp_path):
    path = tmp_path / "acid.json"
    path.write_text('{"totals_mmol_per_kgw": {"Cl": 5000, "Ca": 1, "P": 1}}')
    ran = amelo("saturation", path)
    refuse(ran, [f"{path}: no pH from 0 to 14 balances the charge"])
    assert ran.out == ""
    answer = json.loads(amelo("saturation", path, "--json").out)
    assert answer["undersaturated_share_of_enamel"] is None
    path.write_text('{"totals_mmol_per_kgw": {"Na": 9000, "Ca": 1, "P": 1}}')
    ran = amelo("critical-ph", path, "--phase", "HAp,enamel", "--json")
    refuse(ran, [f"{path}: the ionic strength is so high", "dilute"])
    assert all(row["critical_pH"] is None and "ionic strength" in row["note"] for row in json.loads(ran.out))
    path.write_text('[{"pH": 7, "totals_mmol_per_kgw": {"Ca": 1}}, {"case": "odd", "pH": 7, "totals_mmol_per_kgw": {"Cd": 1}}]')
    refuse(amelo("critical-ph", path), [f"{path}[1]: totals_mmol_per_kgw: 'Cd'"])


def test_a_file_without_permission(amelo, tmp_path, monkeypatch):
    path = tmp_path / "locked.json"
    path.write_text("{}")
    monkeypatch.setattr(Path, "open", lambda self, mode: (_ for _ in ()).throw(PermissionError(13, "Permission denied")))
    refuse(amelo("saturation", path), [str(path), "cannot be read", "Permission denied"])


def test_check_reports_every_problem_of_every_file(amelo, tmp_path):
    bad = tmp_path / "bad.json"
    bad.write_text(case(saliva={"pH": 99, "calcium": -1}, age_band="x"), "utf-8")
    ran = amelo("case", "check", bad, "cases/kira.json")
    assert ran.code == 2
    assert ran.err.count("amelo: ") == 3
    assert "cases/kira.json: a valid case" in ran.out


def test_a_bug_of_ours_is_called_one_and_shows_no_values(amelo, monkeypatch):
    import amelo.records.case as module

    secret = "the-patient-is-Anna"

    def broken(path):
        private = secret  # noqa: F841 - would appear in a traceback with locals
        raise RuntimeError("boom")

    monkeypatch.setattr(module, "load_case", broken)
    quiet = amelo("case", "show", "cases/kira.json")
    assert quiet.code == 1
    assert "this is a bug in amelo (RuntimeError)" in quiet.err and "Traceback" not in quiet.err
    loud = amelo("case", "show", "cases/kira.json", "--debug")
    assert "Traceback" in loud.err and secret not in loud.err


def test_the_table_is_as_long_as_promised():
    assert len(CASES) + len(FLUIDS) + len(FILES) + len(LINES) >= 40
