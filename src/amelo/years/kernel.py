"""The compiled loop that carries the chances of a tooth through the years, one member after the other.

What is placed later starts its own clock, so that its chances are kept by the step in which they began.  All hazards within a step are
integrated exactly and share what leaves in proportion.  Whatever begins within a step began in its middle on average: its first span is one
step and a half, which makes the error one of second order.  A root-treated tooth keeps its clock, whatever is done to its crown.
"""

from __future__ import annotations

import numba
import numpy as np

__all__ = ["march"]

STAGES, MOVES, ROWS, STATES, EVENTS = 8, 7, 6, 8, 12
VITAL = 4  # rows, and states, with a living pulp
DEEP = 6  # the last stage before the pulp
TERMS, LONGEST = 9, 0.75  # of the series of a piece of a step, in which no rate times its length is above the second: exact to 1e-7
FASTEST = 4.0  # per year, as in the natural history
LOST, TINY = 1e-200, 1e-300
FLAGS = {"reassoc", "contract", "arcp", "nsz"}


@numba.njit(nogil=True, cache=True, error_model="numpy")
def lesions(m, steps, step, age, stage, log_rate, fading, activity, policy, filled, late, pulp):  # pragma: no cover
    """Put the hazards of each step that a lesion is filled, is filled when it is near the pulp, or reaches it, given that none has yet."""
    filled[:steps] = 0.0
    late[:steps] = 0.0
    pulp[:steps] = 0.0
    share_now = min(max((age[m] - 13.5) / 10.0, 0.0), 1.0)
    leave, held, term, total = np.empty(STAGES), np.empty(STAGES + 2), np.empty(STAGES + 2), np.empty(STAGES + 2)
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
            fastest = 0.0
            for j in range(MOVES):
                fastest = max(fastest, leave[j] + (treat if j >= first_cavity else 0.0))
            pieces = int(np.ceil(max(fastest * step / LONGEST, 1.0)))
            for j in range(STAGES + 2):
                total[j] = held[j]
            for _ in range(pieces):
                for j in range(STAGES + 2):
                    term[j] = total[j]
                for n in range(1, TERMS + 1):
                    scale = step / (n * pieces)
                    arriving, out, near = 0.0, 0.0, 0.0
                    for j in range(MOVES):
                        going = leave[j] * term[j]
                        ended = treat * term[j] if j >= first_cavity else 0.0
                        term[j] = scale * (arriving - going - ended)
                        arriving = going
                        if j == DEEP:
                            near += ended
                        else:
                            out += ended
                    term[7], term[8], term[9] = scale * arriving, scale * out, scale * near
                    for j in range(STAGES + 2):
                        total[j] += term[j]
            after = 0.0
            for j in range(MOVES):
                total[j] = max(total[j], 0.0)
                after += total[j]
            hazard = min(np.log(before / max(after, LOST)), 50.0)
            to_pulp, to_filling, to_late = total[7] - held[7], total[8] - held[8], total[9] - held[9]
            every = to_pulp + to_filling + to_late
            if every > 0.0 and hazard > 0.0:
                pulp[t] += hazard * to_pulp / every
                filled[t] += hazard * to_filling / every
                late[t] += hazard * to_late / every
            for j in range(STAGES + 2):
                held[j] = total[j]


@numba.njit(nogil=True, cache=True, error_model="numpy", fastmath=FLAGS)
def ended(chance, through, hazard, without, steady):  # pragma: no cover
    """Take from chances (E,) what ends in a step; return what all hazards share out, and what is the part of their own clocks.

    Arguments: chance; through and hazard (E,), of own clocks; without, the chance that no steady hazard strikes, and these added up.
    """
    every, own = 0.0, 0.0
    for e in range(len(chance)):
        leaving = chance[e] * (1.0 - through[e] * without)
        chance[e] -= leaving
        ratio = leaving / (hazard[e] + steady + TINY)
        every += ratio
        own += ratio * hazard[e]
    return every, own


@numba.njit(nogil=True, cache=True, error_model="numpy", fastmath=FLAGS)
def rooted(bare, crowned, stays, fails, loss, kept, crown_fails, crown_loss):  # pragma: no cover
    """Carry root-treated teeth without a crown (E,) and with one (E,) over a step; return failures of the first and second, and losses of both.

    Arguments: for the first the chance to stay, hazards of failure and loss; for the second the chance to be kept, hazards the same.  A
    failure of the first brings a crown; neither changes the clock.
    """
    failed, again, lost, lost_crowned = 0.0, 0.0, 0.0, 0.0
    for e in range(len(bare)):
        leaving = bare[e] * (1.0 - stays[e])
        ratio = leaving / (fails[e] + loss[e] + TINY)
        moving = ratio * fails[e]
        gone = crowned[e] * (1.0 - kept[e])
        spent = gone / crown_loss[e] if crown_loss[e] > 1e-12 else crowned[e]  # time at risk
        staying = moving * np.sqrt(kept[e])  # half a step is left on average
        bare[e] -= leaving
        crowned[e] += staying - gone
        failed += moving
        again += spent * crown_fails[e]
        lost += leaving - staying
        lost_crowned += gone
    return failed, again, lost, lost_crowned


@numba.njit(nogil=True, cache=True, error_model="numpy")
def _fill_clock(into, at, power, steps):  # pragma: no cover
    """Put the hazards of spans between points of time (steps + 2) of a Weibull law of level 1 into a row, backwards."""
    before = at[0] ** power
    for d in range(steps + 1):
        after = at[d + 1] ** power
        into[steps - d] = after - before
        before = after


