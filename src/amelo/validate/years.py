"""P8, P9 and C9 to C17: what the projection says of published trials and cohorts, joined to the subject ``living``.

The note of a row says whether it is a prediction, an input carried through, or calibrated on.  How often a pulp is exposed is published and put
in: the excavation itself is modelled elsewhere.  Constants of the years stand at their values; posteriors are drawn.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache

import numpy as np

from amelo.forecast.stages.chain import STAGES, transition
from amelo.params import load_set
from amelo.validate.claim import Claim, claim
from amelo.years import Projection, Start, Surface, project, success_after
from amelo.years.hazards import hazards_of
from amelo.years.project import propagate
from amelo.years.states import code

__all__ = ["IDS", "ROWS", "claims"]

SEED, MEMBERS = 2026, 4000
COVERS = {1: 0.4, 2: 0.5, 4: 0.1}  # surfaces of composites, as the posterior takes the studies
ROOT_YEARS = (10, 20, 30, 37)
Row = tuple[str, Callable[[], float]]

ROWS: dict[str, Row] = {
    "C9_ratio": ("infiltrated over untreated lesions that progress, 3 y", lambda: _progress(True) / _progress(False)),
    "C9_treated": ("infiltrated lesions that progress, 3 y", lambda: 100.0 * _progress(True)),
    "C10_selective": ("selective removal, failures at 5 y", lambda: 100.0 - _arm(5.0, _selective_exposed(), _left())),
    "C10_stepwise": ("stepwise removal, failures at 5 y", lambda: 100.0 - _arm(5.0, _input("P8_exposed_stepwise") / 100.0)),
    "C10_order": ("selective fails less than stepwise", lambda: float(_arm(5.0, _selective_exposed(), _left()) > _arm(5.0, _input("P8_exposed_stepwise") / 100.0))),
    **{f"C12_{risk}_{years}": (f"composites, {risk} risk, {years} y", lambda r=risk, y=years: _composites("trial", r == "high", y)) for risk in ("average", "high") for years in (5, 10)},
    "C12_practice": ("direct restorations in practice, 10 y", lambda: _composites("practice", False, 10)),
    "C13": ("ceramic crowns, amelogenesis imperfecta, 5.5 y", lambda: _crowns()),
    "C14": ("pulpotomy in irreversible pulpitis, 2 y", lambda: 100.0 * float(success_after(2.0, diagnosis="irreversible pulpitis", cap="pulpotomy"))),
    "C15": ("teeth lost in a year, periodontal maintenance", lambda: _periodontal()),
    **{f"C16_{years}": (f"root-treated teeth, specialist, {years} y", lambda y=years: _rooted(y)) for years in ROOT_YEARS},
    "C17": ("implants, 10 y", lambda: _implants()),
    "vital_24": ("direct caps of calcium silicate, 24 months", lambda: _arm(2.0, 1.0, cap="calcium silicate")),
    "indirect_36": ("indirect caps, 36 months", lambda: _arm(3.0, 0.0, _left())),
    "P8_fitted": ("non-selective removal, success at 5 y", lambda: _arm(5.0, _input("P8_exposed_hard") / 100.0)),
    "P8_stepwise": ("stepwise removal, success at 5 y", lambda: _arm(5.0, _input("P8_exposed_stepwise") / 100.0)),
    "P8_difference": ("stepwise minus non-selective", lambda: ROWS["P8_stepwise"][1]() - ROWS["P8_fitted"][1]()),
    "P9_total": ("total removal with caps, pulps alive at 1 y", lambda: _painful(_input("P9_exposed") / 100.0)),
    "P9_selective": ("selective removal, pulps alive at 1 y", lambda: _painful(0.0, _left())),
    "P9_difference": ("total minus selective", lambda: ROWS["P9_total"][1]() - ROWS["P9_selective"][1]()),
}  # fmt: skip
IDS = tuple(name.replace("_", " ") for name in ROWS)


def claims() -> list[Claim]:
    """Return all rows."""
    return [claim(f"years.{name}", what, compute, id=name.replace("_", " ")) for name, (what, compute) in ROWS.items()]


def _input(name: str) -> float:
    return load_set("validation").value(f"years.input.{name}")


def _left() -> dict[str, float]:
    """Return what selective removal leaves over a pulp."""
    return {"residual": load_set("years").value("after.residual_selective"), "carious_left": 1.0}


def _arm(
    years: float, exposed: float, floor: dict[str, float] | None = None, cap: str = "calcium hydroxide", pain: bool = False
) -> float:
    """Return how many [%] pulps are alive in an arm of which a part is exposed; the others lie under a floor, hard where none is given."""
    left = floor or {"residual": load_set("years").value("after.residual")}
    closed, opened = success_after(years, pain=pain, **left), success_after(years, exposed=True, cap=cap, pain=pain)
    return 100.0 * float((1.0 - exposed) * closed + exposed * opened)


def _painful(exposed: float, floor: dict[str, float] | None = None) -> float:
    """Return an arm of the trial with calcium silicate at 12 months, with its part of patients in pain."""
    share = _input("P9_pain")
    arms = [_arm(1.0, exposed, floor, "calcium silicate", pain) for pain in (False, True)]
    return (1.0 - share) * arms[0] + share * arms[1]


def _selective_exposed() -> float:
    """Return the part of pulps that selective removal exposes: the odds of removal to hard dentine times the published ratio."""
    hard = _input("P8_exposed_hard") / 100.0
    odds = load_set("evidence").value("selective_exposure.effect") * hard / (1.0 - hard)
    return odds / (1.0 + odds)


@cache
def _progress(infiltrated: bool) -> float:
    """Return the share of lesions in inner enamel and outer dentine that a film finds deeper after three years, adults at high risk."""
    value = load_set("natural-history").value
    variance = value("prior.frailty_variance")  # who has such lesions is frailer than others: one more event of the gamma law
    risky = np.random.default_rng([SEED, 9]).standard_gamma(1.0 / variance + 1.0, MEMBERS) * variance * value("prior.high_risk")
    share, outer = 0.0, value("study.peters_outer")
    for stage, deeper, part in (("E2", "D1", 1.0 - outer), ("D1", "D2", outer)):
        start = Start(
            MEMBERS, age=value("study.peters_age"), tooth=36, surfaces=(Surface("M", stage),), caries_frailty=risky,
            effects=("infiltration_permanent",) * infiltrated,
        )  # fmt: skip
        h = hazards_of(start, SEED, spread=False)
        rates = np.minimum(np.exp(h.log_rate[:, 0]) * h.activity[:, :1], 4.0)
        chances = transition(rates, value("study.peters_time"))[:, STAGES.index(stage), STAGES.index(deeper) :]
        share += part * float(chances.sum(axis=1).mean())
    return share


@cache
def _composites(setting: str, high: bool, years: int) -> float:
    """Return how many [%] composites of the studies' mix have not failed."""
    value = load_set("restorations").value
    dice = np.random.default_rng([SEED, 12])
    total = 0.0
    for tooth, molars in ((36, value("study.composite_molars")), (35, 1.0 - value("study.composite_molars"))):
        for covers, part in COVERS.items():
            risky = 1.0 if high else (dice.random(MEMBERS) < value("study.high_risk")).astype(float)
            old = (dice.random(MEMBERS) < value("study.elderly")).astype(float) if setting == "practice" else 0.0
            rooted = (dice.random(MEMBERS) < value("study.root_treated")).astype(float) if setting == "practice" else 0.0
            start = Start(
                MEMBERS, age=40.0, tooth=tooth, setting=setting, material="composite", covers=covers, strength=0.8, root_treated=rooted,
                flags={"high_risk": risky, "elderly": old},
            )  # fmt: skip
            total += (
                molars
                * part
                * float(project(start, float(years), seed=SEED, spread=False, step=0.5).restoration_survival[-1].mean())
            )
    return 100.0 * total


