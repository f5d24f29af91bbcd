"""The compiled hours and weeks of a whole tooth: ions between its cells, minerals, carriers' payload, bacteria, collagen.

The fluid is at rest within every step: its excess of mineral over saturation obeys one linear equation per cell, solved exactly, and what
minerals take and give is that very exchange, so that the ledger closes whatever the step.

Members lie side by side in blocks of ``LANES``, so that one instruction serves them all.  Everything of a cell stands in one flat array,
cell by field by lane, because the compiler must see that rows do not overlap; its places are unsigned, because a place that might be counted
from the end keeps it from doing so.  No lane feels another: one that has come to rest keeps what it found while others go on.
"""

from __future__ import annotations

import sys
from functools import cache

import numba
import numpy as np

from amelo.twin import compiled, lanes
from amelo.twin.lanes import fexp, power

__all__ = ["CELLS", "CONSTANTS", "LANES", "LEDGER", "OF_CELL", "OF_LANE", "loop", "march"]

CELLS = ("left", "mineral", "inner", "organic", "bacteria", "filled", "payload", "antimicrobial")
CONSTANTS = (
    "open", "outside", "wall_exchange", "pulp_supersaturation", "length", "growth", "most", "share", "guided", "free_diffusivity",
    "porosity_exponent", "payload_release", "payload_supersaturation", "bacteria_growth", "bacteria_starving", "reach", "soft", "spread",
    "kill", "antimicrobial_life", "residual", "protected", "decay", "influx", "influx_decay", "bare", "tertiary",
    "most_supersaturation",
)  # fmt: skip
LEDGER = (
    "outer",
    "inner",
    "released",
    "gained",
    "lost",
)  # mol/m2: in at the outer face, in at the wall, from carriers, by and from minerals
PASSES = 8  # over one step, until nothing is on the wrong side or overfull
LANES = np.uint64(16)  # members of a block
OF_CELL = (
    *CELLS, "thickness", "its_inverse", "there", "first", "still", "rested", "fed", "fading", "density", "its_inverse", "reaches", "at_once",
    "conduct", "safe", "build", "room", "flow", "between", "exchange", "source", "s", "careful", "coupled", "diagonal", "right", "spreading",
)  # fmt: skip
OF_LANE = (
    *CONSTANTS, *LEDGER, "bound", "entry", "active", "wrong", "so_far", "faded", "arrives", "released", "at_excess", "between", "within",
    "protecting", "fades",
)  # fmt: skip
FIELDS = np.uint64(len(OF_CELL)) * LANES
ONE = np.uint64(1)
(
    LEFT, MINERAL, INNER, ORGANIC, BACTERIA, FILLED, PAYLOAD, KILLER, THICK, BY_THICK, THERE, FIRST, STILL, RESTED, FED, FADING, DENSITY,
    BY_DENSITY, REACHES, AT_ONCE, CONDUCT, SAFE, BUILD, ROOM, FLOW, BETWEEN, EXCHANGE, SOURCE, S, CAREFUL, COUPLED, DIAGONAL, RIGHT, SPREADING,
) = (np.uint64(k) * LANES for k in range(len(OF_CELL)))  # fmt: skip
(
    OPEN, OUTSIDE, WALL, PULP_EXCESS, LENGTH, GROWTH, MOST, SHARE, GUIDED, FREE, POWER, RATE, PAYLOAD_EXCESS, GROWS, STARVES, REACH, SOFT,
    SPREAD, KILL, LIFE, RESIDUAL, PROTECTED, DECAY, STRENGTH, FADE, BARE, TERTIARY, MOST_EXCESS, LED_OUTER, LED_INNER, LED_RELEASED,
    LED_GAINED, LED_LOST, BOUND, ENTRY, ACTIVE, WRONG, SO_FAR, FADED, ARRIVES, RELEASED, BY_EXCESS, BY_OUTER, BY_SHARE, BY_PROTECTED,
    BY_FADE,
) = (np.uint64(k) * LANES for k in range(len(OF_LANE)))  # fmt: skip
THIRDS = 2.0 / 3.0


