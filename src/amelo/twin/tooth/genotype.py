"""What a genotype makes of the members of a tooth: one structure each, by its weight, and one way of answering carriers."""

from __future__ import annotations

import numpy as np

from amelo.records.case import Case
from amelo.records.genotype import NOT_FOUND, SMALLEST, USUAL, ToothClass, genotype_of_case
from amelo.twin.tooth.draws import Draws

__all__ = ["FACTORS", "FOLLOW", "NOT_CARRIED", "responses_of", "structures_of"]

FACTORS = ("thickness", "sound_mineral", "residual_protein", "intrafibrillar_mineral", "mismatch", "pulp_size")
FOLLOW = (
    "hardness",
    "modulus",
)  # from mineral, fibrils and protein, as tissue that was measured has them; not a second time by factor
NOT_CARRIED = {  # what of a structure no part of a whole tooth carries, in words
    "attachment": "how firmly the root is held, so that early loss is in no chance",
    "interglobular_volume": "spaces between globules of dentine, a hidden way to the pulp, so that an abscess without caries is in no chance",
    "porosity": "open pores of sound tissue",
    "diffusivity_scale": "how fast ions pass sound tissue",
}


def structures_of(case: Case, tissue: str, draws: Draws) -> tuple[dict[str, np.ndarray], list[str]]:
    """Return factors (M,) on healthy tissue by name, 1 where nothing is changed, and in sentences what was assumed.

    Arguments: case; tissue, ``enamel`` or ``dentine``; draws.
    Assumptions: a structure is as likely as its weight; its factors lie within their ranges, all at the same quantile within a member;
    a test that found nothing leaves the structures that tests miss; what a likely structure changes and no part of a tooth carries is told.
    """
    found = genotype_of_case(case)
    members = len(draws.members)
    factors = {name: np.ones(members) for name in FACTORS}
    if not found.findings:
        return factors, []
    classes = found.classes(tissue)
    weights = np.array([c.weight.value for c in classes])
    edges = np.cumsum(weights / weights.sum())
    luck, spread = draws.uniform(f"genotype.{tissue}"), draws.normal(f"genotype.{tissue}.spread")
    which = np.minimum(np.searchsorted(edges, luck, side="right"), len(classes) - 1)
    for k, entry in enumerate(classes):
        mine = which == k
        for name, (value, low, high) in entry.factors.items():
            if name in factors and mine.any():
                steps = np.clip(spread[mine] / 1.645, -1.0, 1.0)
                factors[name][mine] = value + np.where(steps < 0.0, value - low, high - value) * steps
    told = [f"{c.name}: {c.weight.value:.2g} ({c.weight.low:.2g} to {c.weight.high:.2g})" for c in classes if c.name != USUAL]
    sentences = [f"{tissue} of one structure a member, by the genotype: {', '.join(told)}"] if told else []
    return factors, sentences + _not_carried(classes)


def _not_carried(classes: tuple[ToothClass, ...]) -> list[str]:
    """Return a sentence for each structure of some weight that changes what nothing here carries."""
    sentences = []
    for entry in classes:
        if entry.name in (USUAL, NOT_FOUND) or entry.weight.high <= SMALLEST:
            continue
        left = [
            f"{NOT_CARRIED.get(name, 'shares of mineral that dissolve more easily' if name.startswith('share.') else name)} "
            f"({value:.3g} times the usual, {low:.3g} to {high:.3g})"
            for name, (value, low, high) in entry.factors.items()
            if name not in (*FACTORS, *FOLLOW)
        ]
        if left:
            sentences.append(f"nothing carries of {entry.name}: {'; '.join(left)}")
    return sentences


def responses_of(case: Case, draws: Draws) -> tuple[np.ndarray, dict[str, np.ndarray], list[str]]:
    """Return who answers carriers badly (M,), the gain of inflammation [1/h] and the efficacy (M,) of every member, and what was assumed.

    Assumptions: HYPOTHETICAL throughout; the chance is that of the genotype, each gain log-normal within its range.
    """
    responses = genotype_of_case(case).responses
    bad = next(r for r in responses if r.name == "reactor")
    reacts = draws.uniform("genotype.response") < bad.weight.value
    gain, efficacy = np.zeros(len(reacts)), np.zeros(len(reacts))
    spread = draws.normal("genotype.response.gain") / 1.96
    for response in responses:
        mine = reacts == (response.name == "reactor")
        p, q = response.inflammation, response.efficacy
        gain[mine] = p.value * np.exp(0.5 * np.log(p.high / p.low) * np.clip(spread[mine], -1.0, 1.0))
        efficacy[mine] = q.value
    told = f"answers carriers badly with a chance of {bad.weight.value:.2g} ({bad.weight.low:.2g} to {bad.weight.high:.2g}): hypothetical"
    return reacts, {"gain": gain, "efficacy": efficacy}, [told]
