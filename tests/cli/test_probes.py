"""What newcomers get wrong, through the command line: fifteen kinds of misuse that other simulators accept or answer in riddles.

Each is refused before anything is computed, in one sentence that says what, where, why or which range, and what to write; exit code 2.
"""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SPECIMEN = "cases/specimens/human-enamel.toml"
ACID = "demineralise in acetate 50 mM pH 4.5 for 2 h"
PROTOCOLS = {  # what is wrong: (protocol, words of the sentence)
    "P1 a keyword missing": ("demineralise acetate 50 mM pH 4.5 for 2 h", ["line 1, column 14", "'acetate'", "write 'in acetate"]),
    "P1 another one": ("demineralise in acetate 50 mM pH 4.5 2 h", ["'2 h' stands without 'for'", "write 'for 2 h'"]),
    "P2 a clause twice": ("rest for 1 h for 2 h", ["a duration is given twice", "leave one of them out"]),
    "P3 the case of a unit": ("demineralise in acetate 50 MM pH 4.5 for 2 h", ["'MM' is not a unit", "did you mean 'mM'?"]),
    "P4 rest at pH 4": ("rest at pH 4", ["'rest' takes no pH"]),
    "P4 rest with sugar": ("rest 1 h sugar 10 %", ["'rest' takes no sugar"]),
    "P5 a negative dose": ("varnish -22600 ppm F for 4 h", ["'-22600 ppm F' is negative", "0 or more"]),
    "P5 a negative duration": ("demineralise in acetate 50 mM pH 4.5 for -2 h", ["'-2 h' is negative", "a time is 0 or more"]),
    "P6 a concentration beyond its range": ("demineralise in Ca 1e9 mM pH 4 for 2 h", ["Ca 1e9 mM is out of range", "0 to 2000 mM"]),
    "P6 a duration beyond its range": ("rest 1e9 h", ["'1e9 h' is out of range", "3652 d 12 h"]),
    "P6 a pH beyond its range": ("demineralise in acetate 50 mM pH 45 for 2 h", ["'pH 45' is out of range", "1 to 13"]),
    "P7 a concentration without a unit": ("demineralise in acetate 50 pH 4 for 2 h", ["has no unit", "write 'acetate 50 mM'"]),
    "P7 millimetres": ("demineralise in acetate 50 mm pH 4 for 2 h", ["a length, not a concentration", "'mM'?"]),
    "P7 ppm of what": ("varnish 22600 ppm for 4 h", ["ppm of what?", "'22600 ppm F'"]),
    "P9 a misspelt step": ("deminerlise in acetate 50 mM pH 4 for 2 h", ["'deminerlise' is not a step", "'demineralise'?"]),
    "P9 a misspelt time": ("rest 2 huors", ["'huors' is not a time", "did you mean 'hours'?"]),
    "P9 a misspelt ion": ("immerse in acetat 50 mM pH 4 for 2 h", ["'acetat' is not a substance", "'acetate'?"]),
    "a bath that cannot be neutral": ("immerse in Ca 5 mM pH 7 balanced with Na for 1 h", ["Na cannot close the charge", "'balanced with Cl'"]),
    "a bath that says nothing of its acid": ("immerse in Na 50 mM for 1 h", ["the pH is missing"]),
    "a step longer than its day": (f"day:\n    {ACID.replace('2 h', '30 h')}", ["last 30 h", "a day has 24 h"]),
    "a repeat of zero": ("repeat 0 times:\n    rest 1 h", ["'0' is not a number of times", "from 1 to 1000000"]),
    "a day of nobody": ("day of case", ["'day of case' needs a case", "cases/kira.json"]),
    "nothing": ("  ", ["the protocol is empty", "in quotes"]),
    "a file that is not there": ("cases/protocols/ph-cyclin.protocol", ["does not exist", "did you mean 'ph-cycling.protocol'?"]),
}  # fmt: skip
LESION = '[lesion]\ndepth = "{}"\nintegrated_mineral_loss = "{}"'
SPECIMENS = {  # what is wrong: (lines of the specimen after its name, words of the sentence)
    "P7 a number without a unit": ("thickness = 300", ["thickness: 300 has no unit", '"120 µm"']),
    "P7 another unit": ('thickness = "300 mM"', ["'300 mM' is a concentration, not a length", "120 µm"]),
    "P8 a negative thickness": ('thickness = "-300 um"', ["'-300 um' is negative", "a length is 0 or more"]),
    "P8 no thickness": ('thickness = "0 um"', ["0 um is out of range", "5 um to 10 mm"]),
    "P9 a misspelt key": ('thicknes = "300 um"', ["'thicknes' is not a known key", "did you mean 'thickness'?"]),
    "P9 a misspelt switch": ('thickness = "300 um"\ndiffusion = "specie"', ["'specie'", "did you mean 'species'?"]),
    "P10 a negative rate": ('thickness = "300 um"\n[parameters]\ndissolution_rate = -1', ["-1 is out of range", "above 0"]),
    "P6 a rate beyond its range": ('thickness = "300 um"\n[parameters]\ndissolution_rate = 1e9', ["1e+09 is out of range", "mol/(L s)"]),
    "P11 a misspelt parameter": ('thickness = "300 um"\n[parameters]\ndisolution_rate = 1e-4', ["not a parameter", "'dissolution_rate'?"]),
    "P13 a range upside down": (
        'thickness = "300 um"\n[parameters]\ndissolution_rate = {value = 1e-4, low = 1e-3, high = 1e-5}',
        ["is not between 0.001 and 1e-05", "in order"],
    ),
    "porosity above 1": ('thickness = "300 um"\nporosity = 1.2', ["porosity: 1.2 is out of range", "0.001 to 0.95", "'1.2 %'"]),
    "porosity above everything": ('thickness = "300 um"\nporosity = "150 %"', ["porosity: 150 % is out of range; allowed 0.001 to 0.95"]),
    "porosity that is no number": ('thickness = "300 um"\nporosity = "nan"', ["'nan' does not start with a number", "for example 0.85"]),
    "thinner than its lesion": (
        'thickness = "100 um"\n' + LESION.format("150 um", "2000 vol%·µm"),
        ["lesion.depth: the specimen of 100 um is thinner than its lesion of 150 um"],
    ),
    "a lesion without a unit": ('thickness = "400 um"\n' + LESION.format("50 um", "2000"), ["'2000' has no unit", "2000 vol%·µm"]),
}  # fmt: skip
HEADER = "depth [um],mineral [vol%]\n"
ROWS = [f"{depth},{30 + 0.5 * depth:.3f}" for depth in range(0, 100, 5)]
PROFILES = {  # what is wrong: (text of the profiles, words of the sentence)
    "P12 a missing column": ("depth [um],minerl [vol%]\n" + "\n".join(ROWS), ["row 1: there is no column mineral", "mineral [vol%]"]),
    "P12 a text among numbers": (HEADER + "\n".join([*ROWS, "100,many"]), ["row 22: mineral 'many' is not a number"]),
    "P12 a NaN row": (HEADER + "\n".join([*ROWS[:3], "NaN,NaN", *ROWS[3:]]), ["row 5: depth is NaN", "remove the row"]),
    "P13 a negative time": ("time [h]," + HEADER + "\n".join(f"-1,{row}" for row in ROWS), ["row 2: time is negative"]),
    "P13 a time after the end": ("time [h]," + HEADER + "\n".join(f"900,{row}" for row in ROWS), ["37 d 12 h is after the end", "2 d"]),
    "P15 a row too short": (HEADER + "\n".join([*ROWS, "100"]), ["row 22 has 1 column; the header has 2"]),
    "fractions for per cent": (HEADER + "\n".join(f"{d},{0.3 + d / 200}" for d in range(0, 100, 5)), ["looks like a fraction"]),
    "millimetres for micrometres": ("depth [mm],mineral [vol%]\n" + "\n".join(ROWS), ["deeper than a tooth", "write depth [µm]"]),
    "micrometres for millimetres": (HEADER + "0,50\n0.05,60\n0.09,70", ["reaches only 0.09 µm", "write depth [mm]"]),
    "no unit": ("depth,mineral\n" + "\n".join(ROWS), ["the column depth has no unit", "depth [µm]"]),
    "a unit in a row": (HEADER + "0,30\n5 um,35", ["row 3: depth '5 um' is not a number"]),
    "depths above the surface": (HEADER + "0,30\n-5,35\n-10,40", ["depth is -5 µm, outside the tissue"]),
    "more than everything": (HEADER + "0,130\n5,135", ["mineral is 130 vol%", "0 to 100 vol%"]),
    "deeper than the specimen": (HEADER + "0,30\n5,35\n9000,40", ["is beyond the specimen of 500 um"]),
    "nothing": ("", ["the file is empty"]),
}  # fmt: skip
LINES = {  # what is wrong: (command line, words of the sentence)
    "half a member": (["simulate", SPECIMEN, ACID, "--members", "1.5"], ["--members: '1.5' is not a whole number"]),
    "half a tooth": (["simulate", "cases/kira.json", ACID, "--tooth", "36.5", "--surface", "M"], ["--tooth: '36.5' is not a whole number"]),
    "half a seed": (["simulate", SPECIMEN, ACID, "--seed", "1.7"], ["--seed: '1.7' is not a whole number"]),
    "no member": (["simulate", SPECIMEN, ACID, "--members", "0"], ["--members 0 is out of range", "1 to 100000"]),
    "a protocol before its specimen": (
        ["simulate", "cases/protocols/ph-cycling.protocol", SPECIMEN],
        ["ph-cycling.protocol is not a specimen", "name the specimen (.toml) or case (.json) first, then the protocol"],
    ),
    "nothing to simulate": (["simulate"], ["requires an argument", "'amelo simulate --help'"]),
    "a tooth that nobody has": (["simulate", "cases/kira.json", ACID, "--tooth", "99", "--surface", "M"], ["'99' is not a tooth"]),
    "a surface that it has not": (["simulate", "cases/kira.json", ACID, "--tooth", "36", "--surface", "Q"], ["use one of M, O, D, B, L"]),
    "a case to fit": (["fit", "cases/kira.json", ACID, "cases/profiles/two-days.csv"], ["cases/kira.json is a case", "name a specimen (.toml)"]),
    "P9 an outcome": (["sensitivity", SPECIMEN, ACID, "--of", "lesion_dpth"], ["not an outcome", "did you mean 'lesion_depth'?"]),
    "P9 a tier": (["simulate", SPECIMEN, ACID, "--tier", "reducd"], ["did you mean 'reduced'?"]),
    "P9 a parameter to fit": (
        ["fit", SPECIMEN, ACID, "cases/profiles/two-days.csv", "--parameters", "porosty"],
        ["'porosty' is not a parameter of this specimen", "did you mean 'porosity'?"],
    ),
    "P10 a negative slit": (["fit", SPECIMEN, ACID, "cases/profiles/two-days.csv", "--slit", "-1"], ["-1 µm is out of range", "0 to 1000 µm"]),
}  # fmt: skip


