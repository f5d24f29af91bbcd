"""How long a pulp lives after deep excavation, by what was left over it, whether it was exposed and what covers it.

``success_after`` is the seam to the model of excavation, which says how often a pulp is exposed and how much dentine is left.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from amelo.errors import ParameterError, nearest
from amelo.params import load_set
from amelo.years.constants import CENTRAL, Constants

__all__ = ["LOST_AT_ENTRY", "chance_lost", "pulp_hazard", "success_after"]

AT = {
    "calcium hydroxide": ("exposed_hydroxide", 5.0),
    "calcium silicate": ("exposed_silicate", 3.0),
    "pulpotomy": ("pulpotomy", 5.0),
}
LOST_AT_ENTRY = {"normal": 0.0, "reversible pulpitis": 0.0, "necrosis": 1.0}


def _level(name: str, years: float, value: Constants) -> Any:
    """Return a published cumulative hazard without the background of restored teeth, which the studies counted as well."""
    return np.maximum(value(f"after.{name}_{years:g}") - value("background.pulp_restored") * years, 0.0)


def chance_lost(diagnosis: str, cap: str = "") -> float:
    """Return the chance that a pulp is lost already when treatment ends, whatever was done over it.

    Arguments: diagnosis at entry; cap, "pulpotomy" where inflamed tissue was removed.
    Raises: ParameterError for another word.
    Assumptions: a pulp that was called irreversibly inflamed and left as it is, is lost if the diagnosis is right (giuroiu2015).
    """
    if diagnosis in LOST_AT_ENTRY:
        return LOST_AT_ENTRY[diagnosis]
    if diagnosis != "irreversible pulpitis":
        raise ParameterError(
            f"'{diagnosis}' is not a diagnosis that is known here",
            fix=nearest(diagnosis, [*LOST_AT_ENTRY, "irreversible pulpitis"]),
        )
    return 0.0 if cap == "pulpotomy" else load_set("pulp").value("test.agreement")


def pulp_hazard(
    years: Any,
    *,
    exposed: Any = False,
    cap: str = "",
    residual: Any = np.inf,
    carious_left: Any = 0.0,
    pain: Any = False,
    damage: Any = 0.0,
    constants: Constants = CENTRAL,
) -> np.ndarray:
    """Return the cumulative hazard of the loss of a pulp by what was done near it, so many years after treatment, beyond the background.

    Arguments: years; exposed; cap of an exposure, or "pulpotomy" for all; residual dentine [m]; carious_left, part of the floor that is
    carious, 0 to 1; pain at entry; damage [unit] when the first weeks are over; constants.  Numbers or arrays that broadcast.
    Raises: ParameterError for what cannot be.
    Assumptions: Weibull in time, all ratios multiply; without an exposure it falls with residual dentine as influx does, by 1/e over the
    length of the set ``pulp``, and never rises above that of none; that length and all ratios are assumed, the levels are of trials.
    """
    value = constants
    opened, left, carious, dose = (np.asarray(x, float) for x in (exposed, residual, carious_left, damage))
    if not (
        (left >= 0.0).all()
        and ((carious >= 0.0) & (carious <= 1.0)).all()
        and (dose >= 0.0).all()
        and (np.asarray(years) >= 0.0).all()
    ):
        raise ParameterError("residual dentine, damage or time is below 0, or a part of the floor not between 0 and 1")
    if opened.any() and cap not in AT:
        raise ParameterError(f"'{cap}' does not cap an exposed pulp", fix=nearest(cap, AT))
    shape = value("after.shape")
    closed = _level("hard", 5.0, value) * np.exp(-(left - value("after.residual")) / load_set("pulp").value("dentine.decay"))
    closed = closed * value("ratio.carious_left") ** carious
    level: Any = 0.0
    if cap in AT:
        name, at = AT[cap]
        level = _level(name, at, value) * (5.0 / at) ** shape  # told at five years as the other
    opened = np.ones_like(opened) if cap == "pulpotomy" else opened
    mark = load_set("pulp").value("damage.collapse")
    ratio = value("ratio.entry_pain") ** np.asarray(pain, float) * value("ratio.damage") ** np.minimum(dose / mark, 1.0)
    return np.where(opened > 0.0, level, closed) * ratio * (np.asarray(years, float) / 5.0) ** shape


def success_after(years: float, *, diagnosis: str = "normal", restored: bool = True, **what: Any) -> np.ndarray:
    """Return the chance that a pulp is alive so many years after treatment.

    Arguments: years; diagnosis at entry; restored, whether the tooth carries a restoration; what, as for ``pulp_hazard``.
    Assumptions: the background of teeth with or without a restoration is added; competing losses of the tooth are left out.
    """
    hazard = pulp_hazard(years, **what)
    background = load_set("years").value("background.pulp_restored" if restored else "background.pulp_unrestored")
    return (1.0 - chance_lost(diagnosis, what.get("cap", ""))) * np.exp(-hazard - background * years)
