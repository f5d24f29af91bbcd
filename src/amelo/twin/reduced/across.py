"""Across the paths: what fluoride does that a mineral took or gave where a plain one would have taken or given hydroxide.

A path tells the compositions that apatite alone leads to.  Every fluoride that a mineral takes in its place leaves the pores one proton fewer,
so that behind a bath with fluoride the compositions fill a surface c(v, q): v the ln of the ion activity product of apatite, q the fluoride
released [mol/L · D].  At a given product all answer smoothly, s almost in proportion: near saturation pH hardly moves, however weak the
buffer.  (At a given s they would follow the titration curve of the fluid, with its steep places wherever a buffer ends.)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from amelo.errors import SolveError
from amelo.twin.lesion.cell import FLUORIDE, HYDROGEN, SIZE, _Solution
from amelo.twin.lesion.system import Member
from amelo.twin.reduced.chemistry import APATITE, Chemistry

__all__ = ["FINEST", "Grid", "carried_across"]

FINEST = 5e-6  # mol/L of fluoride below which the nodes are evenly spaced, and above it by a constant factor
SPACING = 0.5  # of the nodes, in asinh of fluoride over the finest
NONE = 1e-12  # mol/L that stands for no fluoride
STEEPEST = 2.3  # largest change of ln c in one iteration, and largest factor of c from one node to where the next one is sought
ITERATIONS = 80
SHARP = 1e-7  # largest last correction of ln c


@dataclass(frozen=True)
class Grid:
    """Nodes of released fluoride: q = scale · sinh(spacing · k), k from ``-below`` to ``above``."""

    scale: float
    spacing: float
    below: int
    above: int

    @classmethod
    def of(cls, taken: float, given: float, diffusivity: float) -> Grid:
        """Return nodes that reach as much fluoride as minerals may take or give [mol/L], of this diffusivity."""
        below, above = (int(np.ceil(np.arcsinh(most / FINEST) / SPACING)) for most in (taken, given))
        return cls(FINEST * diffusivity, SPACING, max(below, 1), max(above, 1))

    @classmethod
    def none(cls) -> Grid:
        """Return nodes for a tissue that no fluoride changes."""
        return cls(1.0, 1.0, 0, 1)

    @property
    def count(self) -> int:
        """Number of nodes."""
        return self.below + 1 + self.above

    @property
    def released(self) -> np.ndarray:
        """Fluoride released at each node [mol/L · D]."""
        return self.scale * np.sinh(self.spacing * np.arange(-self.below, self.above + 1))


def carried_across(chemistry: Chemistry, y: np.ndarray, grid: Grid) -> np.ndarray:
    """Return the compositions (size + 2, nodes, B) to which released fluoride carries compositions y (size + 2, B) of the same product."""
    released, home = grid.released, grid.below
    found = np.empty((y.shape[0], grid.count, y.shape[1]))
    found[:, home] = y
    for way in (-1, 1):
        for k in range(home + way, grid.count if way > 0 else -1, way):
            before = found[:, k - 2 * way] if k - way != home else None
            found[:, k] = _titrated(chemistry, found[:, k - way], released[k] - released[k - way], before)
    return found


def _titrated(chemistry: Chemistry, start: np.ndarray, amount: float, before: np.ndarray | None = None) -> np.ndarray:
    """Return what compositions ``start`` become by an amount of fluoride with its protons [mol/L · D] at the same activity product.

    From the compositions of the node ``before`` follows where Newton's method starts.
    """
    y = start.copy() if before is None else _onward(chemistry, start, before)
    y[FLUORIDE] = start[FLUORIDE]
    push, carried, drift, drifted = _pushes(chemistry, start)
    wanted = push.copy()
    wanted[FLUORIDE] = np.maximum(wanted[FLUORIDE] + amount, NONE * min(m.diffusivity for m in chemistry.model.system.core))
    wanted[HYDROGEN] += amount
    y[FLUORIDE] *= wanted[FLUORIDE] / push[FLUORIDE]
    known = np.concatenate([start, wanted, drift, carried, drifted, chemistry.log_product(start)[None]])
    left = np.arange(y.shape[1])
    for _ in range(ITERATIONS):
        y[:, left], errors = _corrected(chemistry, y[:, left], known[:, left])
        left = left[~(errors < SHARP)]
        if not left.size:
            return y
    raise SolveError("a bath cannot be tabulated", why="its pore fluid has no answer to fluoride", fix='use tier="full"')


def _onward(chemistry: Chemistry, start: np.ndarray, before: np.ndarray) -> np.ndarray:
    """Return where two nodes point to: concentrations as logarithms, place and potential straight on."""
    y, n = 2.0 * start - before, chemistry.size
    y[:n] = start[:n] * np.clip((start[:n] + 1e-300) / (before[:n] + 1e-300), 1.0 / STEEPEST, STEEPEST)
    return y


def _corrected(chemistry: Chemistry, y: np.ndarray, known: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return compositions after one correction by Newton's method in ln c and s, and how large it was.

    Ions with diffusivities of their own go on obeying ∂P + Z ∂ψ = ν ∂s + μ ∂q; what moves little, families, strength and ψ, follows after
    each correction.

    Arguments: y; known (start, wanted pushes, drifts at the start, pushes and drifts of families there, ln activity product).
    """
    families, count = chemistry.families, y.shape[1]
    place, strength, potential = chemistry.size, SIZE + families, chemistry.size + 1
    sizes = np.cumsum([chemistry.size + 2, SIZE, SIZE, families, families])
    start, wanted, drift, carried, drifted, (product,) = np.split(known, sizes)
    solution, moved = chemistry.solution(y), y[potential] - start[potential]
    push, _, now, _ = _pushes(chemistry, y, solution)
    matrix = np.zeros((count, SIZE + 1, SIZE + 1))
    matrix[:, :SIZE, :SIZE] = np.moveaxis(np.array([[x + 0.0 * y[0] for x in row] for row in solution.slopes(_mobile)]), 2, 0)
    # rows and the column of s are scaled: they span many decades
    scale = np.abs(matrix[:, :SIZE, :SIZE]).max(axis=2).T
    unit = scale[HYDROGEN]
    matrix[:, :SIZE, :SIZE] /= scale.T[:, :, None]
    matrix[:, :SIZE, SIZE] = (np.negative(APATITE)[:, None] * unit / scale).T
    matrix[:, SIZE, :SIZE] = APATITE
    residual = push - wanted - np.outer(APATITE, y[place] - start[place])
    if chemistry.model.species_diffusion:
        turned = 0.5 * moved * (now + drift)
        turned[FLUORIDE] = 0.0  # it is what is asked for
        residual += turned
    right = np.concatenate([residual / scale, [chemistry.log_product(y) - product]])
    delta = -np.linalg.solve(matrix, right.T[:, :, None])[:, :, 0].T
    errors = np.abs(delta[:SIZE]).max(axis=0)
    damped = np.minimum(1.0, STEEPEST / (errors + 1e-30))
    y[:SIZE] *= np.exp(damped * delta[:SIZE])
    y[place] += damped * delta[SIZE] * unit
    if chemistry.model.species_diffusion:
        errors = np.maximum(errors, _follow(chemistry, y, carried, drifted, moved))
    ions = chemistry.solution(y).everything()
    new = 0.5 * sum(m.charge**2 * v for m, v in ions if m.charge)
    errors = np.maximum(errors, np.abs(new / y[strength] - 1.0))
    y[strength] = new
    return y, errors


