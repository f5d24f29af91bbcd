"""The loop of one helix that heat turns about while a field rotates, as plain Python that Numba compiles.

Lengths of time are in 1/D, D the diffusivity of rotation about the long axis; the one text is what runs compiled and what tests read.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache

import numpy as np

__all__ = ["compiled_turning", "turning"]

THIRD = 2097152  # 2^21: three variates come from one hash of 64 bits
SIXTH = THIRD // 6
ROOT = math.sqrt(3.0)


def turning(
    pull: float,
    turn: float,
    drag: float,
    step: float,
    settle: int,
    steps: int,
    blocks: int,
    key: int,
    noise: float,
    start: np.ndarray,
    first: int,
    out: np.ndarray,
) -> None:
    """Turn copies of a helix, and write what they did while they did it.

    Arguments: pull (energy of the moment in the field over kT); turn (angular frequency of the field); drag (that of tumbling over that
    of spinning); step; settle (steps that are not counted); steps (per block); blocks; key of the noise; noise (1 with, 0 without);
    start (C, 2, 3), axis and moment of each copy; first (number of the first copy); out (C, blocks, 4), per block the mean rotation along
    the axis of the field by torque, the same with that by heat, the mean square cosine between the axes, and the mean cosine between
    moment and field.
    Assumptions: the moment lies across the long axis; kicks take the values -sqrt 3, 0 and sqrt 3 with 1/6, 2/3 and 1/6, which have
    the moments of a normal variate up to the fifth; Heun on rotations.
    """
    kick_spin, kick_tumble = noise * math.sqrt(2.0 * step), noise * math.sqrt(2.0 * step / drag)
    for copy in range(start.shape[0]):
        ex, ey, ez = start[copy, 0, 0], start[copy, 0, 1], start[copy, 0, 2]
        mx, my, mz = start[copy, 1, 0], start[copy, 1, 1], start[copy, 1, 2]
        name = np.uint64(first + copy) * np.uint64(0x9E3779B97F4A7C15) ^ np.uint64(key) * np.uint64(0xD1342543DE82EF95)
        now = 0
        by, bz = 1.0, 0.0
        for block in range(-1, blocks):
            by_torque = by_all = square = along = 0.0
            count = settle if block < 0 else steps
            for _ in range(count):
                h = name + np.uint64(now) * np.uint64(0xBF58476D1CE4E5B9)
                h = (h ^ (h >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
                h = (h ^ (h >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
                h = h ^ (h >> np.uint64(31))
                a = np.int64(h & np.uint64(THIRD - 1))
                b = np.int64((h >> np.uint64(21)) & np.uint64(THIRD - 1))
                c = np.int64((h >> np.uint64(42)) & np.uint64(THIRD - 1))
                we = kick_spin * (ROOT if a >= THIRD - SIXTH else (-ROOT if a < SIXTH else 0.0))
                wm = kick_tumble * (ROOT if b >= THIRD - SIXTH else (-ROOT if b < SIXTH else 0.0))
                wk = kick_tumble * (ROOT if c >= THIRD - SIXTH else (-ROOT if c < SIXTH else 0.0))
                ky, kz = ez * mx - ex * mz, ex * my - ey * mx
                kx = ey * mz - ez * my
                spin = pull * (by * ky + bz * kz)  # torque about the long axis, and across it
                tilt = -pull / drag * (by * ey + bz * ez)
                now += 1
                angle = turn * step * now
                cy, cz = math.cos(angle), math.sin(angle)
                fe, fm, fk = spin * step + we, wm, tilt * step + wk
                nspin, ntilt = spin, tilt
                nex, ney, nez, nmx, nmy, nmz = ex, ey, ez, mx, my, mz
                for half in range(2):  # predict, then correct
                    if half == 1:
                        fe, fk = 0.5 * (spin + nspin) * step + we, 0.5 * (tilt + ntilt) * step + wk
                    px, py, pz = fe * ex + fm * mx + fk * kx, fe * ey + fm * my + fk * ky, fe * ez + fm * mz + fk * kz
                    square_angle = px * px + py * py + pz * pz
                    if square_angle > 1e-24:
                        size = math.sqrt(square_angle)
                        s, v = math.sin(size) / size, (1.0 - math.cos(size)) / square_angle
                    else:
                        s, v = 1.0, 0.5
                    # rotate the axis and the moment by the vector p, after Rodrigues
                    qx, qy, qz = py * ez - pz * ey, pz * ex - px * ez, px * ey - py * ex
                    nex, ney, nez = (
                        ex + s * qx + v * (py * qz - pz * qy),
                        ey + s * qy + v * (pz * qx - px * qz),
                        ez + s * qz + v * (px * qy - py * qx),
                    )
                    qx, qy, qz = py * mz - pz * my, pz * mx - px * mz, px * my - py * mx
                    nmx, nmy, nmz = (
                        mx + s * qx + v * (py * qz - pz * qy),
                        my + s * qy + v * (pz * qx - px * qz),
                        mz + s * qz + v * (px * qy - py * qx),
                    )
                    if half == 0:
                        lky, lkz = nez * nmx - nex * nmz, nex * nmy - ney * nmx
                        nspin = pull * (cy * lky + cz * lkz)
                        ntilt = -pull / drag * (cy * ney + cz * nez)
                torque = 0.25 * (spin + nspin) * (ex + nex)
                by_torque += torque
                by_all += torque + 0.5 * we * (ex + nex) / step
                scale = 1.0 / math.sqrt(nex * nex + ney * ney + nez * nez)
                ex, ey, ez = nex * scale, ney * scale, nez * scale
                dot = ex * nmx + ey * nmy + ez * nmz
                mx, my, mz = nmx - dot * ex, nmy - dot * ey, nmz - dot * ez
                scale = 1.0 / math.sqrt(mx * mx + my * my + mz * mz)
                mx, my, mz = mx * scale, my * scale, mz * scale
                by, bz = cy, cz
                square += ex * ex
                along += my * by + mz * bz
            if block >= 0:
                out[copy, block, 0], out[copy, block, 1] = by_torque / count, by_all / count
                out[copy, block, 2], out[copy, block, 3] = square / count, along / count


@cache
def compiled_turning() -> Callable[..., None]:
    """Return ``turning`` compiled by Numba."""
    from numba import njit

    return njit(cache=True, error_model="numpy")(turning)
