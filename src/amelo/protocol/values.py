"""Numbers that survive the way to text and back exactly.

A value is held in SI as a float and written in the unit people use.  Both ways go through decimal arithmetic: the shortest decimal
that names a float is divided by an exact factor to print it, and multiplied by the same factor to read it, so that nothing is lost.
"""

from __future__ import annotations

from decimal import Context, Decimal
from functools import lru_cache

from amelo.units import quantity

__all__ = [
    "FLOWS",
    "PERCENT",
    "PPM",
    "factor",
    "flow_text",
    "number",
    "read_flow",
    "read_number",
    "read_time",
    "shown",
    "time_text",
]

EXACT = Context(prec=80)  # digits; a float has 17, and no factor has more than 12
PPM = Decimal("1e-6")
PERCENT = Decimal("1e-2")
FLOWS = {
    "mL/min": (PPM, 60),
    "L/min": (Decimal("1e-3"), 60),
    "mL/s": (PPM, 1),
    "µL/s": (Decimal("1e-9"), 1),
}  # m3, in how many seconds
TIMES = (("d", 86_400), ("h", 3_600), ("min", 60))
DAYS_FROM = 172_800  # seconds; below two days people say 36 h, above it 14 d


@lru_cache(maxsize=512)
def factor(unit: str, dimension: str | None = None) -> Decimal:
    """Return what one ``unit`` is in SI, as ``amelo.units`` has it, to 12 digits (which takes away the rounding of its floats).

    Arguments: unit (with its substance where it needs one, such as ``ppm F``); dimension (what it must be, None for any).
    Raises: QuantityError when it is not a unit, or one of another dimension.
    """
    return Decimal(f"{quantity(f'1 {unit}', dimension=dimension).value:.12g}")


def read_number(digits: str, scale: Decimal = Decimal(1)) -> float:
    """Return ``digits`` times ``scale`` as the nearest float."""
    return float(EXACT.multiply(EXACT.create_decimal(digits), scale))


def read_flow(digits: str, unit: str) -> float:
    """Return a flow [m3/s] as the nearest float; a minute is no decimal of a second, so that the two are kept apart.

    Arguments: digits; unit (one of ``FLOWS``).
    """
    volume, seconds = FLOWS[unit]
    return float(EXACT.divide(EXACT.multiply(EXACT.create_decimal(digits), volume), Decimal(seconds)))


def flow_text(value: float) -> str:
    """Return a flow [m3/s] as people say it, such as ``30 mL/min``, in as few digits as read back as the same float."""
    exact = EXACT.divide(EXACT.multiply(Decimal(repr(float(value))), Decimal(60)), PPM)
    rounded = (Context(prec=digits).plus(exact) for digits in (3, 6, 9, 12, 15, 16, 17))
    found = next((short for short in rounded if read_flow(str(short), "mL/min") == value), exact)
    return f"{_digits(found)} mL/min"


@lru_cache(maxsize=4096)
def read_time(parts: tuple[tuple[str, str], ...]) -> float:
    """Return a time [s] given as numbers and units, such as (("21", "h"), ("58", "min")).

    Raises: QuantityError in the words of ``amelo.units`` for a unit that is not a time, a negative number or mixed-up units.
    """
    quantity(" ".join(f"{digits} {unit}" for digits, unit in parts), dimension="time")
    total = Decimal(0)
    for digits, unit in parts:
        total = EXACT.add(total, EXACT.multiply(EXACT.create_decimal(digits), factor(unit, "time")))
    return float(total)


def number(value: float, scale: Decimal = Decimal(1)) -> str:
    """Return the decimal digits of ``value`` in units of ``scale``, so that reading them gives ``value`` again."""
    return _digits(EXACT.divide(Decimal(repr(float(value))), scale))


def _digits(exact: Decimal) -> str:
    """Return a decimal as people write it."""
    exact = exact.normalize(EXACT)
    if exact == 0:
        return "0"
    plain = -7 <= exact.adjusted() <= 9 and not (exact.adjusted() > 5 and len(exact.as_tuple().digits) < 3)  # 1e9, but 1234500
    return f"{exact:f}" if plain else f"{exact:e}".replace("e+", "e")


def shown(value: float, scale: Decimal, unit: str) -> str:
    """Return a value with its unit, such as ``1450 ppm F``."""
    return f"{number(value, scale)} {unit}"


def time_text(value: float) -> str:
    """Return a time as people say it, such as ``21 h 58 min`` or ``14 d``; reading it gives the same float."""
    rest = Decimal(repr(float(value)))
    parts = []
    for unit, length in TIMES:
        if unit == "d" and rest < DAYS_FROM:
            continue
        whole = EXACT.divide_int(rest, Decimal(length))
        if whole:
            parts.append(f"{whole:f} {unit}")
            rest = EXACT.subtract(rest, EXACT.multiply(whole, Decimal(length)))
    if rest or not parts:
        parts.append(f"{rest.normalize(EXACT) + 0:f} s")
    return " ".join(parts)
