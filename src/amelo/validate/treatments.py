"""P8, C9 to C11 by the whole tooth: trials of excavation and infiltration run on ensembles of teeth as the trials describe them.

One number is fitted, how rough a floor is, on how often excavation to hard dentine exposes the pulp in one arm of one trial; every other row
is predicted.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np

from amelo.params import load_set
from amelo.validate.claim import Claim, claim

__all__ = ["IDS", "ROWS", "claims"]

SEED, MEMBERS = 2026, 6000
DEEP = 0.75  # of the dentine, from which a lesion counted as deep in the trials
VISITS = 90.0  # d between the two visits of stepwise excavation, eight to twelve weeks and the delay of clinics
CLOSE = "line with calcium hydroxide\netch 37 % phosphoric acid for 15 s\nfill with composite\nrest 30 d"
ARMS = {
    "hard": f"isolate\nexcavate to hard dentine\n{CLOSE}",
    "firm": f"isolate\nexcavate to firm dentine\n{CLOSE}",
    "leathery": f"isolate\nexcavate to leathery dentine\n{CLOSE}",
    "stepwise": "isolate\nexcavate to leathery dentine\nline with calcium hydroxide\nfill temporarily with glass ionomer\n"
    f"rest {VISITS:g} d\nisolate\ntake off the restoration\nexcavate to hard dentine\n{CLOSE}",
}
INFILTRATION = "isolate\netch 15 % hydrochloric acid for 2 min\ninfiltrate resin\nrest 30 d"
Row = tuple[str, Callable[[], float]]

ROWS: dict[str, Row] = {
    "exposed_hard": ("pulps exposed, excavation to hard dentine", lambda: 100.0 * _exposed("hard")),
    "exposed_stepwise": ("pulps exposed, stepwise excavation", lambda: 100.0 * _exposed("stepwise")),
    "exposed_difference": ("the difference", lambda: 100.0 * (_exposed("hard") - _exposed("stepwise"))),
    "success_hard": ("pulps alive at 5 y, excavation to hard dentine", lambda: 100.0 * _alive("hard", 5.0)),
    "success_stepwise": ("pulps alive at 5 y, stepwise excavation", lambda: 100.0 * _alive("stepwise", 5.0)),
    "success_difference": ("the difference", lambda: 100.0 * (_alive("stepwise", 5.0) - _alive("hard", 5.0))),
    "odds_selective": ("odds of exposure, selective to firm over hard dentine", lambda: _odds("firm") / _odds("hard")),
    "odds_stepwise": ("odds of exposure, stepwise over hard dentine", lambda: _odds("stepwise") / _odds("hard")),
    "failed_selective": ("failures at 5 y, selective excavation", lambda: 100.0 * (1.0 - _alive("leathery", 5.0))),
    "failed_stepwise": ("failures at 5 y, stepwise excavation", lambda: 100.0 * (1.0 - _alive("stepwise", 5.0))),
    "infiltration": ("lesions that progress in 3 y, infiltrated over bare", lambda: _infiltrated()),
}
IDS = tuple(name.replace("_", " ") for name in ROWS)


def claims() -> list[Claim]:
    """Return all rows."""
    return [claim(f"treatments.{name}", what, compute, id=name.replace("_", " ")) for name, (what, compute) in ROWS.items()]


@cache
def _deep_teeth() -> object:
    """Return molars with living pulps under lesions of three quarters of the dentine and more, in a typical mouth."""
    built = _teeth({"surface": "O", "icdas": 5, "radiograph": "D3", "activity": "active"}, MEMBERS)
    deep = (built.constants["stage.D3"] > DEEP) & ~built.pulp_lost
    return built.take(np.flatnonzero(deep))


def _teeth(finding: dict[str, object], members: int) -> object:
    from amelo.records.case import Case
    from amelo.twin.tooth import whole_tooth

    case = Case.model_validate(
        {
            "pseudonym": "trial",
            "origin": "synthetic",
            "recorded_on": "2026-01-01",
            "teeth": {"36": {"status": "present", "other_surfaces": "sound", "pulp_diagnosis": "normal", "findings": [finding]}},
        }
    )
    return whole_tooth(case, 36, members=members, seed=SEED, mouth=_typical).tooth


def _typical(habits: object, draws: object) -> dict[str, np.ndarray]:
    from amelo.twin.activity import typical_activity

    return {tissue: np.full(len(draws.members), typical_activity(tissue).rate) for tissue in ("enamel", "dentine")}


@cache
def _treated(arm: str) -> object:
    """Return the teeth of an arm a month after their last visit."""
    from amelo.protocol.record import Protocol
    from amelo.protocol.simulate_tooth import followed
    from amelo.twin.tooth import COARSE

    return followed(_deep_teeth(), Protocol.parse(ARMS[arm]), COARSE, watch=False).tooth


def _exposed(arm: str) -> float:
    return float((_treated(arm).exposed > 0.0).mean())


def _odds(arm: str) -> float:
    """Return the odds of exposure, with half a tooth added on either side."""
    teeth = _treated(arm)
    bare = float((teeth.exposed > 0.0).sum())
    return (bare + 0.5) / (teeth.members - bare + 0.5)


@cache
def _alive(arm: str, years: float) -> float:
    """Return the share of pulps that live on so many years after an arm, by what excavation left over each.

    Assumptions: what follows an exposure under calcium hydroxide, and the level without one, are fitted on the same trial as the set ``years`` says.
    """
    from amelo.years import success_after

    teeth = _treated(arm)
    bare = teeth.exposed > 0.0
    left = np.clip(
        1.0 - teeth.total[np.arange(teeth.members), np.minimum((teeth.left <= 0.0).sum(axis=1), teeth.cells - 1)] / 0.95, 0.0, 1.0
    )
    alive = np.where(
        bare,
        success_after(years, exposed=True, cap="calcium hydroxide"),
        success_after(years, residual=np.where(bare, 1.0, teeth.residual), carious_left=left),
    )
    return float((alive * ~teeth.pulp_lost).mean())


@cache
def _infiltrated() -> float:
    """Return the ratio of shares of lesions on a radiograph's E2 and D1 that go one stage deeper within three years.

    Assumptions: resin acts by what it fills, nothing else; rates are those of the natural history at high risk, slowed by what still passes.
    """
    from amelo.forecast.stages.chain import STAGES, transition
    from amelo.protocol.record import Protocol
    from amelo.protocol.simulate_tooth import followed
    from amelo.protocol.years import let_through
    from amelo.twin.tooth import COARSE
    from amelo.years import Start, Surface
    from amelo.years.hazards import hazards_of

    value = load_set("natural-history").value
    outer, when = value("study.peters_outer"), value("study.peters_time")
    gone = np.zeros(2)
    for stage, deeper, part in (("E2", "border", 1.0 - outer), ("D1", "D2", outer)):
        teeth = _teeth({"surface": "M", "icdas": 2, "radiograph": stage, "activity": "active"}, 2000)
        treated = followed(teeth, Protocol.parse(INFILTRATION), COARSE, watch=False).tooth
        for arm, through in enumerate((np.ones(teeth.members), let_through(treated))):
            start = Start(teeth.members, age=value("study.peters_age"), tooth=36, surfaces=(Surface("M", stage, through),))
            h = hazards_of(start, SEED)
            rates = np.minimum(np.exp(h.log_rate[:, 0]) * h.activity[:, :1] * value("prior.high_risk"), 4.0)
            moved = transition(rates, when)[:, STAGES.index(stage), STAGES.index(deeper) :]
            gone[arm] += part * float(moved.sum(axis=1).mean())
    return float(gone[1] / gone[0])