@numba.njit(cache=True, error_model="numpy", nogil=True)
def _still(w, c, low, pores, sound, molar_volume, count):  # pragma: no cover
    """Put down what does not change while time passes: what is there, how deep it lies, how it is fed."""
    for j in range(LANES):
        c[SO_FAR + j] = c[TERTIARY + j]
        c[BY_EXCESS + j] = 1.0 / c[PAYLOAD_EXCESS + j]
        c[BY_OUTER + j] = 1.0 / (1.0 - c[SHARE + j])
        c[BY_SHARE + j] = 1.0 / (c[SHARE + j] if c[SHARE + j] > 0.0 else 1.0)
        c[BY_PROTECTED + j] = 1.0 / c[PROTECTED + j]
        c[BY_FADE + j] = 1.0 / c[FADE + j]
    for back in range(count - low):
        i = count - ONE - back
        a = (i + ONE) * FIELDS
        for j in range(LANES):
            here = w[a + THERE + j]
            thick = w[a + THICK + j] * here
            so_far = c[SO_FAR + j]
            middle = so_far + 0.5 * thick  # from the wall of the pulp to the middle of the cell
            w[a + FADING + j] = here * fexp(-middle * c[BY_FADE + j])
            w[a + S + j] = 0.0
            w[a + EXCHANGE + j] = 0.0
            w[a + SOURCE + j] = 0.0
            thick_or_one = thick if here > 0.0 else 1.0
            w[a + THICK + j] = thick_or_one
            w[a + BY_THICK + j] = 1.0 / thick_or_one
            still = c[FREE + j] * power(pores[i], c[POWER + j])
            w[a + STILL + j] = still
            w[a + RESTED + j] = still / (c[LENGTH + j] * c[LENGTH + j])
            w[a + DENSITY + j] = sound[i] / molar_volume
            w[a + BY_DENSITY + j] = molar_volume / sound[i]
            c[SO_FAR + j] = so_far + thick
    for j in range(LANES):
        c[SO_FAR + j] = 0.0
        bound = max(abs(c[OUTSIDE + j]), c[MOST_EXCESS + j])
        c[BOUND + j] = max(bound, c[PULP_EXCESS + j]) + 1e-12  # no excess in the tooth is larger than those at its faces
    for i in range(low, count):
        a = (i + ONE) * FIELDS
        for j in range(LANES):
            thick = w[a + THICK + j] * w[a + THERE + j]
            front = c[SO_FAR + j]
            w[a + FED + j] = c[OPEN + j] * fexp(-(front + 0.5 * thick) / c[REACH + j])
            c[SO_FAR + j] = front + thick
    for i in range(low, count - ONE):
        a = (i + ONE) * FIELDS
        for j in range(LANES):
            one, two = w[a + THICK + j], w[a + FIELDS + THICK + j]
            w[a + REACHES + j] = 2.0 / (one + two)
            w[a + AT_ONCE + j] = 0.5 * one * two / (one + two)  # half of what would make two cells alike, however thin one is


@numba.njit(cache=True, error_model="numpy", nogil=True)
def _conduct(w, c, start, low, pores, sound, junction, count, dt):  # pragma: no cover
    """Put down conductances and what minerals may take and give, with minerals as they stand at the beginning of a step."""
    for j in range(LANES):
        slowed = 1.0 + c[RATE + j] * dt * (1.0 + c[BOUND + j] * c[BY_EXCESS + j])
        c[RELEASED + j] = c[RATE + j] / slowed
        c[ACTIVE + j] = 1.0
    for i in range(low, count):
        a = (i + ONE) * FIELDS
        dentine = 1.0 if i >= junction else 0.0
        extra = dentine * (1.0 - sound[i] - pores[i])
        for j in range(LANES):
            w_ = dentine * c[SHARE + j]
            mineral, inner = w[a + MINERAL + j], w[a + INNER + j]
            organic, clear = w[a + ORGANIC + j], 1.0 - w[a + FILLED + j]
            total = (1.0 - w_) * mineral + w_ * inner
            room = pores[i] + sound[i] * (1.0 - total) + extra * (1.0 - organic)
            room = max(room, 0.005) * clear
            w[a + CONDUCT + j] = 2.0 * c[FREE + j] * power(room, c[POWER + j]) * w[a + BY_THICK + j]
            whole = w[a + RESTED + j]
            surface = max(total - c[RESIDUAL + j], 0.0)
            dissolve = whole * power(surface, THIRDS) * clear
            space = (1.0 - w_) * max(c[MOST + j] - mineral, 0.0)
            space = space + w_ * max(1.0 - inner, 0.0) * organic * min(inner + c[GUIDED + j], 1.0)
            lacking = min(space * 20.0, 1.0)  # growth slows where tissue is nearly full
            w[a + BUILD + j] = c[GROWTH + j] * whole * power(max(total, 0.05), THIRDS) * lacking * clear
            w[a + ROOM + j] = space
            held = w[a + DENSITY + j] * (surface + 1e-12)
            w[a + SAFE + j] = dissolve * held / (held + dt * dissolve * c[BOUND + j])
            w[a + FLOW + j] = w[a + THERE + j] * c[RELEASED + j] * w[a + PAYLOAD + j]
            w[a + CAREFUL + j] = 0.0
    for i in range(low, count - ONE):
        a = (i + ONE) * FIELDS
        for j in range(LANES):
            one, two = w[a + CONDUCT + j], w[a + FIELDS + CONDUCT + j]
            w[a + BETWEEN + j] = one * two / (one + two)
    a = count * FIELDS
    for j in range(LANES):
        w[a + BETWEEN + j] = c[WALL + j] * w[a + CONDUCT + j]
    for j in range(LANES):
        at = min(start[j], count - ONE)
        a = (at + ONE) * FIELDS + j
        w_ = c[SHARE + j] if at >= junction else 0.0
        fraction = (1.0 - w_) * w[a + MINERAL] + w_ * w[a + INNER]
        # a sharp front inside the cell: what is lost of it is in front, and fluid comes to rest within a length behind
        gone = max(1.0 - fraction, 0.0) * 2.0 / w[a + CONDUCT]
        c[ENTRY + j] = c[OPEN + j] / (gone + c[LENGTH + j] / w[a + STILL])


