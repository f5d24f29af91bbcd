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

__all__ = ["FEATURES", "Habits", "MouthConstants", "constants_of_mouth", "day_features", "habits_of", "settled_cover"]

DAY, HOUR, MINUTE = 86_400.0, 3600.0, 60.0
DRINKS = ("sugared drink", "acidic drink", "unsweetened drink")
GAP = 600.0  # s between the last thing eaten and the brush
FIRST, GROWTH, LONGEST, FED = 15.0, 1.5, 600.0, 60.0  # s, steps; FED is the longest while there is sugar
LITTLE = 0.05  # mol/m3 of sugar from which plaque is fed
STRIDE, LOWEST = 0.7, 3.6  # of plaque's pH: most that it changes in a step, and least that it is, below where its bacteria stop
SOUR = 0.05  # mol/m3 of acid below which it changes nothing
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


def day_features(case: Case, tissue: str, thickness: float, *, settled: bool = True) -> np.ndarray:
    """Return the sums over a day (``FEATURES``,) of a case whose habits are all known.

    Arguments: case; tissue (enamel or dentine); thickness of plaque [m], 0 for a clean surface; settled (whether the mouth has been brushed
    like this for long, or for one day after never, as in the design of the twin's runs).
    """
    mouth, habits = constants_of_mouth(case), habits_of(case)
    found = dict(zip(FEATURES, _sums(mouth, habits, tissue == "dentine", thickness, settled), strict=True))
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


class _Mouth:
    """One well-mixed mouth: what :mod:`amelo.twin.mouth_balance` follows, without ions."""

    def __init__(self, mouth: MouthConstants) -> None:
        self.constants, p = mouth, _numbers()
        self.vigour = (mouth.stimulated - mouth.rest) / p["typical_excess"]
        self.reach = max(mouth.stimulated - mouth.rest, 1e-9)
        self.sugar = self.residue = self.acid = self.held = self.excess = self.inflow = self.flow = 0.0
        self.fluoride, self.tissue = mouth.fluoride, p["uptake"] * mouth.fluoride / p["back"]
        self.share, self.cover, self.ph, self.carbonate, self.phosphate = 1.0, 1.0, mouth.ph, *_first(mouth)
        self.base = _base(self.ph, self.carbonate, self.phosphate)

    def begin(self, taken: tuple | None) -> None:
        """Take what a stretch begins with: what is rinsed or brushed with at once, food and drink bit by bit."""
        p, kind = _numbers(), taken[2] if taken else ""
        self.keep = kind in ("brush", "rinse")
        self.inflow = taken[6] / taken[1] if taken and not self.keep else 0.0
        self.eaten, self.given = (taken[3], taken[5]) if taken else (0.0, 0.0)
        self.soured = p["acid"] * min(max((6.0 - taken[4]) / 3.0, 0.0), 1.0) if taken and taken[4] is not None else 0.0
        self.chewing = p["chewing"] if kind == "meal" else p["brushing"] if self.keep else 0.0
        self.stirred = 1.0 if kind == "meal" or self.keep else min(1.0, p["sips"] / taken[1]) if kind == "drink" else 0.0
        if self.keep:
            self.held = self.constants.residual + taken[6]
            left = self.constants.residual / self.held
            self.sugar, self.acid, self.share = self.sugar * left, self.acid * left, self.share * left
            self.fluoride = self.fluoride * left + taken[5] * taken[6] / self.held

    def end(self, taken: tuple | None) -> None:
        """Leave what a stretch leaves: food between the teeth, less plaque."""
        kind = taken[2] if taken else ""
        if kind == "brush":
            self.cover *= 1.0 - _numbers()["removed"]
        if kind == "meal":
            self.residue += _numbers()["residue"] * taken[3]

    def step(self, dt: float, asleep: bool) -> None:
        """Go on by a step [s]."""
        p, mouth, wanted = _numbers(), self.constants, 0.0
        if not asleep:
            sweet, tart = self.sugar / (self.sugar + p["sugar_half"]), self.acid / (self.acid + p["acid_half"])
            wanted = self.vigour * p["most"] * (1.0 - (1.0 - self.chewing) * (1.0 - p["sweet"] * sweet) * (1.0 - tart))
        lasting, more = math.exp(-dt / p["lag"]), self.excess - wanted
        flow = self.flow = (
            (mouth.sleep if asleep else mouth.rest) + wanted + more * (1.0 - lasting) * p["lag"] / dt
        )  # mean of the step
        self.excess = wanted + more * lasting
        space = self.held if self.keep else mouth.volume
        self.held += flow * dt * self.keep
        gone, came = 1.0 + dt * (flow + self.inflow) / space, dt / space  # of what is held nothing leaves, but as much is diluted
        self.sugar = (self.sugar + came * (self.inflow * self.eaten + p["dissolve"] * self.residue)) / gone
        self.residue *= math.exp(-p["dissolve"] * dt)
        self.acid = (self.acid + came * self.inflow * self.soured) / gone
        self.share = (self.share + came * flow) / gone
        fluoride = flow * mouth.fluoride + self.inflow * self.given + p["back"] * self.tissue
        self.fluoride = (self.fluoride + came * fluoride) / (gone + came * p["uptake"])
        self.tissue = (self.tissue + dt * p["uptake"] * self.fluoride) / (1.0 + dt * p["back"])
        self.cover += (1.0 - self.cover) * (1.0 - math.exp(-dt / p["regrowth"]))
        self._speciate(min(max((flow - mouth.rest) / self.reach, 0.0), 1.0))

    def _speciate(self, share: float) -> None:
        """Set buffers, their base and pH of a fluid between saliva at rest (0) and stimulated (1), with its acid."""
        mouth = self.constants
        self.carbonate = (1.0 - share) * mouth.carbonate[0] + share * mouth.carbonate[1]
        self.phosphate = (1.0 - share) * mouth.phosphate[0] + share * mouth.phosphate[1]
        saliva = mouth.ph + share * _numbers()["rise"]
        base = _base(saliva, self.carbonate, self.phosphate)
        self.ph = saliva if self.acid < SOUR else _sour(base, self.carbonate, self.phosphate, self.acid, self.ph)
        self.base = base - self.acid

    @property
    def film(self) -> float:
        """Resistance [s/m] of the film between mouth and surface."""
        p = _numbers()
        still = _film(p, self.constants, self.flow)
        return 1.0 / (self.stirred / p["stirred"] + (1.0 - self.stirred) / still) / p["film_diffusivity"]


