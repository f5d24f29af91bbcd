"""Treatments that cannot be: one sentence with its place, the range and the nearest spelling; and orders that no tooth allows."""

from __future__ import annotations

import json
import time

import pytest

from amelo.errors import AmeloError, RecordError
from amelo.protocol import Protocol
from amelo.protocol.operative_steps import Crown, Extract, Fill, Isolate, Line, Seal
from amelo.protocol.order import out_of_order
from amelo.protocol.steps import Day, Repeat, Rest

FIRM = "excavate to firm dentine"
CASES = {  # what is wrong: (text, line, column, words that the sentence must hold)
    # excavation
    "how far": ("excavate", 1, 9, ["lacks a criterion", "'to firm dentine'"]),
    "a misspelt criterion": ("excavate to frim dentine", 1, 13, ["'frim' does not say how far", "did you mean 'firm'?"]),
    "an unknown criterion": ("excavate to pink dentine", 1, 13, ["'pink'", "use one of soft, leathery, firm, hard"]),
    "another tissue": ("excavate to firm enamel", 1, 18, ["'enamel' does not belong to 'excavate'"]),
    "a depth": ("excavate 1 mm", 1, 10, ["'1 mm' is a length that 'excavate' does not take", "'for 20 min'"]),
    "leave without a unit": (f"{FIRM}, leave 1", 1, 25, ["'leave 1' has no unit", "leave 1.0 mm over the pulp"]),
    "leave without a unit, over the pulp": (f"{FIRM}, leave 1 over the pulp", 1, 25, ["'leave 1' has no unit"]),
    "leave more than there is": (f"{FIRM}, leave 9 mm", 1, 25, ["'leave 9 mm' is out of range", "0 to 5 mm"]),
    "leave less than nothing": (f"{FIRM} leave -1 mm", 1, 26, ["'-1 mm' is negative"]),
    "leave a volume": (f"{FIRM} leave 1 mL", 1, 26, ["'1 mL' is a volume, not a length"]),
    "leave under": (f"{FIRM} leave 1 mm under the pulp", 1, 37, ["'under the pulp' does not belong", "over the pulp"]),
    "leave nothing said": (f"{FIRM} leave", 1, 31, ["the line ends where 'leave' wants", "leave 1.0 mm over the pulp"]),
    "leave twice": (f"{FIRM} leave 1 mm leave 2 mm", 1, 37, ["a thickness to leave is given twice"]),
    "water without a unit": (f"{FIRM} water 30", 1, 32, ["has no unit", "with 30 mL/min water"]),
    "water without a unit, with": (f"{FIRM} with 30 water", 1, 31, ["'30 water' has no unit"]),
    "water without an amount": (f"{FIRM} with water", 1, 31, ["'water' says no amount"]),
    "a flow of what": (f"{FIRM} with 30 mL/min", 1, 31, ["'30 mL/min' of what?", "'with 30 mL/min water'"]),
    "a flood": (f"{FIRM} with 300 mL/min water", 1, 31, ["'300 mL/min water' is out of range", "0 to 100 mL/min"]),
    "water by volume alone": (f"{FIRM} with 30 mL water", 1, 31, ["'30 mL water' is not a flow"]),
    "negative water": (f"{FIRM} with -3 mL/min water", 1, 26, ["'-3 mL/min' is negative"]),
    "a misspelt step": ("excavat to firm dentine", 1, 1, ["'excavat' is not a step", "'excavate'?"]),
    # acids and hypochlorite
    "no acid": ("etch 37 % for 15 s", 1, 19, ["'etch' lacks an acid", "'phosphoric acid'"]),
    "no strength": ("etch phosphoric acid for 15 s", 1, 30, ["'etch' lacks a strength", "'37 %'"]),
    "no time": ("etch 37 % phosphoric acid", 1, 26, ["'etch' lacks a duration", "'for 15 s'"]),
    "no per cent": ("etch 37 phosphoric acid for 15 s", 1, 6, ["has no unit", "'37 %'"]),
    "acid of what": ("etch 37 % acid for 15 s", 1, 11, ["'acid' is no acid to etch with", "phosphoric acid"]),
    "a molar acid": ("etch 37 mM phosphoric acid for 15 s", 1, 6, ["is not a share by mass"]),
    "a misspelt acid": ("etch 37 % fosforic acid for 15 s", 1, 11, ["'fosforic acid' is no acid to etch with", "'phosphoric acid'?"]),
    "an unknown acid": ("etch 37 % citrus for 15 s", 1, 11, ["'citrus'", "use one of phosphoric acid, hydrochloric acid"]),
    "an acid too strong": ("etch 60 % phosphoric acid for 15 s", 1, 6, ["60 % phosphoric acid", "10 to 50 %", "shields enamel"]),
    "an acid too weak": ("etch 1 % hydrochloric acid for 2 min", 1, 6, ["1 % hydrochloric acid", "5 to 20 %"]),
    "more than all acid": ("etch 370 % phosphoric acid for 15 s", 1, 6, ["out of range", "0 to 100 %"]),
    "an etch of an hour": ("etch 37 % phosphoric acid for 1 h", 1, 27, ["'for 1 h' is out of range", "1 s to 5 min"]),
    "an etch at a pH": ("etch 37 % phosphoric acid pH 1 for 15 s", 1, 27, ["'etch' takes no pH"]),
    "5 % of what": ("deproteinise with 5 % for 60 s", 1, 19, ["'5 %' of what?", "'5 % NaOCl'"]),
    "salt": ("deproteinise with 5 % NaCl for 60 s", 1, 19, ["'NaCl' does not dissolve protein", "'NaOCl'?"]),
    "half bleach": ("deproteinise with 50 % NaOCl for 60 s", 1, 19, ["'50 % NaOCl' is out of range", "0.5 to 10 %"]),
    # materials
    "fill with what": ("fill", 1, 5, ["'fill' lacks a material", "'with composite'"]),
    "fill with nothing": ("fill with", 1, 10, ["the line ends where 'with' wants", "'with composite'"]),
    "fill with wood": ("fill with wood", 1, 11, ["'wood' is no material for 'fill'", "use one of composite, glass ionomer"]),
    "a misspelt filling": ("fill with composit", 1, 11, ["did you mean 'composite'?"]),
    "two fillings": ("fill with composite, amalgam", 1, 22, ["a material is given twice"]),
    "temporaly": ("fill temporaly with glass ionomer", 1, 6, ["'temporaly' does not belong", "'temporarily'?"]),
    "a thick filling": ("fill composite 5 mm", 1, 16, ["'5 mm' is a length that 'fill' does not take"]),
    "a filling of five hours": ("fill with composite for 5 h", 1, 21, ["'for 5 h' is out of range", "1 s to 4 h"]),
    "a time without a unit": ("fill with composite for 20", 1, 21, ["'20' has no unit", "'for 20 min'"]),
    "a time without for": ("isolate 5 min", 1, 9, ["'5 min' stands without 'for'"]),
    "crown wood": ("crown wood", 1, 7, ["'wood' is no material for 'crown'", "zirconia, ceramic, metal-ceramic, stainless steel, gold"]),
    "crown of what": ("crown", 1, 6, ["'crown' lacks a material", "'zirconia'"]),
    "a misspelt crown": ("crown stainles steel", 1, 7, ["did you mean 'stainless steel'?"]),
    "an inlay of metal": ("inlay metal", 1, 7, ["'metal' is no material for 'inlay'", "gold"]),
    "seal with silver": ("seal with silver", 1, 11, ["'silver' is no material for 'seal'"]),
    "a liner for a filling": ("line with amalgam", 1, 11, ["'amalgam' is no material for 'line'", "calcium silicate"]),
    "a rubber dam with composite": ("isolate with composite", 1, 14, ["'composite' does not belong to 'isolate'"]),
    "how much pulp": ("pulpotomy with calcium silicate", 1, 32, ["'pulpotomy' lacks an extent", "'partial'"]),
    "partal": ("pulpotomy partal with calcium silicate", 1, 11, ["'partal'", "did you mean 'partial'?"]),
    "cap with what": ("cap", 1, 4, ["'cap' lacks a material", "'with calcium silicate'"]),
    "infiltrate with what": ("infiltrate", 1, 11, ["'infiltrate' lacks a material", "'resin'"]),
    "an unknown peptide": ("peptide X1", 1, 9, ["'X1' is no peptide", "P11-4"]),
    # verbs of several words
    "a misspelt root": ("root canel treatment", 1, 1, ["'root canel treatment' is not a step", "'root canal treatment'?"]),
    "a root": ("root", 1, 1, ["'root canal treatment'?"]),
    "silver alone": ("silver diamine 38 %", 1, 1, ["'silver diamine fluoride'?"]),
    "take of": ("take of the restoration", 1, 1, ["'take off the restoration'?"]),
    "take off what": ("take off the wall", 1, 1, ["'take off the restoration'?"]),
    "silver of no strength": ("silver diamine fluoride", 1, 24, ["lacks a strength", "'38 %'"]),
    "silver without a unit": ("silver diamine fluoride 38", 1, 25, ["'38' has no unit", "'38 %'"]),
    "silver by fluoride": ("silver diamine fluoride 44800 ppm F", 1, 25, ["is not a share by mass"]),
    "silver of 99 %": ("silver diamine fluoride 99 %", 1, 25, ["'99 %' is out of range", "10 to 40 %"]),
    "no such step": ("polish the tooth", 1, 1, ["'polish' is not a step", "begin with a step such as"]),
    "a block": (f"isolate:\n    {FIRM}", 1, 8, ["'isolate' takes no ':'"]),
    # habits
    "twice dayly": ("brush twice dayly with 1450 ppm F", 1, 13, ["'dayly' does not follow 'twice'", "'daily'?"]),
    "dayly": ("brush dayly with 1450 ppm F", 1, 7, ["'dayly' does not belong to 'brush'", "'daily'?"]),
    "twice in what": ("brush twice with 1450 ppm F", 1, 7, ["'twice' does not say in what time", "'twice daily'"]),
    "seven times": ("brush 7 times daily", 1, 7, ["'7' is out of range", "0 to 5 times daily"]),
    "minus once": ("brush -1 times daily", 1, 7, ["'-1' is out of range", "0 to 5 times daily"]),
    "a decimal comma": ("brush 2,5 times daily", 1, 7, ["'2,5' has a decimal comma"]),
    "times after fluoride": ("brush 1450 ppm F 3 times daily", 1, 20, ["'times' does not belong here; a clause is for example"]),
    "a misspelt with": ("seal wiht resin", 1, 6, ["'wiht resin' is no material for 'seal'", "'resin'?"]),
    "a misspelt leave": (f"{FIRM} leaf 1 mm", 1, 26, ["'leaf' does not belong to 'excavate'", "'leave'?"]),
    "a habit of two minutes": ("brush twice daily for 2 min", 1, 19, ["'brush' takes no duration", "'twice daily'"]),
    "a habit said twice": ("brush twice daily 3 times daily", 1, 19, ["a number of times a day is given twice"]),
    "a habit with ppm": ("brush twice daily with 1450 ppm", 1, 24, ["ppm of what?"]),
    "a habit with wood": ("brush twice daily with wood", 1, 24, ["'wood' says no amount", "1450 ppm F"]),
    "a habit in a slurry": ("brush twice daily with 1100 ppm F slurry 1:3", 1, 7, ["'twice' does not belong to 'brush'"]),
    "snacks": ("snacks", 1, 7, ["'snacks' lacks a number a day", "'at most 3 a day'"]),
    "minus a snack": ("snacks at most -1", 1, 8, ["'at most -1' is out of range", "0 to 20 a day"]),
    "snacks in what time": ("snacks at most 3", 1, 8, ["'at most 3' does not say in what time", "'at most 3 a day'"]),
    "snacks a week": ("snacks at most 3 a week", 1, 18, ["'a week' does not follow", "'at most 3 a day'"]),
    "snacks in words": ("snacks at most three a day", 1, 16, ["'three' stands where 'most' wants", "at most 3 a day"]),
    "snacks exactly": ("snacks 3 a day", 1, 8, ["how many there may be at most", "'at most 3 a day'"]),
    "a rest twice daily": ("rest 3 d twice daily", 1, 10, ["'twice' does not belong to 'rest'"]),
    "a review twice daily": ("review twice daily", 1, 8, ["'review' takes no number of times a day"]),
    "a bath that leaves": ("immerse in water leave 1 mm for 1 h", 1, 18, ["'leave' does not belong to 'immerse'"]),
    # orders that cannot be
    "a liner after a crown": ("crown gold\nline with calcium silicate", 2, 1, ["'line' comes after 'crown'", "'crown gold' covers the floor", "take off the restoration"]),
    "a liner after a filling": ("fill with composite\nrest 1 d\nline with calcium silicate", 3, 1, ["'line' comes after 'fill'"]),
    "a cap after an onlay": ("onlay gold\ncap with calcium silicate", 2, 1, ["'cap' comes after 'onlay'"]),
    "excavation through a filling": (f"fill temporarily with glass ionomer\nrest 90 d\n{FIRM}", 3, 1, ["'fill temporarily with glass ionomer' covers carious dentine"]),
    "hypochlorite on a sealant": ("seal with resin\nrest 1 d\ndeproteinise with 5 % NaOCl for 60 s", 3, 1, ["'deproteinise' comes after 'seal'"]),
    "acid after the filling": ("fill with composite\netch 37 % phosphoric acid for 15 s", 2, 1, ["in one visit the acid comes before", "put it before"]),
    "a crown over a crown": ("crown gold\nrest 365 d\ncrown zirconia", 3, 1, ["'crown' comes after 'crown'", "'crown gold' covers the tooth", "take off the restoration"]),
    "an inlay under an onlay": ("onlay gold\ninlay ceramic", 2, 1, ["'inlay' comes after 'onlay'"]),
    "a cap without a pulp": ("root canal treatment\ncap with calcium silicate", 2, 1, ["'cap' comes after 'root canal treatment'", "the pulp is out"]),
    "a pulpotomy without a pulp": (f"root canal treatment\nrest 9 d\n{FIRM}\npulpotomy full with MTA", 4, 1, ["'pulpotomy' comes after"]),
    "acid on a crown": ("crown gold\nrest 1 d\netch 37 % phosphoric acid for 15 s", 3, 1, ["'etch' comes after 'crown'"]),
    "a filling after extraction": ("extract\nrest 1 d\nfill with composite", 3, 1, ["'fill' comes after 'extract'", "the tooth is out"]),
    "extraction twice": ("extract\nextract", 2, 1, ["'extract' comes after 'extract'"]),
    "carriers after extraction": ("extract\nnanobots caps-400 at 1e9 per mL for 5 min", 2, 1, ["'nanobots' comes after 'extract'"]),
    "a varnish after extraction": ("extract\nvarnish 22600 ppm F for 4 h", 2, 1, ["'varnish' comes after 'extract'"]),
    "extraction again and again": ("repeat 2 times:\n    extract", 2, 5, ["'extract' is repeated 2 times", "before or after the repeat"]),
    "crowns again and again": ("repeat 3 times:\n    rest 1 d\n    repeat 1 times:\n        crown gold", 4, 9, ["'crown' is repeated 3 times"]),
    "roots again and again": ("repeat 2 times:\n    root canal treatment", 2, 5, ["'root canal treatment' is repeated 2 times"]),
    "a second pass": (f"repeat 2 times:\n    {FIRM}\n    fill with composite\n    rest 30 d", 2, 5, ["'excavate' comes after 'fill'"]),
    "a filling at home": ("day:\n    meal sugar 5 % for 5 min\n    fill with composite", 3, 5, ["'fill' stands inside 'day:'", "at home", "before or after the day"]),
    "a habit in a day": ("day:\n    brush twice daily", 2, 5, ["stands inside 'day:'", "before the days that it changes"]),
    "a review deep in a day": ("day:\n    repeat 2 times:\n        review", 3, 9, ["'review' stands inside 'day:'"]),
}  # fmt: skip


