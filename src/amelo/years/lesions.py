"""The compiled loop that carries lesions of surfaces through their stages, many members side by side.

Within a step stages follow each other at steady rates, which a series gives to 1e-8; what is filled and what reaches the pulp leaves them.
Members that need more pieces of a step than others take them alone: a lane that is through gains nothing more.
"""

from __future__ import annotations

import numba
import numpy as np

from amelo.twin.lanes import fexp, flog

__all__ = ["DEEP", "LANES", "MOVES", "STAGES", "lesions"]

STAGES, MOVES = 8, 7
DEEP = 6  # the last stage before the pulp
TERMS, LONGEST = 13, 1.6  # of the series of a piece of a step, in which no rate times its length is above the second: exact to 1e-8
FASTEST = 4.0  # per year, as in the natural history
LOST = 1e-200
LANES = np.uint64(16)  # members of a block
(PULP, FILLED, LATE) = (np.uint64(k) for k in (7, 8, 9))  # behind the stages
HELD, TOTAL, TERM, LEAVE, ENDS, SPEED, PIECES, BEFORE, AFTER, GROWN, ALIVE = (
    np.uint64(k) * LANES for k in (0, 10, 20, 30, 37, 44, 45, 46, 47, 48, 49)
)
PLACES = 50


@numba.njit(nogil=True, cache=True, error_model="numpy")
def lesions(first, last, steps, step, age, stage, log_rate, fading, activity, policy, filled, late, pulp):  # pragma: no cover
    """Put the hazards of each step that a lesion is filled, is filled when it is near the pulp, or reaches it, given that none has yet.

    Arguments: first and last member, at most ``LANES`` of them; steps; step [year]; the others as of ``Hazards``; filled, late and pulp
    (LANES, steps), filled.
    """
    filled[:] = 0.0
    late[:] = 0.0
    pulp[:] = 0.0
    v = np.zeros(PLACES * np.int64(LANES))
    who = np.empty(np.int64(LANES), np.int64)
    cavity = np.uint64(policy[6])
    for j in range(LANES):
        who[j] = min(first + np.int64(j), last - 1)
    for k in range(stage.shape[1]):
        v[:] = 0.0
        fastest_of_all = 0.0
        for j in range(LANES):
            speed = max(activity[who[j], k], 0.0)
            v[SPEED + j] = speed
            fastest_of_all = max(fastest_of_all, speed)
            for s in range(cavity, np.uint64(MOVES)):  # a cavity that is arrested is not filled
                v[ENDS + s * LANES + j] = policy[5] * min(speed, 1.0)
            v[HELD + np.uint64(stage[who[j], k]) * LANES + j] = 1.0
            v[GROWN + j] = -2.0  # the share of the way to grown-up rates that ``LEAVE`` is of
        if fastest_of_all <= 0.0:
            continue
        for t in range(steps):
            new = False
            for j in range(LANES):
                years = age[who[j]]
                grown = min(max((years + (t + 0.5) * step - 13.5) / 10.0, 0.0), 1.0) - min(max((years - 13.5) / 10.0, 0.0), 1.0)
                new = new or grown != v[GROWN + j]
                v[GROWN + j] = grown
            if new:
                for s in range(MOVES):
                    for j in range(LANES):
                        rate = log_rate[who[j], k, s] + fading[who[j], k, s] * v[GROWN + j]
                        v[LEAVE + np.uint64(s) * LANES + j] = rate
                for s in range(MOVES):
                    a = LEAVE + np.uint64(s) * LANES
                    for j in range(LANES):
                        rate = fexp(v[a + j]) if v[a + j] > -690.0 else 0.0
                        v[a + j] = min(rate * v[SPEED + j], FASTEST)
            most = _begin(v, step)
            for piece in range(most):
                _piece(v, step, piece)
            _end(v)
            for j in range(LANES):
                alive, hazard = v[ALIVE + j] > 0.0, v[AFTER + j]
                filled[j, t] += (v[TOTAL + FILLED * LANES + j] * hazard if alive else 50.0) if v[SPEED + j] > 0.0 else 0.0
                late[j, t] += v[TOTAL + LATE * LANES + j] * hazard if alive else 0.0
                pulp[j, t] += v[TOTAL + PULP * LANES + j] * hazard if alive else 0.0


