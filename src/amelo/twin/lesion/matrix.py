"""The collagen of dentine in one cell and one step: acid activates enzymes, neutral fluid lets them work, bare collagen goes.

Both laws are solved exactly over a step at the pH and the mineral of its end, so that shares stay between 0 and 1 for any step.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from amelo.twin.lesion.system import LN10

if TYPE_CHECKING:
    from amelo.twin.lesion.cell import Load, Number, Store

__all__ = ["FIELDS", "STATE", "barren", "decay"]

STATE = ("collagen", "enzyme")  # intact share, active share
FIELDS = (
    "collagen_protected_above",
    "collagen_decay_rate",
    "enzyme_activation_ph",
    "enzyme_activation_width",
    "enzyme_activation_rate",
    "enzyme_deactivation_rate",
    "enzyme_optimal_ph",
    "enzyme_ph_width",
)


def barren(load: Load, sound_pores: Number) -> Number:
    """Return the volume of pores that no mineral can fill any more, because the matrix that would hold it is gone.

    Arguments: sound_pores (volume share of pores in sound tissue).
    Assumptions: where matrix is gone, what mineral is left is the residue that never dissolves; the rest fills up to what sound tissue holds.
    """
    gone = 1.0 - load("collagen")
    residue = load("residual_mineral") * load("sound_apatite") * load("molar_volume.0")
    return gone * (1.0 - sound_pores - residue)


def decay(load: Load, hydrogen: Number, apatite: Number, store: Store, math: Any) -> None:
    """Store collagen and active enzyme after a step.

    Arguments: hydrogen (free concentration [mol/L]) and apatite [mol/L tissue] at the end of the step.
    Assumptions: enzymes are activated in proportion to how far pH has fallen through a width around the activation pH, and not at all
    above it; activity is a bell of pH around its optimum; collagen is bare in proportion to the mineral that is missing below
    ``collagen.protected_above``.
    """
    ph = (math.log(hydrogen) + load("log_activity")) * (-1.0 / LN10)
    step = load("step")
    acid = (load("enzyme_activation_ph") - ph) / load("enzyme_activation_width") + 0.5
    acid = math.where(acid > 0.0, acid, 0.0)
    acid = math.where(acid < 1.0, acid, 1.0)
    waking = load("enzyme_activation_rate") * acid
    both = waking + load("enzyme_deactivation_rate")
    steady = waking / (both + 1e-30)
    enzyme = steady + (load("enzyme") - steady) * math.exp_any(-(step * both))
    away = (ph - load("enzyme_optimal_ph")) / load("enzyme_ph_width")
    bare = 1.0 - apatite / (load("sound_apatite") * load("collagen_protected_above"))
    bare = math.where(bare > 0.0, bare, 0.0)
    rate = load("collagen_decay_rate") * enzyme * math.exp_any(-0.5 * (away * away)) * bare
    store(enzyme=enzyme, collagen=load("collagen") * math.exp_any(-(step * rate)))