@pytest.mark.parametrize("what", CASES)
def test_each_fault_is_one_sentence_with_its_place(what):
    text, row, column, words = CASES[what]
    with pytest.raises(AmeloError) as caught:
        Protocol.parse(text)
    said = str(caught.value)
    assert said.startswith(f"line {row}, column {column}: "), said
    assert "\n" not in said and len(said) < 400
    for word in words:
        assert word in said, said


@pytest.mark.parametrize(
    "text",
    [
        f"{FIRM}\n{FIRM}",
        "isolate\nfill with composite",
        "splint\nrest 14 d\nsplint",
        "fill with composite\nrest 1 d\netch 37 % phosphoric acid for 15 s",
        "fill with composite\ntake off the restoration\nline with calcium silicate\nfill with composite",
        "crown gold\nroot canal treatment\nfill with composite",
        "extract\nreview\nrest 3 d\nbrush twice daily\nsnacks at most 2 a day\nday of case",
        f"repeat 3 times:\n    take off the restoration\n    {FIRM}\n    fill with composite\n    rest 365 d",
        "repeat 1 times:\n    extract",
        "inlay gold\nrest 1 d\nonlay gold\ncrown gold\ntake off the restoration\ncrown zirconia",
        "cap with calcium silicate\npulpotomy partial with MTA\npulpotomy full with MTA\nroot canal treatment",
        "root canal treatment\nrest 365 d\nroot canal treatment",
        f"seal with resin\nrest 1 d\n{FIRM}\nline with calcium hydroxide",
    ],
)
def test_orders_that_can_be(text):
    assert out_of_order(Protocol.parse(text).steps) is None


