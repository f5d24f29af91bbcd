"""The published studies as they were done: what each would report under given parameters."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np

from amelo.forecast.stages.chain import FASTEST, STAGES, frailty_nodes
from amelo.forecast.stages.designs import Watched, occupied_at, progressed, watch
from amelo.forecast.stages.rates import SurfaceKind, log_rates
from amelo.params import load_set

__all__ = ["COHORTS", "cohort_rates", "icdas_cavitated", "mejare_visits", "published", "ratio", "reported"]

COHORTS = ("mejare", "hintze", "berkey", "peters", "zandona")
HIGH_RISK = ("peters", "zandona")
SOUND, E1, E2, BORDER, D1, D2, D3, PULP = range(len(STAGES))
NEXT = [min(k + 1, PULP) for k in range(len(STAGES))]


def published() -> dict[str, tuple[float, float]]:
    """Return value and standard deviation of the logarithm (of the logit for shares) of each figure that is fitted."""
    found = {}
    for p in load_set("natural-history"):
        group, _, name = p.name.partition(".")
        if group in ("rate", "share") and not name.startswith("primary"):
            scale = np.log if group == "rate" else (lambda v: np.log(v / (1 - v)))
            found[p.name] = (p.value, float((scale(p.high) - scale(p.low)) / (2 * 1.645)))
    return found


def cohort_rates(
    parameters: dict[str, Any], cohort: str, kind: SurfaceKind, frailty: np.ndarray, xp: ModuleType = np
) -> Callable[[Any], Any]:
    """Return the rates (ages × nodes × 7) of a cohort: its own level of onset and of progression, times the frailties."""
    onset, onward = parameters[f"onset_{cohort}"], parameters[f"progression_{cohort}"]
    risk = parameters["high_risk"] if cohort in HIGH_RISK else 0.0

    def rates(ages: Any) -> Any:
        log = log_rates(parameters, kind, xp.asarray(ages), xp)
        level = xp.concatenate([xp.reshape(onset + risk, (1,)), xp.repeat(xp.reshape(onward + risk, (1,)), 6)])
        return xp.minimum(frailty[:, None] * xp.exp(log + level)[:, None, :], FASTEST)

    return rates


def ratio(watched: list[Watched], begin: float, end: float) -> Any:
    """Return events over surface-years of the visits within an age range [1/year]."""
    inside = [w for w in watched if w.begin >= begin - 1e-9 and w.end <= end + 1e-9]
    return sum(w.events for w in inside) / sum(w.years for w in inside)


def mejare_visits(value: Callable[[str], float]) -> list[float]:
    """Return the ages at which the Swedish cohort was seen."""
    first, last = value("study.mejare_first"), value("study.mejare_last")
    return [*np.arange(first, last + 0.5), value("study.mejare_again")]


def reported(parameters: dict[str, Any], xp: ModuleType = np, *, lists: bool = False) -> dict[str, Any]:
    """Return what each study would report under the parameters, by the names of :func:`published`.

    Arguments: parameters (logarithms, scalars; ``frailty_variance`` too), xp, lists (also the counts by visit of the Swedish
    cohort, for predictions).
    """
    value = load_set("natural-history").value
    frailty, weights = frailty_nodes(xp.exp(parameters["frailty_variance"]), xp)

    def rates_of(cohort: str, kind: SurfaceKind) -> Callable[[Any], Any]:
        return cohort_rates(parameters, cohort, kind, frailty, xp)

    start, visits = value("study.mejare_start"), mejare_visits(value)
    last, again = visits[-2], visits[-1]
    swedes = rates_of("mejare", "approximal")

    asked = [((SOUND,), E2), ((E2,), D1), ((BORDER,), D1), ((SOUND, E1, E2, BORDER), D1)]
    enamel, inner, border, outer = watch(swedes, weights, start, visits, asked, xp)
    pits = _pits(parameters, rates_of("mejare", "occlusal"), weights, visits, asked[3], xp)
    found = {
        "rate.mejare_sound_to_inner": ratio(enamel, visits[0], last),
        "rate.mejare_inner_to_outer": ratio(inner, visits[0], last),
        "rate.mejare_border_to_outer": ratio(border, visits[0], last),
        "rate.mejare_young_enamel": ratio(enamel, 12, 15),
        "rate.mejare_adult_enamel": ratio(enamel, 20, again),
        "rate.mejare_young_border": ratio(border, 12, 15),
        "rate.mejare_adult_border": ratio(border, 20, again),
        "rate.mejare_young_occlusal": ratio(pits, 12, 15),
        "rate.mejare_adult_occlusal": ratio(pits, 20, again),
    }
    recruits, films = rates_of("hintze", "approximal"), [value("study.hintze_first"), value("study.hintze_second")]
    asked = [((SOUND,), E1), ((E1, E2, BORDER), D1), ((D1, D2), D3)]
    seen = watch(recruits, weights, start, films, asked, xp)
    for name, rows in zip(("rate.hintze_onset", "rate.hintze_progression", "rate.hintze_deep"), seen, strict=True):
        found[name] = ratio(rows, films[0], films[1])
    age, years = value("study.berkey_age"), value("study.berkey_time")
    ((men,),) = watch(rates_of("berkey", "approximal"), weights, start, [age, age + years], [((E1, E2), BORDER)], xp)
    found["share.berkey_enamel"] = 1.0 - men.events / (men.years / years + 0.5 * men.events)
    adults, age, years = rates_of("peters", "approximal"), value("study.peters_age"), value("study.peters_time")
    mix = np.zeros(len(STAGES))
    mix[D1] = value("study.peters_outer")
    mix[E2] = 1.0 - mix[D1]
    before = occupied_at(adults, start, age, nodes=len(frailty), xp=xp)
    found["share.peters_progressed"] = progressed(adults, weights, before, age=age, years=years, mix=mix, beyond=NEXT, xp=xp)
    found["share.zandona_icdas2"] = icdas_cavitated(parameters, 2, xp)
    if lists:
        found["outer_dentine"] = outer
    return found


def _pits(
    parameters: dict[str, Any],
    rates: Callable[[Any], Any],
    weights: Any,
    visits: list[float],
    asked: tuple[tuple[int, ...], int],
    xp: ModuleType,
) -> list[Watched]:
    """Return what was counted on the occlusal surfaces of first molars, second molars and premolars, which differ in risk and in
    how long they have been there."""
    value = load_set("natural-history").value
    groups = (("first_molar", 0.25, "erupted_first"), ("second_molar", 0.25, "erupted_later"), ("premolar", 0.5, "erupted_later"))
    counted = []
    for site, share, erupted in groups:
        risk = value(f"site.occlusal_{site}")
        start = min(value(f"study.{erupted}"), visits[0])

        def at_site(ages: Any, risk: float = risk) -> Any:
            return xp.minimum(risk * rates(ages), FASTEST)

        (rows,) = watch(at_site, weights, start, visits, [asked], xp)
        counted.append((share, rows))
    return [
        Watched(
            rows[0].begin,
            rows[0].end,
            sum(s * r.events for (s, _), r in zip(counted, rows, strict=True)),
            sum(s * r.years for (s, _), r in zip(counted, rows, strict=True)),
        )
        for rows in zip(*(rows for _, rows in counted), strict=True)
    ]


def icdas_cavitated(parameters: dict[str, Any], code: int, xp: ModuleType = np) -> Any:
    """Return the part of occlusal lesions of an ICDAS code that are cavitated (D2 or deeper) at the end of the four years in Puerto
    Rico."""
    constants = load_set("natural-history")
    mix = [constants.value(name) if (name := f"stage.icdas{code}_{s}") in constants.parameters else 0.0 for s in STAGES]
    frailty, weights = frailty_nodes(xp.exp(parameters["frailty_variance"]), xp)
    rates = cohort_rates(parameters, "zandona", "occlusal", frailty, xp)
    age = constants.value("study.zandona_age")
    before = occupied_at(rates, constants.value("study.zandona_start"), age, nodes=len(frailty), xp=xp)
    return progressed(
        rates, weights, before, age=age, years=constants.value("study.zandona_time"), mix=mix, beyond=[D2] * len(STAGES), xp=xp
    )
