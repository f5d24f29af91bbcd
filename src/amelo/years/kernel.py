"""The compiled loop that carries the chances of a tooth through the years, one member after the other.

What is placed later starts its own clock, so that its chances are kept by the step in which they began.  All hazards within a step are
integrated exactly and share what leaves in proportion.  Whatever begins within a step began in its middle on average: its first span is one
step and a half, which makes the error one of second order.
"""

from __future__ import annotations

import numba
import numpy as np

__all__ = ["march"]

STAGES, MOVES, ROWS, STATES, EVENTS = 8, 7, 6, 8, 12
TERMS = 9  # of the series of a step: exact to 1e-6 where the fastest rate meets a step of a quarter of a year
FASTEST = 4.0  # per year, as in the natural history
LOST, TINY = 1e-200, 1e-300
FLAGS = {"reassoc", "contract", "arcp", "nsz"}


@numba.njit(nogil=True, cache=True, error_model="numpy")
def lesions(m, steps, step, age, stage, log_rate, fading, activity, policy, filled, pulp):  # pragma: no cover
    """Add to ``filled`` and ``pulp`` the hazards of each step that a lesion is filled or reaches the pulp, given that none has yet."""
    filled[:steps] = 0.0
    pulp[:steps] = 0.0
    share_now = min(max((age[m] - 13.5) / 10.0, 0.0), 1.0)
    leave, held, term, total = np.empty(STAGES), np.empty(STAGES + 1), np.empty(STAGES + 1), np.empty(STAGES + 1)
    first_cavity = int(policy[6])
    for k in range(stage.shape[1]):
        speed = activity[m, k]
        if speed <= 0.0:
            continue
        treat = policy[5] * min(speed, 1.0)  # a cavity that is arrested is not filled
        held[:] = 0.0
        held[stage[m, k]] = 1.0
        known = -2.0  # the share of the way to grown-up rates that ``leave`` is of
        for t in range(steps):
            grown = min(max((age[m] + (t + 0.5) * step - 13.5) / 10.0, 0.0), 1.0) - share_now
            if grown != known:
                for j in range(MOVES):
                    leave[j] = min(np.exp(log_rate[m, k, j] + fading[m, k, j] * grown) * speed, FASTEST)
                known = grown
            before = 0.0
            for j in range(MOVES):
                before += held[j]
            if before < LOST:
                filled[t] += 50.0  # nothing is left that could still wait
                continue
            for j in range(STAGES + 1):
                term[j] = total[j] = held[j]
            for n in range(1, TERMS + 1):
                scale = step / n
                arriving, out = 0.0, 0.0
                for j in range(MOVES):
                    going = leave[j] * term[j]
                    ended = treat * term[j] if j >= first_cavity else 0.0
                    term[j] = scale * (arriving - going - ended)
                    arriving = going
                    out += ended
                term[7], term[8] = scale * arriving, scale * out
                for j in range(STAGES + 1):
                    total[j] += term[j]
            after = 0.0
            for j in range(MOVES):
                total[j] = max(total[j], 0.0)
                after += total[j]
            hazard = min(np.log(before / max(after, LOST)), 50.0)
            to_pulp, to_filling = total[7] - held[7], total[8] - held[8]
            both = to_pulp + to_filling
            if both > 0.0 and hazard > 0.0:
                pulp[t] += hazard * to_pulp / both
                filled[t] += hazard * to_filling / both
            for j in range(STAGES + 1):
                held[j] = total[j]


@numba.njit(nogil=True, cache=True, error_model="numpy", fastmath=FLAGS)
def ended(chance, through, first, second, steady, steps):  # pragma: no cover
    """Take from chances (steps) what ends in a step; return the sums that all, the first and the second clock share out."""
    every, by_first, by_second = 0.0, 0.0, 0.0
    for e in range(steps):
        leaving = chance[e] * (1.0 - through[e] * steady[0])
        chance[e] -= leaving
        ratio = leaving / (first[e] + second[e] + steady[1] + TINY)
        every += ratio
        by_first += ratio * first[e]
        by_second += ratio * second[e]
    return every, by_first, by_second