def _mobile(m: Member) -> float:
    return m.diffusivity


def _charged(m: Member) -> float:
    return m.diffusivity * m.charge


def _pushes(
    chemistry: Chemistry, y: np.ndarray, solution: _Solution | None = None
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return Σ νDc of basis and families, and Σ νzDc of both."""
    solution = solution or chemistry.solution(y)
    nothing = np.zeros_like(y[0])
    return (
        np.array([solution.total(j, _mobile) for j in range(SIZE)]),
        np.array([nothing + sum(m.count * m.diffusivity * v for m, v in parts) for parts in solution.family]),
        np.array([nothing + solution.total(j, _charged) for j in range(SIZE)]),
        np.array([nothing + sum(m.count * m.diffusivity * m.charge * v for m, v in parts) for parts in solution.family]),
    )


def _follow(chemistry: Chemistry, y: np.ndarray, carried: np.ndarray, drifted: np.ndarray, moved: np.ndarray) -> np.ndarray:
    """Let the totals of families and the potential follow; return how far each potential went."""
    totals = slice(SIZE, SIZE + chemistry.families)
    _, push, _, drift = _pushes(chemistry, y)
    wanted = carried - 0.5 * moved * (drift + drifted)
    y[totals] *= np.where(push > 0.0, wanted / (push + 1e-300), 1.0)
    ions = chemistry.solution(y).everything()
    step = sum(m.charge * v for m, v in ions if m.charge) / sum(m.charge**2 * v for m, v in ions if m.charge)
    y[chemistry.size + 1] += step
    return np.abs(step)
