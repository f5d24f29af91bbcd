"""The equations of a pulp, once: NumPy, JAX and Numba run this very text.

Bacteria P, inflammation N, damage D, what calms C and a liner L, in arbitrary units; time in hours, pressures in mmHg.  The core is that of
Reynolds and others for acute systemic inflammation; perfusion, influx through dentine, heat, carriers and liner are closures of ours.
There is no measured model of pulpitis: say "of the Reynolds type".

The greater of two numbers is written as half of (sum + absolute difference), because that is arithmetic in all three.
"""

from __future__ import annotations

from typing import Any

__all__ = ["FORCES", "NAMES", "STATES", "perfusion", "pressure", "rates"]

STATES = ("bacteria", "inflammation", "damage", "calming", "liner")
FORCES = ("influx", "warming", "cutting", "carriers", "soothing")  # [unit/h], [K], [unit/h], [unit], times the source of calming
NAMES = (  # in the order in which ``rates`` takes them
    "bacteria.local_killing",
    "bacteria.local_binding",
    "bacteria.local_source",
    "bacteria.local_loss",
    "bacteria.growth",
    "bacteria.capacity",
    "bacteria.killing",
    "inflammation.by_bacteria",
    "inflammation.by_itself",
    "inflammation.by_damage",
    "inflammation.by_carriers",
    "inflammation.source",
    "inflammation.half",
    "inflammation.loss",
    "damage.by_inflammation",
    "damage.half",
    "damage.repair",
    "calming.half",
    "calming.source",
    "calming.by_inflammation",
    "calming.weight_of_damage",
    "calming.loss",
    "calming.liner_gain",
    "calming.liner_life",
    "perfusion.arterial",
    "perfusion.venous",
    "perfusion.resting",
    "perfusion.rise",
    "perfusion.half",
    "perfusion.least",
    "heat.gain",
)


def pressure(inflammation: Any, p: Any) -> Any:
    """Return the pressure of the tissue [mmHg] from inflammation and the constants in the order of ``NAMES``."""
    return p[26] + p[27] * inflammation / (inflammation + p[28])


def perfusion(inflammation: Any, p: Any) -> Any:
    """Return the share of full perfusion: venules collapse where the tissue presses more than they do, and blood falls over that edge.

    Assumptions: never above 1, because the greater of two pressures is at least that of venules; never below the least.
    """
    tissue = pressure(inflammation, p)
    back = 0.5 * (p[25] + tissue + abs(p[25] - tissue))
    share = (p[24] - back) / (p[24] - p[25])
    return 0.5 * (share + p[29] + abs(share - p[29]))


def rates(state: Any, force: Any, p: Any) -> Any:
    """Return the rates of change [unit/h] of the five states.

    Arguments: state (P, N, D, C, L); force (as ``FORCES``); p (constants in the order of ``NAMES``).  Each may be a number or an array.
    Source: reynolds2006.
    """
    bacteria, inflammation, damage, calming, liner = state
    influx, warming, cutting, carriers, soothing = force
    calm = calming / p[17]
    still = 1.0 / (1.0 + calm * calm)
    active = still * inflammation
    call = still * (p[8] * inflammation + p[7] * bacteria + p[9] * damage + p[10] * carriers)
    squared = active * active
    sixth = squared * squared * squared
    half = p[15] * p[15]
    half = half * half * half
    alarm = still * (inflammation + p[20] * damage)
    return (
        p[4] * bacteria * (1.0 - bacteria / p[5])
        - p[0] * p[2] * bacteria / (p[3] + p[1] * bacteria)
        - p[6] * active * bacteria
        + influx,
        p[11] * call / (p[12] + call) - p[13] * inflammation,
        p[14] * sixth / (half + sixth)
        - p[16] * perfusion(inflammation, p) * damage
        + p[30] * 0.5 * (warming + abs(warming))
        + cutting,
        p[18] * soothing * (1.0 + p[22] * liner) + p[19] * alarm / (1.0 + alarm) - p[21] * calming,
        -liner / p[23],
    )