@numba.njit(nogil=True, cache=True, error_model="numpy")
def march(
    steps, step, state, collapsed, shape, now, now_age, later, root, root_shape, root_age, deep, deep_shape, steady, age, stage, log_rate, fading,
    activity, policy, occupied, happened, untouched,
):  # fmt: skip  # pragma: no cover
    """Fill occupied (M, steps + 1, 8) and happened (M, steps + 1, 12): chances of states, expected counts of events; untouched (M, steps + 1): the chance
    that nothing has happened.  See ``Hazards``."""
    to_crown, to_root, root_crown, to_implant, unrestorable = policy[0], policy[1], policy[2], policy[3], policy[4]
    filled, pulp = np.empty(steps), np.empty(steps)
    chance, fresh = np.empty((ROWS, steps + 1)), np.empty(ROWS)
    w1, w2, through = np.zeros((ROWS, steps + 1)), np.zeros((ROWS, steps + 1)), np.ones((ROWS, steps + 1))
    z1, z2, z_through = np.zeros((ROWS, steps + 1)), np.zeros((ROWS, steps + 1)), np.ones((ROWS, steps + 1))
    clock1, clock2, clock3, clock4 = np.empty(steps + 2), np.empty(steps + 2), np.empty(steps + 2), np.empty(steps + 2)
    level, sides, counted = np.empty(ROWS), np.array([1, 2, 2, 3, 4, 5]), np.empty(EVENTS)
    for m in range(len(state)):
        lesions(m, steps, step, age, stage, log_rate, fading, activity, policy, filled, pulp)
        for d in range(steps + 2):  # clocks at 0, then at the middles and, for what begins at once, at the ends of steps
            middle = (d + 0.5) * step / 10.0 if d > 0 else 0.0
            clock1[d], clock2[d] = middle ** shape[m], middle**root_shape
            clock3[d] = (d * step / 10.0) ** shape[m]
            clock4[d] = (d * step / 10.0) ** root_shape
        for r in range(ROWS):
            level[r] = later[m, r, 0] + later[m, r, 1] + later[m, r, 2]
            low = root[m, r - 4] if r >= 4 else 0.0
            for d in range(steps + 1):
                w1[r, steps - d] = level[r] * (clock1[d + 1] - clock1[d])  # kept backwards: the step of beginning runs up
                w2[r, steps - d] = low * (clock2[d + 1] - clock2[d])
                through[r, steps - d] = np.exp(-w1[r, steps - d] - w2[r, steps - d])
            if collapsed[m] > 0.0:
                for d in range(steps + 1):
                    z1[r, d], z2[r, d] = level[r] * (clock3[d + 1] - clock3[d]), low * (clock4[d + 1] - clock4[d])
                    z_through[r, d] = np.exp(-z1[r, d] - z2[r, d])
        chance[:] = 0.0
        counted[:] = 0.0
        begun, gap, implant = 1.0, 0.0, 0.0
        at = state[m]
        if collapsed[m] > 0.0 and at < 4:
            lost = collapsed[m]
            begun -= lost
            kept = lost * to_root
            crown = kept if at == 3 else kept * root_crown
            chance[5, 0], chance[4, 0] = crown, kept - crown
            implant += (lost - kept) * to_implant
            gap += (lost - kept) * (1.0 - to_implant)
            counted[5], counted[10], counted[6] = lost, kept, lost - kept
            counted[9] = 0.0 if at == 3 else crown
            counted[8] = kept if at == 3 else kept - crown
            counted[11] = (lost - kept) * to_implant
        if at == 6:
            gap, begun = begun, 0.0
        if at == 7:
            implant, begun = begun, 0.0
        _note(m, 0, at, begun, chance, gap, implant, sides, occupied)
        happened[m, 0] = counted
        untouched[m, 0] = begun if at < 6 else gap + implant
        total = now[m, 0] + now[m, 1] + now[m, 2]
        for t in range(steps):
            fresh[:] = 0.0
            dull = deep[m] * (((t + 1) * step) ** deep_shape - (t * step) ** deep_shape)
            gone = 0.0
            for source in range(-1, ROWS):
                here = at if source < 0 else sides[source]
                if source < 0 and begun <= 0.0:
                    continue
                vital, pending = here < 4, source < 0 or source == 1
                h_pulp = dull + steady[m, 0 if here == 0 else 1] * step if vital else 0.0
                h_loss = steady[m, 3] * step if vital else 0.0
                h_break = steady[m, 2] * step if here == 0 else 0.0
                h_fill, h_deep = (filled[t], pulp[t]) if pending else (0.0, 0.0)
                same = h_pulp + h_loss + h_break + h_fill + h_deep
                if source < 0:
                    a, b = now_age[m] + t * step, root_age[m] + t * step
                    first = total * (((a + step) / 10.0) ** shape[m] - (a / 10.0) ** shape[m]) if here > 0 else 0.0
                    second = root[m, here - 4] * (((b + step) / 10.0) ** root_shape - (b / 10.0) ** root_shape) if here > 3 else 0.0
                    sum_all = first + second + same
                    leaving = -begun * np.expm1(-sum_all)
                    begun -= leaving
                    every = leaving / sum_all if sum_all > 0.0 else 0.0
                    by_first, by_second = every * first, every * second
                    every_fresh = 0.0
                    share_of, whole = now[m], total
                else:
                    if t == 0 and chance[source, 0] == 0.0:
                        continue
                    by_first, by_second, every, every_fresh = 0.0, 0.0, 0.0, 0.0
                    share_of, whole = later[m, source], level[source]
                    if chance[source, 0] > 0.0:  # began at once, not in the middle of a step
                        f, s = z1[source, t], z2[source, t]
                        leaving = chance[source, 0] * (1.0 - z_through[source, t] * np.exp(-same))
                        chance[source, 0] -= leaving
                        every = leaving / (f + s + same + TINY)
                        by_first, by_second = every * f, every * s
                    if t >= 1:
                        if t >= 2:
                            shift = steps - t
                            x, y, z = ended(
                                chance[source, 1:t],
                                through[source, shift + 1 : steps],
                                w1[source, shift + 1 : steps],
                                w2[source, shift + 1 : steps],
                                (np.exp(-same), same),
                                t - 1,
                            )
                            every, by_first, by_second = every + x, by_first + y, by_second + z
                        half = 1.5  # the last to begin: its first span
                        f, s, c = w1[source, steps], w2[source, steps], half * same
                        leaving = chance[source, t] * (1.0 - through[source, steps] * np.exp(-c))
                        chance[source, t] -= leaving
                        x = leaving / (f + s + c + TINY)
                        every_fresh = x * half
                        by_first, by_second = by_first + x * f, by_second + x * s
                every += every_fresh
                caries = by_first * share_of[0] / whole if whole > 0.0 else 0.0
                broken = by_first * share_of[2] / whole if whole > 0.0 else 0.0
                other = by_first - caries - broken
                broken += every * h_break
                died, reached, refilled = every * h_pulp, every * h_deep, every * h_fill
                lost = by_second + every * h_loss
                counted[0] += refilled
                counted[1] += reached
                counted[2] += caries
                counted[3] += other
                counted[4] += broken
                if vital:
                    ill = died + reached
                    counted[5] += ill
                    kept = ill * to_root
                    crown = kept if here == 3 else kept * root_crown
                    fresh[5] += crown
                    fresh[4] += kept - crown
                    counted[10] += kept
                    counted[9] += 0.0 if here == 3 else crown
                    counted[8] += kept if here == 3 else kept - crown
                    lost += ill - kept + broken * unrestorable
                    fresh[3] += broken * (1.0 - unrestorable)
                else:
                    fresh[4] += reached if here == 4 else 0.0
                    fresh[5] += reached if here == 5 else 0.0
                    counted[8] += reached
                    lost += broken * unrestorable
                    fresh[5] += broken * (1.0 - unrestorable)
                counted[9] += broken * (1.0 - unrestorable)
                failed = caries + other
                if here == 1:
                    fresh[1 if source < 0 else 2] += failed
                    counted[8] += failed
                elif here == 2:
                    crown = failed * to_crown
                    fresh[3] += crown
                    fresh[source if source > 0 else 1] += failed - crown
                    counted[9] += crown
                    counted[8] += failed - crown
                elif here == 3:
                    fresh[3] += failed
                    counted[9] += failed
                elif here > 3:
                    fresh[5] += failed
                    counted[9] += failed
                counted[8] += refilled
                fresh[0 if here == 0 else 2 if here < 3 else here] += refilled
                gone += lost
            for r in range(ROWS):
                chance[r, t + 1] = fresh[r]
            failing = -implant * np.expm1(-steady[m, 4] * step)
            implant += gone * to_implant - failing
            gap += gone * (1.0 - to_implant) + failing
            counted[6] += gone
            counted[7] += failing
            counted[11] += gone * to_implant
            _note(m, t + 1, at, begun, chance, gap, implant, sides, occupied)
            happened[m, t + 1] = counted
            untouched[m, t + 1] = begun if at < 6 else implant if at == 7 else gap


@numba.njit(nogil=True, cache=True, error_model="numpy")
def _note(m, t, at, begun, chance, gap, implant, sides, occupied):  # pragma: no cover
    for s in range(STATES):
        occupied[m, t, s] = 0.0
    for r in range(ROWS):
        held = 0.0
        for e in range(t + 1):
            held += chance[r, e]
        occupied[m, t, sides[r]] += held
    if at < 6:
        occupied[m, t, at] += begun
    occupied[m, t, 6] += gap
    occupied[m, t, 7] += implant
