"""Quantities as people write them: "22600 ppm F", "0.2 wt% NaF", "50 mM", "3 h 20 min".

A small grammar splits the text into a number, a unit and a substance; Pint does the arithmetic of units; molar masses come from the
table of substances.  What could mean two things is refused with both readings spelled out, never guessed.
"""

from __future__ import annotations

import math
import re
import unicodedata
from dataclasses import dataclass
from functools import cache
from typing import Any

from amelo.errors import QuantityError, nearest
from amelo.params import load_set

__all__ = ["DIMENSIONS", "Quantity", "molar_mass", "quantity"]

DIMENSIONS = {  # name: (unit that results are held in, an example for messages)
    "time": ("s", "3 h 20 min"),
    "length": ("m", "120 µm"),
    "area": ("m**2", "4 mm2"),
    "mass": ("kg", "0.5 g"),
    "volume": ("m**3", "10 mL"),
    "temperature": ("K", "37 degC"),
    "concentration": ("mol/m**3", "50 mM"),
    "molality": ("mol/kg", "50 mmol/kg"),
    "mass concentration": ("kg/m**3", "2 mg/L"),
    "mass fraction": ("", "1450 ppm F"),
    "flow": ("m**3/s", "30 mL/min"),
    "number density": ("1/m**3", "1e9 per mL"),
    "magnetic gradient": ("T/m", "5 T/m"),
    "magnetic field": ("T", "5 mT"),
    "frequency": ("Hz", "50 Hz"),
    "pressure": ("Pa", "5 kPa"),
    "force": ("N", "20 N"),
    "diffusivity": ("m**2/s", "2.6e-10 m2/s"),
    "fraction": ("", "0.85"),
    "mineral loss": ("m", "2000 vol%·µm"),
}
_FRACTIONS = {"ppm": 1e-6, "ppb": 1e-9, "wt%": 1e-2, "w/w%": 1e-2, "%w/w": 1e-2, "mass%": 1e-2, "g/kg": 1e-3, "mg/kg": 1e-6}
_PER_VOLUME = {"w/v%", "%w/v"}  # grams per 100 mL
_NUMBER = r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?"
_UNITS = ["s", "min", "h", "hour", "hours", "day", "days", "d", "week", "weeks", "minute", "minutes", "second", "seconds", "m", "cm", "mm", "µm", "um", "nm", "km", "g", "kg", "mg", "µg", "ng", "L", "mL", "µL", "uL", "m3", "cm3", "mm3", "mol", "mmol", "µmol", "mM", "µM", "nM", "M", "K", "degC", "T", "mT", "T/m", "mT/m", "Hz", "kHz", "MHz", "Pa", "kPa", "MPa", "GPa", "mmHg", "atm", "bar", "N", "mN", "ppm", "ppb", "wt%", "w/v%", "w/w%", "vol%", "m2", "cm2", "mm2", "m2/s", "cm2/s"]  # fmt: skip
_TIMES = {
    "s",
    "sec",
    "second",
    "seconds",
    "min",
    "minute",
    "minutes",
    "h",
    "hr",
    "hour",
    "hours",
    "d",
    "day",
    "days",
    "week",
    "weeks",
}
_PREFIXED = re.compile(r"[a-z]+(minute|hour|day|week|month|year|inch|foot|yard|mile)")  # nobody means them
_OF_SUBSTANCE = {"mass", "concentration", "molality", "mass concentration", "mass fraction", "number density"}
_SIGNED = {"temperature", "magnetic gradient", "magnetic field", "force"}


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number in SI units, the substance it is of, and the text it came from.

    Fields: value; unit (SI, as Pint writes it; empty for a fraction); dimension (a name of ``DIMENSIONS``); substance (its key, or
    None); text.
    """

    value: float
    unit: str
    dimension: str
    substance: str | None
    text: str

    def __str__(self) -> str:
        return self.text

    def to(self, unit: str) -> float:
        """Return the value in another unit of the same dimension, ``ppm`` and ``wt%`` included.

        Raises: QuantityError when the units do not belong together.
        """
        if self.dimension == "mass fraction" and unit in _FRACTIONS:
            return self.value / _FRACTIONS[unit]
        try:
            return float(_registry().Quantity(self.value, self.unit or "dimensionless").to(_pint_name(unit)).magnitude)
        except Exception as error:
            raise QuantityError(f"'{self.text}' cannot be expressed in {unit}", why=str(error).split("\n")[0]) from None

    def of(self, element: str) -> Quantity:
        """Return how much of an element or ion is in a mass fraction or mass concentration of a salt.

        Arguments: element such as ``"F"``.
        Raises: QuantityError when the substance does not contain it, or the quantity is not by mass.
        """
        if self.dimension not in ("mass fraction", "mass concentration") or self.substance is None:
            raise QuantityError(f"'{self.text}' is not a mass of a substance", fix="write for example 0.2 wt% NaF")
        share = _share(self.substance, element)
        return Quantity(self.value * share, self.unit, self.dimension, element, f"{element} in {self.text}")

    def molarity(self, element: str, *, density: float | None = None) -> float:
        """Return moles of an element per cubic metre.

        Arguments: element; density of the product [kg/m3], needed for a mass fraction because it cannot be guessed.
        Raises: QuantityError when the density is missing or the element is not in the substance.
        """
        if self.dimension == "concentration":
            return self.value * (1 if self.substance in (None, element) else _count(self.substance, element))
        part = self.of(element)
        if part.dimension == "mass concentration":
            return part.value / molar_mass(element)
        if density is None:
            raise QuantityError(
                f"'{self.text}' is by mass", why="moles per volume need the density of the product", fix="give density in kg/m3"
            )
        return part.value * density / molar_mass(element)


def quantity(text: str, *, dimension: str | None = None, where: str = "") -> Quantity:
    """Read a quantity.

    Arguments: text; dimension (a name of ``DIMENSIONS`` it must have, None for any); where (place, for messages).
    Returns: the quantity in SI units.
    Raises: QuantityError when it cannot be understood, is ambiguous, is out of its possible range or of another dimension.
    Assumptions: ppm is a mass fraction, milligrams per kilogram.
    """
    if dimension is not None and dimension not in DIMENSIONS:
        raise QuantityError(f"'{dimension}' is not a dimension", fix=nearest(dimension, DIMENSIONS))
    try:
        found = _read(text, dimension)
    except QuantityError as error:
        raise error.at(where) if where else error from None
    if dimension is not None and found.dimension != dimension:
        example = DIMENSIONS[dimension][1]
        hint = (
            "did you mean 'mM'?"
            if dimension == "concentration" and re.search(r"\dmm|\d mm", text)
            else f"write for example {example}"
        )
        raise QuantityError(f"'{text}' is a {found.dimension}, not a {dimension}", where=where, fix=hint)
    return found


def molar_mass(substance: str) -> float:
    """Return the molar mass of a substance [kg/mol].

    Raises: QuantityError naming the nearest substance.
    """
    weights = load_set("substances")
    composition = _substances()[_substance(substance, substance)]
    return sum(n * weights.value(f"atomic_weight.{element}") for element, n in composition.items()) / 1000.0


def _read(text: str, dimension: str | None) -> Quantity:
    plain = unicodedata.normalize("NFKC", str(text)).replace("μ", "µ").replace("−", "-").replace("×10^", "e").strip()
    plain = " ".join(plain.split())
    if not plain:
        raise QuantityError("a quantity is missing", fix=_example(dimension))
    if re.match(r"^[+-]?\d+,\d", plain):
        raise QuantityError(f"'{text}' has a decimal comma", fix=f"write '{plain.replace(',', '.', 1)}'")
    match = re.match(rf"^({_NUMBER})\s*(.*)$", plain)
    if not match:
        raise QuantityError(f"'{text}' does not start with a number", fix=_example(dimension))
    number, rest = float(match[1]), match[2].strip()
    if not math.isfinite(number):
        raise QuantityError(f"'{text}' is too large to be a number")
    if not rest:
        if dimension == "fraction":
            return Quantity(number, "", "fraction", None, str(text))
        raise QuantityError(f"'{text}' has no unit", fix=f"write for example {DIMENSIONS[dimension or 'concentration'][1]}")
    more = re.search(rf"(?:^|\s)({_NUMBER})\s*[A-Za-zµ%]", rest)
    if more:
        return _times(text, plain)
    value = _with_unit(str(text), number, rest)
    if value.value < 0 and value.dimension not in _SIGNED:
        article = "an" if value.dimension[0] in "aeiou" else "a"
        raise QuantityError(f"'{text}' is negative", why=f"{article} {value.dimension} is 0 or more")
    return value


def _example(dimension: str | None) -> str:
    """Say what a quantity looks like; a fraction needs no unit."""
    form = "a number" if dimension == "fraction" else "a number and a unit"
    return f"write {form}, for example {DIMENSIONS[dimension or 'concentration'][1]}"


def _times(text: str, plain: str) -> Quantity:
    """Add up times such as ``21 h 58 min``, units descending and each once."""
    parts = re.findall(rf"({_NUMBER})\s*([A-Za-zµ%/]+)", plain)
    rest = re.sub(rf"({_NUMBER})\s*([A-Za-zµ%/]+)", "", plain).strip()
    if rest or not all(unit in _TIMES for _, unit in parts):
        raise QuantityError(
            f"'{text}' holds more than one quantity", why="only times can be added up", fix="write one number and one unit"
        )
    seconds = [_registry().Quantity(1.0, unit).to("s").magnitude for _, unit in parts]
    if sorted(set(seconds), reverse=True) != seconds:
        raise QuantityError(
            f"'{text}' repeats or mixes up its units", fix="write each unit once, the largest first, such as 3 h 20 min"
        )
    if any(float(number) < 0 for number, _ in parts):
        raise QuantityError(f"'{text}' is negative", why="a time is 0 or more")
    return Quantity(sum(float(n) * s for (n, _), s in zip(parts, seconds, strict=True)), "s", "time", None, text)


def _with_unit(text: str, number: float, rest: str) -> Quantity:
    unit, _, tail = rest.partition(" ")
    if unit == "per":
        unit, _, tail = tail.partition(" ")
        unit = f"1/{unit}"
    elif unit.startswith("/"):
        unit = f"1{unit}"
    if unit == "%":
        if tail.split(" ")[0] in ("w/w", "w/v"):
            kind, _, tail = tail.partition(" ")
            unit = f"{kind}%"
        elif tail:
            raise QuantityError(
                f"'{text}' may be by mass or by volume",
                fix=f"write '{number:g} wt% {tail}' (per mass) or '{number:g} w/v% {tail}' (g per 100 mL)",
            )
        else:
            return Quantity(number / 100.0, "", "fraction", None, text)
    if unit.startswith("vol%"):
        return _of_volume(text, number, (unit.removeprefix("vol%") + tail).lstrip("·*. "))
    if unit in ("g", "mg", "kg") and tail.startswith("/"):
        unit, tail = unit + tail.split(" ")[0], tail.partition(" ")[2]
    substance = _substance(tail, text) if tail else None
    if unit in _FRACTIONS:
        if substance is None:
            fix = f"write '{number:g} {unit} F' for fluoride or '{number:g} {unit} NaF' for the salt"
            raise QuantityError(f"'{text}': {unit} of what?", why="ppm F and ppm NaF differ by a factor of 2.2", fix=fix)
        value = number * _FRACTIONS[unit]
        if value > 1.0:
            raise QuantityError(f"'{text}' is more than everything", why=f"allowed 0 to {1 / _FRACTIONS[unit]:g} {unit}")
        return Quantity(value, "", "mass fraction", substance, text)
    if unit in _PER_VOLUME and substance is None:
        raise QuantityError(f"'{text}': per cent of what?", fix=f"write '{number:g} {unit} NaF' or another substance")
    if unit in _PER_VOLUME:
        number, unit = 10.0 * number, "g/L"
    if unit == "MM":  # a million moles per litre, which nobody means
        raise QuantityError(f"'{text}': 'MM' is not a unit", fix="did you mean 'mM'?")
    try:
        pint = _registry().Quantity(number, _pint_name(unit))
        if any(_PREFIXED.fullmatch(word) for word in str(pint.units).split()):  # Pint reads hh as hectohour and Min as megainch
            raise QuantityError(f"'{unit}' is not a unit")
    except Exception:
        valid = [*_UNITS, *(name for name in _substances())]
        raise QuantityError(f"'{text}': '{unit}' is not a unit", fix=nearest(unit, valid, limit=0)) from None
    for name, (si, _) in DIMENSIONS.items():
        if si and pint.is_compatible_with(si) and not (name == "frequency" and unit.startswith("1/")):
            value = float(pint.to(si).magnitude)
            if substance is not None and name not in _OF_SUBSTANCE:
                raise QuantityError(f"'{text}': a {name} is not of a substance", fix=f"leave out '{tail}'")
            if name == "temperature" and value < 0:
                raise QuantityError(f"'{text}' is below absolute zero")
            return Quantity(value, si, name, substance, text)
    raise QuantityError(f"'{text}' is not a quantity amelo uses", fix="use one of " + ", ".join(DIMENSIONS))


def _of_volume(text: str, number: float, times: str) -> Quantity:
    """Return a share of volume, or such a share times a depth: the integrated mineral loss of microradiography."""
    if not times:
        return Quantity(number / 100.0, "", "fraction", None, text)
    try:
        depth = float(_registry().Quantity(1.0, _pint_name(times)).to("m").magnitude)
    except Exception:
        raise QuantityError(f"'{text}': '{times}' is not a length", fix="write for example 80 vol% or 2000 vol%·µm") from None
    return Quantity(number / 100.0 * depth, "m", "mineral loss", None, text)


def _pint_name(unit: str) -> str:
    """Write a unit as Pint reads it: m3 as m**3, M as mol/L, °C as degC."""
    unit = unit.replace("°C", "degC").replace("µ", "u").replace("·", "*")
    unit = re.sub(r"(?<=[a-zA-Z])(\d)", r"**\1", unit)
    unit = re.sub(r"\bhr\b", "hour", unit)
    return re.sub(r"(?<![A-Za-z])(n|u|m)?M(?![A-Za-z])", lambda m: f"{m[1] or ''}mol/L", unit)


@cache
def _registry() -> Any:
    import pint

    return pint.UnitRegistry(autoconvert_offset_to_baseunit=True)


@cache
def _substances() -> dict[str, dict[str, int]]:
    return {key: entry["composition"] for key, entry in load_set("substances").structure["substance"].items()}


@cache
def _names() -> dict[str, str]:
    entries = load_set("substances").structure["substance"]
    return {name: key for key, entry in entries.items() for name in (*entry["names"], key)}


@cache
def _spellings() -> dict[str, str]:
    return {name.casefold(): key for name, key in _names().items()}


def _substance(name: str, text: str) -> str:
    """Return the key of a substance; symbols keep their case, because Co is not CO."""
    if name in _names():
        return _names()[name]
    key = _spellings().get(name.casefold())
    if key is not None and len(name) > 2:
        return key
    raise QuantityError(f"'{text}': '{name}' is not a substance amelo knows", fix=nearest(name, _names(), limit=0))


def _count(substance: str, element: str) -> int:
    composition, part = _substances()[substance], _substances()[_substance(element, element)]
    counts = [composition.get(symbol, 0) // n for symbol, n in part.items()]
    if not min(counts):
        raise QuantityError(f"{substance} contains no {element}")
    return min(counts)


def _share(substance: str, element: str) -> float:
    return _count(substance, element) * molar_mass(element) / molar_mass(substance)
