"""The structure of a tooth: stiffness and hardness of its tissues, mismatch, strength of the whole, fracture over years, and the fold."""

from amelo.twin.structure.fold import (
    StrengthFold,
    StrengthPaths,
    crack_cycles,
    eigenvalue,
    fatigue_life,
    follow_strength,
    fracture_load,
    resting_strength,
    stiffness,
    strength_after,
    strength_fold,
    strength_rate,
)
from amelo.twin.structure.fracture import Loads, annual_risk, fracture_risk, life, overload_risk, used_by
from amelo.twin.structure.laws import Laws
from amelo.twin.structure.mismatch import Mismatch, mismatch, mismatch_factor
from amelo.twin.structure.tissue import Mechanics, compartments, mechanics, tissue_factor
from amelo.twin.structure.tooth_strength import (
    CAVITIES,
    RESTORATIONS,
    cavity_strength,
    restored_strength,
    tooth_strength,
)
from amelo.twin.structure.words import FIRMNESS, firmness, thresholds

__all__ = [
    "CAVITIES",
    "FIRMNESS",
    "RESTORATIONS",
    "Laws",
    "Loads",
    "Mechanics",
    "Mismatch",
    "StrengthFold",
    "StrengthPaths",
    "annual_risk",
    "cavity_strength",
    "compartments",
    "crack_cycles",
    "eigenvalue",
    "fatigue_life",
    "firmness",
    "follow_strength",
    "fracture_load",
    "fracture_risk",
    "life",
    "mechanics",
    "mismatch",
    "mismatch_factor",
    "overload_risk",
    "resting_strength",
    "restored_strength",
    "stiffness",
    "strength_after",
    "strength_fold",
    "strength_rate",
    "thresholds",
    "tissue_factor",
    "tooth_strength",
    "used_by",
]
