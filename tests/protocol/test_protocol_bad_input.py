"""Bad protocols: one sentence that names the thing, its place, the range and the nearest spelling."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from amelo.errors import AmeloError, FileError, FormatError
from amelo.protocol import Protocol

ACID = "demineralise in acetate 75 mM"
BLOCK = "\n    rest 1 h"

CASES = {  # what is wrong: (text, line, column, words that the sentence must hold)
    # a keyword that is missing, doubled, misplaced or misspelt (P1, P2, P9)
    "no 'for'": (f"{ACID} pH 4.3 2 h", 1, 38, ["'2 h' stands without 'for'", "write 'for 2 h'"]),
    "no 'in'": ("demineralise acetate 75 mM pH 4.3 for 1 h", 1, 14, ["'acetate' does not belong", "write 'in acetate"]),
    "no duration": (f"{ACID} pH 4.3", 1, 37, ["lacks a duration", "'for 2 h'"]),
    "no pH": (f"{ACID} for 2 h", 1, 1, ["the pH is missing", "acetate says nothing of the acid or base", "pH 4.5"]),
    "no contents": ("demineralise pH 4.3 for 2 h", 1, 28, ["lacks a list of what the bath holds", "in acetate 75 mM"]),
    "two durations": (f"{ACID} pH 4.3 for 1 h for 2 h", 1, 46, ["a duration is given twice", "leave one of them out"]),
    "two pHs": (f"{ACID} pH 4.3 pH 5 for 1 h", 1, 38, ["a pH is given twice"]),
    "a substance twice": (f"{ACID}, acetate 5 mM pH 4 for 2 h", 1, 32, ["acetate is named twice"]),
    "a substance twice by two names": (f"{ACID} with acetic acid 5 mM pH 4 for 2 h", 1, 36, ["acetate is named twice"]),
    "nothing after 'for'": (f"{ACID} pH 4.3 for", 1, 41, ["the line ends where 'for' wants", "for 21 h 58 min"]),
    "nothing after 'pH'": ("immerse in water pH for 1 h", 1, 21, ["'for' stands where 'pH' wants", "pH 4.5"]),
    "nothing after 'with'": (f"{ACID} with pH 4.3 for 2 h", 1, 36, ["'pH' stands where 'with' wants", "with Ca 2 mM"]),
    "nothing after 'balanced'": ("immerse in water balanced K pH 7 for 1 h", 1, 27, ["balanced with K"]),
    "an inhibitor without coverage": ("immerse in water with inhibitor for 1 h", 1, 33, ["coverage 0.5"]),
    "a comma too many": (f"{ACID}, pH 4.3 for 2 h", 1, 32, ["'pH' stands where ','"]),
    "a comma at the end": (f"{ACID} pH 4.3 for 2 h,", 1, 45, ["a comma does not belong here"]),
    "a comma too few": (f"{ACID} Ca 2 mM pH 4.3 for 2 h", 1, 31, ["a comma is missing before 'Ca'", "'acetate 75 mM, Ca"]),
    "a misspelt step": ("deminralise in acetate 75 mM pH 4.3 for 2 h", 1, 1, ["'deminralise' is not a step", "'demineralise'?"]),
    "an unknown step": ("polish the tooth", 1, 1, ["'polish' is not a step", "remineralise"]),
    "a misspelt clause": (f"{ACID} pH 4.3 for 2 h stired", 1, 46, ["'stired'", "did you mean 'stirred'?"]),
    "a misspelt clause after a bath": (f"{ACID} stired pH 4 for 2 h", 1, 31, ["'stired'", "did you mean 'stirred'?"]),
    "a misspelt sugar": ("meal suger 10 % for 10 min", 1, 6, ["'suger'", "did you mean 'sugar'?"]),
    "a misspelt ion": ("demineralise in acetat 75 mM pH 4.3 for 2 h", 1, 17, ["'acetat' is not a substance", "'acetate'?"]),
    "half a name of an ion": ("immerse in lactic 5 mM pH 5 for 1 h", 1, 12, ["'lactic'", "did you mean 'lactic acid'?"]),
    "an unknown ion": ("immerse in Xq 5 mM pH 5 for 1 h", 1, 12, ["'Xq' is not a substance", "use one of Ca, Mg"]),
    "a misspelt unit": ("rest 30 mn", 1, 9, ["'mn' is not a time", "did you mean 'min'?"]),
    "a unit of time that does not exist": ("rest 11 y", 1, 9, ["'y' is not a time", "use one of s, min, h, d, week"]),
    "a misspelt drink": ("drink kola for 5 min", 1, 7, ["'kola' is not a drink", "did you mean 'cola'?"]),
    "a misspelt day": ("day of cake", 1, 8, ["'day of cake'", "did you mean 'day of case'?"]),
    "a day of nothing": ("day", 1, 1, ["'day' says nothing", "'day of case'"]),
    "a step that begins with a clause": ("for 2 h rest", 1, 1, ["'for' is not how a step begins", "demineralise"]),
    "a repeat the other way round": (f"28 times repeat:{BLOCK}", 1, 1, ["write 'repeat 28 times:'"]),
    "two steps in one line": ("rest 30 min; rest 1 h", 1, 12, ["';' does not belong here"]),
    # a dose on a step that takes none (P4)
    "rest at a pH": ("rest at pH 4", 1, 6, ["'rest' takes no pH"]),
    "rest with a pH": ("rest pH 4 for 1 h", 1, 6, ["'rest' takes no pH", "'rest' takes 'for 2 h'"]),
    "rest with a temperature": ("Rest At 37 degC For 3 h", 1, 6, ["'Rest' takes no temperature"]),
    "sleep with sugar": ("sleep 8 h sugar 10 %", 1, 11, ["'sleep' takes no sugar"]),
    "fluoride in a meal": ("meal 100 ppm F for 10 min", 1, 6, ["'meal' takes no fluoride"]),
    "a day of case with a duration": ("day of case for 2 h", 1, 13, ["'day of case' takes no duration"]),
    "a mouth step in a bath": ("rinse in water for 30 s", 1, 7, ["'rinse' takes no list of what the bath holds"]),
    # negative, zero and beyond any range (P5, P6, P8, P13)
    "a negative time": ("rest -30 min", 1, 6, ["'-30 min' is negative", "0 or more"]),
    "no time at all": ("rest 0 min", 1, 6, ["'0 min' is out of range", "1 s to"]),
    "a negative concentration": ("demineralise in acetate -75 mM pH 4 for 2 h", 1, 17, ["'-75 mM' is negative"]),
    "a concentration beyond its range": ("immerse in Ca 1e9 mM pH 4 for 2 h", 1, 12, ["Ca 1e9 mM is out of range", "0 to 2000 mM"]),
    "a pH beyond its range": (f"{ACID} pH 20 for 2 h", 1, 31, ["'pH 20' is out of range", "allowed 1 to 13"]),
    "a negative pH": (f"{ACID} pH -1 for 2 h", 1, 31, ["'pH -1' is out of range", "allowed 1 to 13"]),
    "more fluoride than there is": ("varnish 300000 ppm F for 4 h", 1, 9, ["'300000 ppm F'", "0 to 56300 ppm F"]),
    "more than everything": ("varnish 2260000 ppm F for 4 h", 1, 9, ["more than everything"]),
    "too much sugar": ("meal sugar 110 % for 10 min", 1, 6, ["'sugar 110 %' is out of range", "0 to 100 %"]),
    "negative sugar": ("meal sugar -10 % for 10 min", 1, 6, ["'sugar -10 %'", "0 to 100 %"]),
    "a film too thick": ("immerse in water film 5 mm for 1 h", 1, 18, ["'film 5 mm' is out of range", "0 to 1000 µm"]),
    "a negative film": ("immerse in water film -5 µm for 1 h", 1, 18, ["'-5 µm' is negative"]),
    "a coverage above one": ("immerse in water with inhibitor coverage 2 for 1 h", 1, 18, ["coverage 2' is out of range", "0 to 1"]),
    "a dilution beyond its range": ("brush with 5 ppm F slurry 1:500 for 1 min", 1, 20, ["'slurry 1:500'", "1:0 to 1:100"]),
    "a slurry without paste": ("brush with 5 ppm F slurry 0:3 for 1 min", 1, 20, ["holds no paste"]),
    "a sleep longer than a day": ("sleep 30 h", 1, 7, ["'30 h' is out of range", "1 s to 24 h"]),
    "a drink of five hours": ("drink for 5 h", 1, 7, ["'for 5 h' is out of range", "1 s to 4 h"]),
    "too large to be a number": ("rest 1e400 h", 1, 6, ["'1e400 h' is too large"]),
    "not a number": ("rest nan min", 1, 6, ["'nan' does not belong"]),
    # no unit, the wrong one, or one of two meanings (P7)
    "a concentration without a unit": ("demineralise in acetate 75 pH 4.3 for 2 h", 1, 17, ["'acetate 75' has no unit", "75 mM"]),
    "a time without a unit": ("rest 30", 1, 6, ["'30' has no unit", "30 min"]),
    "sugar without a unit": ("meal sugar 10 for 10 min", 1, 6, ["has no unit", "'sugar 10 %'"]),
    "millimetres for millimoles": ("immerse in Ca 75 mm pH 4 for 2 h", 1, 12, ["a length, not a concentration", "'mM'?"]),
    "a volume for a concentration": ("immerse in Ca 75 mL pH 4 for 2 h", 1, 12, ["a volume, not a concentration"]),
    "a concentration for a time": ("rest for 2 mM", 1, 6, ["'2 mM' is a concentration, not a time"]),
    "molar sugar": ("meal sugar 10 mM for 10 min", 1, 6, ["a concentration, not an amount of sugar", "sugar 10 %"]),
    "molar fluoride on teeth": ("gel 125 mM for 4 min", 1, 5, ["a concentration that 'gel' does not take", "ppm F"]),
    "ppm of what, in a paste": ("brush with 1450 ppm paste for 2 min", 1, 12, ["ppm of what?", "'1450 ppm F'", "'1450 ppm NaF'"]),
    "ppm of what, in a varnish": ("varnish 22600 ppm for 4 h", 1, 9, ["ppm of what?"]),
    "ppm of what, in a bath": ("immerse in 5 ppm pH 4 for 1 h", 1, 12, ["ppm of what?"]),
    "ppm of a salt or its ion": ("immerse in NaF 5 ppm pH 4 for 1 h", 1, 12, ["'NaF 5 ppm': ppm of what?", "'F 5 ppm'"]),
    "ppm of phosphate or phosphorus": ("immerse in PO4 5 ppm pH 4 for 1 h", 1, 12, ["ppm of what?", "in mM"]),
    "millimoles of what": ("immerse in 5 mM pH 4 for 1 h", 1, 12, ["'5 mM' of what?", "'Ca 5 mM'"]),
    "per cent of what": ("meal 10 % for 10 min", 1, 6, ["per cent of what?", "'sugar 10 %'"]),
    "an ion without an amount": ("immerse in Ca pH 4 for 1 h", 1, 12, ["'Ca' says no amount", "'Ca 2 mM'"]),
    "sugar without an amount": ("meal sugar for 10 min", 1, 6, ["'sugar' says no amount"]),
    "fluoride without an amount": ("rinse with fluoride for 30 s", 1, 12, ["'fluoride' says no amount"]),
    "a decimal comma": ("rest 2,5 h", 1, 6, ["'2,5' has a decimal comma", "write '2.5'"]),
    "a decimal comma in a pH": (f"{ACID} pH 4,3 for 2 h", 1, 34, ["write '4.3'"]),
    "units the wrong way round": ("rest 30 min 1 h", 1, 6, ["mixes up its units", "3 h 20 min"]),
    "a temperature without constants": ("immerse in water at 30 degC for 1 h", 1, 18, ["no set of constants", "37 degC or 25 degC"]),
    "a temperature without a unit": ("immerse in water at 37 for 1 h", 1, 18, ["'37' has no unit", "at 37 degC"]),
    "two ways to stir": ("immerse in water stirred film 5 µm for 1 h", 1, 18, ["'stirred' or has a 'film'"]),
    "a reacting ion to balance with": ("immerse in Ca 1 mM pH 7 balanced with F for 1 h", 1, 39, ["cannot be balanced with 'F'", "K, Na, Cl"]),
    "a paste or a slurry": ("brush with 1450 ppm F for 2 min", 1, 12, ["in the mouth or in the laboratory", "'slurry 1:3'"]),
    "a paste and a slurry": ("brush with 5 ppm F paste slurry 1:3 for 1 min", 1, 20, ["'paste' and 'slurry' are both said"]),
    "a dilution without 'slurry'": ("brush with 5 ppm F 1:3 for 1 min", 1, 20, ["write 'slurry 1:3'"]),
    "a dilution of three": ("brush with 5 ppm F slurry 1:3:4 for 1 min", 1, 31, ["'1:3:4' is not a dilution"]),
    "a slurry of no dilution": ("brush with 5 ppm F slurry for 1 min", 1, 27, ["'for' stands where 'slurry'", "1:3"]),
    # repeats, days and indentation
    "repeat zero": (f"repeat 0 times:{BLOCK}", 1, 8, ["'0' is not a number of times", "from 1 to 1000000"]),
    "repeat a half": (f"repeat 1.5 times:{BLOCK}", 1, 8, ["'1.5' is not a number of times"]),
    "repeat backwards": (f"repeat -3 times:{BLOCK}", 1, 8, ["'-3' is not a number of times"]),
    "repeat for ever": (f"repeat 1e9 times:{BLOCK}", 1, 8, ["'1e9' is not a number of times"]),
    "repeat beyond counting": (f"repeat {'9' * 5000} times:{BLOCK}", 1, 8, ["is not a number of times"]),
    "repeat in words": (f"repeat three times:{BLOCK}", 1, 8, ["'three' is not a number of times"]),
    "repeat how often": (f"repeat:{BLOCK}", 1, 1, ["does not say how often", "repeat 28 times:"]),
    "misspelt times": (f"repeat 3 tims:{BLOCK}", 1, 10, ["'tims'", "did you mean 'times'?"]),
    "a colon that is missing": (f"repeat 3 times{BLOCK}", 1, 15, ["':' is missing"]),
    "a colon that is missing, no block": ("repeat 3 times", 1, 1, ["':' is missing", "repeat 3 times:"]),
    "a colon too many": (f"rest 30 min:{BLOCK}", 1, 12, ["'rest' takes no ':'", "only 'repeat' and 'day'"]),
    "steps after the colon": ("repeat 3 times: rest 1 h", 1, 17, ["'rest' stands after ':'", "lines of their own"]),
    "an empty repeat": ("repeat 3 times:", 1, 15, ["the block has no steps", "four spaces"]),
    "an empty repeat with a comment": ("repeat 3 times:\n    # nothing\nrest 1 h", 1, 15, ["the block has no steps"]),
    "an indentation without a block": (f"rest 1 h{BLOCK}", 2, 5, ["indented but belongs to no block", "line 1"]),
    "an indentation that fits no block": (f"repeat 2 times:{BLOCK}\n  rest 2 h", 3, 3, ["an indentation of 2", "0 and 4"]),
    "tabs and spaces": ("repeat 2 times:\n\trest 1 h\n    rest 2 h", 3, 5, ["tabs and spaces are mixed"]),
    "tabs and spaces in one line": ("repeat 2 times:\n  \trest 1 h", 2, 4, ["tabs and spaces are mixed"]),
    "a day longer than a day": ("rest 1 h\nday:\n    sleep 20 h\n    rest 5 h", 2, 1, ["last 25 h", "a day has 24 h"]),
    "a day of too many repeats": ("day:\n    repeat 30 times:\n        rest 1 h", 1, 1, ["last 30 h", "a day has 24 h"]),
    "more than ten years": ("rest 1 h\nrepeat 5000 times:\n    rest 24 h", 2, 1, ["lasts 5000 d 1 h", "3652 d 12 h"]),
    "a step of more than ten years": ("rest 5000 d", 1, 6, ["'5000 d' is out of range", "3652 d 12 h"]),
    "a character from nowhere": ("rest 30 min\x00", 1, 12, ["cannot be shown", "u0000"]),
    "a fault deep in the text": ("\n".join(["# hello", "", f"repeat 2 times:{BLOCK}", "    meal sugar 10 % fr 3 min"]), 5, 21, ["'fr'", "did you mean 'for'?"]),
}  # fmt: skip


def sentence(text: str) -> str:
    with pytest.raises(AmeloError) as caught:
        Protocol.parse(text)
    return str(caught.value)


@pytest.mark.parametrize("what", CASES)
def test_each_fault_is_one_sentence_with_its_place(what):
    text, line, column, words = CASES[what]
    said = sentence(text)
    assert said.startswith(f"line {line}, column {column}: "), said
    assert "\n" not in said and len(said) < 500
    for word in words:
        assert word in said, said


def test_the_table_is_as_long_as_it_should_be():
    assert len(CASES) >= 40


def test_columns_count_from_the_margin_of_the_file_not_of_the_block():
    text = "\n    repeat 2 times:\n        rest 1 h\n        rest 30\n"
    assert sentence(text).startswith("line 4, column 14: ")


@pytest.mark.parametrize("text", ["", "   ", "\n\n", "# only a comment\n"])
def test_an_empty_protocol(text):
    assert sentence(text) == "the protocol is empty; write a step, for example 'rest 30 min'"


def test_nesting_beyond_reason():
    deep = "".join(f"{'  ' * i}repeat 1 times:\n" for i in range(40)) + "  " * 40 + "rest 1 s\n"
    assert "nested too deeply; allowed up to 20 levels" in sentence(deep)


def test_a_file_that_cannot_be_used(tmp_path):
    here = tmp_path / "cycling.protocol"
    here.write_text("rest 30\n", "utf-8")
    with pytest.raises(AmeloError, match=r"cycling\.protocol: line 1, column 6: '30' has no unit"):
        Protocol.read(here)
    with pytest.raises(FileError, match="does not exist; did you mean 'cycling.protocol'?"):
        Protocol.read(tmp_path / "cyclng.protocol")
    with pytest.raises(FileError, match="does not exist"):
        Protocol.read(tmp_path / "nowhere" / "cycling.protocol")
    with pytest.raises(FileError, match="is a folder"):
        Protocol.read(tmp_path)
    here.write_bytes("rest 30 min\n".encode("utf-16"))
    with pytest.raises(FormatError, match="UTF-16 or UTF-32.*save it as UTF-8"):
        Protocol.read(here)
    here.write_bytes("# für\nrest 30 min # f\xfcr\n".encode("latin-1"))
    with pytest.raises(FormatError, match="line 1: the text is in another encoding; byte 0xfc is not UTF-8"):
        Protocol.read(here)


def test_a_file_of_fifty_megabytes_is_refused_before_it_is_read(tmp_path):
    big = tmp_path / "big.protocol"
    with big.open("wb") as file:
        file.truncate(50_000_000)
    with pytest.raises(FileError, match=r"is 50 MB; allowed up to 500 kB; is it the right file\?"):
        Protocol.read(big)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"steps": []}, ["steps", "allowed at least 1"]),
        ({"steps": [{"kind": "rest"}]}, ["steps[0]", "'duration' is missing"]),
        ({"steps": [{"kind": "rest", "duration": -1}]}, ["steps[0].duration", "-1 is out of range", "1 to 3.15576e+08 s"]),
        ({"steps": [{"kind": "rest", "duration": "2 h"}]}, ["steps[0].duration", "'2 h' is not a number"]),
        ({"steps": [{"kind": "rest", "duration": 60, "ph": 4}]}, ["'ph' is not a known key"]),
        ({"steps": [{"kind": "immerse", "contents": [{"substance": "Xx", "amount": 1}], "duration": 60}]}, ["'Xx' is not a substance"]),
        ({"steps": [{"kind": "repeat", "count": 0, "steps": [{"kind": "rest", "duration": 60}]}]}, ["0 is out of range"]),
        ({"steps": [{"kind": "drink", "what": "colla", "duration": 60}]}, ["did you mean 'cola'?"]),
        ({"steps": [{"kind": "rest", "duration": 60, "duraton": 6}]}, ["'duraton' is not a known key", "did you mean 'duration'?"]),
    ],
)  # fmt: skip
def test_json_is_checked_by_the_same_rules(data, words, tmp_path):
    path = tmp_path / "p.json"
    path.write_text(json.dumps(data), "utf-8")
    with pytest.raises(AmeloError) as caught:
        Protocol.read(path)
    for word in ["p.json", *words]:
        assert word in str(caught.value), str(caught.value)


@pytest.mark.parametrize(
    "name", ["cases/protocols/ph-cycling.protocol", "nowhere/day.txt", "day.txt", "cases/protocols", "C:\\day.json"]
)
def test_the_name_of_a_file_is_not_a_protocol(name, root, monkeypatch):
    monkeypatch.chdir(root)
    sentence = f"'{name}' is the name of a file, not a protocol; use Protocol.read({name!r})"
    with pytest.raises(FormatError) as caught:
        Protocol.parse(name)
    assert str(caught.value) == sentence
    with pytest.raises(FormatError, match=r"is not the text of a protocol; use Protocol.read\('cases/x'\)"):
        Protocol.parse(Path("cases/x"))
    with pytest.raises(FormatError, match="None is not the text of a protocol; write the steps as text"):
        Protocol.parse(None)


def test_a_word_that_is_no_step_is_not_taken_for_a_file():
    for text, words in (("rest", "'rest' lacks a duration"), ("rinze", "did you mean 'rinse'")):
        with pytest.raises(FormatError, match=words):
            Protocol.parse(text)


def test_a_file_whose_name_has_blanks_is_recognised(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my day").write_text("rest 1 h")
    with pytest.raises(FormatError, match="'my day' is the name of a file"):
        Protocol.parse("my day")