def _crowns() -> float:
    start = Start(MEMBERS, age=16.0, tooth=36, setting="trial", material="crown_ceramic", covers=5)
    return 100.0 * float(project(start, 5.5, seed=SEED, spread=False).restoration_survival[-1].mean())


def _periodontal() -> float:
    """Return 24 times the losses of a first year, all causes."""
    start = Start(MEMBERS, age=55.0, tooth=36, periodontal=True)
    return 24.0 * float(project(start, 1.0, seed=SEED, spread=False).incidence("tooth lost")[-1].mean())


@cache
def _root_years() -> Projection:
    start = Start(200, age=40.0, tooth=36, setting="trial", material="crown_metal_ceramic", covers=5, root_treated=True)
    return project(start, 37.0, seed=SEED, spread=False, step=0.5)


def _rooted(years: int) -> float:
    """Return how many [%] root-treated and crowned teeth are kept, refitted crowns, fractures and all."""
    p = _root_years()
    return 100.0 * float(p.tooth_kept[round(years / 0.5)].mean())


def _implants() -> float:
    """Return how many [%] implants last ten years, clinics of all kinds."""
    h = hazards_of(Start(MEMBERS, age=55.0, tooth=36), SEED, spread=False)
    _, occupied, _, _ = propagate(replace(h, state=np.full(MEMBERS, code("implant"))), 10.0)
    return 100.0 * float(occupied[:, -1, code("implant")].mean())
