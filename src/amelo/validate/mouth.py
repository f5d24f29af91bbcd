"""T19 to T22 and the published criteria of MARSE: plaque after sugar, and fluoride in saliva after brushing."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from functools import cache

import numpy as np

from amelo.params import load_set
from amelo.records.fluid import Fluid
from amelo.twin.chemistry.solve import speciate
from amelo.twin.chemistry.table import reaction_table
from amelo.twin.mouth import Mouthful, mouth_course, mouth_schedule
from amelo.twin.mouth_balance import resting_state
from amelo.twin.plaque import Plaque, PlaqueCourse, plaque_course
from amelo.twin.saliva import SalivaProfile, saliva_profile
from amelo.units import molar_mass
from amelo.validate.claim import Claim, claim

__all__ = ["IDS", "brushing_area", "claims", "rinse_then_rest", "stephan"]

MINUTE, ML = 60.0, 1e-6
CRITICAL, RECOVERED = 5.5, 6.0
PASTE_DENSITY = 1.5e-3 / (load_set("mouth").value("intake.paste") * ML)  # kg/m3: the 1.5 g of the set in its volume
STRENGTHS = (0.5, 1.0, 2.0, 5.0, 10.0)  # % sucrose
TOLERANCE = 1e-5
WHAT = {
    "T19_fall": "fall of pH at the tooth after a rinse of 10 % sucrose",
    "T19_minimum": "lowest pH after it",
    "T19_time": "when pH is lowest",
    "T19_return": "when pH is back above 6",
    "T19_lactate": "lactate of plaque 7 min after the rinse began, above the start",
    "T20": "signs: flow, film, thickness and buffer move the curve as published",
    "T21_plateau": "lactate 3 min after 10 % sucrose relative to 5 %",
    "T21_order": "steps of rising sucrose at which pH after 3 min falls",
    "T21_caries": "signs: caries-positive plaque has lower pH and saturation",
    "T22_strength": "salivary fluoride, 1150 against 250 ppm F",
    "T22_amount": "salivary fluoride, 1.5 against 0.5 g of paste",
    "T22_rinses": "salivary fluoride, one against three rinses",
    "T22_area": "area of salivary fluoride that was calibrated on",
    "G1": "pH of plaque against bisection",
    "G3": "sugar and fluoride unaccounted for over a day",
    "G6a": "sugar after ten swallows against residual over maximal volume",
    "sipping": "minutes below pH 5.5, sipping relative to the rinse",
    "P7": "recovery above pH 6 with sugar-free chewing, change",
}
IDS = tuple(name.replace("_", " ") for name in WHAT)


def claims(*, full: bool = False) -> list[Claim]:
    """Return the rows of the mouth; ``full`` adds the time that a fine curve takes on this machine."""
    compute: dict[str, Callable[[], float]] = {
        "T19_fall": lambda: stephan().ph_at_tooth[0] - stephan().ph_at_tooth.min(),
        "T19_minimum": lambda: stephan().ph_at_tooth.min(),
        "T19_time": lambda: stephan().time[stephan().ph_at_tooth.argmin()] / MINUTE,
        "T19_return": lambda: stephan().back_above(RECOVERED),
        "T19_lactate": lambda: np.interp(7 * MINUTE, stephan().time, stephan().lactate) - stephan().lactate[0],
        "T20": _signs,
        "T21_plateau": lambda: _after_three_minutes(10.0)[1] / _after_three_minutes(5.0)[1],
        "T21_order": lambda: np.sum(np.diff([_after_three_minutes(s)[0] for s in STRENGTHS]) < 0),
        "T21_caries": _caries_signs,
        "T22_strength": lambda: brushing_area() / brushing_area(strength=250.0),
        "T22_amount": lambda: brushing_area() / brushing_area(grams=0.5),
        "T22_rinses": lambda: brushing_area() / brushing_area(rinses=3),
        "T22_area": brushing_area,
        "G1": _bisection,
        "G3": _gap,
        "G6a": _swallows,
        "sipping": _sipping,
        "P7": _chewing,
    }
    rows = [claim(f"mouth.{name}", WHAT[name], compute[name], id=name.replace("_", " ")) for name in WHAT]
    if full:
        rows.append(claim("mouth.G7", "two hours of plaque in 100 cells, on this machine", _speed))
    return rows


def rinse_then_rest(percent: float = 10.0, minutes: float = 90.0) -> tuple[Mouthful, ...]:
    """Return a rinse with 10 mL of sucrose for a minute, spat out, and rest for the remaining minutes."""
    sugar = percent * load_set("validation").value("mouth.sucrose")
    return Mouthful("rinse", MINUTE, sugar=sugar, volume=10 * ML), Mouthful("rest", (minutes - 1.0) * MINUTE)


@cache
def stephan(steps: tuple[Mouthful, ...] = (), saliva: SalivaProfile | None = None, plaque: Plaque | None = None) -> PlaqueCourse:
    """Return the pH curve of plaque that starts in balance with resting saliva.

    Arguments: steps (none for the rinse of T19); saliva and plaque (None for typical ones).
    """
    saliva = saliva or saliva_profile()
    segments = mouth_schedule(steps or rinse_then_rest(), saliva)
    return plaque_course(segments, plaque, start=_resting(saliva), tolerance=TOLERANCE)


@cache
def brushing_area(strength: float = 1150.0, grams: float = 1.5, rinses: int = 1) -> float:
    """Return the area under salivary fluoride [mg/L min] from 30 to 120 min after brushing for a minute and rinsing with 15 mL.

    Arguments: strength of the paste [ppm F]; its amount [g]; number of rinses of 10 s.
    """
    weight = molar_mass("F")
    paste = Mouthful("brush", MINUTE, fluoride=strength * 1e-6 * PASTE_DENSITY / weight, volume=grams * 1e-3 / PASTE_DENSITY)
    steps = (paste, *[Mouthful("rinse", 10.0, volume=15 * ML)] * rinses, Mouthful("rest", 120 * MINUTE))
    course = mouth_course(steps, saliva_profile())
    end = course.time[-1]
    return course.area(course.fluoride, end - 90 * MINUTE, end) * weight * 1e3 / MINUTE


def _resting(saliva: SalivaProfile) -> Fluid:
    return mouth_schedule((Mouthful("rest", MINUTE),), saliva)[0].exposure.fluid


def _signs() -> float:
    """Return how many of the five published directions hold; thicknesses, flows and amounts are those of MARSE's tests."""
    saliva, plaque, base = saliva_profile(), Plaque.typical(), stephan()
    third = saliva.flow_rest / 3.0
    dry = replace(saliva, flow_rest=third, flow_stimulated=third + 0.5 * (saliva.flow_stimulated - saliva.flow_rest))
    low, slow = stephan(saliva=dry), stephan(saliva=replace(saliva, velocity=saliva.velocity / 3.0))
    thick = stephan(plaque=replace(plaque, thickness=2 * plaque.thickness, cells=2 * plaque.cells))
    buffered = stephan(plaque=replace(plaque, fixed_buffer=1.5 * plaque.fixed_buffer))
    return sum(
        (
            _deeper(low, base) and _later(low, base),
            _deeper(slow, base) and _later(slow, base),
            thick.minutes_below(CRITICAL) > base.minutes_below(CRITICAL),
            _deeper(base, buffered),
            _later(buffered, base),
        )
    )


