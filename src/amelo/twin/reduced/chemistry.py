"""Compositions of a pore fluid as vectors, and how they answer to what is released into it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from amelo.twin.lesion.baths import ARRAYS
from amelo.twin.lesion.cell import FLUORIDE, SIZE, CellModel, PhaseData, _Solution
from amelo.twin.lesion.system import CHARGES, LN10

__all__ = ["APATITE", "IONS", "Chemistry"]

APATITE = (5.0, 3.0, 0.0, -4.0)  # Ca5(PO4)3OH in the basis Ca2+, HPO4 2-, F-, H+
IONS = 9.0
COMPLEX = 1e-40  # imaginary step of the derivatives


class Chemistry:
    """Composition as a vector: concentrations of the basis, totals of the families, ionic strength; then s and ψ."""

    def __init__(self, model: CellModel) -> None:
        self.model, self.families = model, len(model.system.families)
        self.size = SIZE + self.families + 1
        self.charges = model.system.charges

    def state(self, values: dict[str, float]) -> np.ndarray:
        """Return the vector (size + 2,) of a fluid given by the fields of a cell that it fills."""
        free = [values[f"c{j}"] for j in range(SIZE)]
        return np.array([*free, *(values[f"total{f}"] for f in range(self.families)), values["strength"], 0.0, 0.0])

    def solution(self, y: np.ndarray) -> _Solution:
        """Return the concentrations of all species at compositions y."""
        values = {f"c{j}": y[j] for j in range(SIZE)} | {
            "activity": np.exp(self.log_activity(y)),
            "neutral": np.exp(y[SIZE + self.families] * (-self.model.system.neutral_slope * LN10)),
        }
        return _Solution(self.model, values.__getitem__, ARRAYS, list(y[SIZE : SIZE + self.families]))

    def rows(self, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the functions whose derivatives the path obeys (size + 1, ...) and the drift of every component (size - 1, ...)."""
        solution = self.solution(y)
        species, charged = self.model.species_diffusion, (lambda m: m.diffusivity * m.charge)
        push = [solution.total(j, lambda m: m.diffusivity) for j in range(SIZE)]
        drift = [solution.total(j, charged) if species else 0.0 * y[0] for j in range(SIZE)]
        for parts in solution.family:
            push.append(sum(m.count * m.diffusivity * v for m, v in parts))
            drift.append(sum(m.count * m.diffusivity * m.charge * v for m, v in parts) if species else 0.0 * y[0])
        everything = solution.everything()
        strength = 0.5 * sum(m.charge**2 * v for m, v in everything if m.charge) - y[SIZE + self.families]
        charge = sum(m.charge * v for m, v in everything if m.charge)
        return np.array([*push, strength, charge]), np.array(drift)

    def slope(self, y: np.ndarray) -> np.ndarray:
        """Return dy/ds (size + 2, B) at compositions y (size + 2, B)."""
        answer = self.slopes(y, [APATITE])[0]
        return np.concatenate([answer[: self.size], np.ones((1, y.shape[1])), answer[self.size :]])

    def slopes(self, y: np.ndarray, released: Sequence[Sequence[float]]) -> np.ndarray:
        """Return the answers (R, size + 1, B) of composition and potential to R ways of releasing the basis, per amount [mol/L · D]."""
        n, count = self.size, y.shape[1]
        probes = np.repeat(y[:n, None, :].astype(complex), n, axis=1)
        steps = COMPLEX * np.ones_like(y[:n])
        for k in range(n):
            probes[k, k] += 1j * steps[k]
        rows, drift = self.rows(probes.reshape(n, -1))
        jacobian = rows.reshape(n + 1, n, count).imag / COMPLEX
        matrix = np.zeros((count, n + 1, n + 1))
        matrix[:, :, :n] = np.moveaxis(jacobian, 2, 0)
        if self.model.species_diffusion:
            matrix[:, : n - 1, n] = drift.reshape(n - 1, n, count)[:, 0].real.T
        else:  # no potential with one diffusivity: charge follows by itself
            matrix[:, n, :] = 0.0
            matrix[:, n, n] = 1.0
        right = np.zeros((count, n + 1, len(released)))
        amounts = np.array(released).T
        right[:, : len(amounts)] = amounts
        # columns are scaled by their concentration: they span many decades
        scale = np.concatenate([np.abs(y[:n]) + 1e-30, np.ones((1, count))]).T
        answer = np.linalg.solve(matrix * scale[:, None, :], right) * scale[:, :, None]
        return np.moveaxis(answer, 0, 2).swapaxes(0, 1)

    def product_slope(self, y: np.ndarray, direction: np.ndarray) -> np.ndarray:
        """Return the derivative of ln of the activity product of apatite in a direction (B,)."""
        return self.log_product(y + 1j * COMPLEX * direction).imag / COMPLEX

    def log_product(self, y: np.ndarray) -> np.ndarray:
        """Return ln of the ion activity product of Ca5(PO4)3OH in the basis, without the constant of its reaction."""
        return self._product(y, APATITE, [y[j] for j in range(SIZE)])

    def log_saturation(self, y: np.ndarray, data: PhaseData, pk: float, fluoride: float) -> np.ndarray:
        """Return ln DS of a phase where so much fluoride is free."""
        free = [fluoride if j == FLUORIDE else y[j] for j in range(SIZE)]
        return (self._product(y, data.powers, free) + data.offset + LN10 * pk) / data.ions

    def _product(self, y: np.ndarray, powers: Sequence[float], free: list) -> np.ndarray:
        squares = sum(n * z * z for n, z in zip(powers, CHARGES, strict=True))
        return sum(n * np.log(free[j]) for j, n in enumerate(powers) if n) + squares * self.log_activity(y)

    def log_activity(self, y: np.ndarray) -> np.ndarray:
        """Return ln of the activity coefficient of an ion of charge 1."""
        strength = y[SIZE + self.families]
        root = np.sqrt(strength)
        a, b = self.model.system.davies
        return (root / (1.0 + root) - b * strength) * (-a * LN10)
