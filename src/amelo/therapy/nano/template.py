"""The invented dentine of the founding case: carriers with mineral in its tubules make it grow from its pulp's own fluid.  FICTION.

An ordinary tooth has none of it.  In the invented one growth still waits for ions to diffuse, and what is laid down came in through the wall of
the pulp.  In those that answer badly it is laid down between fibrils alone, and beyond what belongs there.
"""

from __future__ import annotations

import numpy as np

from amelo.twin.tooth.state import WholeTooth

__all__ = ["answered"]


def answered(tooth: WholeTooth, inside: np.ndarray) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Return the load that the pulp feels of carriers in its tubules (M,), and books of how far dentine answers.

    Arguments: tooth; inside (M,) [1/m2] carriers with mineral that a visit left in the tubules.
    Returns: nothing at all for an ordinary tooth.
    """
    values = tooth.constants.values
    if "template.carriers" not in values:
        return np.zeros(tooth.members), {}
    before = tooth.books.get("templated", np.zeros(tooth.members))
    calls = np.maximum(inside, 0.0) * values["efficacy"] / values["template.carriers"]
    return np.maximum(inside, 0.0) / values["template.sensed"], {"templated": 1.0 - (1.0 - before) * np.exp(-calls)}