@numba.njit(cache=True, error_model="numpy", nogil=True)
def _fluid(w, c, low, count, dt):  # pragma: no cover
    """Find the excess of the fluid: what flows in and comes off carriers is what minerals take.

    Which way each cell goes is guessed from before, and once more where that was wrong.
    """
    for turn in range(PASSES + 1):
        last = turn == PASSES  # it did not come to rest: a last time, so that nothing can be overfull
        for i in range(low, count):
            a = (i + ONE) * FIELDS
            at_wall = 1.0 if i == count - ONE else 0.0
            before = a - FIELDS
            for j in range(LANES):
                s, active = w[a + S + j], c[ACTIVE + j] > 0.0
                here, first, bound = w[a + THERE + j], w[a + FIRST + j], c[BOUND + j]
                most = bound if (w[a + CAREFUL + j] > 0.0) | last else min(s, bound)
                build, free = w[a + BUILD + j], w[a + DENSITY + j] * (w[a + ROOM + j] + 1e-12)
                grown = build * free / (free + dt * build * most)
                exchange = w[a + SAFE + j] if s < 0.0 else grown
                exchange = exchange if active else w[a + EXCHANGE + j]
                source = (
                    w[a + FLOW + j] if s <= c[PAYLOAD_EXCESS + j] else 0.0
                )  # mol/(m3 s) into fluid at saturation; it does not grow
                source = source if active else w[a + SOURCE + j]
                w[a + EXCHANGE + j] = exchange
                w[a + SOURCE + j] = source
                coupled = w[before + BETWEEN + j] if (here > 0.0) & (first <= 0.0) else 0.0
                up = c[ENTRY + j] if first > 0.0 else coupled
                down, thick = w[a + BETWEEN + j], w[a + THICK + j]
                diagonal = up + down + thick * (exchange + source * c[BY_EXCESS + j])
                right = thick * source + first * up * c[OUTSIDE + j] + at_wall * down * c[PULP_EXCESS + j]
                diagonal = diagonal if (diagonal > 0.0) & (here > 0.0) else 1.0
                factor = coupled * w[before + DIAGONAL + j]
                right = right + factor * w[before + RIGHT + j] if coupled > 0.0 else right
                less = diagonal - factor * coupled
                rests = (coupled > 0.0) & (less <= 1e-13 * coupled)  # closed on all sides, and nothing in it takes or gives
                inverse = 1.0 / (less if (coupled > 0.0) & (less > 0.0) else diagonal)
                w[a + DIAGONAL + j] = 0.0 if rests else inverse
                w[a + RIGHT + j] = right if here > 0.0 else 0.0
                w[a + COUPLED + j] = coupled
        for j in range(LANES):
            c[WRONG + j] = 0.0
        for back in range(count - low):
            i = count - ONE - back
            a = (i + ONE) * FIELDS
            behind = a + FIELDS
            for j in range(LANES):
                s, bound, excess = w[a + S + j], c[BOUND + j], c[PAYLOAD_EXCESS + j]
                active = (c[ACTIVE + j] > 0.0) & (w[a + THERE + j] > 0.0)
                found = (w[a + RIGHT + j] + w[behind + COUPLED + j] * w[behind + S + j]) * w[a + DIAGONAL + j]
                wrong = ((found < 0.0) != (s < 0.0)) | (found - s > 0.2 * abs(s) + 1e-9 * bound)
                wrong = wrong | ((w[a + PAYLOAD + j] > 0.0) & ((found > excess) != (s > excess)))
                over = dt * w[a + EXCHANGE + j] * found > 0.98 * w[a + ROOM + j] * w[a + DENSITY + j]
                over = over & (found > 0.0) & (s >= 0.0)  # it would be overfull: what could flow in at most is what limits it
                w[a + CAREFUL + j] = 1.0 if active & over else w[a + CAREFUL + j]
                c[WRONG + j] = 1.0 if active & (wrong | over) else c[WRONG + j]
                w[a + S + j] = found
        going = 0.0
        for j in range(LANES):
            c[ACTIVE + j] = c[ACTIVE + j] * c[WRONG + j]
            going += c[ACTIVE + j]
        if going <= 0.0:
            break


