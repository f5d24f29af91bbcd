"""The compiled loop that carries the chances of a tooth through the years, one member after the other.

What is placed later starts its own clock, so that its chances are kept by the step in which they began.  All hazards within a step are
integrated exactly and share what leaves in proportion.  Whatever begins within a step began in its middle on average: its first span is one
step and a half, which makes the error one of second order.  A root-treated tooth keeps its clock, whatever is done to its crown.
"""

from __future__ import annotations

import sys
from functools import cache

import numba
import numpy as np

from amelo.twin import compiled, lanes
from amelo.twin.lanes import fexp, power
from amelo.years import lesions as side_by_side
from amelo.years.lesions import LANES, lesions

__all__ = ["loop", "march"]

ROWS, STATES, EVENTS = 6, 8, 12
VITAL = 4  # rows, and states, with a living pulp
TINY = 1e-300
ABREAST = 32  # chances that are carried side by side; rows end in as many that are nothing
FLAGS = {"reassoc", "contract", "arcp", "nsz"}


@numba.njit(nogil=True, cache=True, error_model="numpy", fastmath=FLAGS)
def ended(chance, through, hazard, at, behind, count, without, steady):  # pragma: no cover
    """Take from chances what ends in a step; return what all hazards share out, what is the part of their own clocks, and all of it.

    Arguments: chance; through and hazard, of own clocks; at, where the first chance stands, and behind, how far behind it its clock does;
    count; without, the chance that no steady hazard strikes, and these added up.
    """
    every, own, whole = 0.0, 0.0, 0.0
    for e in range(count):
        leaving = chance[at + e] * (1.0 - through[behind + e] * without)
        chance[at + e] -= leaving
        ratio = leaving / (hazard[behind + e] + steady + TINY)
        every += ratio
        own += ratio * hazard[behind + e]
        whole += leaving
    return every, own, whole


@numba.njit(nogil=True, cache=True, error_model="numpy", fastmath=FLAGS)
def rooted(bare, crowned, stays, moving_of, staying_of, kept, crown_fails, at, behind, count):  # pragma: no cover
    """Carry root-treated teeth without a crown and with one over a step; return failures of the first and second, losses of both, and who came to
    have a crown.

    Arguments: bare; crowned; stays, the chance to stay as they are of the first; moving_of, the part of them that fails, and staying_of, that which
    fails and keeps the tooth to the end of the step; kept, the chance to be kept of the second; crown_fails, how many of them fail; at, where the
    first chance stands, and behind, where its clock does; count.  A failure of the first brings a crown; neither changes the clock.
    """
    failed, again, lost, lost_crowned, came = 0.0, 0.0, 0.0, 0.0, 0.0
    for e in range(count):
        before, with_one = bare[at + e], crowned[at + e]
        leaving, moving = before * (1.0 - stays[behind + e]), before * moving_of[behind + e]
        staying = before * staying_of[behind + e]
        gone = with_one * (1.0 - kept[behind + e])
        bare[at + e] = before - leaving
        crowned[at + e] = with_one + staying - gone
        failed += moving
        again += with_one * crown_fails[behind + e]
        lost += leaving - staying
        lost_crowned += gone
        came += staying
    return failed, again, lost, lost_crowned, came


@numba.njit(nogil=True, cache=True, error_model="numpy")
def shared(stays, fails, loss, kept, crown_fails, crown_loss, count, moving, staying, again):  # pragma: no cover
    """Put down for treated roots the parts of a step: moving, who fails of those without a crown; staying, who of these keeps the tooth to its
    end; again, how many of those with a crown fail in the time that they are at risk."""
    for e in range(count):
        part = (1.0 - stays[e]) / (fails[e] + loss[e] + TINY) * fails[e]
        moving[e] = part
        staying[e] = part * np.sqrt(kept[e])  # half a step is left on average
        again[e] = ((1.0 - kept[e]) / crown_loss[e] if crown_loss[e] > 1e-12 else 1.0) * crown_fails[e]


@numba.njit(nogil=True, cache=True, error_model="numpy")
def _fill_clock(into, at, exponent, work):  # pragma: no cover
    """Put the hazards of spans between points of time (E + 1) of a Weibull law of level 1 into a row (E,)."""
    for d in range(len(at)):
        work[d] = power(at[d], exponent)
    for d in range(len(into)):
        into[d] = work[d + 1] - work[d]


