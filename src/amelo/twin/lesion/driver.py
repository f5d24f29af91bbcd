"""The time loop of a tile of columns: a template that ``kernel.py`` joins with the recorded passes and compiles."""

import numpy as np
from llvmlite import ir
from numba import njit, types, uint64
from numba.extending import intrinsic


@intrinsic
def bits(context, x):
    """Read a float as an integer."""

    def generate(ctx, builder, signature, arguments):
        return builder.bitcast(arguments[0], ir.IntType(64))

    return types.int64(types.float64), generate


@intrinsic
def real(context, i):
    """Read an integer as a float."""

    def generate(ctx, builder, signature, arguments):
        return builder.bitcast(arguments[0], ir.DoubleType())

    return types.float64(types.int64), generate


@njit(inline="always", error_model="numpy")
def fexp(x):
    """e**x to 2e-16 for -700 < x < 700."""
    x = x if x > -700.0 else -700.0
    x = x if x < 700.0 else 700.0
    shifted = x * 1.4426950408889634 + 6755399441055744.0
    whole = shifted - 6755399441055744.0
    r = (x - whole * 0.6931471803691238) - whole * 1.9082149292705877e-10
    p = 2.08767569878681e-09
    p = p * r + 2.505210838544172e-08
    p = p * r + 2.755731922398589e-07
    p = p * r + 2.7557319223985893e-06
    p = p * r + 2.48015873015873e-05
    p = p * r + 1.984126984126984e-04
    p = p * r + 1.3888888888888889e-03
    p = p * r + 8.333333333333333e-03
    p = p * r + 4.1666666666666664e-02
    p = p * r + 0.16666666666666666
    p = p * r + 0.5
    p = p * r + 1.0
    p = p * r + 1.0
    return real(bits(p) + (bits(shifted) << 52))


@njit(inline="always", error_model="numpy")
def flog(x):
    """Natural logarithm to 3e-16 for normal positive x."""
    i = bits(x) - 0x3FE6A09E667F3BCD
    k = real((i >> 52) + 0x4338000000000000) - 6755399441055744.0
    m = real(bits(x) - ((i >> 52) << 52))
    f = (m - 1.0) / (m + 1.0)
    s = f * f
    p = 1.0 / 21.0
    p = p * s + 1.0 / 19.0
    p = p * s + 1.0 / 17.0
    p = p * s + 1.0 / 15.0
    p = p * s + 1.0 / 13.0
    p = p * s + 1.0 / 11.0
    p = p * s + 1.0 / 9.0
    p = p * s + 1.0 / 7.0
    p = p * s + 1.0 / 5.0
    p = p * s + 1.0 / 3.0
    return k * 0.6931471803691238 + (2.0 * f + (2.0 * f * s * p + k * 1.9082149292705877e-10))


# --- passes stand here ---
@njit(cache=True, error_model="numpy")
def set_bath(w, which, baths, slot):
    """Put the bath of every lane into a ghost cell."""
    b = slot * FIELDS * LANES
    for k in range(BATH_FIELDS.shape[0]):
        place = b + BATH_FIELDS[k] * LANES
        for l in range(LANES):
            w[place + l] = baths[which[l], k]


@njit(cache=True, error_model="numpy")
def worst_lane(w, p):
    worst = 0.0
    for l in range(LANES):
        e = w[p + AT_ERROR * LANES + l]
        if not e < 1e300:
            return np.inf
        worst = max(worst, e)
    return worst


@njit(cache=True, error_model="numpy")
def step(w, p, n, limit, tolerance):
    """Advance all lanes by the step in their parameters; return the Newton iterations used, or minus them when they were not enough."""
    u = uint64(p)
    lag(w, u, 1, n)
    charge(w, u, 1, n)
    faces(w, u, 1, n + 1)
    carry_down(w, u, 1, n)
    carry_up(w, u, 1, n)
    carry_through(w, u, 1, n + 1)
    evaluate(w, u, 0, 0)
    evaluate(w, u, n + 1, n + 1)
    for k in range(AT_BLOCK00 * LANES, (AT_BLOCK00 + 16) * LANES):
        w[k] = 0.0
    for k in range(AT_RESIDUAL0 * LANES, (AT_RESIDUAL0 + 4) * LANES):
        w[k] = 0.0
    used = 0
    worst = 1.0
    while used < limit:
        evaluate(w, u, 1, n)
        eliminate(w, u, 1, n)
        for l in range(LANES):
            w[p + AT_ERROR * LANES + l] = 0.0
        correct(w, u, 1, n)
        used += 1
        worst = worst_lane(w, p)
        if worst < tolerance or worst == np.inf:
            break
    if not worst < tolerance:
        return -used
    close(w, u, 1, n)
    through(w, u, 1, n + 1)
    settle(w, u, 1, n)
    return used


