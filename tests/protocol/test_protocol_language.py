"""What the words of the language mean, and the one way in which each is printed."""

from __future__ import annotations

import pytest

import amelo
from amelo.protocol import Protocol
from amelo.protocol.steps import Brush, Day, DayOfCase, Demineralise, Drink, Ingredient, Meal, Repeat, Rinse, Slurry
from amelo.protocol.substances import WORDS as SUBSTANCES
from amelo.protocol.substances import spelling, substances
from amelo.protocol.words import CLAUSES, WORDS, allowed, step_list
from amelo.twin.chemistry.table import reaction_table
from amelo.units import molar_mass

CYCLING = """
    repeat 28 times:
        demineralise in acetate 75 mM pH 4.3 with Ca 2.0 mM, PO4 2.0 mM for 2 h
        brush with 1100 ppm F slurry 1:3 for 1 min
        remineralise in Ca 1.5 mM, PO4 0.9 mM, KCl 130 mM pH 7.0 for 21 h 58 min
"""


def one(text: str):
    (step,) = Protocol.parse(text).steps
    return step


def test_the_protocol_of_a_laboratory_is_read_into_si():
    (cycle,) = Protocol.parse(CYCLING).steps
    assert isinstance(cycle, Repeat) and cycle.count == 28
    acid, slurry, mineral = cycle.steps
    assert isinstance(acid, Demineralise)
    assert {item.substance: item.amount for item in acid.contents} == {"acetate": 75.0, "Ca": 2.0, "PO4": 2.0}
    assert (acid.ph, acid.duration, acid.film, acid.temperature) == (4.3, 7200.0, 0.0, 37)
    assert isinstance(slurry, Slurry) and (slurry.fluoride, slurry.ratio, slurry.duration) == (0.0011, 3.0, 60.0)
    assert mineral.duration == 21 * 3600 + 58 * 60
    assert Protocol.parse(CYCLING).duration == 28 * (7200 + 60 + mineral.duration)


def test_python_and_text_make_the_same_protocol():
    acid = Demineralise(contents={"acetic acid": 75, "calcium": 2, "phosphate": 2}, ph=4.3, duration=7200)
    slurry = Slurry(fluoride=0.0011, ratio=3, duration=60)
    made = amelo.Protocol(steps=[Repeat(count=28, steps=[acid, slurry, Protocol.parse(CYCLING).steps[0].steps[2]])])
    assert made == Protocol.parse(CYCLING) and str(made) == str(Protocol.parse(CYCLING))
    assert made != Protocol.parse("rest 1 h") and made != "rest 1 h"
    assert repr(made) == "<Protocol of 1 step, 27 d 23 h 32 min>"


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("REST 30 Minutes", "rest 30 min"),
        ("rest for 90 min", "rest 1 h 30 min"),
        ("sleep 8 hours", "sleep 8 h"),
        ("rest 2 weeks", "rest 14 d"),
        ("rest 0.5 h", "rest 30 min"),
        ("Demineralize  in\tacetate 75mM   ph4.30 for 2h", "demineralise in acetate 75 mM pH 4.3 for 2 h"),
        ("demineralise at pH 4.3 in acetate 75 mM for 2 h", "demineralise in acetate 75 mM pH 4.3 for 2 h"),
        ("demineralise for 2 h pH 4.3 with lactic acid 50 mM and Ca 2 mM", "demineralise in lactate 50 mM, Ca 2 mM pH 4.3 for 2 h"),
        ("immerse in Ca 500 µM pH 5 for 1 h", "immerse in Ca 0.5 mM pH 5 for 1 h"),
        ("immerse in Ca 500 μM pH 5 for 1 h", "immerse in Ca 0.5 mM pH 5 for 1 h"),
        ("immerse in 0.05 M sodium chloride for 1 h", "immerse in NaCl 50 mM for 1 h"),
        ("immerse in distilled water stirred for 1 h", "immerse in water for 1 h"),
        ("immerse in nacl 1 mM film 100 μm at 25 °C for 1 h", "immerse in NaCl 1 mM film 100 µm at 25 degC for 1 h"),
        ("immerse in K 1 mM pH 7 balanced with chloride for 1 h", "immerse in K 1 mM pH 7 balanced with Cl for 1 h"),
        ("immerse in K 1 mM pH 7 inhibitor coverage .5 for 1 h", "immerse in K 1 mM pH 7 with inhibitor coverage 0.5 for 1 h"),
        ("immerse in K 1 mM pH 7 sugar 5 % for 1 h", "immerse in K 1 mM pH 7 sugar 5 % for 1 h"),
        ("meal 10 % sugar for 10 min", "meal sugar 10 % for 10 min"),
        ("meal with sucrose 10 % pH 4 for 10 min", "meal sugar 10 % pH 4 for 10 min"),
        ("drink sugar 10 % pH 2.6 for 5 min", "drink sugar 10 % pH 2.6 for 5 min"),
        ("drink 200 mL Orange Juice for 5 min", "drink orange juice 200 mL sugar 9 % pH 3.8 for 5 min"),
        ("drink cola pH 2.4 for 5 min", "drink cola sugar 0 % pH 2.4 for 5 min"),
        ("drink water for 5 min", "drink water for 5 min"),
        ("drink for 1 min 0.7 mg/L F", "drink 0.7 ppm F for 1 min"),
        ("rinse", "rinse for 30 s"),
        ("rinse with water", "rinse for 30 s"),
        ("rinse with 226 ppm F for 30 s", "rinse with 226 ppm F for 30 s"),
        ("rinse with F 226 ppm, 10 mL for 30 s", "rinse with 10 mL 226 ppm F for 30 s"),
        ("rinse with 10 mL 226 ppm F for 30 s", "rinse with 10 mL 226 ppm F for 30 s"),
        ("brush for 2 min", "brush for 2 min"),
        ("brush with 1 g 1450 ppm F toothpaste for 2 min", "brush with 1 g 1450 ppm F paste for 2 min"),
        ("brush with 5000 ppm F slurry 1:2 in KCl 100 mM pH 7 for 2 min", "brush with 5000 ppm F slurry 1:2 in KCl 100 mM pH 7 for 2 min"),
        ("brush with 5000 ppm F slurry 2:5 for 2 min", "brush with 5000 ppm F slurry 1:2.5 for 2 min"),
        ("varnish 22600 ppm F for 4 h", "varnish 22600 ppm F for 4 h"),
        ("gel 1.25 wt% F for 4 min", "gel 12500 ppm F for 4 min"),
        ("Day Of Case", "day of case"),
        ("day:\n  rest 1 h # note\n\n  # more\n  sleep 8 h", "day:\n    rest 1 h\n    sleep 8 h"),
        ("repeat 2:\n\trest 1 h", "repeat 2 times:\n    rest 1 h"),
        ("\ufeffrest 1 h\r\nrest 2 h\r\n", "rest 1 h\nrest 2 h"),
    ],
)  # fmt: skip
def test_what_may_be_written_and_how_it_is_printed(text, canonical):
    protocol = Protocol.parse(text)
    assert str(protocol) == canonical + "\n"
    assert Protocol.parse(str(protocol)) == protocol