@numba.njit(nogil=True, cache=True, error_model="numpy")
def march(
    steps, step, state, collapsed, shape, now, now_age, later, root_now, root, root_shape, root_age, deep, deep_shape, steady, age, stage, log_rate,
    fading, activity, policy, occupied, happened, untouched,
):  # fmt: skip  # pragma: no cover
    """Fill occupied (M, steps + 1, 8), chances of states; happened (M, steps + 1, 12), expected counts of events; untouched (M, steps + 1), the
    chance that nothing has happened.  See ``Hazards``."""
    to_crown, to_root, root_crown, to_implant = policy[0], policy[1], policy[2], policy[3]
    unrestorable, root_breaks, too_late = policy[4], policy[7], policy[8]
    abreast = np.int64(LANES)
    all_filled, near_pulp, to_pulp = np.empty((abreast, steps)), np.empty((abreast, steps)), np.empty((abreast, steps))
    filled = np.empty(steps)
    longest = steps + 2 + ABREAST
    chance, fresh = np.empty((ROWS, longest)), np.empty(ROWS)
    own, loss, through = np.zeros((ROWS, longest)), np.zeros((ROWS, longest)), np.ones((ROWS, longest))
    moving_of, staying_of, again_of = np.zeros(longest), np.zeros(longest), np.zeros(longest)
    chances = (chance[0], chance[1], chance[2], chance[3])
    throughs = (through[0], through[1], through[2], through[3])
    owns = (own[0], own[1], own[2], own[3])
    bare_roots, crowned_roots, stays_of, kept_of = chance[4], chance[5], through[4], through[5]
    one_step, first_one = np.uint64(1), np.uint64(0)
    one = np.zeros((11, ABREAST))  # what a treated root that was there at the start needs in a step
    at_middles, level = np.empty(steps + 2), np.empty(ROWS)
    unit1, unit2, work = np.empty(steps + 1), np.empty(steps + 1), np.empty(steps + 2)
    dulls, ages, growths, root_growths = np.empty(steps), np.empty(steps), np.empty(steps), np.empty(steps)
    held, ends = np.empty(ROWS), np.empty(steps + 1)
    sides, counted = np.array([1, 2, 2, 3, 4, 5]), np.empty(EVENTS)
    at_middles[0] = 0.0
    for d in range(1, steps + 2):
        at_middles[d] = (d + 0.5) * step / 10.0  # decades; what begins within a step begins in its middle
    for d in range(steps + 1):
        ends[d] = d * step
    for m in range(len(state)):
        lane = m % abreast
        if lane == 0:
            block = min(m + abreast, len(state))
            lesions(m, block, steps, step, age, stage, log_rate, fading, activity, policy, all_filled, near_pulp, to_pulp)
        near, pulp = near_pulp[lane], to_pulp[lane]
        for t in range(steps):
            filled[t] = all_filled[lane, t] + near[t]
        _fill_clock(unit1, at_middles, shape[m], work)
        _fill_clock(unit2, at_middles, root_shape[m], work)
        begins = root_age[m] if state[m] >= VITAL else 0.0
        _fill_clock(dulls, ends, deep_shape[m], work[:-1])
        _fill_clock(ages, (ends + now_age[m]) / 10.0, shape[m], work[:-1])
        _fill_clock(growths, ends / 10.0, shape[m], work[:-1])
        _fill_clock(root_growths, (ends + begins) / 10.0, root_shape[m], work[:-1])
        for r in range(ROWS):
            level[r] = later[m, r, 0] + later[m, r, 1] + later[m, r, 2]
            losing = root[m, r - VITAL] if r >= VITAL else 0.0
            fails = level[r] if r < 5 else 0.0
            for d in range(steps + 1):  # backwards
                own[r, steps - d] = level[r] * unit1[d]
                loss[r, steps - d] = losing * unit2[d]
                through[r, steps - d] = fexp(-losing * unit2[d] - fails * unit1[d])
        shared(through[4], own[4], loss[4], through[5], own[5], loss[5], steps + 1, moving_of, staying_of, again_of)
        chance[:] = 0.0
        held[:] = 0.0  # all chances of a row together
        counted[:] = 0.0
        begun, gap, implant = 1.0, 0.0, 0.0
        bare, crowned = 0.0, 0.0  # treated roots that were there at the start, or came at once, since their first event
        at = state[m]
        if collapsed[m] > 0.0 and at < VITAL:
            lost = collapsed[m]
            begun -= lost
            kept = lost * to_root
            crowned = kept if at == 3 else kept * root_crown
            bare = kept - crowned
            implant += (lost - kept) * to_implant
            gap += (lost - kept) * (1.0 - to_implant)
            counted[5], counted[10], counted[6] = lost, kept, lost - kept
            counted[9] = 0.0 if at == 3 else crowned
            counted[8] = kept if at == 3 else bare
            counted[11] = (lost - kept) * to_implant
        if at == 6:
            gap, begun = begun, 0.0
        if at == 7:
            implant, begun = begun, 0.0
        _note(m, 0, at, begun, held, bare, crowned, gap, implant, sides, occupied)
        happened[m, 0] = counted
        untouched[m, 0] = begun if at < 6 else gap + implant
        total = now[m, 0] + now[m, 1] + now[m, 2]
        for t in range(steps):
            fresh[:] = 0.0
            b, full = (
                np.uint64(steps - t + 1),
                np.uint64(ABREAST * (t // ABREAST + 1)),
            )  # where the first clock stands, and how many are carried side by side
            dull, aged, gone = deep[m] * dulls[t], ages[t], 0.0
            for source in range(-1, VITAL):
                here = at if source < 0 else sides[source]
                if (source < 0 and begun <= 0.0) or here >= VITAL or (source >= 0 and held[source] == 0.0):
                    continue
                pending = source < 0 or source == 1
                h_pulp = dull + steady[m, 0 if here == 0 else 1] * step
                h_loss, h_break = steady[m, 3] * step, steady[m, 2] * step if here == 0 else 0.0
                h_fill, h_deep = (filled[t], pulp[t]) if pending else (0.0, 0.0)
                h_late = near[t] * too_late if pending else 0.0  # of those that are filled, where the pulp does not bear it
                same = h_pulp + h_loss + h_break + h_fill + h_deep
                if source < 0:
                    first = total * aged if here > 0 else 0.0
                    leaving = -begun * np.expm1(-first - same)
                    begun -= leaving
                    every = leaving / (first + same) if first + same > 0.0 else 0.0
                    by_own = every * first
                    share_of, whole = now[m], total
                else:
                    share_of, whole = later[m, source], level[source]
                    stays = fexp(-same)
                    last, chance[source, t] = chance[source, t], 0.0  # the last to begin: its first span is longer
                    every, by_own, leaving = ended(chances[source], throughs[source], owns[source], one_step, b, full, stays, same)
                    f, c = own[source, steps], 1.5 * same
                    held[source] -= leaving
                    leaving = last * (1.0 - through[source, steps] * stays * np.sqrt(stays))
                    chance[source, t] = last - leaving
                    held[source] -= leaving
                    x = leaving / (f + c + TINY)
                    every, by_own = every + 1.5 * x, by_own + x * f
                caries = by_own * share_of[0] / whole if whole > 0.0 else 0.0
                broken = by_own * share_of[2] / whole if whole > 0.0 else 0.0
                other = by_own - caries - broken
                broken += every * h_break
                reached, refilled, dying = every * h_deep, every * h_fill, every * h_late
                ill = every * h_pulp + reached + dying
                kept = ill * to_root
                crown = kept if here == 3 else kept * root_crown
                counted[0] += refilled
                counted[1] += reached
                counted[2] += caries
                counted[3] += other
                counted[4] += broken
                counted[5] += ill
                counted[8] += refilled - dying + (kept if here == 3 else kept - crown)
                counted[9] += broken * (1.0 - unrestorable) + (0.0 if here == 3 else crown)
                counted[10] += kept
                fresh[5] += crown
                fresh[4] += kept - crown
                fresh[3] += broken * (1.0 - unrestorable)
                fresh[0 if here == 0 else 2 if here < 3 else 3] += refilled - dying
                gone += every * h_loss + ill - kept + broken * unrestorable
                failed = caries + other
                if here == 3:
                    fresh[3] += failed
                    counted[9] += failed
                else:
                    crown = failed * to_crown if here == 2 else 0.0
                    fresh[3] += crown
                    fresh[1 if source < 0 or source == 1 else 2] += failed - crown
                    counted[9] += crown
                    counted[8] += failed - crown
            if held[4] != 0.0 or held[5] != 0.0:
                failed, again, lost, lost_crowned, came = rooted(
                    bare_roots, crowned_roots, stays_of, moving_of, staying_of, kept_of, again_of, one_step, b, full
                )
                held[4] -= lost + came
                held[5] += came - lost_crowned
                _count_roots(counted, failed, later[m, 4], again, later[m, 5])
                counted[4] += (lost + lost_crowned) * root_breaks
                gone += lost + lost_crowned
            if at >= VITAL or collapsed[m] > 0.0:
                grown, root_grown = growths[t], root_growths[t]
                one[0, 0], one[1, 0] = bare, crowned
                one[3, 0], one[4, 0] = level[4] * grown, root[m, 0] * root_grown
                one[6, 0], one[7, 0] = level[5] * grown, root[m, 1] * root_grown
                one[2, 0], one[5, 0] = np.exp(-one[3, 0] - one[4, 0]), np.exp(-one[7, 0])
                shared(one[2], one[3], one[4], one[5], one[6], one[7], 1, one[8], one[9], one[10])
                failed, again, lost, lost_crowned, came = rooted(
                    one[0], one[1], one[2], one[8], one[9], one[5], one[10], first_one, first_one, one_step
                )
                bare, crowned = one[0, 0], one[1, 0]
                _count_roots(counted, failed, later[m, 4], again, later[m, 5])
                counted[4] += (lost + lost_crowned) * root_breaks
                gone += lost + lost_crowned
                if at >= VITAL and begun > 0.0:
                    first, second, carious = total * aged, root_now[m, 0] * root_grown, filled[t] + pulp[t]
                    every = first + second + carious
                    leaving = -begun * np.expm1(-every)
                    begun -= leaving
                    ratio = leaving / every if every > 0.0 else 0.0
                    _count_roots(counted, ratio * first, now[m], 0.0, later[m, 5])
                    counted[0] += ratio * filled[t]
                    counted[1] += ratio * pulp[t]
                    counted[8] += ratio * carious
                    to_crowned = ratio * (first + (carious if at == 5 else 0.0))
                    to_bare = ratio * carious if at == 4 else 0.0
                    crowned_stay = to_crowned * np.exp(-0.5 * root[m, 1] * root_grown)  # half a step is left on average
                    bare_stay = to_bare * np.exp(-0.5 * root[m, 0] * root_grown)
                    late = to_crowned - crowned_stay + to_bare - bare_stay
                    crowned += crowned_stay
                    bare += bare_stay
                    counted[4] += ratio * second * root_now[m, 1] + late * root_breaks
                    gone += ratio * second + late
            for r in range(ROWS):
                chance[r, t + 1] = fresh[r]
                held[r] += fresh[r]
            failing = -implant * np.expm1(-steady[m, 4] * step)
            implant += gone * to_implant - failing
            gap += gone * (1.0 - to_implant) + failing
            counted[6] += gone
            counted[7] += failing
            counted[11] += gone * to_implant
            _note(m, t + 1, at, begun, held, bare, crowned, gap, implant, sides, occupied)
            happened[m, t + 1] = counted
            untouched[m, t + 1] = begun if at < 6 else implant if at == 7 else gap


@numba.njit(nogil=True, cache=True, error_model="numpy")
def _count_roots(counted, failed, parts, again, crown_parts):  # pragma: no cover
    """Count failures on treated roots by what ended them; each brings a crown."""
    for amount, shares in ((failed, parts), (again, crown_parts)):
        whole = shares[0] + shares[1] + shares[2]
        if whole > 0.0:
            counted[2] += amount * shares[0] / whole
            counted[3] += amount * shares[1] / whole
            counted[4] += amount * shares[2] / whole
            counted[9] += amount


@numba.njit(nogil=True, cache=True, error_model="numpy", fastmath=FLAGS)
def _note(m, t, at, begun, held, bare, crowned, gap, implant, sides, occupied):  # pragma: no cover
    for s in range(STATES):
        occupied[m, t, s] = 0.0
    for r in range(ROWS):
        occupied[m, t, sides[r]] += max(held[r], 0.0)
    if at < 6:
        occupied[m, t, at] += begun
    occupied[m, t, 4] += bare
    occupied[m, t, 5] += crowned
    occupied[m, t, 6] += gap
    occupied[m, t, 7] += implant


@cache
def loop() -> compiled.CompiledModule:
    """Return the module with the compiled ``march``."""
    return compiled.joined("years", lanes, side_by_side, sys.modules[__name__])