@njit(cache=True, error_model="numpy")
def book(w, p, n, inflow, inner):
    """Add what passed the outer and the inner face to the ledger."""
    for j in range(BALANCES):
        for l in range(LANES):
            dt = w[p + AT_STEP * LANES + l]
            inflow[j, l] += dt * w[(FIELDS + AT_THROUGH0 + j) * LANES + l]
            inner[j, l] += dt * w[((n + 1) * FIELDS + AT_THROUGH0 + j) * LANES + l]


@njit(cache=True, error_model="numpy")
def keep_state(w, n, backup):
    size = STATE * LANES
    for s in range(1, n + 1):
        backup[(s - 1) * size : s * size] = w[s * FIELDS * LANES : s * FIELDS * LANES + size]


@njit(cache=True, error_model="numpy")
def restore_state(w, n, backup):
    size = STATE * LANES
    for s in range(1, n + 1):
        w[s * FIELDS * LANES : s * FIELDS * LANES + size] = backup[(s - 1) * size : s * size]


@njit(cache=True, error_model="numpy")
def guess(w, n, history, k, cycle):
    """Start Newton from the same moment of the cycles before: c = c1²/c2, as far as that is near."""
    at = AT_C0 * LANES
    for s in range(1, n + 1):
        b = s * FIELDS * LANES + at
        for i in range(4 * LANES):
            one = history[(cycle + 1) % 2, k, s - 1, i]
            two = history[cycle % 2, k, s - 1, i]
            ratio = one / two
            ratio = ratio if ratio > 0.3 else 0.3
            ratio = ratio if ratio < 3.0 else 3.0
            w[b + i] = one * ratio


@njit(cache=True, error_model="numpy")
def remember(w, n, history, k, cycle):
    at = AT_C0 * LANES
    for s in range(1, n + 1):
        b = s * FIELDS * LANES + at
        for i in range(4 * LANES):
            history[cycle % 2, k, s - 1, i] = w[b + i]


@njit(cache=True, error_model="numpy")
def drive(w, p, n, steps, which, baths, films, inhibitors, history, cycle, cycles, inflow, inner, backup, settings, counts):
    """Run ``cycles`` repetitions of a sequence of steps, of which ``cycle`` have been run before.

    steps, films, inhibitors (S, lanes); which (S, lanes) row of baths; history (2, S, n, 4 lanes) or of size 0; settings (iteration
    limit, tolerance², cuts allowed); counts (steps, iterations, rejections). Returns -1, or the number of the step that failed.
    """
    limit, tolerance, cuts = int(settings[0]), settings[1], int(settings[2])
    warm = history.shape[1] > 0
    for r in range(cycles):
        for k in range(steps.shape[0]):
            set_bath(w, which[k], baths, 0)
            for l in range(LANES):
                w[AT_RESISTANCE * LANES + l] = films[k, l]
                w[p + AT_INHIBITOR * LANES + l] = inhibitors[k, l]
            done = 0.0
            share = 1.0
            cut = 0
            fresh = True
            while done < 1.0 - 1e-9:
                share = min(share, 1.0 - done)
                for l in range(LANES):
                    w[p + AT_STEP * LANES + l] = steps[k, l] * share
                keep_state(w, n, backup)
                if warm and fresh and cycle + r >= 2:
                    guess(w, n, history, k, cycle + r)
                fresh = False
                used = step(w, p, n, limit, tolerance)
                counts[1] += abs(used)
                if used < 0:
                    counts[2] += 1
                    restore_state(w, n, backup)
                    cut += 1
                    if cut > cuts:
                        return k
                    share *= 0.25
                    continue
                counts[0] += 1
                book(w, p, n, inflow, inner)
                done += share
            if warm:
                remember(w, n, history, k, cycle + r)
    return -1