def _deeper(a: PlaqueCourse, b: PlaqueCourse) -> bool:
    return a.ph_at_tooth.min() < b.ph_at_tooth.min()


def _later(a: PlaqueCourse, b: PlaqueCourse) -> bool:
    return a.back_above(RECOVERED) > b.back_above(RECOVERED)


@cache
def _after_three_minutes(percent: float, vigour: float = 1.0) -> tuple[float, float, float]:
    """Return mean pH, mean lactate [mol/m3] and saturation index of enamel at the tooth, 3 min after the rinse."""
    plaque = Plaque.typical()
    plaque = replace(plaque, production=vigour * plaque.production)
    course = stephan(rinse_then_rest(percent, 4.0), plaque=plaque)
    table = reaction_table(37.0)
    enamel = table.solids.index(table.solid("enamel_main"))
    return float(course.ph[-1].mean()), float(course.lactate[-1]), float(course.at_tooth.saturation_index[-1, enamel])


def _caries_signs() -> float:
    vigour = load_set("mouth").value("plaque.caries_positive")
    free, positive = ([_after_three_minutes(s, v) for s in STRENGTHS] for v in (1.0, vigour))
    return sum((p[0] < f[0]) + (p[2] < f[2]) for p, f in zip(positive, free, strict=True))


def _bisection() -> float:
    """Return the largest difference between the slab's pH and one that bisection finds for the same fluids."""
    course = stephan()
    fluids, ph = course.totals[::40].reshape(-1, course.totals.shape[2]).clip(0.0) / 1000.0, course.ph[::40].ravel()
    low, high = np.full(len(ph), 3.0), np.full(len(ph), 9.0)
    for _ in range(60):
        middle = 0.5 * (low + high)
        positive = speciate(reaction_table(37.0), fluids, middle).charge > 0
        low, high = np.where(positive, middle, low), np.where(positive, high, middle)
    return float(np.abs(ph - low).max())


