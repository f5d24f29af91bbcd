"""pH-cycling against published gains and losses: T13 to T17.

Where the baths of a study were not seen, those of ten Cate and Duijsters or of Featherstone stand for them.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from amelo.validate.twin_runs import REMINERALISING, ran, tooth, value

__all__ = [
    "arrest",
    "change_of_r",
    "composite_order",
    "composite_run",
    "fluoride_response",
    "gel_run",
    "saliva_run",
    "severity_response",
]

TEN_CATE = "demineralise in acetate 50 mM, Ca 2.2 mM, PO4 2.2 mM{} pH 4.5 for {}"
CALM = "remineralise in Ca 1.5 mM, PO4 0.9 mM, KCl 130 mM{} pH 7.0 for {}"
PARTLY_SATURATED = "demineralise in lactic acid 100 mM, Ca 4 mM, PO4 2.4 mM pH 5.0 for {}"
SLURRY = "brush with {} ppm F slurry 1:0 for {}"
LESION = {"depth": "100 um", "surface_layer": "15 um", "surface_mineral": 0.9, "integrated_mineral_loss": "2000 vol%·um"}
HOURS = (8, 16, 24, 36)
CYCLES_IN_MOUTH = 28


@cache
def saliva_run() -> float:
    """Return the mineral gain [%] of bovine lesions in 28 days with 2 h of acid a day and artificial saliva."""
    day = f"{TEN_CATE.format('', '2 h')}\n    {CALM.format('', '22 h')}"
    return value(ran(tooth("bovine enamel", lesion=LESION), f"repeat 28 times:\n    {day}"), "mineral_gain")


@cache
def gel_run() -> float:
    """Return the same with 12 500 ppm F for 4 min once a week."""
    days = f"    repeat 7 times:\n        {TEN_CATE.format('', '2 h')}\n        {CALM.format('', '22 h')}"
    return value(
        ran(tooth("bovine enamel", lesion=LESION), f"repeat 4 times:\n    {SLURRY.format(12500, '4 min')}\n{days}"), "mineral_gain"
    )


@cache
def composite_run(treatment: str) -> float:
    """Return the mineral gain [%] in a month of pH-cycling, 4 h of acid a day, human.

    Assumptions: a calcium phosphate composite adds Ca 2 and phosphate 1.2 mM to both baths, a cement 1 ppm F.
    """
    acid, calm = TEN_CATE.format("", "4 h"), CALM.format("", "20 h")
    if treatment == "composite":
        acid = "demineralise in acetate 50 mM, Ca 4.2 mM, PO4 3.4 mM pH 4.5 for 4 h"
        calm = "remineralise in Ca 3.5 mM, PO4 2.1 mM, KCl 130 mM pH 7.0 for 20 h"
    elif treatment == "cement":
        acid, calm = TEN_CATE.format(", 1 ppm F", "4 h"), CALM.format(", 1 ppm F", "20 h")
    return value(ran(tooth(lesion=LESION), f"repeat 30 times:\n    {acid}\n    {calm}"), "mineral_gain")


def composite_order() -> float:
    """Return how many of two steps are in order: composite above cement, cement above control."""
    gains = [composite_run(treatment) for treatment in ("composite", "cement", "none")]
    return float(np.sum(np.diff(gains) < 0.0))


def arrest() -> float:
    """Return the rate of ΔZ in the last third of three weeks over that of the first two days, of a lesion and with 2 ppm F in the calm bath.

    Assumptions: as in the paper's abstract the specimen is a lesion and the fluoride is in the remineralising solution; how much was not seen.
    """
    day = f"{TEN_CATE.format('', '3 h')}\n    {CALM.format(', 2 ppm F', '21 h')}"
    run = ran(tooth(lesion=LESION), f"repeat 21 times:\n    {day}")
    loss, days = run.series("integrated_mineral_loss")[0], run.hours / 24.0
    early, late = np.interp([0.0, 2.0], days, loss), np.interp([14.0, 21.0], days, loss)
    return float((late[1] - late[0]) / 7.0 / ((early[1] - early[0]) / 2.0))


@cache
def _gain(hours: int, fluoride: int) -> float:
    """Return what five days of cycling give back [vol%·µm] to a lesion of some hours: 3 x 1 min of fluoride between 2 x 60 min of acid."""
    acid, calm = PARTLY_SATURATED.format("1 h"), CALM.format("", "1 h")
    treated = [SLURRY.format(fluoride, "1 min"), calm] * 3 if fluoride else [CALM.format("", "1 min"), calm] * 3
    day = "\n    ".join([acid, *treated, acid, CALM.format("", "18 h 57 min")])
    run = ran(tooth(), f"{PARTLY_SATURATED.format(f'{hours} h')}\nrepeat 5 times:\n    {day}")
    loss = run.series("integrated_mineral_loss")[0]
    return float(np.interp(hours, run.hours, loss) - loss[-1])


def _ranks(first: list[float], second: list[float]) -> float:
    from scipy.stats import spearmanr

    return float(spearmanr(first, second).statistic)


def fluoride_response() -> float:
    """Return the rank correlation of the extra gain by 367 ppm F with how early the lesion is."""
    return _ranks([-h for h in HOURS], [_gain(h, 367) - _gain(h, 0) for h in HOURS])


def severity_response() -> float:
    """Return the rank correlation of the gain without fluoride with the hours of acid before."""
    return _ranks(list(HOURS), [_gain(h, 0) for h in HOURS])


def change_of_r() -> float:
    """Return how many of two signs hold: low-R lesions lose and high-R lesions gain in four weeks with 1100 ppm F twice a day.

    Assumptions: in the mouth, two hours of acid a day between rests in a fluid of little supersaturation; the lesions are the shipped ones.
    """
    low = {"depth": "150 um", "surface_layer": "20 um", "surface_mineral": 0.95, "integrated_mineral_loss": "2000 vol%·um"}
    high = {"depth": "75 um", "surface_layer": "10 um", "surface_mineral": 0.80, "integrated_mineral_loss": "2000 vol%·um"}
    brush = "brush with 1100 ppm F slurry 1:3 for 1 min"
    day = f"{brush}\n    {TEN_CATE.format('', '2 h')}\n    {REMINERALISING.format('21 h 58 min')}\n    {brush}"
    gains = {
        name: value(ran(tooth(lesion=lesion), f"repeat {CYCLES_IN_MOUTH} times:\n    {day}"), "mineral_gain")
        for name, lesion in (("low", low | {"dissolves": "evenly"}), ("high", high))
    }
    return float((gains["low"] < 0.0) + (gains["high"] > 0.0))