@numba.njit(cache=True, error_model="numpy", nogil=True)
def _minerals(w, c, start, low, junction, count, dt):  # pragma: no cover
    """Let minerals and carriers take and give what the fluid found, and keep the ledger."""
    for j in range(LANES):
        s = w[(min(start[j], count - ONE) + ONE) * FIELDS + S + j]
        c[LED_OUTER + j] += dt * c[ENTRY + j] * (c[OUTSIDE + j] - s) if start[j] < count else 0.0
    end = count * FIELDS
    for j in range(LANES):
        through = w[end + BETWEEN + j] * (c[PULP_EXCESS + j] - w[end + S + j])
        c[LED_INNER + j] += dt * through * w[end + THERE + j]
    for i in range(low, count):
        a = (i + ONE) * FIELDS
        dentine = 1.0 if i >= junction else 0.0
        for j in range(LANES):
            w_ = dentine * c[SHARE + j]
            s, thick = w[a + S + j], w[a + THICK + j]
            mineral, inner, density = w[a + MINERAL + j], w[a + INNER + j], w[a + DENSITY + j]
            given = dt * w[a + SOURCE + j] * (1.0 - s * c[BY_EXCESS + j])
            w[a + PAYLOAD + j] -= given
            c[LED_RELEASED + j] += given * thick
            gain = dt * w[a + EXCHANGE + j] * s * w[a + BY_DENSITY + j]  # of sound mineral
            total = (1.0 - w_) * mineral + w_ * inner
            lost = gain / total
            outer = (1.0 - w_) * max(c[MOST + j] - mineral, 0.0)
            within = w_ * max(1.0 - inner, 0.0) * w[a + ORGANIC + j] * min(inner + c[GUIDED + j], 1.0)
            part = within / (outer + within) if within > 0.0 else 0.0
            more = gain * (1.0 - part) * (c[BY_OUTER + j] if w_ > 0.0 else 1.0)
            more_inside = gain * part * c[BY_SHARE + j]
            less, less_inside = lost * mineral, lost * inner if w_ > 0.0 else 0.0
            w[a + MINERAL + j] = mineral + (less if gain < 0.0 else more if gain > 0.0 else 0.0)
            w[a + INNER + j] = inner + (less_inside if gain < 0.0 else more_inside if gain > 0.0 else 0.0)
            amount = gain * density * thick
            c[LED_GAINED + j] += amount if gain > 0.0 else 0.0
            c[LED_LOST + j] -= amount if gain < 0.0 else 0.0


