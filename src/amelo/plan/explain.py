"""Why: what binds the chosen plan, what moves its worth, why the others lost, and what is not known."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np

from amelo.plan.certify import Certificate
from amelo.plan.design import Design
from amelo.plan.goals import HARMS, WEIGHTS, Limits
from amelo.plan.record import Option
from amelo.plan.rollout import Rollouts
from amelo.plan.situation import agreed
from amelo.records.genotype import genotype_of_case
from amelo.twin.tooth.twin import ToothTwin

__all__ = ["ablations", "explained", "unknown_of", "why_not"]

SCENARIOS = 128
PLAIN = Design()


def explained(rollouts: Rollouts, chosen: Option, waiting: Certificate, limits: Limits, *, ablated: bool = True) -> tuple[str, ...]:
    """Return sentences: which harm binds, what each part of the plan gives, and which unknowns its worth hangs on most.

    Arguments: rollouts on the scenarios of the certificate; chosen; waiting; limits; ablated, whether there is time to run it without each part.
    """
    if chosen.arm == "wait" or not chosen.certificate.count:
        return ()
    c = chosen.certificate
    largest = limits.array
    tight = int(np.argmax(c.upper / largest))
    said = [
        f"what limits it most is {HARMS[tight].replace('_', ' ')}: {int(c.violations[tight])} of {c.count} scenarios, at most {c.upper[tight]:.3g} with confidence, {largest[tight]:g} allowed"
    ]
    n = min(c.count, waiting.count)
    difference = c.outcomes[:, :n].mean(axis=1) - waiting.outcomes[:, :n].mean(axis=1)
    order = np.argsort(-np.abs(difference))[:3]
    names = list(WEIGHTS)
    said.append("over waiting it changes " + ", ".join(f"{names[k]} by {difference[k]:+.3f}" for k in order))
    if ablated:
        said += [f"without {part} it would be worth {gain:+.3f}" for part, gain in ablations(rollouts, chosen.design)]
    return (*said, *_hangs_on(rollouts, c))


def ablations(rollouts: Rollouts, design: Design) -> list[tuple[str, float]]:
    """Return what the worth of a design would change by without each of its parts, the greatest first; doses stay as they are."""
    parts = []
    for field in fields(Design):
        plain = getattr(PLAIN, field.name)
        if getattr(design, field.name) != plain and field.name not in ("gap", "cover", "excavate", "leave", "pulp"):
            changed = replace(design, **{field.name: plain})
            if (field.name == "first" and not changed.stepwise) or (field.name == "stepwise" and changed.first is None):
                changed = replace(changed, gap=0.0)
            parts.append((_word(field.name, design), changed))
    if not parts:
        return []
    count = min(SCENARIOS, rollouts.tooth.members)
    runs = rollouts.run([design, *(changed for _, changed in parts)], 0, count)
    if runs[0].refused:
        return []
    base = runs[0].values.total.mean()
    found = [
        (word, float(run.values.total.mean() - base)) for (word, _), run in zip(parts, runs[1:], strict=True) if not run.refused
    ]
    return sorted(found, key=lambda pair: pair[1])


def _word(name: str, design: Design) -> str:
    words = {
        "habits": "the habits",
        "first": "the carriers before",
        "within": "the carriers in the cavity",
        "surface": design.surface,
        "line": f"the {design.line}",
    }
    return words.get(name, name)


def _hangs_on(rollouts: Rollouts, certificate: Certificate) -> tuple[str, ...]:
    """Return the three constants that go along most with worth over the scenarios, by rank."""
    count = min(certificate.count, rollouts.tooth.members)
    if count < 64:
        return ()
    constants = rollouts.tooth.constants
    known = {**{name: value[:count] for name, value in constants.values.items()}}
    known |= {
        f"pulp: {name}": constants.pulps[name][:count]
        for name in ("inflammation.by_damage", "calming.source", "damage.repair", "bacteria.growth")
    }
    rank = _ranks(certificate.worth[:count])
    found = []
    for name, value in known.items():
        if np.ptp(value) > 0.0:
            found.append((float(np.corrcoef(_ranks(value), rank)[0, 1]), name))
    found.sort(key=lambda pair: -abs(pair[0]))
    words = [f"{name} ({'more' if r > 0 else 'less'} is better)" for r, name in found[:3]]
    return (f"its worth hangs most on {', '.join(words)}",) if words else ()


def _ranks(values: np.ndarray) -> np.ndarray:
    return np.argsort(np.argsort(values)).astype(float)


def why_not(option: Option, chosen: Option, limits: Limits) -> str:
    """Return in a sentence why an option was not chosen."""
    c = option.certificate
    if c.refused:
        return f"it cannot be done: {c.refused}"
    if not c.count:
        return "nothing of this arm could be tried"
    if not option.certified and option.arm != "wait":
        largest = limits.array
        k = int(np.argmax(c.upper - largest))
        return f"its chance of {HARMS[k].replace('_', ' ')} is not certified below {largest[k]:g}: {int(c.violations[k])} of {c.count} scenarios, at most {c.upper[k]:.3g}"
    n = min(c.count, chosen.certificate.count)
    gain = chosen.certificate.worth[:n] - c.worth[:n]
    names = list(WEIGHTS)
    apart = chosen.certificate.outcomes[:, :n].mean(axis=1) - c.outcomes[:, :n].mean(axis=1)
    k = int(np.argmax(apart))
    return f"it is worth {gain.mean():.3f} less in the mean, most of it in {names[k]} ({apart[k]:+.3f}); in {100 * (gain < 0).mean():.0f} % of scenarios it would be better"


def unknown_of(twin: ToothTwin) -> tuple[str, ...]:
    """Return what is not known of a patient and could change the answer."""
    case, record = twin.case, twin.case.tooth(twin.tooth)
    said = list(genotype_of_case(case).unknown) if case.genotype != "unknown" else ["nobody tested the genotype"]
    if record.residual_dentine == "unknown":
        said.append("nobody measured the dentine between lesion and pulp: an image would narrow the chance of exposure")
    if record.pulp_diagnosis == "unknown":
        said.append("nobody tested the pulp")
    if not agreed(case):
        said.append(
            "the patient has not agreed to a probe dose, so that none was planned: it could tell how the tooth answers carriers"
        )
    return tuple(said)
