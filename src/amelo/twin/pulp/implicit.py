"""One linearly implicit step of a pulp: long where little happens, because what decays fast is taken implicitly.

Plain arithmetic as the equations are, so that NumPy and Numba run this very text.  The method is RODAS of Hairer and Wanner: six stages, fourth
order, stiffly accurate and L-stable; what the last stage adds is the difference to a result of third order, which tells the error.
Source: hairer1996.
"""

from __future__ import annotations

from typing import Any

from amelo.twin.pulp.equations import STATES

__all__ = ["ORDER", "factored", "slopes", "solved", "step_text"]

ORDER = 4
GAMMA = 0.25
INTO = (  # how much of earlier stages stands in the state at which each is evaluated
    (),
    (1.544,),
    (0.9466785280815826, 0.2557011698983284),
    (3.314825187068521, 2.896124015972201, 0.9986419139977817),
    (1.221224509226641, 6.019134481288629, 12.53708332932087, -0.687886036105895),
    (1.221224509226641, 6.019134481288629, 12.53708332932087, -0.687886036105895, 1.0),
)
BESIDE = (  # and over the length of the step beside its rates
    (),
    (-5.6688,),
    (-2.430093356833875, -0.2063599157091915),
    (-0.1073529058151375, -9.594562251023355, -20.47028614809616),
    (7.496443313967647, -10.24680431464352, -33.99990352819905, 11.70890893206160),
    (8.083246795921522, -7.981132988064893, -31.52159432874371, 16.31930543123136, -6.058818238834054),
)


def slopes(state: Any, force: Any, p: Any) -> Any:
    """Return the derivatives of ``rates`` that are not zero, by state: of bacteria by bacteria, inflammation, calming; of inflammation by
    bacteria, inflammation, damage, calming; of damage by inflammation, damage, calming; of calming by inflammation, damage, calming, liner.

    Arguments: as for ``rates``.
    """
    bacteria, inflammation, damage, calming, _ = state
    carriers, soothing = force[3], force[4]
    calm = calming / p[17]
    still = 1.0 / (1.0 + calm * calm)
    by_calm = -2.0 * calm / p[17] * still * still
    active = still * inflammation
    active_by_calm = by_calm * inflammation
    fed = p[3] + p[1] * bacteria
    pb = p[4] * (1.0 - 2.0 * bacteria / p[5]) - p[0] * p[2] * p[3] / (fed * fed) - p[6] * active
    pn = -p[6] * bacteria * still
    pc = -p[6] * bacteria * active_by_calm
    mix = p[8] * inflammation + p[7] * bacteria + p[9] * damage + p[10] * carriers
    call = still * mix
    gain = p[11] * p[12] / ((p[12] + call) * (p[12] + call))
    nb = gain * still * p[7]
    nn = gain * still * p[8] - p[13]
    nd = gain * still * p[9]
    nc = gain * by_calm * mix
    squared = active * active
    fifth = squared * squared * active
    half = p[15] * p[15]
    half = half * half * half
    whole = half + fifth * active
    steep = p[14] * 6.0 * fifth * half / (whole * whole)
    tissue = p[26] + p[27] * inflammation / (inflammation + p[28])
    pressed = p[27] * p[28] / ((inflammation + p[28]) * (inflammation + p[28]))
    over = 0.5 + 0.5 * (tissue - p[25]) / (abs(tissue - p[25]) + 1e-300)
    share = (p[24] - 0.5 * (p[25] + tissue + abs(p[25] - tissue))) / (p[24] - p[25])
    above = 0.5 + 0.5 * (share - p[29]) / (abs(share - p[29]) + 1e-300)
    blood = 0.5 * (share + p[29] + abs(share - p[29]))
    dn = steep * still + p[16] * damage * above * over * pressed / (p[24] - p[25])
    dd = -p[16] * blood
    dc = steep * active_by_calm
    sick = inflammation + p[20] * damage
    alarm = still * sick
    heard = p[19] / ((1.0 + alarm) * (1.0 + alarm))
    cn = heard * still
    cd = heard * still * p[20]
    cc = heard * by_calm * sick - p[21]
    cl = p[18] * soothing * p[22]
    return pb, pn, pc, nb, nn, nd, nc, dn, dd, dc, cn, cd, cc, cl


def factored(slope: Any, rate: Any, life: Any) -> Any:
    """Return the factors of what a stage is divided by: a rate on the diagonal, less the slopes.

    Arguments: slope, as ``slopes`` has it; rate [1/h]; life of a liner [h].
    """
    pb, pn, pc, nb, nn, nd, nc, dn, dd, dc, cn, cd, cc, cl = slope
    first = 1.0 / (rate - pb)
    one = -nb * first
    second = 1.0 / (rate - nn + one * pn)
    across = one * pc - nc
    two, three = -dn * second, -cn * second
    third = 1.0 / (rate - dd + two * nd)
    under = -dc - two * across
    four = (three * nd - cd) * third
    fourth = 1.0 / (rate - cc - three * across - four * under)
    return first, second, third, fourth, one, two, three, four, pn, pc, nd, across, under, cl, 1.0 / (rate + 1.0 / life)


def solved(factors: Any, right: Any) -> Any:
    """Return a stage from its right side, by the factors."""
    first, second, third, fourth, one, two, three, four, pn, pc, nd, across, under, cl, fading = factors
    bacteria, inflammation, damage, calming, liner = right
    liner = liner * fading
    inflammation = inflammation - one * bacteria
    damage = damage - two * inflammation
    calming = calming + cl * liner - three * inflammation - four * damage
    calming = calming * fourth
    damage = (damage - under * calming) * third
    inflammation = (inflammation + nd * damage - across * calming) * second
    bacteria = (bacteria + pn * inflammation + pc * calming) * first
    return bacteria, inflammation, damage, calming, liner


def step_text() -> str:
    """Return the text of ``advanced(state, force, p, h)``, which gives the state after a step of h hours, its error, and the rate of
    damage at its start and its end."""
    n = range(len(STATES))
    lines = [
        "def advanced(state, force, p, h):",
        f"    {', '.join(f'y{i}' for i in n)} = state",
        f"    factors = factored(slopes(state, force, p), {1.0 / GAMMA} / h, p[23])",
        "    each = 1.0 / h",
    ]
    for stage, (into, beside) in enumerate(zip(INTO, BESIDE, strict=True)):
        at = ["".join([f"y{i}", *(f" + {weight!r} * k{j}{i}" for j, weight in enumerate(into))]) for i in n]
        lines += [f"    u{i} = {text}" for i, text in enumerate(at)]
        lines += [f"    {', '.join(f'f{i}' for i in n)} = rates(({', '.join(f'u{i}' for i in n)}), force, p)"]
        lines += [f"    rising = f{STATES.index('damage')}"] if stage == 0 else []
        right = [
            f"f{i} + each * ({' + '.join(f'{weight!r} * k{j}{i}' for j, weight in enumerate(beside))})" if beside else f"f{i}"
            for i in n
        ]
        lines += [f"    {', '.join(f'k{stage}{i}' for i in n)} = solved(factors, ({', '.join(right)}))"]
    last = len(INTO) - 1
    lines += [
        f"    return ({', '.join(f'u{i} + k{last}{i}' for i in n)}), ({', '.join(f'k{last}{i}' for i in n)}), rising, f{STATES.index('damage')}"
    ]
    return "\n".join(lines) + "\n"
