"""P1 to P11, C18 and S1 to S4, as far as pulp and structure go: exact folds, our own earlier runs, and published experiments; then the years.

The note of a row says what it is.  "Own runs" compares this code with a prototype of the same equations under a stiff solver: it tests code,
not dentistry.  Rows that are calibrated on say so and are no test.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from amelo.params import load_set
from amelo.twin import structure
from amelo.twin.pulp import Pulps, dentine, equilibria, heat, observation, thresholds
from amelo.twin.pulp.course import HOUR, MMHG, Segment, follow
from amelo.validate import treatments, years
from amelo.validate.claim import Claim, claim
from amelo.validate.structure import ROWS as STRUCTURE

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["FULL", "IDS", "claims", "figures"]

Row = tuple[str, Callable[[], float]]
OWN_FOLDS = {"a": (0.2, 0.02, 4.0), "b": (0.2, 0.02, 2.0), "c": (0.1, 0.02, 6.0)}  # repair, wear, exponent
STARTS = (2, 6, 12, 24, 36, 48, 60, 72, 96, 120)  # h after the pulse began
MEMBERS, SEED = 4096, 2026
SHIFTS = {  # of §1.3: what is changed, by how much
    "answer": ("inflammation.by_damage", 2.0),
    "calm_less": ("calming.source", 0.8),
    "calm_more": ("calming.source", 1.2),
    "harm": ("damage.by_inflammation", 1.5),
    "stiff": ("perfusion.half", 1.0 / 3.0),
}

QUICK: dict[str, Row] = {
    **{
        row: item
        for key, numbers in OWN_FOLDS.items()
        for row, item in {
            f"P1_strength_{key}": ("strength at the fold", lambda n=numbers: structure.strength_fold(*n).strength),
            f"P1_load_{key}": ("load at the fold", lambda n=numbers: structure.strength_fold(*n).load),
            f"P1_eigenvalue_{key}": ("eigenvalue there, by differentiation", lambda n=numbers: _eigenvalue(n)),
        }.items()
    },
    "P2_heat": ("pulse of an hour that ends a pulp", lambda: _pulse()),
    "P2_heat_warming": ("the same as warming", lambda: _pulse() / load_set("pulp").value("heat.gain")),
    "P2_influx": ("influx that ends health", lambda: _fold()),
    "P2_influx_slow": ("the same, bacteria that grow five times slower", lambda: _fold("bacteria.growth", 0.2)),
    "P2_influx_run": ("influx that ends a pulp in 4000 h", lambda: float(thresholds.influx_threshold(Pulps.named())[0]) * HOUR),
    **{f"P2_fold_{key}": (f"fold, {name} x{by:.3g}", lambda n=name, b=by: _fold(n, b)) for key, (name, by) in SHIFTS.items()},
    **{f"P2_pulse_{key}": (f"pulse, {name} x{by:.3g}", lambda n=name, b=by: _pulse(n, b)) for key, (name, by) in SHIFTS.items()},
    "P3_inflammation": ("diseased: inflammation", lambda: _diseased()["inflammation"]),
    "P3_damage": ("diseased: damage", lambda: _diseased()["damage"]),
    "P3_calming": ("diseased: what calms", lambda: _diseased()["calming"]),
    "P3_pressure": ("diseased: pressure", lambda: _diseased()["pressure"]),
    "P3_perfusion": ("diseased: perfusion", lambda: _diseased()["perfusion"]),
    "P3_back": ("influxes from which a diseased pulp recovers", lambda: _recoveries()),
    **{
        f"P3_rescue_{key}": (f"latest rescue, calming x{by:g}", lambda b=by: _latest(b))
        for key, by in (("1_5", 1.5), ("2", 2.0), ("3", 3.0), ("5", 5.0))
    },
    **{
        f"P4_{what}_{key}": (f"{words} under an influx of {influx:g}/h", lambda i=influx, w=what: _resting(i)[w])
        for key, influx in (("05", 0.05), ("10", 0.10), ("15", 0.15), ("16", 0.160), ("165", 0.165))
        for what, words in (("damage", "damage"), ("time", "slowest time"))
    },
    "P4_time_rest": ("slowest time at rest", lambda: _resting(0.0)["time"]),
    "P5_low": ("monkeys: lost at 5.5 K", lambda: _lost(5.5)),
    "P5_middle": ("monkeys: lost at 11.1 K", lambda: _lost(11.1)),
    "P5_high": ("monkeys: lost at 16.6 K", lambda: _lost(16.6)),
    "P6_monkeys": ("points of P5 between both worlds", lambda: _covered(monkeys=True)),
    "P6_human": ("human warmings between both worlds", lambda: _covered(monkeys=False)),
    "P6_mean": ("lost at 11.1 K, belief as a whole", lambda: 100.0 * float(heat.share_lost(_belief(), 11.1)[0])),
    "P7_exposed": ("odontoblasts lost, exposure", lambda: 100.0 * float(dentine.odontoblast_loss(0.0))),
    "P7_near": ("odontoblasts lost, 0.01 to 0.5 mm", lambda: _odontoblasts(0.01e-3, 0.5e-3)),
    "P7_far": ("odontoblasts lost, 0.5 to 2.5 mm", lambda: _odontoblasts(0.5e-3, 2.5e-3)),
    "P7_order": ("thicker dentine, less loss", lambda: _ordered()),
    "P7_inflammation": ("inflammation at once, by thickness", lambda: _inflammation_by_cutting()),
    "P7_inflammation_later": ("largest inflammation in 28 d, by thickness", lambda: _inflammation_by_cutting(28.0)),
    "P10": ("diagnosis agrees with histology", lambda: _agreement()),
    "P11_occlusal": ("stiffness, occlusal cavity", lambda: structure.stiffness("occlusal")),
    "P11_mod": ("stiffness, MOD cavity", lambda: structure.stiffness("mod")),
    "P11_order": ("restored premolars in order of strength", lambda: _premolars()),
    **STRUCTURE,
}
FULL: dict[str, Row] = {"G9": ("pulps a second of one core, 14 d", lambda: _speed())}
IDS = tuple(name.replace("_", " ") for name in QUICK) + years.IDS + treatments.IDS
REASONS: dict[str, str] = {}  # of rows that missed when the table was first run


def claims(full: bool = False) -> list[Claim]:
    """Return all rows, the speed only when asked for."""
    rows = QUICK | (FULL if full else {})
    return (
        [claim(f"living.{name}", what, compute, id=name.replace("_", " ")) for name, (what, compute) in rows.items()]
        + years.claims()
        + treatments.claims()
    )


def figures() -> dict[str, Figure]:
    """Return the branches of a pulp, and how many a warming of an hour ends in both worlds."""
    from matplotlib.figure import Figure

    fold = Figure(figsize=(6.0, 4.0), layout="constrained")
    axes = fold.subplots()
    path = equilibria.branch(Pulps.named())
    for stable, style in ((True, "-"), (False, "--")):
        here = path.stable == stable
        axes.plot(path.influx[here] * HOUR, path.state[here, 2], "k" + style, label="stable" if stable else "unstable")
    axes.set(xlabel="influx [unit/h]", ylabel="damage [unit]", title="health ends in a fold")
    axes.legend()
    warm = Figure(figsize=(6.0, 4.0), layout="constrained")
    axes = warm.subplots()
    kelvin = np.linspace(0.0, 25.0, 101)
    for weight, words in ((1.0, "as monkeys"), (0.0, "as human teeth"), (None, "belief")):
        axes.plot(kelvin, 100.0 * heat.share_lost(heat.tolerances(20_000, SEED, monkey=weight), kelvin), label=words)
    axes.set(xlabel="warming for an hour [K]", ylabel="pulps lost [%]")
    axes.legend()
    return {"fold": fold, "heat": warm}


def _changed(name: str | None, factor: float) -> Pulps:
    pulps = Pulps.named()
    return pulps if name is None else pulps.changed({name: pulps[name] * factor})


@cache
def _pulse(name: str | None = None, factor: float = 1.0) -> float:
    return float(thresholds.heat_threshold(_changed(name, factor))[0])


@cache
def _fold(name: str | None = None, factor: float = 1.0) -> float:
    return equilibria.fold(_changed(name, factor)).influx * HOUR


def _eigenvalue(numbers: tuple[float, float, float]) -> float:
    """Return the derivative of the rate of a strength at its fold, by automatic differentiation."""
    from amelo.twin.precision import jax64

    repair, wear, exponent = numbers
    edge = structure.strength_fold(*numbers)
    return float(jax64().grad(structure.strength_rate)(edge.strength, repair, wear, edge.load, exponent))


@cache
def _diseased() -> dict[str, float]:
    course = follow(Pulps.named(), [Segment(HOUR, cutting=5.0 / HOUR), Segment(thresholds.HORIZON)])
    found = {name: float(course[name][-1, 0]) for name in ("bacteria", "inflammation", "damage", "calming")}
    return found | {"pressure": float(course.pressure[-1, 0]) / MMHG, "perfusion": float(course.perfusion[-1, 0])}


def _recoveries() -> float:
    influx = np.linspace(0.0, 0.3, 61)
    pulps = Pulps.named(count=len(influx))
    ill = follow(pulps, [Segment(HOUR, cutting=5.0 / HOUR), Segment(thresholds.HORIZON)]).state[-1]
    return float((~follow(pulps, [Segment(thresholds.HORIZON, influx=influx / HOUR)], start=ill).lost).sum())


def _latest(factor: float) -> float:
    saved = thresholds.rescued(Pulps.named(), 5.0, factor, [s * HOUR for s in STARTS])
    return float(max((s for s, kept in zip(STARTS, saved, strict=True) if kept), default=0))


@cache
def _resting(influx: float) -> dict[str, float]:
    """Return damage and the slowest time [h] of the healthy equilibrium under an influx [unit/h], reached by small steps from rest."""
    pulps = Pulps.named()
    state = pulps.rest()[:4, 0]
    for part in np.linspace(0.0, influx, 12):
        state = equilibria.equilibrium(pulps, part / HOUR, state)
    return {"damage": float(state[2]), "time": -1.0 / equilibria.slowest(pulps, state, influx / HOUR) / HOUR}


@cache
def _monkeys() -> Pulps:
    return Pulps.drawn(MEMBERS, SEED, varied=("inflammation.by_damage", "damage.repair"))


@cache
def _lost(warming: float) -> float:
    """Return how many [%] of varied pulps a warming of an hour ends."""
    return 100.0 * float(follow(_monkeys(), [Segment(HOUR, warming=warming), Segment(thresholds.HORIZON)]).lost.mean())


@cache
def _belief(weight: float | None = None) -> np.ndarray:
    return heat.tolerances(20_000, SEED, monkey=weight)


def _covered(monkeys: bool) -> float:
    """Return the share of points that lie between what the world of the monkeys and that of human teeth foretell, 10 points to spare."""
    value = load_set("validation").value
    if monkeys:
        points = [(5.5, value("living.P5_low")), (11.1, value("living.P5_middle")), (16.6, value("living.P5_high"))]
    else:
        points = [(load_set("validation")["living.input.human_warming"].low, 0.0), (value("living.input.human_warming"), 0.0)]
    inside = 0
    for kelvin, percent in points:
        ends = [100.0 * float(heat.share_lost(_belief(w), kelvin)[0]) for w in (0.0, 1.0)]
        inside += min(ends) - 10.0 <= percent <= max(ends) + 10.0
    return inside / len(points)


def _odontoblasts(thin: float, thick: float) -> float:
    return 100.0 * float(dentine.odontoblast_loss(np.linspace(thin, thick, 2001)).mean())


def _ordered() -> float:
    return float((np.diff(dentine.odontoblast_loss(np.linspace(0.0, 3e-3, 301))) < 0.0).all())


def _inflammation_by_cutting(days: float = 0.0) -> float:
    """Return the largest share by which inflammation differs between thicknesses after cuts alike but for it.

    Arguments: days [d] in which the most of it counts; 0 for a minute after the cut.
    """
    left = np.array([0.25e-3, 0.5e-3, 1.5e-3])
    pulps = Pulps.named(count=3)
    start = pulps.rest()
    start[1] = 0.05
    after = [Segment(HOUR) for _ in range(round(days * 24.0))]
    course = follow(pulps, [Segment(60.0, cutting=dentine.cutting(left, 60.0)), *after], start=start)
    most = course["inflammation"][1:].max(0)
    return float(np.ptp(most) / most.min())


def _agreement() -> float:
    lost = np.arange(20_000) % 3 == 0
    return 100.0 * float((observation.PulpTest.clinical().read(lost, SEED) == lost).mean())


def _premolars() -> float:
    """Return 1 if narrow inlays and onlays are within a fifth of sound and both wide inlays are below every other."""
    load = structure.fracture_load
    wide = [load("inlay_5mm_composite"), load("inlay_5mm_ceramic")]
    others = [load("inlay_3mm_composite"), load("inlay_3mm_ceramic"), load("onlay_5mm_ceramic"), load("sound")]
    return float(max(wide) < min(others) and all(abs(x / load("sound") - 1.0) < 0.2 for x in others))


def _speed() -> float:
    """Return pulps a second of one core's time over 14 d, warm, for an ensemble."""
    import time

    pulps, spans = Pulps.drawn(MEMBERS, SEED), [Segment(14.0 * 24.0 * HOUR, influx=0.1 / HOUR)]
    follow(pulps, spans)
    spent = []
    for _ in range(3):
        begin = time.process_time()
        follow(pulps, spans)
        spent.append(time.process_time() - begin)
    return MEMBERS / min(spent)