class _Plaque:
    """One cell of plaque of a thickness [m]: sugar in, acid out, groups that hold protons."""

    def __init__(self, thickness: float, mouth: _Mouth) -> None:
        p = _numbers()
        self.layer, self.mouth = thickness, mouth
        self.within = 0.5 * thickness / p["sugar_diffusivity"], 0.5 * thickness / p["ion_diffusivity"]
        self.sugar, self.ph, self.fluoride, self.share = 0.0, mouth.ph, mouth.fluoride, 1.0
        self.passing = 1.0 / self.within[1]

    def step(self, dt: float) -> None:
        """Go on by a step [s]; the mouth has."""
        p, mouth, film = _numbers(), self.mouth, self.mouth.film
        sweet = dt / (film + self.within[0]) / self.layer
        self.passing = 1.0 / (film + self.within[1])
        ions = self.passing / self.layer
        inside = (self.ph - p["ph_minimum"]) * (p["ph_maximum"] - self.ph)
        appetite = inside / (inside + (self.ph - p["ph_optimum"]) ** 2) if inside > 0.0 else 0.0
        active = p["production"] * appetite * mouth.cover / (1.0 + mouth.fluoride / p["inhibition"])
        hunger = active / (p["half"] + self.sugar)
        self.sugar = (p["water"] * self.sugar + sweet * mouth.sugar) / (p["water"] + sweet + dt * hunger)
        base, capacity = _buffered(self.ph, mouth.carbonate, mouth.phosphate)
        held = 1.0 / (1.0 + 10.0 ** (p["pk"] - self.ph))
        stiff = LN10 * p["fixed"] * held * (1.0 - held) + p["water"] * capacity + 1.0
        change = dt * (ions * (mouth.base - base) - p["yield"] * hunger * self.sugar) / (stiff + dt * ions * capacity)
        self.ph = min(max(self.ph + min(max(change, -STRIDE), STRIDE), LOWEST), mouth.constants.ph + 1.0)
        mixed = dt * ions / p["water"]
        self.share += (mouth.share - self.share) * (1.0 - math.exp(-mixed))
        self.fluoride = (self.fluoride + mixed * mouth.fluoride) / (1.0 + mixed)


class _Surface:
    """What a surface meets, summed: how far, and through what, the fluid at it is from saturation."""

    def __init__(self, constants: MouthConstants, dentine: bool) -> None:
        self.constants = constants
        self.first, self.slope = constants.saturation[dentine], constants.slope[dentine]
        self.lost = self.guarded = self.dose = self.deep = self.thinned = self.gained = 0.0
        self.hours = self.sour = self.fluoride = self.log_fluoride = self.flowing = 0.0

    def meet(self, dt: float, mouth: _Mouth, ph: float, fluoride: float, share: float, passing: float) -> None:
        """Add a step [s] in a fluid of a pH, its fluoride [mol/m3], the share of it that is saliva, and how well ions pass to it [m/s]."""
        thin, off = math.log10(max(share, 1e-3)), ph - self.constants.ph
        more = math.log10(fluoride / self.constants.fluoride)
        index, with_fluoride = self.first + self.slope * off, self.constants.saturation[2] + self.constants.slope[2] * off + more
        thinned, guarded = (index + IONS * thin) / IONS, (with_fluoride + (IONS + 1) * thin) / (IONS + 1)
        passed = dt * passing * self.constants.calcium * share
        self.lost += passed * max(0.0, 10.0 ** min(-thinned, 3.0) - 1.0)
        self.guarded += passed * max(0.0, 10.0 ** min(-guarded, 3.0) - 1.0)
        self.gained += passed * max(0.0, 1.0 - 10.0**-thinned)
        self.dose += dt * max(0.0, -index)
        self.deep += dt * max(0.0, -with_fluoride)
        self.thinned += dt * max(0.0, -IONS * thinned)
        self.hours += dt * mouth.sugar / (mouth.sugar + 1.0)
        self.sour += dt * mouth.acid / (mouth.acid + 5.0)
        self.fluoride += dt * fluoride
        self.log_fluoride += dt * math.log(fluoride)
        self.flowing += dt * mouth.flow


