"""Quantities: what is accepted and what it means, and what is refused and why."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amelo.errors import QuantityError
from amelo.params import load_set
from amelo.units import DIMENSIONS, molar_mass, quantity

ACCEPT = [  # text, SI value, dimension, substance
    ("22600 ppm F", 0.0226, "mass fraction", "F"),
    ("1450 ppm F", 0.00145, "mass fraction", "F"),
    ("0.2 wt% NaF", 0.002, "mass fraction", "NaF"),
    ("0.2 w/w% NaF", 0.002, "mass fraction", "NaF"),
    ("0.2 % w/w NaF", 0.002, "mass fraction", "NaF"),
    ("12500 ppm sodium fluoride", 0.0125, "mass fraction", "NaF"),
    ("38 wt% SDF", 0.38, "mass fraction", "Ag(NH3)2F"),
    ("37 wt% phosphoric acid", 0.37, "mass fraction", "H3PO4"),
    ("1450 ppm F-", 0.00145, "mass fraction", "F"),
    ("20 ms", 0.02, "time", None),
    ("5 ppb F", 5e-9, "mass fraction", "F"),
    ("20 mg/kg F", 2e-5, "mass fraction", "F"),
    ("0.05 w/v% NaF", 0.5, "mass concentration", "NaF"),
    ("0.05 % w/v NaF", 0.5, "mass concentration", "NaF"),
    ("2 mg/L F", 2e-3, "mass concentration", "F"),
    ("5 g/L sucrose", 5.0, "mass concentration", "sucrose"),
    ("50 mM", 50.0, "concentration", None),
    ("50 mmol/L", 50.0, "concentration", None),
    ("1.2 mmol/L Ca", 1.2, "concentration", "Ca"),
    ("5 mM Mg", 5.0, "concentration", "Mg"),
    ("75 mM acetic acid", 75.0, "concentration", "acetic acid"),
    ("3 µM F", 3e-3, "concentration", "F"),
    ("0.1 M", 100.0, "concentration", None),
    ("0.1 mol/kg", 0.1, "molality", None),
    ("3 h", 10800.0, "time", None),
    ("3h", 10800.0, "time", None),
    ("21 h 58 min", 79080.0, "time", None),
    ("1 d 2 h 3 min 4 s", 93784.0, "time", None),
    ("2 weeks", 1209600.0, "time", None),
    ("120 µm", 1.2e-4, "length", None),
    ("120 μm", 1.2e-4, "length", None),
    ("10 um", 1e-5, "length", None),
    ("1e9 per mL", 1e15, "number density", None),
    ("1e9/mL", 1e15, "number density", None),
    ("5 T/m", 5.0, "magnetic gradient", None),
    ("-5 T/m", -5.0, "magnetic gradient", None),
    ("5 mT", 5e-3, "magnetic field", None),
    ("50 Hz", 50.0, "frequency", None),
    ("37 degC", 310.15, "temperature", None),
    ("37 °C", 310.15, "temperature", None),
    ("310.15 K", 310.15, "temperature", None),
    ("30 mL/min", 5e-7, "flow", None),
    ("20 %", 0.2, "fraction", None),
    ("80 vol%", 0.8, "fraction", None),
    ("2000 vol%·µm", 2e-5, "mineral loss", None),
    ("2000 vol%*um", 2e-5, "mineral loss", None),
    ("2 vol% mm", 2e-5, "mineral loss", None),
    ("4 mm2", 4e-6, "area", None),
    ("2.6e-10 m2/s", 2.6e-10, "diffusivity", None),
    ("2 mg F", 2e-6, "mass", "F"),
    ("2.4 kPa", 2400.0, "pressure", None),
    ("800 N", 800.0, "force", None),
]
REFUSE = [  # text, dimension asked for, words of the sentence
    ("", None, ["a quantity is missing"]),
    ("   ", None, ["a quantity is missing"]),
    ("50", None, ["'50' has no unit", "50 mM"]),
    ("50", "time", ["has no unit", "3 h 20 min"]),
    ("mM", None, ["does not start with a number"]),
    ("fifty mM", None, ["does not start with a number"]),
    ("0,2 wt% NaF", None, ["decimal comma", "'0.2 wt% NaF'"]),
    ("1450 ppm", None, ["ppm of what?", "1450 ppm F", "1450 ppm NaF"]),
    ("0.2 wt%", None, ["wt% of what?", "0.2 wt% NaF"]),
    ("0.05 w/v%", None, ["per cent of what?"]),
    ("0.2 % NaF", None, ["by mass or by volume", "0.2 wt% NaF", "0.2 w/v% NaF"]),
    ("5 % NaOCl", None, ["by mass or by volume"]),
    ("-3 h", None, ["'-3 h' is negative", "time is 0 or more"]),
    ("-50 mM", None, ["is negative"]),
    ("-1 ppm F", None, ["is negative"]),
    ("3 hous", None, ["'hous' is not a unit", "did you mean 'hours'?"]),
    ("3 hh", None, ["'hh' is not a unit"]),
    ("3 Min", None, ["'Min' is not a unit", "did you mean 'min'?"]),
    ("2 Gh", None, ["'Gh' is not a unit"]),
    ("3 minuts", None, ["did you mean 'minutes'?"]),
    ("5 foo", None, ["'foo' is not a unit"]),
    ("0.2 wt% NaFl", None, ["'NaFl' is not a substance", "did you mean 'NaF'?"]),
    ("5 mM flouride", None, ["'flouride' is not a substance", "did you mean 'fluoride'?"]),
    ("5 mM naf2", None, ["'naf2' is not a substance"]),
    ("3 h 3 h", None, ["repeats or mixes up its units"]),
    ("20 min 3 h", None, ["the largest first"]),
    ("3 h -5 min", None, ["is negative"]),
    ("3 h 5 mM", None, ["more than one quantity"]),
    ("50 mM 20 mM", None, ["more than one quantity"]),
    ("nan mM", None, ["does not start with a number"]),
    ("inf h", None, ["does not start with a number"]),
    ("1e400 mM", None, ["too large"]),
    ("200 wt% NaF", None, ["more than everything", "0 to 100 wt%"]),
    ("2000000 ppm F", None, ["more than everything"]),
    ("-300 degC", None, ["below absolute zero"]),
    ("5 V", None, ["is not a quantity amelo uses", "magnetic gradient"]),
    ("3 h Ca", None, ["a time is not of a substance", "leave out 'Ca'"]),
    ("120 µm F", None, ["a length is not of a substance"]),
    ("50 mm", "concentration", ["is a length, not a concentration", "did you mean 'mM'?"]),
    ("3 h", "length", ["is a time, not a length", "120 µm"]),
    ("1450 ppm F", "concentration", ["is a mass fraction, not a concentration"]),
    ("5 mT", "magnetic gradient", ["5 T/m"]),
    ("3 h", "tme", ["'tme' is not a dimension", "did you mean 'time'?"]),
    ("1.2.3 mM", None, ["more than one quantity"]),
    ("5 mM of Ca", None, ["is not a substance"]),
]


@pytest.mark.parametrize(("text", "value", "dimension", "substance"), ACCEPT, ids=[row[0] for row in ACCEPT])
def test_accepted(text, value, dimension, substance):
    found = quantity(text)
    assert found.value == pytest.approx(value, rel=1e-12)
    assert (found.dimension, found.substance, str(found)) == (dimension, substance, text)
    assert found.unit == DIMENSIONS[dimension][0]
    assert quantity(text, dimension=dimension).value == found.value


@pytest.mark.parametrize(("text", "dimension", "words"), REFUSE, ids=[f"{row[0]!r} as {row[1]}" for row in REFUSE])
def test_refused(text, dimension, words):
    with pytest.raises(QuantityError) as caught:
        quantity(text, dimension=dimension, where="line 3")
    for word in words:
        assert word in str(caught.value)


def test_the_place_is_named():
    with pytest.raises(QuantityError, match=r"^protocol.txt: line 3: '3 hous'"):
        quantity("3 hous", where="protocol.txt: line 3")


def test_fluoride_in_a_salt_and_back():
    paste = quantity("0.2 wt% NaF").of("F")
    assert paste.to("ppm") == pytest.approx(0.002 * 18.998403 / 41.988173 * 1e6, rel=1e-6)
    assert paste.to("ppm") == pytest.approx(905, abs=0.5)
    assert quantity("22600 ppm F").molarity("F", density=1000.0) == pytest.approx(1189.6, abs=0.1)
    assert quantity("50 mM CaCl2").molarity("Cl") == pytest.approx(100.0)
    assert quantity("19 mg/L F").molarity("F") == pytest.approx(1.0, rel=1e-3)
    assert quantity("38 wt% SDF").of("F").to("ppm") == pytest.approx(44_870, rel=1e-3)


def test_conversions_that_would_have_to_guess_are_refused():
    with pytest.raises(QuantityError, match="need the density"):
        quantity("1450 ppm F").molarity("F")
    with pytest.raises(QuantityError, match="NaCl contains no F"):
        quantity("0.2 wt% NaCl").of("F")
    with pytest.raises(QuantityError, match="is not a mass of a substance"):
        quantity("50 mM NaF").of("F")
    with pytest.raises(QuantityError, match="cannot be expressed in mM"):
        quantity("3 h").to("mM")


@given(st.floats(1e-6, 1e6, allow_nan=False), st.sampled_from(["mM", "µm", "min", "T/m", "mL/min", "Hz", "kPa", "mg/L", "mol/kg"]))
def test_text_and_value_round_trip(number, unit):
    assert quantity(f"{number!r} {unit}").to(unit) == pytest.approx(number, rel=1e-9)


def test_molar_masses_are_sums_of_atomic_weights():
    table = load_set("substances")
    for name, entry in table.structure["substance"].items():
        mass = sum(n * table.value(f"atomic_weight.{element}") for element, n in entry["composition"].items())
        assert molar_mass(name) == pytest.approx(mass / 1000.0)
    assert molar_mass("HAp") == pytest.approx(0.50231, abs=2e-4)  # the 502.31 g/mol of the literature
    assert molar_mass("NaF") == pytest.approx(0.0419882, abs=1e-6)


def test_importing_units_is_light():
    code = "import sys, amelo.units; print([m for m in ('pint', 'numpy', 'jax') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "[]"