def test_fluoride_of_a_salt_counts_as_fluoride():
    step = one("brush with 0.32 wt% NaF paste for 2 min")
    assert isinstance(step, Brush) and step.fluoride == pytest.approx(0.0032 * molar_mass("F") / molar_mass("NaF"))


def test_amounts_by_mass_become_moles():
    step = one("immerse in NaCl 9 g/L, 1 ppm F, Ca 40.078 mg/L pH 7 for 1 h")
    amounts = {item.substance: item.amount for item in step.contents}
    assert amounts["NaCl"] == pytest.approx(9 / molar_mass("NaCl"))
    assert amounts["F"] == pytest.approx(1e-3 / molar_mass("F"))
    assert amounts["Ca"] == pytest.approx(1.0)


def test_a_named_drink_keeps_its_numbers_in_the_text():
    step = one("drink cola for 5 min")
    assert isinstance(step, Drink) and step.what == "cola" and step.sugar > 0.05 and step.ph < 3
    assert "sugar 10.6 % pH 2.5" in str(Protocol(steps=[step]))


def test_a_rinse_may_be_of_sugar():
    step = one("rinse with 10 mL sugar 10 % for 1 min")
    assert isinstance(step, Rinse) and (step.sugar, step.volume) == (0.1, 1e-5)


def test_days_are_days():
    assert one("day of case") == DayOfCase()
    day = one("day:\n    meal sugar 10 % for 10 min")
    assert isinstance(day, Day) and isinstance(day.steps[0], Meal)
    assert Protocol.parse("day:\n    rest 1 h\nday of case").duration == 2 * 86_400


def test_every_component_and_salt_of_the_reaction_table_has_a_word():
    assert set(SUBSTANCES) == set(reaction_table().names)
    assert set(reaction_table().salts) <= set(substances())
    for name in substances():
        assert spelling(name) == name == spelling(name.upper())
    for words in SUBSTANCES.values():
        assert {spelling(word) for word in words} == {words[0]}
    assert Ingredient(substance="kcl", amount=1).substance == "KCl"


def test_every_clause_of_every_step_is_explained():
    for name, words in WORDS.items():
        for clause in (*words.needs, *words.takes):
            assert clause in CLAUSES, (name, clause)
        assert words.model.__doc__ and words.examples
    assert allowed(Ingredient, "amount") == "0 to 2000 mM"
    assert allowed(Slurry, "ratio") == "1:0 to 1:100"


def test_a_protocol_shows_itself_in_a_notebook():
    page = Protocol.parse("immerse in Ca 1 mM pH 7 for 1 h")._repr_html_()
    assert page == "<p>Protocol, 1 h</p><pre>immerse in Ca 1 mM pH 7 for 1 h\n</pre>"


def test_the_list_of_steps_in_the_documentation_is_the_vocabulary(root):
    page = (root / "docs/protocol.md").read_text("utf-8")
    assert page.endswith(step_list()), "put the output of amelo.protocol.words.step_list() at the end of docs/protocol.md"
