"""Which tier answers a question: the density of carriers, or each of them."""

from __future__ import annotations

import numpy as np

from amelo.errors import ParameterError, nearest
from amelo.therapy.nano import motion
from amelo.therapy.nano.carrier import Carrier
from amelo.therapy.nano.passage import Passage

__all__ = ["choose"]

TIERS = ("density", "particles")
MANY, FEW, CLOSE = 100.0, 10.0, 0.3  # carriers in a cell; ratio of diameters above which single carriers matter


def choose(
    passage: Passage, carrier: Carrier, dose: float, *, passages: float = 1.0, rare: bool = False, forced: str = ""
) -> tuple[str, str]:
    """Return the tier that answers, and why in a sentence.

    Arguments: passage; carrier; dose (carriers outside [1/m3]); passages (how many alike are asked about together); rare (whether a rare
    event is the question, as the first carrier at the pulp); forced ("density" or "particles", over what would be chosen).
    Returns: (tier, reason).
    Raises: ParameterError for a tier that is none, a dose below 0 or a carrier that does not fit.
    Assumptions: a density stands for carriers where a cell holds more than 100 of them; from 10 on it is taken as well where nothing else
    speaks against it; above 0.3 of the width of the passage carriers jam and pass each other one by one.
    """
    if forced and forced not in TIERS:
        raise ParameterError(f"'{forced}' is no tier of the nano therapies", fix=nearest(forced, TIERS))
    if not 0.0 <= dose < np.inf or not passages > 0.0:
        raise ParameterError(
            f"a dose of {dose:g} per m3 in {passages:g} passages is out of range", why="both are numbers of things"
        )
    widest = carrier.diameter / float(np.min(passage.width))
    if widest >= 1.0:
        raise ParameterError(f"{carrier.name} does not fit into the passage", why=f"it is {widest:.3g} times as wide as that")
    middle = 0.5 * (passage.width[:-1] + passage.width[1:])
    reach = passage.area(middle) * motion.partition(carrier.diameter / middle)
    expected = float(np.median(reach * np.diff(passage.edges)) * dose * passages)
    crowd = f"a cell holds {expected:.3g} carriers"
    if rare:
        tier, why = "particles", "a rare event is asked for, which a mean does not show"
    elif widest > CLOSE:
        tier, why = (
            "particles",
            f"carriers are {widest:.2g} of the width of the passage, so that they jam one by one (above {CLOSE:g})",
        )
    elif expected > MANY:
        tier, why = "density", f"{crowd}, more than {MANY:g}"
    elif expected < FEW:
        tier, why = "particles", f"{crowd}, fewer than {FEW:g}"
    else:
        tier, why = "density", f"{crowd}: between {FEW:g} and {MANY:g} the density is the cheaper of two that will do"
    if forced and forced != tier:
        return forced, f"forced; {tier} would be chosen, because {why}"
    return tier, f"{tier}, because {why}" + (" (also forced)" if forced else "")
