"""The compiled parts of the common benchmark; it imports Numba, so that it is loaded only where it is needed.

Positions and field are of single, payload of double precision; the books close all the same, because what a carrier loses is what its
cell has lost after rounding.  A step moves every carrier and tells where it is; deposits are then
booked one after the other in the order of the carriers, so that a sum does not depend on the number of threads.
"""

from __future__ import annotations

import numpy as np
from numba import njit, prange

from amelo.therapy.nano import kicks

__all__ = ["book", "fields_step", "order", "walk_step"]

BLOCK = 512
_mix = njit(inline="always")(kicks.mix)
S21, S43, LOW = kicks.S21, kicks.S43, kicks.LOW
SCALE, MIDDLE = np.float32(kicks.AXIS_SCALE), np.float32(kicks.AXIS_MIDDLE)
ZERO, HALF, TWICE = np.float32(0.0), np.float32(0.5), np.float32(2.0)


@njit(inline="always")
def _axis(part):
    return (np.float32(np.int32(part)) - MIDDLE) * SCALE


@njit(inline="always")
def _inside(x, size):
    x = abs(x)
    return min(x, TWICE * size - x)


@njit(parallel=True, cache=True, error_model="numpy")
def walk_step(x, y, z, cell, base, field, sizes, climb, hop, word):  # pragma: no cover - compiled
    """Move every carrier by one step up the gradient of the field, and say in which cell it is then.

    A block goes through three short loops, so that the first and the last run on all lanes of the processor at once.
    """
    nx, ny, nz = sizes
    mx, my, mz = np.int32(nx - 1), np.int32(ny - 1), np.int32(nz - 1)
    row, plane = np.int32(nx), np.int32(nx * ny)
    lx, ly, lz = np.float32(nx), np.float32(ny), np.float32(nz)
    climb, hop = np.float32(climb), np.float32(hop)
    count = x.shape[0]
    for block in prange((count + BLOCK - 1) // BLOCK):
        start = block * BLOCK
        size = min(BLOCK, count - start)
        kicked = np.empty((3, BLOCK), np.float32)
        for i in range(size):
            word_i = _mix(base[start + i] + word)
            kicked[0, i] = x[start + i] + hop * _axis(word_i & LOW)
            kicked[1, i] = y[start + i] + hop * _axis((word_i >> S21) & LOW)
            kicked[2, i] = z[start + i] + hop * _axis(word_i >> S43)
        for i in range(size):
            a, b, c = np.int32(x[start + i]), np.int32(y[start + i]), np.int32(z[start + i])
            a, b, c = min(a, mx), min(b, my), min(c, mz)
            k = np.uint32(c * plane + b * row + a)
            right = np.uint32(1) if a < mx else np.uint32(0)
            left = np.uint32(1) if a > 0 else np.uint32(0)
            front = np.uint32(row) if b < my else np.uint32(0)
            back = np.uint32(row) if b > 0 else np.uint32(0)
            up = np.uint32(plane) if c < mz else np.uint32(0)
            down = np.uint32(plane) if c > 0 else np.uint32(0)
            kicked[0, i] += climb * (field[k + right] - field[k - left])
            kicked[1, i] += climb * (field[k + front] - field[k - back])
            kicked[2, i] += climb * (field[k + up] - field[k - down])
        for i in range(size):
            p, q, r = _inside(kicked[0, i], lx), _inside(kicked[1, i], ly), _inside(kicked[2, i], lz)
            x[start + i], y[start + i], z[start + i] = p, q, r
            cell[start + i] = min(np.int32(r), mz) * plane + min(np.int32(q), my) * row + min(np.int32(p), mx)


@njit(cache=True)
def book(field, payload, cell, take):  # pragma: no cover - compiled
    """Take from the field what carriers give in their cells, and from each carrier exactly what its cell has lost after rounding."""
    for i in range(cell.shape[0]):
        k = np.uint32(cell[i])
        held = np.float64(field[k])
        left = np.float32(held - take * held * payload[i])
        field[k] = left
        payload[i] -= held - np.float64(left)


@njit(cache=True)
def order(y, z, row_count, rows):  # pragma: no cover - compiled
    """Return the carriers (P,) in the order of the rows of the grid that they are in, those of one row as they were."""
    count = y.shape[0]
    starts = np.zeros(rows + 1, np.int64)
    for i in range(count):
        starts[min(np.int64(z[i]) * row_count + min(np.int64(y[i]), row_count - 1), rows - 1) + 1] += 1
    for k in range(rows):
        starts[k + 1] += starts[k]
    found = np.empty(count, np.int64)
    for i in range(count):
        k = min(np.int64(z[i]) * row_count + min(np.int64(y[i]), row_count - 1), rows - 1)
        found[starts[k]] = i
        starts[k] += 1
    return found


@njit(inline="always")
def _faces(even, odd, m_there, m_here, spread, per_climb):  # pragma: no cover - compiled
    """Put the two parts of the exchange through faces, after Scharfetter and Gummel to the fourth order in the climb, into their places."""
    for i in range(m_here.shape[0]):
        x = per_climb * (m_here[i] - m_there[i])
        square = x * x
        even[i] = spread * (1.0 + square * (1.0 / 12.0 - square * (1.0 / 720.0)))
        odd[i] = spread * 0.5 * x


@njit(inline="always")
def _exchange(come, there, here, even, odd):  # pragma: no cover - compiled
    """Add what comes through faces in a step."""
    for i in range(here.shape[0]):
        come[i] += even[i] * (there[i] - here[i]) + odd[i] * (there[i] + here[i])


@njit(parallel=True, cache=True, error_model="numpy")
def fields_step(n, w, field, new_n, new_w, spread, climb, take):  # pragma: no cover - compiled
    """Carry densities of carriers and of payload (Z, Y, X) by one step, and take from the field what they give."""
    nz, ny, nx = n.shape
    per_climb = climb / spread
    for c in prange(nz):
        even, odd, through = np.empty(nx), np.empty(nx), np.empty(nx)
        for b in range(ny):
            m, here, held = field[c, b], n[c, b], w[c, b]
            come, brought = new_n[c, b], new_w[c, b]
            come[:] = here
            brought[:] = held
            for side in range(4):
                k = c + (2 * side - 1 if side < 2 else 0)
                j = b + (2 * side - 5 if side > 1 else 0)
                if 0 <= k < nz and 0 <= j < ny:
                    _faces(even, odd, field[k, j], m, spread, per_climb)
                    _exchange(come, n[k, j], here, even, odd)
                    _exchange(brought, w[k, j], held, even, odd)
            _faces(even, odd, m[:-1], m[1:], spread, per_climb)
            for old, new in ((here, come), (held, brought)):
                for i in range(nx - 1):
                    through[i] = even[i] * (old[i] - old[i + 1]) + odd[i] * (old[i] + old[i + 1])
                for i in range(nx - 1):
                    new[i + 1] += through[i]
                for i in range(nx - 1):
                    new[i] -= through[i]
    for c in prange(nz):
        for b in range(ny):
            m, held = field[c, b], new_w[c, b]
            for a in range(nx):
                given = take * m[a] * held[a]
                held[a] -= given
                m[a] -= given
