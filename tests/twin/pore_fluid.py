"""A small speciation of its own for the method of lines: activities in, totals and their derivatives out, complex numbers welcome.

Only the stoichiometry and the constants come from amelo's reaction table.  One kilogram of water is one litre and the activity of water
is one.  Unknowns are ln activities of the master species and of H+, so that no concentration can become negative.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from amelo.twin.chemistry.solve import speciate
from amelo.twin.chemistry.table import ReactionTable, reaction_table

__all__ = ["Fluid", "PoreFluid"]

LN10 = np.log(10.0)
CEILING, FLOOR = np.log(20.0), np.log(1e-80)  # mol/L


@dataclass(frozen=True, eq=False)
class Fluid:
    """Solved fluid: ln activities (n,) of masters and H+, totals (n,) [mol/L] with total hydrogen last, concentrations (S,) [mol/L]."""

    state: np.ndarray
    totals: np.ndarray
    concentration: np.ndarray


class PoreFluid:
    """The species that can form from the components present, as arrays.

    Fields: names (components, "H" last); species; counts (S, n) how many of each component a species holds; charge (S,); log_k (S,).
    """

    def __init__(self, components: set[str], temperature: float = 37.0) -> None:
        self.table: ReactionTable = reaction_table(temperature)
        self.names = (*(c for c in self.table.names if c in components), "H")
        chosen = [s for s in self.table.species if set(s.components) <= components]
        self.species = tuple(s.name for s in chosen)
        self.counts = np.array([[*(s.components.get(c, 0) for c in self.names[:-1]), s.hydrogen] for s in chosen], float)
        self.charge = np.array([s.charge for s in chosen], float)
        self.log_k = np.array([s.log_k for s in chosen]) * LN10
        value = self.table.constants.value
        self._davies = value("activity.davies_a") * LN10, value("activity.davies_b")
        self._neutral = value("activity.neutral_slope") * LN10

    @cached_property
    def component_charge(self) -> np.ndarray:
        """Charge (n,) that a mole of each total carries, so that charge = totals @ component_charge."""
        return np.array([*(self.table.component(c).charge for c in self.names[:-1]), 1.0])

    def solid(self, name: str, pk: float | None = None) -> tuple[np.ndarray, float, int, np.ndarray]:
        """Return (components per formula (n,), ln Ksp, ions of the saturation degree, exponents (n,) of ln IAP) of a solid."""
        solid = self.table.solid(name)
        formed = {s.name: s for s in self.table.species}
        counts, constant = np.zeros(len(self.names)), 0.0
        for ion, number in solid.reaction.items():
            if ion == "H2O":
                continue
            s = formed[ion]
            counts += number * np.array([*(s.components.get(c, 0) for c in self.names[:-1]), s.hydrogen])
            constant += number * s.log_k
        log_ksp = (solid.log_k if pk is None else -pk) - constant
        return counts, log_ksp * LN10, solid.ions, counts

    def log_gamma(self, strength: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return ln γ (N, S) and its derivative with respect to ionic strength."""
        root = np.sqrt(strength)[:, None]
        a, b = self._davies
        square = self.charge**2
        ion = -a * square * (root / (1.0 + root) - b * root * root)
        slope = -a * square * (0.5 / (root * (1.0 + root) ** 2) - b)
        neutral = self.charge == 0
        return np.where(neutral, self._neutral * root * root, ion), np.where(neutral, self._neutral, slope)

    def concentrations(self, state: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Return concentrations (N, S) [mol/L], ionic strength (N,), ln γ and d ln γ/dI (N, S) for ln activities (N, n)."""
        exponent = state @ self.counts.T + self.log_k
        high, low = exponent.real > CEILING, exponent.real < FLOOR  # trials of an integrator; bent over so that they fail softly
        exponent = np.where(high, CEILING + 1.0 - np.exp(np.where(high, CEILING - exponent, 0.0)), exponent)
        activity = np.exp(np.where(low, FLOOR - 1.0 + np.exp(np.where(low, exponent - FLOOR, 0.0)), exponent))
        square = 0.5 * self.charge**2
        strength = np.full(len(state), 0.1, activity.dtype)
        for _ in range(60):
            log_gamma, slope = self.log_gamma(strength)
            share = activity * np.exp(-log_gamma) * square
            excess = share.sum(1) - strength
            step = excess / (1.0 + (share * slope).sum(1))
            new = strength + step
            new = np.where(
                new.real < 0.2 * strength.real, 0.2 * strength, np.where(new.real > 5.0 * strength.real, 5.0 * strength, new)
            )
            small = np.all(np.abs(new - strength) <= 1e-14 * np.abs(strength))
            strength = new
            if small:
                break
        log_gamma, slope = self.log_gamma(strength)
        return activity * np.exp(-log_gamma), strength, log_gamma, slope

    def totals(self, state: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Return totals (N, n) [mol/L], their derivative (N, n, n) to the state, concentrations (N, S) and ln γ (N, S)."""
        c, _, log_gamma, slope = self.concentrations(state)
        square = 0.5 * self.charge**2 * c
        strength_slope = (square @ self.counts) / (1.0 + (square * slope).sum(1))[:, None]  # dI/dy (N, n)
        moved = self.counts[None] - slope[:, :, None] * strength_slope[:, None, :]  # d ln c/dy (N, S, n)
        derivative = np.einsum("si,ns,nsj->nij", self.counts, c, moved)
        return c @ self.counts, derivative, c, log_gamma

    def fluid(self, ph: float, totals: dict[str, float], closing: str | None) -> Fluid:
        """Solve a fluid from totals [mmol/L] and pH, one inert ion closing the charge.

        Raises: ArithmeticError when Newton's method does not end.
        """
        given = np.array([totals[c] * 1e-3 for c in self.names[:-1]])
        full = np.zeros((1, len(self.table.names)))
        for c, amount in zip(self.names, given, strict=False):
            full[0, self.table.names.index(c)] = amount
        index = -1 if closing is None else self.table.names.index(closing)
        guess = speciate(self.table, full, ph, closing=index)
        state = np.array([guess.log_activity(self.table.component(c).master)[0] for c in self.names[:-1]] + [-ph]) * LN10
        close = None if closing is None else self.names.index(closing)
        for _ in range(100):
            t, derivative, c, _ = (part[0] for part in self.totals(state[None]))
            residual, jacobian = (t[:-1] - given) / given, derivative[:-1, :-1] / given[:, None]
            if close is not None:
                scale = t @ np.abs(self.component_charge)
                residual[close] = t @ self.component_charge / scale
                jacobian[close] = self.component_charge @ derivative[:, :-1] / scale
            step = np.clip(np.linalg.solve(jacobian, -residual), -1.0, 1.0)
            state[:-1] += step
            if np.abs(step).max() < 1e-13:
                t, _, c, _ = (part[0] for part in self.totals(state[None]))
                return Fluid(state, t, c)
        raise ArithmeticError(f"no speciation at pH {ph} for {totals}")
