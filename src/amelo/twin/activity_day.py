"""A patient's day in one box of mouth and one of plaque: milliseconds instead of seconds, for what the activity of a mouth is told from.

The balances are those of :mod:`amelo.twin.mouth` and of plaque, with one cell each, long steps and no speciation.  Nothing here is an answer: the
sums over the day are what :mod:`amelo.twin.activity` reads the ion-resolved twin's answers by.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from amelo.params import load_set
from amelo.records.base import UNKNOWN
from amelo.records.case import Case
from amelo.units import molar_mass

__all__ = ["FEATURES", "Habits", "MouthConstants", "constants_of_mouth", "day_features", "habits_of"]

DAY, HOUR, MINUTE = 86_400.0, 3600.0, 60.0
DRINKS = ("sugared drink", "acidic drink", "unsweetened drink")
GAP = 600.0  # s between the last thing eaten and the brush
FIRST, GROWTH, LONGEST, FED = 15.0, 1.5, 600.0, 60.0  # s, steps; FED is the longest while there is sugar
PK_CARBONATE, PK_PHOSPHATE = 6.1, 6.8  # at the ionic strength of plaque; where buffers of saliva work
PK_ACID, SOUR = 4.8, 0.05  # of what makes drinks sour; mol/m3 of it below which it changes nothing
LN10 = math.log(10.0)
IONS = 8.0  # calcium and phosphate of one apatite Ca5(PO4)3X: how often a dilution counts in its ion product
DROP = 1.0  # pH over which the slope of saturation is taken
ROOM = {
    "lost": 3e-3,
    "lost_guarded": 3e-3,
    "gained": 3e-3,
    "acid_dose": 0.3,
    "deep_dose": 0.3,
    "undersaturated": 0.3,
    "sour_dose": 0.3,
    "sugar_hours": 1.0,
}
FEATURES = (  # sums over a day; those of ROOM as asinh of them over what counts as little
    "lost",
    "lost_guarded",
    "acid_dose",
    "deep_dose",
    "undersaturated",
    "gained",
    "sugar_hours",
    "sour_dose",
    "fluoride",
    "fluoride_log",
    "flow",
    "stimulated",
    "saturation",
    "buffer",
    "thickness",
    "cleaning",
)


@dataclass(frozen=True)
class Habits:
    """What a day holds: eaten (start [s], duration [s], kind, hexose [mol/m3], pH or None, fluoride [mol/m3], volume [mL]) in order, and
    cleaned, the same of brushing and rinsing.
    """

    eaten: tuple[tuple[float, float, str, float, float | None, float, float], ...]
    cleaned: tuple[tuple[float, float, str, float, float | None, float, float], ...]


@dataclass(frozen=True)
class MouthConstants:
    """What a patient's saliva contributes: volume [mL], flow at rest, stimulated and asleep [mL/s], carbonate and phosphate at rest and
    stimulated, fluoride [mol/m3], pH at rest, and the pH at which enamel and dentine begin to dissolve in it.
    """

    volume: float
    residual: float
    rest: float
    stimulated: float
    sleep: float
    carbonate: tuple[float, float]
    phosphate: tuple[float, float]
    fluoride: float
    ph: float
    calcium: float
    slope: tuple[float, float]
    saturation: tuple[float, float, float]
    velocity: float


def constants_of_mouth(case: Case) -> MouthConstants:
    """Return what the saliva of a case contributes; speciated once for every saliva."""
    return _constants(case.saliva, case.sex, case.age_band)


@lru_cache(maxsize=1024)
def _constants(saliva: object, sex: str, age_band: str) -> MouthConstants:
    from datetime import date

    from amelo.twin.chemistry.saturation import saturation_of
    from amelo.twin.chemistry.table import reaction_table
    from amelo.twin.saliva import resting_fluid, saliva_profile

    who = Case(pseudonym="mouth", origin="synthetic", recorded_on=date(2026, 1, 1), saliva=saliva, sex=sex, age_band=age_band)
    profile = saliva_profile(who)
    fluid, names = resting_fluid(profile), reaction_table(37.0).names
    index = saturation_of([fluid])[0].saturation_index
    carbonate, phosphate, fluoride, calcium = (names.index(name) for name in ("C(4)", "P", "F", "Ca"))
    sour = fluid.model_copy(update={"pH": float(fluid.pH) - DROP})
    below = saturation_of([sour])[0].saturation_index
    slopes = tuple((index[phase] - below[phase]) / DROP for phase in ("enamel_main", "dentine", "FAp"))
    return MouthConstants(
        volume=profile.volume * 1e6,
        residual=profile.residual * 1e6,
        rest=profile.flow_rest * 1e6,
        stimulated=profile.flow_stimulated * 1e6,
        sleep=profile.flow_sleep * 1e6,
        carbonate=(float(profile.rest[carbonate]), float(profile.stimulated[carbonate])),
        phosphate=(float(profile.rest[phosphate]), float(profile.stimulated[phosphate])),
        fluoride=float(profile.rest[fluoride]),
        ph=float(fluid.pH),
        calcium=float(profile.rest[calcium]),
        slope=slopes,
        saturation=tuple(float(index[phase]) for phase in ("enamel_main", "dentine", "FAp")),
        velocity=profile.velocity,
    )


def habits_of(case: Case) -> Habits:
    """Return the day of a case whose habits are all known, with the times of ``day of case``.

    Arguments: case (from :func:`amelo.twin.activity.filled`).
    Assumptions: as the protocol has them: one brushing is before bed, a second after the first meal of the morning, a third after the first
    from noon on; a rinse follows the last brushing.
    """
    habits, mouth = load_set("habits").value, load_set("mouth").value
    hexoses, eaten = 2.0 / molar_mass("sucrose"), []
    for meal in case.diet.meals:
        hour, minute = meal.at.split(":")
        drink = meal.what in DRINKS
        density = habits("density.drink" if drink else "density.food")
        water = float(case.hygiene.water_fluoride) if meal.what == "unsweetened drink" else 0.0
        sugar, fluoride = float(meal.sugar) / 100.0 * density * hexoses, water * 1e-3 / molar_mass("F")
        ph = None if meal.pH == UNKNOWN else float(meal.pH)
        at = int(hour) * HOUR + int(minute) * MINUTE
        kind = "drink" if drink else "meal"
        eaten.append((at, max(1.0, MINUTE * float(meal.duration)), kind, sugar, ph, fluoride, mouth(f"intake.{kind}")))
    eaten.sort(key=lambda entry: entry[0])
    return Habits(tuple(eaten), tuple(_cleaned(case, eaten)))


def _cleaned(case: Case, eaten: list) -> list:
    habits, mouth, hygiene = load_set("habits").value, load_set("mouth").value, case.hygiene
    bed, waking, long = habits("day.bedtime") * HOUR, habits("day.waking") * HOUR, habits("day.brushing") * MINUTE
    often = min(round(float(hygiene.brushing_per_day)), 3)
    paste = float(hygiene.toothpaste_fluoride) * 1e-6 * habits("density.paste") / molar_mass("F")
    rinse = float(hygiene.rinse_fluoride) * 1e-6 * habits("density.drink") / molar_mass("F")
    held = habits("day.rinsing") * MINUTE * (rinse > 0.0)

    def after(start: float) -> float:
        first = next((entry for entry in eaten if start <= entry[0] < start + 4 * HOUR), None)
        return start if first is None else first[0] + first[1] + GAP

    times = [bed - held - long, after(waking), after(12 * HOUR)][:often]
    found = [(at, long, "brush", 0.0, None, paste, mouth("intake.paste")) for at in sorted(times)]
    return found + ([(bed - held, held, "rinse", 0.0, None, rinse, mouth("intake.rinse"))] if rinse else [])


def day_features(case: Case, tissue: str, thickness: float) -> np.ndarray:
    """Return the sums over a day (``FEATURES``,) of a case whose habits are all known.

    Arguments: case; tissue (enamel or dentine); thickness of plaque [m], 0 for a clean surface.
    """
    mouth, habits = constants_of_mouth(case), habits_of(case)
    found = dict(zip(FEATURES, _sums(mouth, habits, tissue == "dentine", thickness), strict=True))
    return np.array([np.arcsinh(value / ROOM[name]) if name in ROOM else value for name, value in found.items()])


def _stretches(habits: Habits) -> list[tuple[float, tuple | None, bool]]:
    """Return (duration, what is taken, whether asleep) from midnight to midnight; what would overlap begins when the one before has ended."""
    value = load_set("habits").value
    bed, waking = value("day.bedtime") * HOUR, value("day.waking") * HOUR
    found, clock = [], 0.0
    events = sorted((*habits.eaten, *habits.cleaned), key=lambda entry: entry[0])
    for event in (*events, None):
        end = DAY if event is None else event[0]
        for edge in sorted({waking, bed, end}):
            if clock < edge <= end:
                found.append((edge - clock, None, not waking <= clock < bed))
                clock = edge
        if event is not None:
            found.append((event[1], event, False))
            clock = max(clock, end) + event[1]
    return found


def _sums(mouth: MouthConstants, habits: Habits, dentine: bool, thickness: float) -> list[float]:
    """Walk through two days, the second of which counts."""
    p = _numbers()
    volume, rest, sleep = mouth.volume, mouth.rest, mouth.sleep
    vigour = (mouth.stimulated - rest) / p["typical_excess"]
    layer = max(thickness, 1e-6)
    within_sugar, within_ions = 0.5 * layer / p["sugar_diffusivity"], 0.5 * layer / p["ion_diffusivity"]
    resting_base = _base(mouth.ph, mouth.carbonate[0], mouth.phosphate[0])
    sugar = residue = acid = held = lactic = excess = 0.0
    fluoride, tissue_f = mouth.fluoride, p["uptake"] * mouth.fluoride / p["back"]
    plaque_sugar, plaque_ph, plaque_f, cover, fluid_ph = 0.0, mouth.ph, mouth.fluoride, 1.0, mouth.ph
    saliva_share = plaque_share = 1.0
    first, slope = mouth.saturation[dentine], mouth.slope[dentine]
    first_f, slope_f = mouth.saturation[2], mouth.slope[2]
    stretches = _stretches(habits)
    for day in range(2):
        lost = lost_guarded = dose = deep = thinned = gained = hours = sour = mean_f = log_f = flowing = 0.0
        for duration, taken, asleep in stretches:
            kind = taken[2] if taken else ""
            inflow, keep, entering_acid = 0.0, False, 0.0
            if taken:
                amount = taken[6]
                if taken[4] is not None:
                    entering_acid = p["acid"] * min(max((6.0 - taken[4]) / 3.0, 0.0), 1.0)
                keep = kind in ("brush", "rinse")
                if keep:
                    held = mouth.residual + amount
                    share = mouth.residual / held
                    sugar, acid, saliva_share = sugar * share, acid * share, saliva_share * share
                    fluoride = fluoride * share + taken[5] * amount / held
                else:
                    inflow = amount / duration
            chewing = p["chewing"] if kind == "meal" else p["brushing"] if keep else 0.0
            stirred = 1.0 if kind == "meal" or keep else min(1.0, p["sips"] / duration) if kind == "drink" else 0.0
            left, step = duration, FIRST
            while left > 1e-6:
                fed = sugar > 0.05 or plaque_sugar > 0.05
                dt = min(step, left, FED if fed and thickness else LONGEST)
                left -= dt
                step *= GROWTH
                wanted = 0.0
                if not asleep:
                    sweet, tart = sugar / (sugar + p["sugar_half"]), acid / (acid + p["acid_half"])
                    wanted = vigour * p["most"] * (1.0 - (1.0 - chewing) * (1.0 - p["sweet"] * sweet) * (1.0 - tart))
                still = math.exp(-dt / p["lag"])
                flow = (
                    (sleep if asleep else rest) + wanted + (excess - wanted) * (1.0 - still) * p["lag"] / dt
                )  # the mean over the step
                excess = wanted + (excess - wanted) * still
                space = held if keep else volume
                held += flow * dt * keep
                leaving = (flow + inflow) / space  # of what is held nothing leaves, but as much is diluted
                sugar_in = (inflow * taken[3] if inflow else 0.0) + p["dissolve"] * residue
                residue *= math.exp(-p["dissolve"] * dt)
                sugar = (sugar + dt * sugar_in / space) / (1.0 + dt * leaving)
                acid = (acid + dt * inflow * entering_acid / space) / (1.0 + dt * leaving)
                back = p["back"] * tissue_f
                fluoride_in = flow * mouth.fluoride + (inflow * taken[5] if inflow else 0.0) + back
                fluoride = (fluoride + dt * fluoride_in / space) / (1.0 + dt * (leaving + p["uptake"] / space))
                tissue_f = (tissue_f + dt * p["uptake"] * fluoride) / (1.0 + dt * p["back"])
                cover += (1.0 - cover) * (1.0 - math.exp(-dt / p["regrowth"]))
                share = min(max((flow - rest) / max(mouth.stimulated - rest, 1e-9), 0.0), 1.0)
                carbonate = (1.0 - share) * mouth.carbonate[0] + share * mouth.carbonate[1]
                phosphate = (1.0 - share) * mouth.phosphate[0] + share * mouth.phosphate[1]
                fluid_base = _base(mouth.ph, carbonate, phosphate) - acid
                fluid_ph = mouth.ph if acid < SOUR else _sour(fluid_base + acid, carbonate, phosphate, acid, fluid_ph)
                ph = fluid_ph
                film = 1.0 / (stirred / p["stirred"] + (1.0 - stirred) / _film(p, mouth, flow)) / p["film_diffusivity"]
                saliva_share = (saliva_share + dt * flow / space) / (1.0 + dt * (flow + inflow) / space)
                if thickness:
                    h_sugar, h_ion = 1.0 / (film + within_sugar), 1.0 / (film + within_ions)
                    inside = (plaque_ph - p["ph_minimum"]) * (p["ph_maximum"] - plaque_ph)
                    appetite = inside / (inside + (plaque_ph - p["ph_optimum"]) ** 2) if inside > 0.0 else 0.0
                    active = p["production"] * appetite * cover / (1.0 + fluoride / p["inhibition"])
                    hunger = active / (p["half"] + plaque_sugar)
                    plaque_sugar = (p["water"] * plaque_sugar + dt * h_sugar / layer * sugar) / (
                        p["water"] + dt * h_sugar / layer + dt * hunger
                    )
                    made = p["yield"] * hunger * plaque_sugar
                    lactic = (lactic + dt * made / p["water"]) / (1.0 + dt * h_ion / layer / p["water"])
                    base, capacity = _buffered(plaque_ph, carbonate, phosphate)
                    theta = 1.0 / (1.0 + 10.0 ** (p["pk"] - plaque_ph))
                    stiff = LN10 * p["fixed"] * theta * (1.0 - theta) + p["water"] * capacity + 1.0
                    rate = h_ion / layer * (fluid_base - base) - made
                    plaque_ph += min(max(dt * rate / (stiff + dt * h_ion / layer * capacity), -0.7), 0.7)
                    plaque_ph = min(max(plaque_ph, 3.6), mouth.ph + 1.0)
                    ph = plaque_ph
                    plaque_share += (saliva_share - plaque_share) * (1.0 - math.exp(-dt * h_ion / layer / p["water"]))
                    plaque_f = (plaque_f + dt * h_ion / layer / p["water"] * fluoride) / (1.0 + dt * h_ion / layer / p["water"])
                else:
                    plaque_f, plaque_share, h_ion = fluoride, saliva_share, 1.0 / film
                if day:
                    thin = math.log10(max(plaque_share, 1e-3))
                    index = first + slope * (ph - mouth.ph) + IONS * thin
                    index_f = first_f + slope_f * (ph - mouth.ph) + (IONS + 1) * thin + math.log10(plaque_f / mouth.fluoride)
                    passed = dt * h_ion * mouth.calcium * plaque_share
                    lost += passed * max(0.0, 10.0 ** min(-index / IONS, 3.0) - 1.0)
                    lost_guarded += passed * max(0.0, 10.0 ** min(-index_f / (IONS + 1), 3.0) - 1.0)
                    dose += dt * max(0.0, IONS * thin - index)
                    deep += dt * max(0.0, (IONS + 1) * thin - index_f)
                    thinned += dt * max(0.0, -index)
                    gained += passed * max(0.0, 1.0 - 10.0 ** (-index / IONS))
                    hours += dt * sugar / (sugar + 1.0)
                    sour += dt * acid / (acid + 5.0)
                    mean_f += dt * plaque_f
                    log_f += dt * math.log(plaque_f)
                    flowing += dt * flow
            if kind == "brush":
                cover *= 1.0 - p["removed"]
            elif kind == "meal":
                residue += p["residue"] * taken[3]
    return [
        lost * 1e6 / DAY,
        lost_guarded * 1e6 / DAY,
        dose / HOUR,
        deep / HOUR,
        thinned / HOUR,
        gained * 1e6 / DAY,
        hours / HOUR,
        sour / HOUR,
        mean_f / DAY,
        log_f / DAY,
        math.log(rest * 60.0),
        math.log(flowing / DAY * 60.0),
        mouth.saturation[dentine],
        math.log(max(resting_base, 0.1)),
        math.log(thickness * 1e6) if thickness else 0.0,
        float(sum(entry[2] == "brush" for entry in habits.cleaned)),
    ]


def _base(ph: float, carbonate: float, phosphate: float) -> float:
    return carbonate / (1.0 + 10.0 ** (PK_CARBONATE - ph)) + phosphate / (1.0 + 10.0 ** (PK_PHOSPHATE - ph))


def _buffered(ph: float, carbonate: float, phosphate: float) -> tuple[float, float]:
    """Return base of the mobile buffers at a pH [mol/m3], and how much it changes with pH."""
    one, two = 1.0 / (1.0 + 10.0 ** (PK_CARBONATE - ph)), 1.0 / (1.0 + 10.0 ** (PK_PHOSPHATE - ph))
    capacity = LN10 * (carbonate * one * (1.0 - one) + phosphate * two * (1.0 - two) + 1000.0 * 10.0**-ph)
    return carbonate * one + phosphate * two - 1000.0 * 10.0**-ph, capacity


def _sour(base: float, carbonate: float, phosphate: float, acid: float, ph: float) -> float:
    """Return the pH of the mouth's fluid with a weak acid in it: where its groups have let go what the buffers took up.

    Arguments: base (of the buffers without the acid [mol/m3]); carbonate; phosphate; acid (its groups [mol/m3]); ph to start from.
    """
    for _ in range(4):
        held, capacity = _buffered(ph, carbonate, phosphate)
        free = 1.0 / (1.0 + 10.0 ** (PK_ACID - ph))
        off = held + acid * free - base
        ph = min(max(ph - min(max(off / (capacity + LN10 * acid * free * (1.0 - free)), -0.7), 0.7), 2.0), 8.5)
    return ph


def _film(p: dict[str, float], mouth: MouthConstants, flow: float) -> float:
    """Return the thickness of still fluid [m] that resists as the moving film does, as :func:`amelo.twin.saliva.film_thickness` has it."""
    velocity = mouth.velocity * min(flow / p["typical_rest"], p["velocity_gain"])
    carried = max(velocity, 1e-12) * p["film"] / p["plaque_length"]
    return p["film_diffusivity"] / (carried * -math.expm1(-p["sherwood"] * p["film_diffusivity"] / p["film"] / carried))


@lru_cache(maxsize=1)
def _numbers() -> dict[str, float]:
    """Return the constants of the ``mouth`` set that a step needs, in mL, s, mol/m3 and m."""
    value = load_set("mouth").value
    most = value("flow.acid")
    sip = value("intake.drink") / value("intake.sip") * value("intake.sip_time")
    return {
        "typical_rest": value("flow.rest") / 60.0,
        "typical_excess": (value("flow.stimulated") - value("flow.rest")) / 60.0,
        "lag": MINUTE * value("flow.lag"),
        "most": most / 60.0,
        "sweet": value("flow.sugar") / most,
        "chewing": value("flow.chewing") / most,
        "brushing": value("flow.brushing") / most,
        "sugar_half": value("flow.sugar_half"),
        "acid_half": value("flow.acid_half"),
        "acid": value("intake.acid"),
        "sips": sip,
        "residue": value("food.residue"),
        "dissolve": math.log(2.0) / MINUTE / value("food.dissolution_half_life"),
        "uptake": value("fluoride.uptake") / MINUTE,
        "back": math.log(2.0) / MINUTE / value("fluoride.release_half_life"),
        "regrowth": HOUR * value("brushing.regrowth"),
        "removed": value("brushing.plaque_removed"),
        "inhibition": value("fluoride.metabolic_half"),
        "film": 1e-3 * value("film.thickness"),
        "stirred": 1e-3 * value("film.during_intake"),
        "film_diffusivity": value("film.diffusivity"),
        "sherwood": value("film.sherwood"),
        "plaque_length": 1e-3 * value("film.plaque_length"),
        "velocity_gain": value("film.velocity_gain"),
        "sugar_diffusivity": value("plaque.diffusivity_sugar"),
        "ion_diffusivity": value("plaque.diffusivity_ions"),
        "production": value("plaque.acid_production") * value("plaque.biomass") / HOUR,
        "half": value("plaque.half_saturation"),
        "yield": value("plaque.lactate_yield"),
        "water": value("plaque.water"),
        "fixed": value("plaque.fixed_buffer"),
        "pk": value("plaque.fixed_buffer_pk"),
        "ph_minimum": value("plaque.ph_minimum"),
        "ph_optimum": value("plaque.ph_optimum"),
        "ph_maximum": value("plaque.ph_maximum"),
    }
