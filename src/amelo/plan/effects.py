"""What makes a combination: the same plan without each half, in other orders, with other gaps, in two half doses, and behind a seal."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from amelo.plan.again import Again, again, fresh_rollouts
from amelo.plan.design import GAPS, SETTLE, Design, Nano
from amelo.plan.record import Plan
from amelo.plan.rollout import Rollouts
from amelo.plan.synergy import Synergy, synergy_of
from amelo.records.case import Case
from amelo.twin.tooth.twin import ToothTwin

__all__ = ["MEMBERS", "USUAL_GAP", "Effect", "Effects", "behind", "effects", "halves", "orders", "split", "variants"]

MEMBERS = 1024  # scenarios
USUAL_GAP = 14.0  # d


@dataclass(frozen=True)
class Effect:
    """A variant of the combination: kind (``ablation``, ``order``, ``gap``, ``sham``, ``antagonist``), words, mean worth less that of the combination with
    its interval of 95 %, worth; refused, why it cannot be done, and then no numbers.
    """

    kind: str
    words: str
    mean: float
    low: float
    high: float
    worth: float
    refused: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain values."""
        return dict(self.__dict__)


@dataclass(frozen=True)
class Effects:
    """Synergy on fresh scenarios, and what its parts do.

    Fields: synergy; interaction, combined less both halves of it plus nothing, at the same doses, with interval; effects; members; worth of each arm by
    name; protocols of each arm.
    """

    synergy: Synergy
    interaction: tuple[float, float, float]
    effects: tuple[Effect, ...]
    members: int
    worth: dict[str, float]
    protocols: dict[str, str]

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values."""
        return {
            "scenarios": self.members,
            "synergy": self.synergy.to_dict(),
            "interaction": dict(zip(("mean", "low", "high"), self.interaction, strict=True)),
            "effects": [e.to_dict() for e in self.effects],
            "arms": {name: {"worth": self.worth[name], "protocol": text} for name, text in self.protocols.items()},
        }


def halves(design: Design) -> tuple[Design, Design]:
    """Return a combination without its carriers, and its carriers alone, at the same doses."""
    dose = design.first or design.within
    operative = replace(design, first=None, within=None, gap=design.gap if design.stepwise else 0.0)
    return operative, Design(first=dose)


def orders(design: Design) -> dict[str, str]:
    """Return the texts of the same doses in every order that the language can say, by what comes when."""
    dose, gap = design.first or design.within, design.gap or USUAL_GAP
    operative, _ = halves(design)
    found = {}
    if design.excavate or design.surface:
        found["carriers first, on the lesion as it is"] = replace(design, first=dose, within=None, gap=gap).text()
    if design.excavate:
        within = replace(design, first=None, within=dose, gap=gap if design.stepwise else 0.0)
        found["carriers in the opened cavity"] = within.text()
    if design.excavate or design.surface:
        found["carriers last, after seal or filling"] = behind(operative, dose, gap)
    return found


def behind(operative: Design, dose: Nano, gap: float) -> str:
    """Return operative care, and carriers after it."""
    lines = operative.text().splitlines()[:-1]  # without the rest at the end
    return "\n".join([*lines, f"rest {gap:.4g} d", "isolate", dose.line(), f"rest {SETTLE:.4g} d"])


def split(design: Design) -> str:
    """Return the same plan with its carriers in two half doses, one directly after the other."""
    dose = design.first or design.within
    half = dose.less(0.5)
    line = dose.line()
    return "\n".join(
        part for text in design.text().splitlines() for part in ([half.line(), half.line()] if text == line else [text])
    )


def variants(design: Design) -> list[tuple[str, str, str]]:
    """Return every variant as kind, words and text; the plan itself is not among them."""
    operative, nano = halves(design)
    own = design.text()
    found = [
        ("ablation", "without the carriers", operative.text()),
        ("ablation", "without operative care", nano.text()),
        *(("order", words, text) for words, text in orders(design).items() if text != own),
    ]
    if design.gap:
        found += [("gap", f"a gap of {gap:g} days", replace(design, gap=gap).text()) for gap in GAPS if gap != design.gap]
    found.append(("sham", "the carriers in two half doses, one after the other", split(design)))
    return found


def effects(
    case: Case,
    plan: Plan,
    *,
    members: int = MEMBERS,
    seed: int = 0,
    years: float = 10.0,
    on_progress: Callable[[float, str], None] | None = None,
) -> Effects | None:
    """Return synergy and what makes it, None where the plan has no arm of carriers, of operative care, or of both.

    Arguments: case; plan, with the best of every arm; members, fresh scenarios; seed; years; on_progress.
    Assumptions: arms are those of the plan, each searched with the same effort; variants keep the doses.
    """
    arms = {o.arm: o for o in plan.options if o.certificate.count}
    if not {"wait", "nano", "operative", "combined"} <= arms.keys():
        return None
    twin = ToothTwin.of(case, plan.tooth, plan.surface)
    if on_progress:
        on_progress(0.1, "building fresh scenarios")
    rollouts = fresh_rollouts(twin, plan, None, members=members, seed=seed, years=years)
    design = arms["combined"].design
    others = variants(design)
    if on_progress:
        on_progress(0.4, "living arms and variants through")
    texts = {name: arms[name].design.text() for name in ("combined", "nano", "operative", "wait")}
    runs = _all(rollouts, [*texts.values(), *(text for _, _, text in others)])
    by_arm = dict(zip(texts, runs[:4], strict=True))
    if any(run.refused for run in by_arm.values()):
        return None
    sham = next((float((run.worth - by_arm["combined"].worth).mean()) for (kind, _, _), run in zip(others, runs[4:], strict=True) if kind == "sham" and not run.refused), 0.0)  # fmt: skip
    found = synergy_of(
        *(by_arm[name].worth for name in ("combined", "nano", "operative", "wait")),
        seed=seed,
        certified=arms["combined"].certified,
        sham=sham,
    )
    told = [_effect(kind, words, run, by_arm["combined"]) for (kind, words, _), run in zip(others, runs[4:], strict=True)]
    without = [run for (kind, _, _), run in zip(others, runs[4:], strict=True) if kind == "ablation"]
    if any(run.refused for run in without):
        interaction = (float("nan"),) * 3
    else:
        interaction = _mean(by_arm["combined"].worth - without[0].worth - without[1].worth + by_arm["wait"].worth)
    worth = {name: float(run.worth.mean()) for name, run in by_arm.items()}
    return Effects(found, interaction, tuple(told), members, worth, texts)


def _all(rollouts: Rollouts, texts: list[str]) -> list[Again]:
    return again(rollouts, texts)


def _effect(kind: str, words: str, run: Again, combined: Again) -> Effect:
    nan = float("nan")
    if run.refused:
        return Effect(kind, words, nan, nan, nan, nan, run.refused)
    return Effect(kind, words, *_mean(run.worth - combined.worth), float(run.worth.mean()))


def _mean(values: np.ndarray) -> tuple[float, float, float]:
    """Return mean and interval of 95 %."""
    mean = float(values.mean())
    spread = 1.96 * float(values.std(ddof=1)) / np.sqrt(len(values))
    return mean, mean - spread, mean + spread