def refuse(ran, words: list[str]) -> None:
    """Check that a command failed with one sentence that holds ``words``, and printed nothing else."""
    assert ran.code == 2 and ran.out == "", ran
    assert len(ran.err.splitlines()) == 1 and ran.err.startswith("amelo: ") and "Traceback" not in ran.err, ran.err
    for part in words:
        assert part in ran.err, ran.err


@pytest.fixture(autouse=True)
def nothing_is_solved(monkeypatch):
    """Whatever is wrong with what was given must be found before the solver is asked."""
    monkeypatch.setattr("amelo.twin.lesion.checked.solve", lambda *a, **b: pytest.fail("the solver was asked"))
    monkeypatch.setattr("amelo.twin.lesion.solve.solve", lambda *a, **b: pytest.fail("the solver was asked"))


@pytest.mark.parametrize("what", PROTOCOLS)
def test_protocols(what, amelo):
    text, words = PROTOCOLS[what]
    refuse(amelo("simulate", SPECIMEN, text), words)


@pytest.mark.parametrize("what", SPECIMENS)
def test_specimens(what, amelo, tmp_path):
    lines, words = SPECIMENS[what]
    file = tmp_path / "mine.toml"
    file.write_text(f'name = "mine"\ntissue = "human enamel"\n{lines}\n', "utf-8")
    refuse(amelo("simulate", file, ACID), ["mine.toml", *words])


@pytest.mark.parametrize("what", PROFILES)
def test_profiles(what, amelo, tmp_path):
    text, words = PROFILES[what]
    file = tmp_path / "mine.csv"
    file.write_text(text, "utf-8")
    refuse(amelo("fit", SPECIMEN, "cases/protocols/two-days.protocol", file), ["mine.csv", *words])


@pytest.mark.parametrize("what", LINES)
def test_command_lines(what, amelo):
    line, words = LINES[what]
    refuse(amelo(*line), words)


def test_letter_case_of_words_does_not_matter(amelo):
    ran = amelo("protocol", "show", "-", stdin=b"Demineralise IN Acetate 50 mM PH 4.5 For 2 h\n")
    assert ran.code == 0 and ran.out.startswith(ACID)


def test_a_table_where_a_word_belongs_is_told_with_the_words(amelo, tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text('name = "mine"\nthickness = "400 um"\n[tissue]\nkind = "human enamel"\n', "utf-8")
    refuse(
        amelo("specimen", "check", file), ["tissue: {'kind': 'human enamel'} is not a word; use one of human enamel, bovine enamel"]
    )