def _sums(constants: MouthConstants, habits: Habits, dentine: bool, thickness: float, settled: bool) -> list[float]:
    """Walk through two days, the second of which counts."""
    mouth, surface = _Mouth(constants), _Surface(constants, dentine)
    mouth.cover = settled_cover(habits) if settled else 1.0
    plaque = _Plaque(thickness, mouth) if thickness else None
    stretches = _stretches(habits)
    for counts in (False, True):
        for duration, taken, asleep in stretches:
            mouth.begin(taken)
            left, step = duration, FIRST
            while left > 1e-6:
                fed = plaque is not None and (mouth.sugar > LITTLE or plaque.sugar > LITTLE)
                dt = min(step, left, FED if fed else LONGEST)
                left, step = left - dt, step * GROWTH
                mouth.step(dt, asleep)
                if plaque is not None:
                    plaque.step(dt)
                if counts:
                    at = plaque or mouth
                    surface.meet(dt, mouth, at.ph, at.fluoride, at.share, plaque.passing if plaque else 1.0 / mouth.film)
            mouth.end(taken)
    return [
        1e6 * surface.lost / DAY,
        1e6 * surface.guarded / DAY,
        surface.dose / HOUR,
        surface.deep / HOUR,
        surface.thinned / HOUR,
        1e6 * surface.gained / DAY,
        surface.hours / HOUR,
        surface.sour / HOUR,
        surface.fluoride / DAY,
        surface.log_fluoride / DAY,
        math.log(constants.rest * 60.0),
        math.log(surface.flowing / DAY * 60.0),
        constants.saturation[dentine],
        math.log(max(_base(constants.ph, *_first(constants)), 0.1)),
        math.log(thickness * 1e6) if thickness else 0.0,
        float(sum(entry[2] == "brush" for entry in habits.cleaned)),
    ]


def settled_cover(habits: Habits) -> float:
    """Return the share of plaque that is there at midnight in a mouth that has long been brushed at these times."""
    p, missing, clock = _numbers(), 0.0, 0.0
    share = 1.0  # of what was missing at midnight that still is
    for at, duration, kind, *_ in sorted(habits.cleaned):
        if kind == "brush":
            left = math.exp(-(at + duration - clock) / p["regrowth"])
            missing, share, clock = (
                p["removed"] + (1.0 - p["removed"]) * missing * left,
                (1.0 - p["removed"]) * share * left,
                at + duration,
            )
    left = math.exp(-(DAY - clock) / p["regrowth"])
    return 1.0 - missing * left / (1.0 - share * left)


def _first(mouth: MouthConstants) -> tuple[float, float]:
    return mouth.carbonate[0], mouth.phosphate[0]


def _base(ph: float, carbonate: float, phosphate: float) -> float:
    p = _numbers()
    return carbonate / (1.0 + 10.0 ** (p["carbonate_pk"] - ph)) + phosphate / (1.0 + 10.0 ** (p["phosphate_pk"] - ph))


def _buffered(ph: float, carbonate: float, phosphate: float) -> tuple[float, float]:
    """Return base of the mobile buffers at a pH [mol/m3], and how much it changes with pH."""
    p = _numbers()
    one, two = 1.0 / (1.0 + 10.0 ** (p["carbonate_pk"] - ph)), 1.0 / (1.0 + 10.0 ** (p["phosphate_pk"] - ph))
    capacity = LN10 * (carbonate * one * (1.0 - one) + phosphate * two * (1.0 - two) + 1000.0 * 10.0**-ph)
    return carbonate * one + phosphate * two - 1000.0 * 10.0**-ph, capacity


def _sour(base: float, carbonate: float, phosphate: float, acid: float, ph: float) -> float:
    """Return the pH of the mouth's fluid with a weak acid in it: where its groups have let go what the buffers took up.

    Arguments: base (of the buffers without the acid [mol/m3]); carbonate; phosphate; acid (its groups [mol/m3]); ph to start from.
    """
    for _ in range(4):
        held, capacity = _buffered(ph, carbonate, phosphate)
        free = 1.0 / (1.0 + 10.0 ** (_numbers()["acid_pk"] - ph))
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
        "rise": load_set("oral-fluids").value("ph.stimulated") - load_set("oral-fluids").value("ph.rest"),
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
        "carbonate_pk": value("box.carbonate_pk"),
        "phosphate_pk": value("box.phosphate_pk"),
        "acid_pk": value("box.acid_pk"),
        "water": value("plaque.water"),
        "fixed": value("plaque.fixed_buffer"),
        "pk": value("plaque.fixed_buffer_pk"),
        "ph_minimum": value("plaque.ph_minimum"),
        "ph_optimum": value("plaque.ph_optimum"),
        "ph_maximum": value("plaque.ph_maximum"),
    }
