"""The invented dentine of the founding case: carriers with mineral on its bare collagen make it grow from its pulp's own fluid.  FICTION.

An ordinary tooth has none of it.  In the invented one growth still waits for ions to diffuse, and what is laid down came in through the wall of
the pulp.  Carriers call only where they touch collagen that bacteria do not hold, so that somebody has to clear the way.  In those that answer
badly growth is laid down between fibrils alone, and beyond what belongs there, and the pulp feels carriers on all collagen, held by bacteria or not.
"""

from __future__ import annotations

import numpy as np

from amelo.twin.tooth.state import WholeTooth

__all__ = ["answered", "touching"]


def touching(tooth: WholeTooth, docked: np.ndarray, *, held: bool = False) -> np.ndarray:
    """Return carriers that touch collagen which bacteria do not hold (M,) [1/m2].

    Arguments: tooth, as carriers find it; docked (M,) [1/m2] on its floor; held, whether collagen that bacteria hold counts as well.
    Assumptions: carriers dock evenly; enamel has no collagen.
    """
    rows = np.arange(tooth.members)
    floor = np.minimum((tooth.left <= 1e-9).sum(axis=1), tooth.cells - 1)
    free = np.clip(tooth.organic[rows, floor], 0.0, 1.0)
    if not held:
        free = free * np.clip(1.0 - tooth.bacteria[rows, floor], 0.0, 1.0)
    return np.where(tooth.open_floor & (tooth.exposed <= 0.0), free * np.maximum(docked, 0.0), 0.0)


def answered(tooth: WholeTooth, docked: np.ndarray) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Return the load that the pulp feels of carriers on its dentine (M,), and books of how far dentine answers.

    Arguments: tooth, as carriers find it; docked (M,) [1/m2], carriers with mineral that a visit left on the floor.
    Returns: nothing at all for an ordinary tooth.
    """
    values = tooth.constants.values
    if "template.carriers" not in values:
        return np.zeros(tooth.members), {}
    before = tooth.books.get("templated", np.zeros(tooth.members))
    calls = touching(tooth, docked) * values["efficacy"] / values["template.carriers"]
    felt = touching(tooth, docked, held=True)
    return felt / values["template.sensed"], {"templated": 1.0 - (1.0 - before) * np.exp(-calls)}
