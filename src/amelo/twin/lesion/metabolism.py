"""What a biofilm does in one cell and one step: sugar in, lactic acid out, and groups that hold protons against potassium.

Sugar moves and is eaten before everything else, implicitly and so never below zero; the acid that it becomes is then a known source of
the step.  How fast it is eaten per sugar there is follows from the sugar of the pass before (Monod) and the pH of the start of the
step.  The biofilm's groups hold protons and calcium, and let one potassium ion go for each charge that they take up, at the end of the
step: the fluid stays neutral.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from amelo.twin.lesion.system import LN10

if TYPE_CHECKING:
    from amelo.twin.lesion.cell import CellModel, Load, Number, Store

__all__ = ["FIELDS", "STATE", "appetite", "feed_down", "feed_up", "sugar_faces"]

STATE = ("appetite", "counter")  # share of the greatest rate that pH allows; potassium that the groups hold [mol/L plaque]
FIELDS = (
    "production",  # greatest rate [mol hexose/(L plaque s)], 0 in tissue
    "half_saturation",  # [mol/L]
    "lactate_yield",
    "ph_minimum",
    "ph_optimum",
    "ph_maximum",
    "drag",  # of sugar: its resistance over that of a solute of diffusivity 1
    "hunger",  # sugar eaten per time and sugar there is [1/s]
    "eaten",  # sugar in this step [mol/L plaque]
    "soured",  # lactic acid made of it [mol/L plaque]
    "released",  # potassium [mol/L plaque]
)


def appetite(load: Load, hydrogen: Number, math: Any) -> Number:
    """Return the share of its greatest rate at which metabolism runs: 0 outside a least and a greatest pH, 1 at the best.

    Arguments: hydrogen (free concentration [mol/L]).
    """
    ph = (math.log(hydrogen) + load("log_activity")) * (-1.0 / LN10)
    low, best, high = load("ph_minimum"), load("ph_optimum"), load("ph_maximum")
    inside = (ph - low) * (high - ph)
    inside = math.where(inside > 0.0, inside, 0.0)
    return inside / (inside + (ph - best) * (ph - best) + 1e-12)


def sugar_faces(load: Load, left: Load, right: Load | None = None) -> tuple[Number, ...]:
    """Return how well the left face, and with ``right`` both faces, let sugar through [m/s].

    A film outside resists sugar like every other solute, although sugar is slower than ions in the biofilm: hence faces of its own.
    """
    own = load("resistance") * load("drag")
    faces = [1.0 / (left("resistance") * left("drag") + own)]
    if right is not None:
        faces.append(1.0 / (own + right("resistance") * right("drag")))
    return tuple(faces)


def feed_down(model: CellModel, load: Load, left: Load, right: Load, store: Store) -> None:
    """Eliminate sugar from the outside inwards."""
    f, rate = model.family("Glc"), load("width") / load("step")
    to_left, to_right = sugar_faces(load, left, right)
    hunger = load("production") * load("metabolism") * load("appetite") / (load("half_saturation") + load(f"total{f}"))
    eating = rate * (load("step") * hunger)
    inverse = 1.0 / (rate * load("porosity") + eating + to_left + to_right - to_left * left(f"ahead{f}"))
    given = rate * load(f"stock{f}") + to_left * left(f"behind{f}")
    store(**{"hunger": hunger, f"ahead{f}": to_right * inverse, f"behind{f}": given * inverse})


def feed_up(model: CellModel, load: Load, right: Load, store: Store) -> None:
    """Substitute sugar from the inside outwards; store what is eaten and the acid made of it."""
    f = model.family("Glc")
    total = load(f"behind{f}") + load(f"ahead{f}") * right(f"total{f}")
    eaten = load("step") * load("hunger") * total
    store(**{f"total{f}": total, "eaten": eaten, "soured": load("lactate_yield") * eaten})