@numba.njit(cache=True, error_model="numpy", nogil=True)
def _living(w, c, low, junction, count, dt):  # pragma: no cover
    """Let bacteria grow, starve and spread, and collagen decay; put down what of them arrives at the pulp."""
    for j in range(LANES):
        c[FADED + j] = fexp(-dt / c[LIFE + j])
        c[ARRIVES + j] = 0.0
    for i in range(low, count):
        a = (i + ONE) * FIELDS
        dentine = 1.0 if i >= junction else 0.0
        for j in range(LANES):
            w_ = dentine * c[SHARE + j]
            total = (1.0 - w_) * w[a + MINERAL + j] + w_ * w[a + INNER + j]
            limit = (
                min(max((c[SOFT + j] - total) * (1.0 / 0.3), 0.0), 1.0) * (1.0 - w[a + FILLED + j]) * dentine
            )  # it grows as they soften
            b, fed, killer, organic = w[a + BACTERIA + j], w[a + FED + j], w[a + KILLER + j], w[a + ORGANIC + j]
            loss = c[STARVES + j] * (1.0 - fed) + c[KILL + j] * killer
            birth = c[GROWS + j] * fed
            room = limit > 1e-9
            by = (birth - loss) * dt if room else -(c[STARVES + j] + loss) * dt
            drag = fexp(by)
            small = abs(by) <= 1e-9
            drag = 1.0 if small & room else drag
            mean = 1.0 if small else (drag - 1.0) / by
            crowded = limit + birth * b * dt * mean
            b = (b * drag * limit / (crowded if room else 1.0) if room else b * drag) if b > 0.0 else b
            w[a + BACTERIA + j] = b
            w[a + KILLER + j] = killer * c[FADED + j]
            bare = (dentine > 0.0) & (total < c[PROTECTED + j]) & (organic > 0.0)
            decayed = fexp(-c[DECAY + j] * fed * (1.0 - total * c[BY_PROTECTED + j]) * dt)
            w[a + ORGANIC + j] = organic * decayed if bare else organic
            w[a + SPREADING + j] = b if b > 0.0 else 0.0
    for i in range(max(junction, low), count - ONE):  # softened dentine lets them pass
        a = (i + ONE) * FIELDS
        b = a + FIELDS
        for j in range(LANES):
            w_ = c[SHARE + j]
            nearby = (1.0 - w_) * w[b + MINERAL + j] + w_ * w[b + INNER + j]
            moved = (w[a + SPREADING + j] - w[b + SPREADING + j]) * min(c[SPREAD + j] * dt * w[a + REACHES + j], w[a + AT_ONCE + j])
            moved = moved if (nearby < c[SOFT + j]) & (w[a + THERE + j] > 0.0) else 0.0
            w[a + BACTERIA + j] -= moved * w[a + BY_THICK + j]
            w[b + BACTERIA + j] += moved * w[b + BY_THICK + j]
    for i in range(low, count):
        a = (i + ONE) * FIELDS
        for j in range(LANES):
            c[ARRIVES + j] += w[a + BACTERIA + j] * w[a + THICK + j] * c[BY_FADE + j] * w[a + FADING + j]


@numba.njit(cache=True, error_model="numpy", nogil=True)
def march(first, last, steps, widths, cells, constants, sound, pores, junction, molar_volume, influx, ledger):  # pragma: no cover
    """Carry members first..last through steps [s].

    Arguments: widths (M, N) [m] of whole cells; cells (M, F, N), changed; constants (M, K); sound, pores (N,); junction (cells of enamel);
    molar_volume [m3/mol]; influx (M, S) [unit/s], filled with what reaches the pulp at the middle of each step; ledger (M, 5), added to.
    """
    count, abreast, edge = np.uint64(widths.shape[1]), np.int64(LANES), np.uint64(junction)
    w, c = np.zeros((count + ONE + ONE) * FIELDS), np.zeros(len(OF_LANE) * abreast)
    start = np.zeros(abreast, np.uint64)
    for block in range(first, last, abreast):
        c[:] = 0.0
        for j in range(LANES):
            m = min(block + np.int64(j), last - 1)  # the last one again in what is left over
            for k in range(constants.shape[1]):
                c[np.uint64(k) * LANES + j] = constants[m, k]
            begin = count
            for back in range(count):
                i = count - ONE - back
                a = (i + ONE) * FIELDS + j
                for k in range(cells.shape[1]):
                    w[a + np.uint64(k) * LANES] = cells[m, k, i]
                w[a + THICK] = cells[m, 0, i] * widths[m, i]
            for i in range(count):
                if cells[m, 0, i] > 1e-9:
                    begin = i
                    break
            start[j] = begin
            for i in range(count):
                w[(i + ONE) * FIELDS + THERE + j] = 1.0 if i >= begin else 0.0
                w[(i + ONE) * FIELDS + FIRST + j] = 1.0 if i == begin else 0.0
        low = min(start.min(), count - ONE)
        w[low * FIELDS : (low + ONE) * FIELDS] = 0.0  # nothing stands before the first
        _still(w, c, low, pores, sound, molar_volume, count)
        for step in range(len(steps)):
            dt = steps[step]
            _conduct(w, c, start, low, pores, sound, edge, count, dt)
            _fluid(w, c, low, count, dt)
            _minerals(w, c, start, low, edge, count, dt)
            _living(w, c, low, edge, count, dt)
            for j in range(LANES):
                if block + np.int64(j) < last:
                    influx[block + np.int64(j), step] = c[STRENGTH + j] * max(c[ARRIVES + j], c[BARE + j])
        for j in range(LANES):
            m = block + np.int64(j)
            if m < last:
                for k in range(ledger.shape[1]):
                    ledger[m, k] += c[LED_OUTER + np.uint64(k) * LANES + j]
                for i in range(start[j], count):
                    for k in range(1, cells.shape[1]):
                        cells[m, k, i] = w[(i + ONE) * FIELDS + np.uint64(k) * LANES + j]


@cache
def loop() -> compiled.CompiledModule:
    """Return the module with the compiled ``march``."""
    return compiled.joined("tooth", lanes, sys.modules[__name__])