def test_an_order_that_cannot_be_is_found_without_a_text():
    steps = (Rest(duration=60.0), Repeat(count=2, steps=(Fill(material="composite"), Line(material="calcium silicate"))))
    path, error = out_of_order(steps)
    assert path == (1, 1) and isinstance(error, RecordError)
    for steps in (
        (Extract(), Fill(material="amalgam")),
        (Day(steps=(Isolate(),)),),
        (Repeat(count=2, steps=(Crown(material="gold"),)),),
    ):
        with pytest.raises(ValueError, match="comes after|stands inside|is repeated"):
            Protocol(steps=steps)


def test_repeats_inside_repeats_are_walked_once_for_each_thing_known():
    steps = (Fill(material="composite"), Isolate())
    for _ in range(40):  # two passes of each would be 2^40 walks
        steps = (Seal(material="resin"), Repeat(count=1_000_000, steps=steps), Isolate())
    start = time.perf_counter()
    assert out_of_order(steps) is None
    assert out_of_order((*steps, Line(material="calcium silicate")))[0] == (3,)
    assert time.perf_counter() - start < 5.0


@pytest.mark.parametrize(
    ("step", "words"),
    [
        ({"kind": "fill", "material": "wood"}, ["steps[0].material", "'wood'"]),
        ({"kind": "fill", "material": "composit"}, ["steps[0].material", "did you mean 'composite'?"]),
        ({"kind": "fill"}, ["steps[0]", "'material' is missing"]),
        ({"kind": "crown", "material": "gold", "duration": 0}, ["steps[0].duration", "0 is out of range"]),
        ({"kind": "excavate", "criterion": "firm", "leave": 9e-3}, ["steps[0].leave", "0.009 is out of range"]),
        ({"kind": "excavate", "criterion": "firm", "leaf": 1e-3}, ["'leaf' is not a known key", "'leave'?"]),
        (
            {"kind": "etch", "acid": "phosphoric acid", "strength": 0.9, "duration": 15},
            ["steps[0].strength", "90 % phosphoric acid"],
        ),
        ({"kind": "limit snacks", "most": -1}, ["steps[0].most", "-1 is out of range"]),
        ({"kind": "brush daily", "times": "twice"}, ["steps[0].times", "'twice' is not a number"]),
        ({"kind": "excavat", "criterion": "firm"}, ["'excavat'", "did you mean 'excavate'?"]),
        ({"kind": "day", "steps": [{"kind": "isolate"}]}, ["p.json: steps[0].steps[0]: 'isolate' stands inside 'day:'"]),
    ],
)
def test_json_is_checked_by_the_same_rules(step, words, tmp_path):
    path = tmp_path / "p.json"
    path.write_text(json.dumps({"steps": [step]}), "utf-8")
    with pytest.raises(AmeloError) as caught:
        Protocol.read(path)
    for word in ["p.json", *words]:
        assert word in str(caught.value), str(caught.value)
