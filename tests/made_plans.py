"""Plans made by hand, so that words and reports can be tested on numbers that are known exactly, without any search."""

from __future__ import annotations

from zlib import crc32

import numpy as np

from amelo.plan.certify import Certificate
from amelo.plan.design import Design, Nano
from amelo.plan.goals import HARMS, WEIGHTS, Goals, Limits
from amelo.plan.probe import Trace
from amelo.plan.record import Option, Plan, Probe
from amelo.plan.synergy import synergy_of
from amelo.twin.provenance import Provenance

COUNT = 400
WAIT = Design()
NANO = Design(first=Nano("caps-400", 1e9))
OPERATIVE = Design(excavate="firm", leave=1.0, line="calcium silicate", cover="composite")
COMBINED = Design(first=Nano("caps-400", 1e9), gap=14.0, surface="seal ionomer")


def certificate(
    design: Design, worth: float, *, violations: dict[str, int] | None = None, verdict: bool | None = True, upper: float = 0.02
):
    rng = np.random.default_rng(crc32(design.text().encode()))
    outcomes = np.clip(worth + 0.05 * rng.standard_normal((len(WEIGHTS), COUNT)), 0.0, 1.0)
    counts = np.array([(violations or {}).get(name, 0) for name in HARMS], float)
    bounds = np.where(counts > 0, upper + counts / COUNT, upper)
    return Certificate(design, outcomes.mean(axis=0), outcomes, counts, bounds, verdict)


def option(design: Design, worth: float, why: str = "", **rest) -> Option:
    return Option(design.arm, design, design.text(), certificate(design, worth, **rest), why)


def made_plan(*, status: str = "certified", reason: str = "", probed: bool = False, chosen: Design = COMBINED) -> Plan:
    """Return a plan for tooth 36 O: combined chosen, exposure counted, operative the runner-up."""
    options = {
        COMBINED: option(COMBINED, 0.8, violations={"fracture": 3}),
        OPERATIVE: option(OPERATIVE, 0.75, "it is worth 0.050 less in the mean", violations={"exposure": 60}, verdict=None),
        NANO: option(NANO, 0.6, "its worth is less"),
        WAIT: option(WAIT, 0.5, "it does nothing"),
    }
    mine = options.pop(chosen)
    probe = None
    if probed:
        probe = Probe(
            Trace(Nano("caps-400", 1e9), 0.15), "inflammation", 0.08, COMBINED, OPERATIVE, 0.2, 0.03, 0.01, 0.05, 0.04, True,
            "first a 15 % dose", mine.certificate, np.zeros(mine.certificate.count, bool),
        )  # fmt: skip
        mine = Option(mine.arm, mine.design, f"{probe.protocol}\n{COMBINED.text()}", mine.certificate)
    worth = [o.certificate.worth for o in (mine, options.get(NANO, mine), options.get(OPERATIVE, mine), options.get(WAIT, mine))]
    limits = Limits()
    origin = Provenance.of(
        "lower left first molar 36 of Test",
        seed=7,
        assumptions=("the pulp is alive",),
        citations=("amelo2026plan",),
        options={"years": 10.0},
    )
    return Plan(
        36, "O", status, reason, mine, (mine, *options.values()), options.get(OPERATIVE, options.get(WAIT)), synergy_of(*worth, seed=1), probe,
        {"floors twice as rough": {"worth": 0.7, "fracture": 0.07, "beyond": 1.0}, "thin": {"worth": 0.75, "beyond": 0.0}},
        ("what limits it most is fracture",), ("nobody tested the pulp",), Goals.preset("balanced"), limits, 9.5, 12345, 1.5, origin,
        {"designs_tried": {"nano": 4, "operative": 9, "combined": 9}, "stopped_by_user": False},
    )  # fmt: skip


def made_futures(plan: Plan, *, refused: str = ""):
    """Return what a report shows of a plan, with chances that fall evenly from 1."""
    from amelo.plan.again import OVER_YEARS
    from amelo.plan.futures import Future, Futures, Look
    from amelo.twin.tooth.section import Section
    from amelo.twin.tooth.state import Restored

    times = np.linspace(0.0, 10.0, 21)
    found = []
    for k, o in enumerate(plan.options):
        fall = 0.02 * (k + 1) * times
        values = {name: np.stack([1.0 - fall, 0.98 - fall, np.minimum(1.01 - fall, 1.0)]) for name in OVER_YEARS}
        values["cost"] = np.stack([0.3 * times, 0.2 * times, 0.5 * times])
        if refused and k == 1:
            found.append(Future(o.arm, False, np.zeros(0), {}, 0.0, 0.0, 0, refused))
        else:
            found.append(Future(o.arm, k == 0, times, values, 0.4, 25.0, 2))
    told = {"residual_dentine": (1.2, 0.8, 1.6), "infected_depth": (300.0, 200.0, 400.0), "pulp_lost": (0.05, 0.0, 1.0), "integrated_mineral_loss": (20000.0, 9000.0, 30000.0)}  # fmt: skip
    left, mineral, bacteria, row = np.ones((1, 18)), np.ones((1, 18)), np.zeros((1, 18)), np.ones((1, 18))
    left[:, :3], mineral[:, 3:8], bacteria[:, 3:6] = 0.0, 0.4, 0.8
    filling = Restored("filling", "composite", frozenset("O"), 0.0)

    def look(title: str, *, lost: bool = False, restored: Restored | None = None) -> Look:
        seen = Section(
            edges=0.2e-3 * np.arange(19.0)[None, :], left=left, mineral=mineral, healthy=row, inner=row, organic=row, bacteria=bacteria, filled=0.0 * row,
            opening=np.array([2e-3]), tertiary=np.zeros(1), exposed=np.zeros(1), residual=np.array([1.2e-3]), crown_width=np.array([10e-3]), dentine_from=3,
            surface=plan.surface, restored=restored,
        )  # fmt: skip
        return Look(title, seen, lost, told)

    looks = (look("before"), look("after treatment", restored=filling), look("in five years", lost=True, restored=filling))
    return Futures(tuple(found), looks, plan.surface, 192, {"tissue cut away": (12.0, 8.0, 16.0, "mm³")})


def make_small(patch) -> None:
    """Let searches use few scenarios, so that a plan takes seconds, with a pytest.MonkeyPatch."""
    from amelo.plan import plan as verb
    from amelo.plan import robust

    patch.setattr(verb, "EXPLORED", 96)
    patch.setattr(verb, "UNTOUCHED", 320)
    patch.setattr(robust, "SCENARIOS", 32)