@numba.njit(nogil=True, cache=True, error_model="numpy")
def march(
    steps, step, state, collapsed, shape, now, now_age, later, root_now, root, root_shape, root_age, deep, deep_shape, steady, age, stage, log_rate,
    fading, activity, policy, occupied, happened, untouched,
):  # fmt: skip  # pragma: no cover
    """Fill occupied (M, steps + 1, 8), chances of states; happened (M, steps + 1, 12), expected counts of events; untouched (M, steps + 1), the
    chance that nothing has happened.  See ``Hazards``."""
    to_crown, to_root, root_crown, to_implant = policy[0], policy[1], policy[2], policy[3]
    unrestorable, root_breaks, too_late = policy[4], policy[7], policy[8]
    filled, near, pulp = np.empty(steps), np.empty(steps), np.empty(steps)
    chance, fresh = np.empty((ROWS, steps + 1)), np.empty(ROWS)
    own, loss, through = np.zeros((ROWS, steps + 1)), np.zeros((ROWS, steps + 1)), np.ones((ROWS, steps + 1))
    one = np.empty((10, 1))  # what a treated root that was there at the start needs in a step
    at_middles, level = np.empty(steps + 2), np.empty(ROWS)
    unit1, unit2 = np.empty(steps + 1), np.empty(steps + 1)
    sides, counted = np.array([1, 2, 2, 3, 4, 5]), np.empty(EVENTS)
    at_middles[0] = 0.0
    for d in range(1, steps + 2):
        at_middles[d] = (d + 0.5) * step / 10.0  # decades; what begins within a step begins in its middle
    for m in range(len(state)):
        lesions(m, steps, step, age, stage, log_rate, fading, activity, policy, filled, near, pulp)
        for t in range(steps):
            filled[t] += near[t]
        _fill_clock(unit1, at_middles, shape[m], steps)
        _fill_clock(unit2, at_middles, root_shape[m], steps)
        for r in range(ROWS):
            level[r] = later[m, r, 0] + later[m, r, 1] + later[m, r, 2]
            for d in range(steps + 1):
                own[r, d] = level[r] * unit1[d]
                loss[r, d] = root[m, r - VITAL] * unit2[d] if r >= VITAL else 0.0
                through[r, d] = np.exp(-loss[r, d] - (own[r, d] if r < 5 else 0.0))
        chance[:] = 0.0
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
        _note(m, 0, at, begun, chance, bare, crowned, gap, implant, sides, occupied)
        happened[m, 0] = counted
        untouched[m, 0] = begun if at < 6 else gap + implant
        total = now[m, 0] + now[m, 1] + now[m, 2]
        since = root_age[m] if at >= VITAL else 0.0
        for t in range(steps):
            fresh[:] = 0.0
            begin, end = t * step, (t + 1) * step
            dull = deep[m] * (end ** deep_shape[m] - begin ** deep_shape[m])
            gone = 0.0
            aged = ((now_age[m] + end) / 10.0) ** shape[m] - ((now_age[m] + begin) / 10.0) ** shape[m]
            for source in range(-1, VITAL):
                here = at if source < 0 else sides[source]
                if (source < 0 and begun <= 0.0) or here >= VITAL or (source >= 0 and t == 0):
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
                    shift = steps - t
                    every, by_own = ended(
                        chance[source, 1:t], through[source, shift + 1 : steps], own[source, shift + 1 : steps], np.exp(-same), same
                    )
                    f, c = own[source, steps], 1.5 * same  # the last to begin: its first span
                    leaving = chance[source, t] * (1.0 - through[source, steps] * np.exp(-c))
                    chance[source, t] -= leaving
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
            if t >= 1:
                shift = steps - t
                a, b = slice(1, t + 1), slice(shift + 1, steps + 1)
                failed, again, lost, lost_crowned = rooted(
                    chance[4, a], chance[5, a], through[4, b], own[4, b], loss[4, b], through[5, b], own[5, b], loss[5, b]
                )
                _count_roots(counted, failed, later[m, 4], again, later[m, 5])
                counted[4] += (lost + lost_crowned) * root_breaks
                gone += lost + lost_crowned
            if at >= VITAL or collapsed[m] > 0.0:
                grown = (end / 10.0) ** shape[m] - (begin / 10.0) ** shape[m]
                root_grown = ((since + end) / 10.0) ** root_shape[m] - ((since + begin) / 10.0) ** root_shape[m]
                one[0, 0], one[1, 0] = bare, crowned
                one[3, 0], one[4, 0] = level[4] * grown, root[m, 0] * root_grown
                one[6, 0], one[7, 0] = level[5] * grown, root[m, 1] * root_grown
                one[2, 0], one[5, 0] = np.exp(-one[3, 0] - one[4, 0]), np.exp(-one[7, 0])
                failed, again, lost, lost_crowned = rooted(one[0], one[1], one[2], one[3], one[4], one[5], one[6], one[7])
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
            failing = -implant * np.expm1(-steady[m, 4] * step)
            implant += gone * to_implant - failing
            gap += gone * (1.0 - to_implant) + failing
            counted[6] += gone
            counted[7] += failing
            counted[11] += gone * to_implant
            _note(m, t + 1, at, begun, chance, bare, crowned, gap, implant, sides, occupied)
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
def _note(m, t, at, begun, chance, bare, crowned, gap, implant, sides, occupied):  # pragma: no cover
    for s in range(STATES):
        occupied[m, t, s] = 0.0
    for r in range(ROWS):
        held = 0.0
        for e in range(t + 1):
            held += chance[r, e]
        occupied[m, t, sides[r]] += held
    if at < 6:
        occupied[m, t, at] += begun
    occupied[m, t, 4] += bare
    occupied[m, t, 5] += crowned
    occupied[m, t, 6] += gap
    occupied[m, t, 7] += implant