@numba.njit(nogil=True, cache=True, error_model="numpy")
def _begin(v, step):  # pragma: no cover
    """Begin a step: into how many pieces each lane cuts it; return the most of them."""
    for j in range(LANES):
        v[BEFORE + j] = 0.0
        v[PIECES + j] = 0.0
    for s in range(np.uint64(MOVES)):
        a = s * LANES
        for j in range(LANES):
            v[BEFORE + j] += v[HELD + a + j]
            v[PIECES + j] = max(v[PIECES + j], v[LEAVE + a + j] + v[ENDS + a + j])
    most = 0
    for j in range(LANES):
        alive = v[BEFORE + j] >= LOST
        v[ALIVE + j] = 1.0 if alive else 0.0
        v[PIECES + j] = np.ceil(max(v[PIECES + j] * step / LONGEST, 1.0))
        most = max(most, int(v[PIECES + j])) if alive else most
    for a in range(np.uint64(10) * LANES):
        v[TOTAL + a] = v[HELD + a]
    return most


@numba.njit(nogil=True, cache=True, error_model="numpy")
def _piece(v, step, piece):  # pragma: no cover
    """Carry all lanes that are not through over a piece of their step."""
    for a in range(np.uint64(10) * LANES):
        v[TERM + a] = v[TOTAL + a]
    for n in range(1, TERMS + 1):
        for j in range(LANES):
            scale = (step / n) / v[PIECES + j] if piece < v[PIECES + j] else 0.0
            arriving, filled, near = 0.0, 0.0, 0.0
            for s in range(MOVES):
                a = np.uint64(s) * LANES
                term = v[TERM + a + j]
                going, near = v[LEAVE + a + j] * term, v[ENDS + a + j] * term  # ``near`` is that of the last stage in the end
                filled += near
                term = scale * (arriving - going - near)
                v[TERM + a + j] = term
                v[TOTAL + a + j] += term
                arriving = going
            v[TOTAL + PULP * LANES + j] += scale * arriving
            v[TOTAL + FILLED * LANES + j] += scale * (filled - near)
            v[TOTAL + LATE * LANES + j] += scale * near


@numba.njit(nogil=True, cache=True, error_model="numpy")
def _end(v):  # pragma: no cover
    """End a step: put down what left by each way since it began, and by what it is to be multiplied to be a hazard."""
    for j in range(LANES):
        v[AFTER + j] = 0.0
        v[BEFORE + j] = 0.0
    for s in range(np.uint64(MOVES)):
        a = s * LANES
        for j in range(LANES):
            total, held = max(v[TOTAL + a + j], 0.0), v[HELD + a + j]
            v[AFTER + j] += total
            v[BEFORE + j] += held
            v[HELD + a + j] = total if v[ALIVE + j] > 0.0 else held
    for j in range(LANES):
        before, after = max(v[BEFORE + j], LOST), max(v[AFTER + j], LOST)
        hazard = min(flog(before / after), 50.0)
        every = v[TOTAL + PULP * LANES + j] - v[HELD + PULP * LANES + j]
        every += v[TOTAL + FILLED * LANES + j] - v[HELD + FILLED * LANES + j]
        every += v[TOTAL + LATE * LANES + j] - v[HELD + LATE * LANES + j]
        v[AFTER + j] = hazard / every if (every > 0.0) & (hazard > 0.0) else 0.0
    for a in range(np.uint64(7) * LANES, np.uint64(10) * LANES):
        now = v[TOTAL + a]
        v[TOTAL + a] = now - v[HELD + a]
        v[HELD + a] = now
