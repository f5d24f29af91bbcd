"""How fast a surface loses mineral in a patient's mouth, in milliseconds: learned from the ion-resolved lesion twin.

The twin was run through the days of some hundred drawn mouths (``bench/activity.py``); what it gave is read here by a sum of few smooth steps over the
sums of a day (:mod:`amelo.twin.activity_day`).  The answer is net and of a sound surface in its fifth and sixth day.  Sound tissue has nothing to
gain, so that 0 is the least there is, and says that the surface is safe.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any, Literal

import numpy as np

from amelo.errors import CommandError, nearest, shorten
from amelo.params import load_set
from amelo.records.base import UNKNOWN
from amelo.records.case import Case
from amelo.records.check import build
from amelo.records.mouth import Diet, Hygiene, Meal
from amelo.twin.activity_day import FEATURES, day_features

__all__ = [
    "PER_DAY",
    "Activity",
    "activity_of",
    "activity_table",
    "filled",
    "measured",
    "predicted",
    "thickness_of",
    "typical_activity",
    "with_habits",
    "with_snacks",
]

Tissue = Literal["enamel", "dentine"]
TISSUES = ("enamel", "dentine")
PER_DAY = 86_400.0 * 1e8  # vol%·µm per day of m/s
INTERVAL = (0.05, 0.95)
WIDER = 2.0  # how much wider an interval is outside what was run
MOST_SNACKS = 50
FREE = ("meal", "unsweetened drink")  # what a limit on snacks leaves alone


@dataclass(frozen=True, eq=False)
class Activity:
    """Net loss of mineral through a surface.

    Fields: rate, low, high [m of mineral per s, dΔZ/dt; 0 where nothing is lost], low to high being the 5-95 % interval of
    what the twin would have said; tissue; plaque [m], 0 for a clean surface; outside and assumed (sentences): in what the mouth lies beyond those
    that were run, and what the case does not know; scaled, the rate on the scale in which it was learned, with the quantiles of its error there.
    """

    rate: float
    low: float
    high: float
    tissue: Tissue
    plaque: float
    outside: tuple[str, ...] = ()
    assumed: tuple[str, ...] = ()
    scale: float = 1.0
    scaled: float = 0.0
    errors: np.ndarray = field(default_factory=lambda: np.zeros(2))
    probabilities: np.ndarray = field(default_factory=lambda: np.array([0.0, 1.0]))

    @property
    def per_day(self) -> float:
        """Return the rate in the unit of microradiography, vol%·µm per day."""
        return self.rate * PER_DAY

    def draw(self, count: int, seed: int = 0) -> np.ndarray:
        """Return plausible rates (count,) [m/s]: around the rate by the errors that the fit made in mouths held out.

        Arguments: count; seed.
        Raises: CommandError for a count below 1.
        """
        if isinstance(count, bool) or not isinstance(count, int) or count < 1:
            raise CommandError(f"{shorten(count)} draws cannot be made", why="a whole number from 1 is needed")
        return self.at(np.random.default_rng(seed).uniform(size=count))

    def at(self, chance: np.ndarray) -> np.ndarray:
        """Return the rates [m/s] below which what the twin would have said lies with these chances."""
        return self.scale * np.sinh(np.maximum(self.scaled + np.interp(chance, self.probabilities, self.errors), 0.0)) / PER_DAY

    def ratio_to(self, other: Activity) -> float:
        """Return how much faster this surface loses mineral than another of the same tissue, always above 0.

        Where both lose much it is the ratio of their rates; what loses nothing stands some way below what loses little, and not at 0.
        Raises: CommandError for another tissue.
        """
        if self.tissue != other.tissue:
            raise CommandError(f"{self.tissue} and {other.tissue} cannot be compared", why="they dissolve in different fluids")
        return float(self.ratios(np.asarray(self.rate), other))

    def ratios(self, rates: np.ndarray, other: Activity) -> np.ndarray:
        """Return the same of other rates of this surface [m/s], number or array."""
        return np.exp(np.arcsinh(rates * PER_DAY / self.scale) - np.arcsinh(other.rate * PER_DAY / self.scale))


def activity_of(
    case: Case,
    *,
    tissue: Tissue = "enamel",
    plaque: bool | float = True,
    brushing_per_day: float | None = None,
    toothpaste_fluoride: float | None = None,
    snacks: int | None = None,
    rinse_fluoride: float | None = None,
) -> Activity:
    """Return how fast a sound surface loses mineral in a patient's mouth, as it is or with other habits.

    Arguments: case; tissue (enamel, or exposed dentine); plaque (whether plaque stays on the surface, or its thickness [m]); and, where they change,
    brushing_per_day, toothpaste_fluoride and rinse_fluoride [ppm F], snacks (most a day, see :func:`with_snacks`).
    Returns: the activity, with what the case does not know, and in what it lies beyond the mouths that were run.
    Raises: CommandError for another tissue, thickness or number of snacks; RecordError for habits that no record allows.
    Assumptions: varnish is no part of a usual day; one place of the mouth stands for all.
    """
    if tissue not in TISSUES:
        raise CommandError(f"'{shorten(tissue)}' is not a tissue whose activity is known", fix=nearest(str(tissue), TISSUES))
    thickness = thickness_of(plaque)
    case, assumed = with_habits(case, brushing_per_day, toothpaste_fluoride, snacks, rinse_fluoride)
    table = activity_table()
    site = f"{tissue} {'plaque' if thickness else 'clean'}"
    features = _features(case.saliva, case.sex, case.age_band, case.diet, case.hygiene, tissue, thickness)
    outside = tuple(_outside(case, thickness, table["ranges"]))
    return _answer(table["sites"][site], features, tissue, thickness, outside, assumed)


@lru_cache(maxsize=16)
def typical_activity(tissue: Tissue = "enamel", *, plaque: bool | float = True) -> Activity:
    """Return the activity of the mouth of which nothing is known: typical saliva and the usual day of the ``habits`` set.

    Arguments: tissue; plaque.  What is known of many people, such as rates of natural history, is of such a mouth.
    """
    return activity_of(_nobody(), tissue=tissue, plaque=plaque)


def with_habits(
    case: Case,
    brushing_per_day: float | None = None,
    toothpaste_fluoride: float | None = None,
    snacks: int | None = None,
    rinse_fluoride: float | None = None,
) -> tuple[Case, tuple[str, ...]]:
    """Return a case with some habits changed and all of them known, and what had to be assumed; arguments as of :func:`activity_of`."""
    values = {
        "brushing_per_day": brushing_per_day,
        "toothpaste_fluoride": toothpaste_fluoride,
        "rinse_fluoride": rinse_fluoride,
    }
    if changes := {name: float(value) for name, value in values.items() if value is not None}:
        hygiene = build(Hygiene, case.hygiene.model_dump() | changes, "hygiene")
        case = case.model_copy(update={"hygiene": hygiene})
    case, assumed = filled(case)
    return (case if snacks is None else with_snacks(case, snacks)), assumed


def with_snacks(case: Case, most: int) -> Case:
    """Return a case that eats and drinks at most ``most`` times between meals.

    Arguments: case (its diet known); most.
    Raises: CommandError for a number that is none.
    Assumptions: meals stay, and so do unsweetened drinks; of everything else the first ``most`` of the day stay.
    """
    if isinstance(most, bool) or not isinstance(most, int) or not 0 <= most <= MOST_SNACKS:
        raise CommandError(f"snacks at most {shorten(most)} a day is not possible", why=f"a whole number from 0 to {MOST_SNACKS}")
    kept, count = [], 0
    for meal in sorted(case.diet.meals, key=lambda meal: meal.at):
        count += meal.what not in FREE
        if meal.what in FREE or count <= most:
            kept.append(meal)
    return case.model_copy(update={"diet": case.diet.model_copy(update={"meals": tuple(kept)})})


def filled(case: Case) -> tuple[Case, tuple[str, ...]]:
    """Return a case whose habits are all known, and a sentence for each that was not: the ``habits`` set stands in.

    Saliva is left as it is: :func:`amelo.twin.saliva.saliva_profile` says what it takes for what is not known of it, and that is told here too.
    """
    usual, said = load_set("habits").value, []
    diet, hygiene = case.diet, case.hygiene
    if diet.meals == UNKNOWN:
        meals = tuple(
            Meal(at=f"{int(hour):02d}:{round(hour % 1 * 60):02d}", what=what)
            for what, hour in (
                ("meal", usual("usual.breakfast")),
                ("snack", usual("usual.snack")),
                ("meal", usual("usual.lunch")),
                ("sugared drink", usual("usual.sugared_drink")),
                ("meal", usual("usual.dinner")),
            )
        )
        diet = diet.model_copy(update={"meals": meals})
        said.append("three meals, a snack and a sugared drink a day, because nobody asked what this patient eats")
    meals = []
    for meal in diet.meals:
        key, new = meal.what.replace(" ", "_"), {}
        if meal.duration == UNKNOWN:
            new["duration"] = usual(f"eating.{key}.duration")
            said.append(f"{new['duration']:g} min of the {meal.what} at {meal.at}")
        if meal.sugar == UNKNOWN:
            new["sugar"] = 100.0 * usual(f"eating.{key}.sugar")
            said.append(f"{new['sugar']:g} % sugar in the {meal.what} at {meal.at}")
        meals.append(meal.model_copy(update=new) if new else meal)
    known: dict[str, float] = {}
    for name, value, unit in (
        ("brushing_per_day", usual("usual.brushing"), "brushings a day"),
        ("toothpaste_fluoride", usual("usual.toothpaste"), "ppm F in the toothpaste"),
        ("rinse_fluoride", 0.0, "ppm F in a daily rinse"),
        ("water_fluoride", usual("usual.water"), "mg/L F in the water"),
    ):
        if getattr(hygiene, name) == UNKNOWN:
            known[name] = value
            said.append(f"{value:g} {unit}, because the case does not say")
    often = known.get("brushing_per_day", hygiene.brushing_per_day)
    if often != (whole := min(round(float(often)), 3)):
        known["brushing_per_day"] = float(whole)
        said.append(f"{whole} brushings for {often:g} per day")
    update = {"diet": diet.model_copy(update={"meals": tuple(meals)}), "hygiene": hygiene.model_copy(update=known)}
    return case.model_copy(update=update), (*said, *_saliva_assumed(case.saliva, case.sex, case.age_band))


def predicted(site: Mapping[str, Any], features: np.ndarray) -> np.ndarray:
    """Return the rate on the scale in which it was learned (rows,) of sums of a day (rows, features): asinh of rate over scale.

    Below 0 nothing is lost, the surer the lower.
    """
    x = (features[:, site["columns"]] - np.array(site["centre"])) / np.array(site["width"])
    x = np.clip(x, site["least"], site["most"])  # beyond what was run it goes on level
    parts = [
        m["level"] + x @ np.array(m["slopes"]) + np.tanh(x @ np.array(m["inner"]).T + np.array(m["shift"])) @ np.array(m["height"])
        for m in site["members"]
    ]
    return np.mean(parts, axis=0)


@cache
def activity_table() -> dict[str, Any]:
    """Return what was learned, with where it comes from: sites, ranges of the design, provenance and scores on mouths held out."""
    table = json.loads((files("amelo.twin") / "activity_tables" / "activity.json").read_text("utf-8"))
    for site in table["sites"].values():
        site["columns"] = [FEATURES.index(name) for name in site["features"]]
    return table


def _answer(
    site: Mapping[str, Any],
    features: np.ndarray,
    tissue: Tissue,
    thickness: float,
    outside: tuple[str, ...],
    assumed: tuple[str, ...],
) -> Activity:
    told, known = float(predicted(site, features[None, :])[0]), site["errors"]
    probabilities = np.array(known["probabilities"])
    rows, centres = np.array(known["quantiles"]), np.array(known["centres"])
    errors = np.array([np.interp(told, centres, column) for column in rows.T]) * (WIDER if outside else 1.0)
    found = Activity(0.0, 0.0, 0.0, tissue, thickness, outside, assumed, site["scale"], max(told, 0.0), errors, probabilities)
    rate, (low, high) = site["scale"] * np.sinh(found.scaled) / PER_DAY, found.at(np.array(INTERVAL))
    return replace(found, rate=float(rate), low=float(min(low, rate)), high=float(max(high, rate)))


def _outside(case: Case, thickness: float, ranges: Mapping[str, Any]) -> list[str]:
    """Return a sentence for everything in which a mouth lies beyond those that were run."""
    found = []
    for name, value in measured(case, thickness).items():
        low, high, words = ranges[name]
        if not low <= value <= high:
            found.append(f"{words} {value:g} is outside the {low:g} to {high:g} of the mouths that were run")
    return found


def measured(case: Case, thickness: float) -> dict[str, float]:
    """Return by name what is known of a mouth and has a range in the table, in its units.

    Arguments: case, its habits known; thickness of plaque [m].
    """
    meals, saliva, hygiene = case.diet.meals, case.saliva, case.hygiene
    seen = {
        name: float(getattr(saliva, name))
        for name in ("unstimulated_flow", "stimulated_flow", "pH", "calcium", "phosphate", "fluoride", "bicarbonate")
        if getattr(saliva, name) != UNKNOWN
    }
    seen |= {name: float(getattr(hygiene, name)) for name in ("toothpaste_fluoride", "rinse_fluoride", "water_fluoride")}
    seen["occasions"] = float(len(meals))
    if meals:
        seen["longest"] = max(float(meal.duration) for meal in meals)
        seen["acidic"] = min((float(meal.pH) for meal in meals if meal.pH != UNKNOWN), default=7.0)
    if thickness:
        seen["plaque"] = 1e6 * thickness
    return seen


def thickness_of(plaque: bool | float) -> float:
    """Return the thickness of plaque [m]: that of the ``mouth`` set for True, none for False.

    Raises: CommandError for what no plaque is.
    """
    if isinstance(plaque, bool):
        return 1e-3 * load_set("mouth").value("plaque.thickness") if plaque else 0.0
    if not isinstance(plaque, int | float) or not 0.0 <= plaque <= 5e-3:
        raise CommandError(
            f"plaque {shorten(plaque)} m thick is not possible", why="allowed 0 to 0.005 m", fix="write 150e-6 for 150 µm"
        )
    return float(plaque)


@lru_cache(maxsize=4096)
def _features(saliva: Any, sex: str, age_band: str, diet: Diet, hygiene: Hygiene, tissue: str, thickness: float) -> np.ndarray:
    who = _nobody().model_copy(update={"saliva": saliva, "sex": sex, "age_band": age_band, "diet": diet, "hygiene": hygiene})
    return day_features(who, tissue, thickness)


@lru_cache(maxsize=1024)
def _saliva_assumed(saliva: Any, sex: str, age_band: str) -> tuple[str, ...]:
    from amelo.twin.saliva import saliva_profile

    return saliva_profile(_nobody().model_copy(update={"saliva": saliva, "sex": sex, "age_band": age_band})).assumed


@cache
def _nobody() -> Case:
    from datetime import date

    return Case(pseudonym="typical", origin="synthetic", recorded_on=date(2026, 1, 1))
