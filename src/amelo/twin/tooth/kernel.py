"""The compiled hours and weeks of a whole tooth: ions between its cells, minerals, carriers' payload, bacteria, collagen.

One member after the other, one step after the other.  The fluid is at rest within every step: its excess of mineral over saturation obeys
one linear equation per cell, solved exactly, and what minerals take and give is that very exchange, so that the ledger closes whatever the step.
"""

from __future__ import annotations

import math

import numba
import numpy as np

__all__ = ["CELLS", "CONSTANTS", "LEDGER", "march"]

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


@numba.njit(cache=True, error_model="numpy", nogil=True)
def march(first, last, steps, widths, cells, constants, sound, pores, junction, molar_volume, influx, ledger):  # pragma: no cover
    """Carry members first..last through steps [s].

    Arguments: widths (M, N) [m] of whole cells; cells (M, F, N), changed; constants (M, K); sound, pores (N,); junction (cells of enamel);
    molar_volume [m3/mol]; influx (M, S) [unit/s], filled with what reaches the pulp at the middle of each step; ledger (M, 5), added to.
    """
    count = widths.shape[1]
    s, below, diagonal, right = np.zeros(count), np.zeros(count), np.zeros(count), np.zeros(count)
    thickness, conduct, exchange, source = np.zeros(count), np.zeros(count), np.zeros(count), np.zeros(count)
    depth, spreading = np.zeros(count), np.zeros(count)
    rooms, careful = np.zeros(count), np.zeros(count, np.bool_)
    still, fed, fading, density = np.zeros(count), np.zeros(count), np.zeros(count), np.zeros(count)
    safe, build, flow, between = np.zeros(count), np.zeros(count), np.zeros(count), np.zeros(count)
    for m in range(first, last):
        c = constants[m]
        opened, outside, wall, pulp_excess, length, growth, most = c[0], c[1], c[2], c[3], c[4], c[5], c[6]
        share, guided, free, power, rate, payload_excess = c[7], c[8], c[9], c[10], c[11], c[12]
        grows, starves, reach, soft, spread, kill, life = c[13], c[14], c[15], c[16], c[17], c[18], c[19]
        residual, protected, decay, strength, fade, bare, tertiary = c[20], c[21], c[22], c[23], c[24], c[25], c[26]
        most_excess = c[27]
        left, mineral, inner, organic = cells[m, 0], cells[m, 1], cells[m, 2], cells[m, 3]
        bacteria, filled, payload, killer = cells[m, 4], cells[m, 5], cells[m, 6], cells[m, 7]
        start = 0
        while start < count and left[start] <= 1e-9:
            start += 1
        if start == count:
            influx[m] = strength * bare
            continue
        behind = tertiary
        for i in range(count - 1, start - 1, -1):
            thickness[i] = left[i] * widths[m, i]
            depth[i] = behind + 0.5 * thickness[i]  # from the wall of the pulp to the middle of the cell
            behind += thickness[i]
            s[i] = 0.0
        front = 0.0
        for i in range(start, count):  # what does not change while time passes
            still[i] = free * pores[i] ** power
            density[i] = sound[i] / molar_volume
            fed[i] = opened * math.exp(-(front + 0.5 * thickness[i]) / reach)
            front += thickness[i]
            fading[i] = math.exp(-depth[i] / fade)
        bound = max(abs(outside), most_excess, pulp_excess) + 1e-12  # no excess in the tooth is larger than those at its faces
        for step in range(len(steps)):
            dt = steps[step]
            # conductances, with minerals as they stand at the beginning of the step
            for i in range(start, count):
                w = share if i >= junction else 0.0
                total = (1.0 - w) * mineral[i] + w * inner[i]
                room = pores[i] + sound[i] * (1.0 - total)
                if i >= junction:
                    room += (1.0 - sound[i] - pores[i]) * (1.0 - organic[i])
                room = max(room, 0.005) * (1.0 - filled[i])
                diffusivity = free * room**power
                conduct[i] = 2.0 * diffusivity / thickness[i]
                whole = still[i] / (length * length)
                surface = max(total - residual, 0.0)
                dissolve = whole * surface ** (2.0 / 3.0) * (1.0 - filled[i])
                space = (1.0 - w) * max(most - mineral[i], 0.0)
                space += w * max(1.0 - inner[i], 0.0) * organic[i] * min(inner[i] + guided, 1.0)
                lacking = min(space / 0.05, 1.0)  # growth slows where tissue is nearly full
                build[i] = growth * whole * max(total, 0.05) ** (2.0 / 3.0) * lacking * (1.0 - filled[i])
                rooms[i] = space
                safe[i] = dissolve / (1.0 + dt * dissolve * bound / (density[i] * (surface + 1e-12)))
                flow[i] = rate * payload[i] / (1.0 + rate * dt * (1.0 + bound / payload_excess))
            for i in range(start, count - 1):
                between[i] = conduct[i] * conduct[i + 1] / (conduct[i] + conduct[i + 1])
            between[count - 1] = wall * conduct[count - 1]
            fraction = (1.0 - share) * mineral[start] + share * inner[start] if start >= junction else mineral[start]
            # a sharp front inside the cell: what is lost of it is in front, and fluid comes to rest within a length behind
            gone = max(1.0 - fraction, 0.0) * 2.0 / conduct[start]
            entry = opened / (gone + length / still[start])
            # the excess of the fluid: what flows in and comes off carriers is what minerals take; which way each cell goes is guessed from
            # before, and once more where that was wrong
            careful[:] = False
            for turn in range(PASSES + 1):
                if turn == PASSES:  # it did not come to rest: a last time, so that nothing can be overfull
                    careful[:] = True
                up = entry
                for i in range(start, count):
                    if s[i] < 0.0:
                        exchange[i] = safe[i]
                    else:
                        most_here = bound if careful[i] else min(s[i], bound)
                        exchange[i] = build[i] / (1.0 + dt * build[i] * most_here / (density[i] * (rooms[i] + 1e-12)))
                    source[i] = flow[i] if s[i] <= payload_excess else 0.0  # mol/(m3 s) into fluid at saturation; it does not grow
                    down = between[i]
                    own = thickness[i] * (exchange[i] + source[i] / payload_excess)
                    diagonal[i] = up + down + own
                    right[i] = thickness[i] * source[i]
                    if i == start:
                        right[i] += up * outside
                    if i == count - 1:
                        right[i] += down * pulp_excess
                    below[i] = up
                    if diagonal[i] <= 0.0:
                        diagonal[i] = 1.0
                    up = down
                for i in range(start + 1, count):
                    factor = below[i] / diagonal[i - 1]
                    diagonal[i] -= factor * below[i]
                    if diagonal[i] <= 1e-13 * below[i]:  # closed on all sides, and nothing in it takes or gives: at rest
                        diagonal[i] = math.inf
                    right[i] += factor * right[i - 1]
                wrong = False
                for i in range(count - 1, start - 1, -1):
                    found = (right[i] + (below[i + 1] * s[i + 1] if i < count - 1 else 0.0)) / diagonal[i]
                    wrong = wrong or ((found < 0.0) != (s[i] < 0.0)) or found - s[i] > 0.2 * abs(s[i]) + 1e-9 * bound
                    wrong = wrong or (payload[i] > 0.0 and (found > payload_excess) != (s[i] > payload_excess))
                    if found > 0.0 and s[i] >= 0.0 and dt * exchange[i] * found > 0.98 * rooms[i] * density[i]:
                        careful[i] = True  # it would be overfull: what could flow in at most is what limits it
                        wrong = True
                    s[i] = found
                if not wrong:
                    break
            ledger[m, 0] += dt * entry * (outside - s[start])
            ledger[m, 1] += dt * wall * conduct[count - 1] * (pulp_excess - s[count - 1])
            # minerals and payload
            for i in range(start, count):
                w = share if i >= junction else 0.0
                given = dt * source[i] * (1.0 - s[i] / payload_excess)
                payload[i] -= given
                ledger[m, 2] += given * thickness[i]
                gain = dt * exchange[i] * s[i] / density[i]  # of sound mineral
                if gain < 0.0:
                    total = (1.0 - w) * mineral[i] + w * inner[i]
                    part = gain / total
                    mineral[i] += part * mineral[i]
                    inner[i] += part * inner[i] if w > 0.0 else 0.0
                    ledger[m, 4] -= gain * density[i] * thickness[i]
                elif gain > 0.0:
                    outer = (1.0 - w) * max(most - mineral[i], 0.0)
                    within = w * max(1.0 - inner[i], 0.0) * organic[i] * min(inner[i] + guided, 1.0)
                    if within > 0.0:
                        part = within / (outer + within)
                        inner[i] += gain * part / w
                        mineral[i] += gain * (1.0 - part) / (1.0 - w)
                    else:
                        mineral[i] += gain / (1.0 - w)
                    ledger[m, 3] += gain * density[i] * thickness[i]
            # what lives there
            faded = math.exp(-dt / life)
            arrives = 0.0
            for i in range(start, count):
                w = share if i >= junction else 0.0
                total = (1.0 - w) * mineral[i] + w * inner[i]
                limit = (
                    min(max((soft - total) / 0.3, 0.0), 1.0) * (1.0 - filled[i]) if i >= junction else 0.0
                )  # their room grows as it softens
                b = bacteria[i]
                if b > 0.0:
                    loss = starves * (1.0 - fed[i]) + kill * killer[i]
                    birth = grows * fed[i]
                    if limit > 1e-9:
                        drag = math.exp((birth - loss) * dt)
                        b = (
                            b * drag / (1.0 + birth * b * dt * (drag - 1.0) / ((birth - loss) * dt) / limit)
                            if abs(birth - loss) * dt > 1e-9
                            else b / (1.0 + birth * b * dt / limit)
                        )
                    else:
                        b *= math.exp(-(starves + loss) * dt)
                    bacteria[i] = b
                killer[i] *= faded
                if i >= junction and total < protected and organic[i] > 0.0:
                    organic[i] *= math.exp(-decay * fed[i] * (1.0 - total / protected) * dt)
                spreading[i] = bacteria[i] if bacteria[i] > 0.0 else 0.0
            for i in range(start, count - 1):  # softened dentine lets them pass
                w = share if i + 1 >= junction else 0.0
                nearby = (1.0 - w) * mineral[i + 1] + w * inner[i + 1]
                if nearby < soft and i >= junction:
                    both = thickness[i] + thickness[i + 1]
                    most_at_once = (
                        0.5 * thickness[i] * thickness[i + 1] / both
                    )  # half of what would make them alike, however thin one is
                    moved = (spreading[i] - spreading[i + 1]) * min(spread * dt * 2.0 / both, most_at_once)
                    bacteria[i] -= moved / thickness[i]
                    bacteria[i + 1] += moved / thickness[i + 1]
            for i in range(start, count):
                arrives += bacteria[i] * thickness[i] / fade * fading[i]
            influx[m, step] = strength * max(arrives, bare)
