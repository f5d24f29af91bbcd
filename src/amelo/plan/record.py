"""What a plan is: the options in their order, what each does to this patient, and what is certified of the chosen one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from amelo.plan.certify import Certificate
from amelo.plan.design import Design
from amelo.plan.goals import HARMS, WEIGHTS, Goals, Limits
from amelo.plan.outside import Outside
from amelo.plan.probe import Trace
from amelo.plan.synergy import Synergy
from amelo.twin.provenance import Provenance

__all__ = ["Option", "Plan", "Probe"]


@dataclass(frozen=True, eq=False)
class Option:
    """One way to treat the tooth: its arm, design, protocol as text, and what untouched scenarios say of it.

    Fields besides: refused, why it cannot be done, empty when it can; why, what speaks against it beside the chosen one, in a sentence.
    """

    arm: str
    design: Design
    protocol: str
    certificate: Certificate
    why: str = ""

    @property
    def worth(self) -> float:
        """Mean worth, 0 to 1."""
        return float(self.certificate.worth.mean()) if self.certificate.count else float("nan")

    @property
    def certified(self) -> bool:
        """Whether every class of harm is certified below its limit."""
        return self.certificate.verdict is True

    def to_dict(self, limits: Limits) -> dict[str, Any]:
        """Return it as plain values."""
        c = self.certificate
        found: dict[str, Any] = {
            "arm": self.arm,
            "protocol": self.protocol,
            "worth": self.worth,
            "certified": self.certified,
            "scenarios": c.count,
        }
        if c.count:
            low, high = np.percentile(c.outcomes, (5.0, 95.0), axis=1)
            found["outcomes"] = {
                name: {"mean": float(c.outcomes[k].mean()), "low": float(low[k]), "high": float(high[k])}
                for k, name in enumerate(WEIGHTS)
            }
            found["harm"] = {
                name: {
                    "share": float(c.violations[k] / c.count),
                    "limit": limits.largest.get(name, 1.0),
                    "upper_bound": float(c.upper[k]),
                }
                for k, name in enumerate(HARMS)
            }
        if self.why:
            found["why"] = self.why
        if c.refused:
            found["refused"] = c.refused
        return found


@dataclass(frozen=True, eq=False)
class Probe:
    """A probe dose before treatment, and what is done by what it shows.

    Fields: trace, what is brought and where; reading, what is read; threshold; calm and alarmed, designs on either side of it; chance of being
    alarmed; gain of the policy over the best plan without a probe, with interval; perfect, worth of knowing the class for certain over the same,
    None where there was no time to look; adopted; told, in plain words; certificate; above (n,), which untouched scenarios read high.
    """

    trace: Trace
    reading: str
    threshold: float
    calm: Design
    alarmed: Design
    chance: float
    gain: float
    low: float
    high: float
    perfect: float | None
    adopted: bool
    told: str
    certificate: Certificate
    above: np.ndarray

    @property
    def arm(self) -> str:
        """Which arm the whole belongs to: carriers are brought, and the hand works in a cavity or on either side of the branch."""
        by_hand = self.trace.opening is not None or any(d.arm in ("operative", "combined") for d in (self.calm, self.alarmed))
        return "combined" if by_hand else "nano"

    @property
    def protocol(self) -> str:
        """The probe itself as the text of a protocol: what goes before, dose, and the wait until it is read."""
        return self.trace.text

    def then(self, design: Design) -> str:
        """Return the protocol of what follows the reading."""
        return self.trace.then(design)

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain values."""
        return {
            "dose": self.trace.dose,
            "protocol": self.protocol,
            "reading": self.reading,
            "threshold": self.threshold,
            "if_calm": self.then(self.calm),
            "if_alarmed": self.then(self.alarmed),
            "chance_alarmed": self.chance,
            "gain": self.gain,
            "low": self.low,
            "high": self.high,
            "value_of_perfect_information": self.perfect,
            "adopted": self.adopted,
            "told": self.told,
        }


@dataclass(frozen=True, eq=False)
class Plan:
    """What was found for one tooth.

    Fields: tooth, surface; status, ``certified`` or ``deferred``; reason (of deferring, or of waiting); chosen; options (best of each arm, the
    chosen first, waiting always among them); runner_up; synergy (None where an arm is missing); probe; robustness (worst share of each harm over
    shifted worlds, by name of the world); explained (sentences); unknown (sentences); goals, limits; seconds; rollouts; first_certified [s];
    provenance; settings; outside, in what the patient lies outside what was calibrated: then certificates hold in scenarios drawn wider as well.
    """

    tooth: int
    surface: str
    status: str
    reason: str
    chosen: Option
    options: tuple[Option, ...]
    runner_up: Option | None
    synergy: Synergy | None
    probe: Probe | None
    robustness: Mapping[str, Mapping[str, float]]
    explained: tuple[str, ...]
    unknown: tuple[str, ...]
    goals: Goals
    limits: Limits
    seconds: float
    rollouts: int
    first_certified: float | None
    provenance: Provenance
    settings: Mapping[str, Any] = field(default_factory=dict)
    outside: tuple[Outside, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the plan as plain values, as ``--json`` prints it."""
        return {
            "tooth": self.tooth,
            "surface": self.surface,
            "status": self.status,
            "reason": self.reason,
            "seconds": self.seconds,
            "first_certified_seconds": self.first_certified,
            "rollouts": self.rollouts,
            "seed": self.provenance.seed,
            "chosen": self.chosen.to_dict(self.limits),
            "arms": {o.arm: o.to_dict(self.limits) for o in self.options},
            "runner_up": None if self.runner_up is None else self.runner_up.to_dict(self.limits),
            "synergy": None if self.synergy is None else self.synergy.to_dict(),
            "probe": None if self.probe is None else self.probe.to_dict(),
            "robustness": {world: dict(found) for world, found in self.robustness.items()},
            "explained": list(self.explained),
            "unknown": list(self.unknown),
            "out_of_distribution": bool(self.outside),
            "outside": [o.to_dict() for o in self.outside],
            "goals": {"name": self.goals.name, "weights": dict(self.goals.weights), "at_least": dict(self.goals.at_least)},
            "limits": dict(self.limits.largest),
            "confidence": self.limits.confidence,
            "settings": dict(self.settings),
            "assumptions": list(self.provenance.assumptions),
            "citations": list(self.provenance.citations),
        }

    def __repr__(self) -> str:
        found = (
            f"<Plan for tooth {self.tooth}: {self.status}, {self.chosen.arm}, worth {self.chosen.worth:.3f}, {self.seconds:.1f} s>"
        )
        return "\n".join([found, *(f"  {line}" for line in self.chosen.protocol.splitlines())])
