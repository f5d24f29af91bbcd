"""The slab of plaque in finite volumes: its constants, its rates, and the pH at which each cell's fluid is neutral."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from amelo.errors import SolveError
from amelo.params import load_set
from amelo.twin.chemistry.solve import speciate
from amelo.twin.chemistry.table import reaction_table
from amelo.twin.saliva import ph_of

if TYPE_CHECKING:
    from scipy.sparse import csc_array

__all__ = ["LACTATE", "SUGAR", "TABLE", "N", "Plaque", "Slab", "cardinal_ph"]

TABLE = reaction_table(37.0)
NAMES = TABLE.names
N, POTASSIUM, LACTATE = len(NAMES), NAMES.index("K"), NAMES.index("Lac")
SUGAR = N  # row of the state after the components
ROUNDS, STEP, PRECISION = 60, 1e-4, 1e-8  # the error left is the error of the slope times this


@dataclass(frozen=True)
class Plaque:
    """A slab of plaque: the constants of the ``mouth`` set in SI units.

    Fields: thickness [m]; cells; water (share of volume); production (greatest rate [mol hexose/(m3 plaque s)]); half_saturation
    [mol/m3]; lactate_yield; ph_range (minimum, optimum, maximum); fixed_buffer [mol/m3 plaque] and its pK; diffusivity of sugar and of
    ions [m2/s] between the cells; film_diffusivity [m2/s] at which films are quoted.
    """

    thickness: float
    water: float
    production: float
    half_saturation: float
    lactate_yield: float
    ph_range: tuple[float, float, float]
    fixed_buffer: float
    fixed_buffer_pk: float
    diffusivity_sugar: float
    diffusivity_ions: float
    film_diffusivity: float
    cells: int = 15

    @classmethod
    def typical(cls) -> Plaque:
        """Return plaque as the ``mouth`` set has it."""
        value = load_set("mouth").value
        copied = [
            "half_saturation",
            "lactate_yield",
            "fixed_buffer",
            "fixed_buffer_pk",
            "diffusivity_sugar",
            "diffusivity_ions",
            "water",
        ]
        return cls(
            thickness=value("plaque.thickness") * 1e-3,
            production=value("plaque.acid_production") * value("plaque.biomass") / 3600.0,
            ph_range=(value("plaque.ph_minimum"), value("plaque.ph_optimum"), value("plaque.ph_maximum")),
            film_diffusivity=value("film.diffusivity"),
            **{name: value(f"plaque.{name}") for name in copied},
        )

    def dissociated(self, ph: np.ndarray) -> np.ndarray:
        """Return the fixed groups [mol/m3 plaque] that have lost their proton."""
        return self.fixed_buffer / (1.0 + 10.0 ** (self.fixed_buffer_pk - ph))


def cardinal_ph(ph: np.ndarray, ph_range: tuple[float, float, float]) -> np.ndarray:
    """Return the share of its greatest rate at which metabolism runs at a pH: 0 outside minimum and maximum, 1 at the optimum."""
    low, best, high = ph_range
    inside = (ph - low) * (ph - high)
    return np.where((ph > low) & (ph < high), inside / (inside - (ph - best) ** 2), 0.0)


class Slab:
    """Finite volumes: rows of the state are components then sugar, each from the saliva to the tooth; then lactate made and left."""

    def __init__(self, plaque: Plaque) -> None:
        self.plaque, self.cells, self.width = plaque, plaque.cells, plaque.thickness / plaque.cells
        self.size = (N + 1) * self.cells
        self.guess = np.full(self.cells, 7.0)

    def initial(self, fluid: np.ndarray) -> np.ndarray:
        """Return the state of a slab whose fluid is everywhere the same and neutral."""
        ph = float(ph_of(fluid)[0])
        self.guess[:] = ph
        held = fluid * self.plaque.water
        held[POTASSIUM] += self.plaque.dissociated(np.array(ph))
        return np.concatenate([np.repeat(np.append(held, 0.0), self.cells), [0.0, 0.0]])

    def change(self, _: float, y: np.ndarray, around: np.ndarray, film: float, activity: float) -> np.ndarray:
        """Return dy/dt: amounts per volume of plaque."""
        ph, fluid = self.solve(y[:, None])
        p = self.plaque
        self.guess = ph[:, 0]
        mobile = np.concatenate([fluid[:, :, 0], y[None, SUGAR * self.cells : self.size] / p.water])
        flux = np.zeros((N + 1, self.cells + 1))  # inwards; none into the tooth
        flux[:, 0] = (around - mobile[:, 0]) / self._resistance(film)
        flux[:, 1:-1] = -self._diffusivity() * np.diff(mobile, axis=1) / self.width
        rate = -np.diff(flux, axis=1) / self.width
        eaten = self._eaten(mobile[SUGAR], ph[:, 0], activity)
        rate[SUGAR] -= eaten
        rate[LACTATE] += p.lactate_yield * eaten
        return np.concatenate([rate.ravel(), [p.lactate_yield * eaten.sum() * self.width, -flux[LACTATE, 0]]])

    def jacobian(self, _: float, y: np.ndarray, around: np.ndarray, film: float, activity: float) -> csc_array:
        """Return d(dy/dt)/dy (rows, rows): through pH every component acts on the potassium that moves and on metabolism."""
        from scipy.sparse import csc_array

        p, cells = self.plaque, self.cells
        ph, fluid = self.solve(y[:, None])
        ph, fluid, sugar = ph[:, 0], fluid[:, :, 0], y[SUGAR * cells : self.size] / p.water
        by_ph = self._ph_slopes(ph, fluid)  # dpH/dy (components, cells)
        released = p.dissociated(ph + STEP) / (2 * STEP) - p.dissociated(ph - STEP) / (2 * STEP)
        eaten = self._eaten(sugar, ph, activity)
        by_sugar = (self._eaten(sugar + STEP, ph, activity) - eaten) / STEP / p.water
        eaten_by_ph = (self._eaten(sugar, ph + STEP, activity) - self._eaten(sugar, ph - STEP, activity)) / (2 * STEP)
        jacobian = np.zeros((N + 1, cells, N + 1, cells))
        own, resistance = np.arange(cells), self._resistance(film)
        for i, diffusivity in enumerate(self._diffusivity()[:, 0]):
            move = diffusivity / self.width**2 * (np.eye(cells, k=1) + np.eye(cells, k=-1) - 2 * np.eye(cells))
            move[-1, -1] += diffusivity / self.width**2
            move[0, 0] += diffusivity / self.width**2 - 1.0 / (resistance[i] * self.width)
            jacobian[i, :, i] += move / p.water
            if i == POTASSIUM:
                for j in range(N):
                    jacobian[i, :, j] -= move * (released * by_ph[j])[None] / p.water
        for row, times in ((SUGAR, -1.0), (LACTATE, p.lactate_yield)):
            jacobian[row, own, SUGAR, own] += times * by_sugar
            for j in range(N):
                jacobian[row, own, j, own] += times * eaten_by_ph * by_ph[j]
        full = np.zeros((len(y), len(y)))
        full[: self.size, : self.size] = jacobian.reshape(self.size, self.size)
        full[-2, : self.size] = full[LACTATE * cells : (LACTATE + 1) * cells, : self.size].sum(axis=0) * self.width
        full[-1, LACTATE * cells] = 1.0 / (p.water * resistance[LACTATE])
        full[-2, : self.size] += full[-1, : self.size]  # what leaves is no less made
        return csc_array(full)

    def _diffusivity(self) -> np.ndarray:
        return np.array([self.plaque.diffusivity_ions] * N + [self.plaque.diffusivity_sugar])[:, None]

    def _resistance(self, film: float) -> np.ndarray:
        """Return the resistance (rows,) [s/m] between the mouth and the middle of the outer cell."""
        return 0.5 * self.width / self._diffusivity()[:, 0] + film / self.plaque.film_diffusivity

    def _eaten(self, sugar: np.ndarray, ph: np.ndarray, activity: float) -> np.ndarray:
        """Return hexose fermented [mol/(m3 plaque s)]; a trace below zero that the integrator leaves is given back."""
        p = self.plaque
        return activity * p.production * sugar / (p.half_saturation + np.abs(sugar)) * cardinal_ph(ph, p.ph_range)

    def _ph_slopes(self, ph: np.ndarray, fluid: np.ndarray) -> np.ndarray:
        """Return dpH/dy (components, cells) at which the fluid stays neutral."""
        water, parts = self.plaque.water, N + 2
        totals, at = np.repeat(fluid[:, None], parts, axis=1), np.repeat(ph[None], parts, axis=0)
        for j in range(N):
            totals[j, j] += STEP
        at[-2] = ph + STEP
        totals[POTASSIUM, -2] -= (self.plaque.dissociated(ph + STEP) - self.plaque.dissociated(ph)) / water
        charge = _charge(totals.reshape(N, -1), at.ravel()).reshape(parts, -1)
        return -(charge[:N] - charge[-1]) / (charge[-2] - charge[-1]) / water

    def solve(self, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return pH (cells, k) and totals of the fluid (components, cells, k) at which every cell's fluid is neutral.

        Charge falls with pH, so a Newton step that is kept short cannot get lost.
        """
        p, held = self.plaque, y[: N * self.cells].reshape(N, self.cells, -1)
        flat = (held / p.water).reshape(N, -1)
        free = held[POTASSIUM].ravel()
        ph = np.broadcast_to(self.guess[:, None], held.shape[1:]).ravel().copy()
        for _ in range(ROUNDS):
            both = np.concatenate([ph, ph + STEP])
            totals = np.concatenate([flat, flat], axis=1)
            totals[POTASSIUM] = (np.concatenate([free, free]) - p.dissociated(both)) / p.water
            here, above = _charge(totals, both).reshape(2, -1)
            step = np.clip(here * STEP / (here - above), -0.5, 0.5)
            ph += step
            if np.abs(step).max() < PRECISION:
                break
        else:
            raise SolveError("plaque has no pH", why="its fluid cannot be neutral; check what flows around it")
        flat[POTASSIUM] = (free - p.dissociated(ph)) / p.water
        return ph.reshape(held.shape[1:]), flat.reshape(held.shape)


def _charge(totals: np.ndarray, ph: np.ndarray) -> np.ndarray:
    """Return charge (fluids,) [mmol/kgw] of totals (components, fluids); a trace below zero counts as charge of K, not in equilibria."""
    batch = speciate(TABLE, totals.T.clip(0.0) / 1000.0, ph, compiled=len(ph) >= 16)
    return 1000.0 * batch.charge + np.minimum(totals[POTASSIUM], 0.0)
