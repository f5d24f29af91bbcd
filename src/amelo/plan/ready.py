"""Tables that plans look up, made before anyone waits for them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from amelo.plan.design import NANO
from amelo.plan.rollout import operations_of
from amelo.therapy.nano.tabulated import tubules

__all__ = ["THICKNESSES", "ready"]

THICKNESSES = (1e-3, 2e-3, 2.5e-3, 3e-3, 3.5e-3)  # m of dentine, as tables are rounded: primary teeth, and almost all others
STATES = ((True, 1.0), (True, 0.7), (False, 1.0))  # whether the pulp lives, and what tubules pass: also after a trace of carriers


def ready(thicknesses: Sequence[float] = THICKNESSES, on_progress: Callable[[float, str], None] | None = None) -> int:
    """Make the tables of all doses of a plan for some thicknesses of dentine, in the cache folder, and return how many there are.

    Arguments: thicknesses [m]; on_progress (fraction, message).
    """
    wanted = {}
    for dose in NANO:
        if dose is None:
            continue
        visit = operations_of(f"isolate\n{dose.line()}")[1].act
        for carrier in visit.carriers:
            wanted |= dict.fromkeys((carrier, visit.seen_by(carrier), t, *state) for t in thicknesses for state in STATES)
    for k, (carrier, acts, thickness, vital, conductance) in enumerate(wanted):
        if on_progress:
            on_progress(k / len(wanted), f"{carrier.name} in {1e3 * thickness:.2g} mm of dentine")
        tubules(carrier, acts, thickness, vital, conductance)
    return len(wanted)
