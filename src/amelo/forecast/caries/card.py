"""The card of the model of caries onset: what it was made from, how well it does, and where not to believe it."""

from __future__ import annotations

from typing import Any

import numpy as np

from amelo.forecast.caries.cohort import Cohort

__all__ = ["CARRIED", "TANDMOBIEL", "card"]

DATE = "2026-11-25"
TANDMOBIEL = {
    "name": "Signal Tandmobiel: first permanent molars of Flemish children examined yearly, 1996 to 2001",
    "origin": "R package cran/bayesSurv, tandmobRoos joined to tandmob2",
    "licence": "GPL >= 2 (the rows; none of them is in this file)",
    "condition": "The study asks that each manuscript using the data be approved by its team (KU Leuven); a person decides before "
    "anything is published from this model.",
}
CARRIED = (  # figures that the card carries; whoever adds one makes the model anew
    "log_likelihood", *(f"auc_{n}y" for n in (2, 3, 4)), "within_mouth_c", "within_mouth_c_ordered",
    *(f"expected_observed_{n}y" for n in (2, 3, 4)), "expected_observed_4y_known",
)  # fmt: skip
LIMITS = (
    "Flemish children born about 1989, aged 6 to 12: other times, places and ages are extrapolation, and caries has declined since.",
    "Caries is what an examiner saw at the level of a cavity, a filling or dentine; earlier lesions do not count as onset.",
    "Effects are associations: sealed and unsealed molars were not drawn by lot. What a measure would change is taken from trials.",
    "Inputs are those of one examination; a child seen later is placed at the age of a first examination and followed from there.",
    "How sure the frailty is rests on the molars of one mouth, which are often found carious at one visit; what lasts was fitted forward.",
    "On which day between two examinations caries began nobody knows: bounds take the day from the risk curve, or evenly where that is "
    "earlier. In the riskiest twentieth they lie within the first year, so the data alone hold their coverage only between wide limits.",
    "No diet, saliva, fluoride, income or development of enamel was recorded.",
)


def card(cohort: Cohort, model: dict[str, Any], data: dict[str, str], figures: dict[str, Any]) -> dict[str, Any]:
    """Return the card as JSON values.

    Arguments: cohort (trained on), model (fitted), data (name, origin, licence, condition), figures (cross-validated by child; further
    ones, such as those of a split kept for choosing, are added by whoever measures them).
    """
    used = cohort.take(cohort.at_risk)
    return {
        "title": "Caries onset in first permanent molars of children",
        "data": data or {"name": "a cohort of the user's own"},
        "population": f"{int(used.child.max()) + 1} children, {len(used)} first permanent molars free of caries when first examined at "
        f"{np.quantile(used.age_base, 0.025):.1f} to {np.quantile(used.age_base, 0.975):.1f} years, {int((~np.isnan(used.hi)).sum())} with "
        "caries later",
        "teeth": len(used),
        "children": int(used.child.max()) + 1,
        "model": "Hazard since emergence, constant between yearly knots, times the exponential of additive effects (monotone where "
        "dentistry knows the sign) and a log-normal frailty of the child; caries and emergence known to intervals, entry at the first "
        "examination. What the mouth's own past says of its future is weakened by a share fitted forward. "
        "Bounds on time by group of risk, set on children that the models behind them had not seen; a distance says who is unlike the children.",
        "posterior": {"draws": len(model["draws"]), **model.get("checks", {})},
        "cross_validated": figures,
        "looks_at_dev": [],
        "limits": list(LIMITS),
        "script": "amelo.forecast.caries.train.train",
        "date": DATE,
        "sources": ["vanobbergen2000", "kumar2016", "ahovuo2017", "candes2023", "angelopoulos2024", "dunn2023"],
    }