def _gap() -> float:
    """Return the largest relative gap in the account of a day with everything in it."""
    sugar = 10.0 * load_set("validation").value("mouth.sucrose")
    day = (
        Mouthful("meal", 20 * MINUTE, sugar=sugar),
        Mouthful("brush", 2 * MINUTE, fluoride=100.0),
        Mouthful("drink", 10 * MINUTE, sugar=sugar, ph=3.0),
        Mouthful("varnish", 5 * MINUTE, fluoride=1200.0),
        Mouthful("rest", 60 * MINUTE),
        Mouthful("rinse", MINUTE, fluoride=12.0),
        Mouthful("sleep", 480 * MINUTE),
    )
    return max(abs(book["gap"]) for book in mouth_course(day, saliva_profile()).ledger.values())


def _swallows() -> float:
    """Return the relative difference after the time of ten swallows at a flow that nothing stimulates."""
    saliva, swallows, sugar = saliva_profile(), 10, 100.0
    start = replace(resting_state(saliva), sugar=sugar)
    seconds = swallows * (saliva.maximal - saliva.residual) / saliva.flow_sleep
    left = mouth_course([Mouthful("sleep", seconds)], saliva, start=start).end.sugar / sugar
    return abs(left / (saliva.residual / saliva.maximal) ** swallows - 1.0)


def _sipping() -> float:
    sugar = 10.0 * load_set("validation").value("mouth.sucrose")
    sipped = (Mouthful("drink", 20 * MINUTE, sugar=sugar, volume=100 * ML), Mouthful("rest", 100 * MINUTE))
    return stephan(sipped).minutes_below(CRITICAL) / stephan().minutes_below(CRITICAL)


def _chewing() -> float:
    rinse, rest = rinse_then_rest()
    chewed = (rinse, Mouthful("meal", 20 * MINUTE, volume=ML), Mouthful("rest", rest.duration - 20 * MINUTE))
    return stephan(chewed).back_above(RECOVERED) - stephan().back_above(RECOVERED)


def _speed() -> float:
    segments = mouth_schedule(rinse_then_rest(minutes=120.0), saliva_profile())
    begun = time.perf_counter()
    plaque_course(segments, replace(Plaque.typical(), cells=100), start=_resting(saliva_profile()), tolerance=TOLERANCE)
    return time.perf_counter() - begun
