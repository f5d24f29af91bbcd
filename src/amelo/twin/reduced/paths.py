"""The compositions that the pore fluid behind a bath can have: one path per bath, tabulated once.

Where the fluid is quasi-steady and the solid dissolves with one stoichiometry ν, the flux of every component is ν_j J(x) with one
scalar J.  The gradients then obey  ∂P_j + Z_j ∂ψ = ν_j ∂s  (P_j = Σ_i ν_ij D_i c_i, Z_j = Σ_i ν_ij D_i z_i c_i), in which neither
depth nor porosity occurs, because φ^m is common to all ions.  So the compositions lie on a curve c(s) that starts in the bath and
depends on nothing but the bath: with one diffusivity it is the titration line T = T_bath + ν ξ, s = D ξ; with a diffusivity for
each species and no current it is curved, and equally exact.  What remains to be solved in the tissue is s(x).

When a bath is changed the pores still hold the old one.  What they hold is then the mixture of the two, and a path starts in every
mixture; a *family* of paths is tabulated over the share of the old bath and over the ion activity product of apatite.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from amelo.errors import SolveError
from amelo.twin.lesion.baths import ARRAYS
from amelo.twin.lesion.cell import CALCIUM, FLUORIDE, HYDROGEN, PHOSPHATE, SIZE, CellModel, PhaseData, _Solution
from amelo.twin.lesion.system import CHARGES, LN10

__all__ = ["APATITE", "NODES", "Chemistry", "Path", "bath_paths"]

APATITE = (5.0, 3.0, 0.0, -4.0)  # Ca5(PO4)3OH in the basis Ca2+, HPO4 2-, F-, H+
IONS = 9.0
NODES = 1024  # nodes of the table that the compiled loop reads
POINTS = 600  # longest way of the integration in either direction
STRIDE = 0.04  # largest change of ln DS from point to point where DS matters
SHARE = 0.25  # largest relative change of a concentration from point to point
DEPLETED = 2e-3  # share of the bath's calcium and phosphate at which a path of precipitation ends
BEYOND = 0.25  # ln DS by which the ends lie beyond saturation of the most and of the least soluble phase
DILUTE = -7.0  # ln DS of the least soluble apatite below which all fluids are alike: a thousandth of saturation
COMPLEX = 1e-40  # imaginary step of the derivatives


@dataclass(frozen=True, eq=False)
class Path:
    """The compositions behind one fluid, at ``NODES`` evenly spaced ion activity products of apatite.

    Fields: s [mol/L · D], 0 in the fluid itself; held (apatite dissolved since [mol/L]); concentrations (SIZE, n) of the basis and
    log_activity (n,); totals (components, n) [mol/L]; strength, potential ψ [kT/e], acid [mol/L] (n,); free (share of fluoride that is
    free), mobility and drift (Σ Dc and Σ zDc of fluoride per total) (n,).  What q, fluoride that a mineral released where a plain one
    would have released hydroxide [mol/L · D], changes at the same s: product_by_fluoride (of ln activity product), held_by_fluoride,
    and exchange_by_fluoride (of ln of free share times activity of the proton) (n,).
    """

    s: np.ndarray
    held: np.ndarray
    concentrations: np.ndarray
    log_activity: np.ndarray
    totals: np.ndarray
    strength: np.ndarray
    potential: np.ndarray
    acid: np.ndarray
    free: np.ndarray
    mobility: np.ndarray
    drift: np.ndarray
    product_by_fluoride: np.ndarray
    held_by_fluoride: np.ndarray
    exchange_by_fluoride: np.ndarray


def bath_paths(
    model: CellModel, baths: Sequence[dict[str, float]], solubilities: Sequence[tuple[float, float]], fluoride: float
) -> tuple[list[Path], np.ndarray]:
    """Integrate the paths of several baths side by side.

    Arguments: model (its phases apatites); baths (fields of a cell filled with each, from ``bath_values``); solubilities (lowest and
    highest pK of every phase among the members); fluoride (largest free concentration that the pores may meet [mol/L]).
    Returns: the paths, and the ln of the ion activity products (NODES,) of Ca5(PO4)3OH in the basis at which they are tabulated.
    Raises: SolveError when a path leaves the range of the chemistry before it is saturated.
    """
    chemistry = Chemistry(model)
    start = np.array([chemistry.state(values) for values in baths]).T

    def most(y: np.ndarray) -> np.ndarray:
        """Ln DS of the most soluble phase that can dissolve without fluoride."""
        plain = [(p, low) for p, (low, _) in zip(model.phases, solubilities, strict=True) if not p.powers[FLUORIDE]]
        return np.min([chemistry.log_saturation(y, p, low, fluoride) for p, low in plain], axis=0)

    def least(y: np.ndarray) -> np.ndarray:
        """Ln DS of the least soluble phase, in as much fluoride as there can be."""
        pairs = zip(model.phases, solubilities, strict=True)
        return np.max([chemistry.log_saturation(y, p, high, fluoride) for p, (_, high) in pairs], axis=0)

    down = _integrate(chemistry, start, -1.0, least)
    up = _integrate(chemistry, start, 1.0, most)
    points = [np.concatenate([below[:, :0:-1], above], axis=1) for below, above in zip(down, up, strict=True)]
    products = [chemistry.log_product(p) for p in points]
    plain = [high for p, (_, high) in zip(model.phases, solubilities, strict=True) if not p.powers[FLUORIDE]]
    lowest = -model.phases[0].offset - LN10 * max(plain) + IONS * DILUTE
    low = max(min(float(p[0]) for p in products), lowest)
    nodes = np.linspace(low, max(float(p[-1]) for p in products), NODES)
    origins = [below.shape[1] - 1 for below in down]
    return [_tabulate(chemistry, *each, nodes) for each in zip(points, products, origins, strict=True)], nodes


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

    def by_fluoride(self, y: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return what released fluoride with its proton changes (B,): ln product of apatite, apatite held, ln exchange."""
        (across,) = self.slopes(y, [(0.0, 0.0, 1.0, 1.0)])
        return self.told(y[: self.size], across[: self.size])

    def told(self, y: np.ndarray, direction: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return derivatives of ln product, apatite held and ln exchange in a direction."""
        probe = y + 1j * COMPLEX * direction
        solution = self.solution(probe)
        exchange = np.log(probe[FLUORIDE] / solution.total(FLUORIDE)) + np.log(probe[HYDROGEN]) + 2.0 * self.log_activity(probe)
        told = (self.log_product(probe), solution.total(CALCIUM) / APATITE[CALCIUM], exchange)
        return tuple(x.imag / COMPLEX for x in told)

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


def _integrate(
    chemistry: Chemistry, start: np.ndarray, sign: float, saturation: Callable[[np.ndarray], np.ndarray]
) -> list[np.ndarray]:
    """Return for each bath the points (size + 2, K) of its path from the bath on, dissolving (sign 1) or precipitating (-1).

    Points are set by the change of ln DS and of the concentrations, four Runge-Kutta stages apart.
    """
    y = start.copy()
    tracks = [[y[:, b].copy()] for b in range(y.shape[1])]
    alive = np.arange(y.shape[1])
    floor = {j: DEPLETED * start[j] for j in (CALCIUM, PHOSPHATE)}

    def ended(points: np.ndarray, which: np.ndarray) -> np.ndarray:
        done = sign * saturation(points) >= BEYOND
        if sign < 0:
            done |= (points[CALCIUM] <= floor[CALCIUM][which]) | (points[PHOSPHATE] <= floor[PHOSPHATE][which])
            done |= (points[CALCIUM] < 1e-9) | (points[PHOSPHATE] < 1e-9)
        return done

    alive = alive[~ended(y, alive)]
    for _ in range(POINTS):
        if not alive.size:
            break
        now = y[:, alive]
        first = chemistry.slope(now)
        step = sign * _stride(now, first, saturation(now))
        second = chemistry.slope(now + 0.5 * step * first)
        third = chemistry.slope(now + 0.5 * step * second)
        fourth = chemistry.slope(now + step * third)
        after = now + step / 6.0 * (first + 2.0 * second + 2.0 * third + fourth)
        good = np.isfinite(after).all(axis=0) & (after[: chemistry.size] >= 0.0).all(axis=0)
        if not good.all():
            raise SolveError(
                "a bath cannot be tabulated", why="its pore fluid leaves the range of the chemistry", fix='use tier="full"'
            )
        y[:, alive] = after
        for column, b in enumerate(alive):
            tracks[b].append(after[:, column])
        alive = alive[~ended(after, alive)]
    return [np.array(track).T for track in tracks]


def _stride(y: np.ndarray, slope: np.ndarray, log_ds: np.ndarray) -> np.ndarray:
    """Return how far along s the next point lies, at ln DS ``log_ds`` of the phase that ends the path."""
    n = SIZE
    relative = np.abs(slope[:n] / (y[:n] + 1e-9)).max(axis=0)
    log_slope = np.abs(sum(p * slope[j] / y[j] for j, p in enumerate(APATITE) if p)) / IONS
    wanted = STRIDE * (1.0 + 0.1 / (np.exp(log_ds) + 1e-6))
    return np.minimum(SHARE / relative, wanted / (log_slope + 1e-30))


def _tabulate(chemistry: Chemistry, points: np.ndarray, products: np.ndarray, origin: int, nodes: np.ndarray) -> Path:
    """Lay a path out on the common nodes; beyond its ends s goes on straight and the fluid stays as it is at the end."""
    from scipy.interpolate import PchipInterpolator

    s, n = points[chemistry.size], chemistry.size
    keep = np.concatenate([[True], np.diff(products) > 0.0])  # a flat piece, in a fluid without calcium, tells nothing
    calcium = chemistry.solution(points[:, keep]).total(CALCIUM)
    held = (calcium - np.interp(s[origin], s[keep], calcium)) / APATITE[CALCIUM]
    rows = np.concatenate([np.log(points[:n, keep] + 1e-300), points[n:, keep], held[None]])
    if keep.sum() < 2:
        raise SolveError("a bath cannot be tabulated", why="its fluid is saturated with nothing the tissue is made of")
    curve = PchipInterpolator(products[keep], rows, axis=1)
    inside = np.clip(nodes, products[keep][0], products[keep][-1])
    smooth, slope = curve(inside), curve(inside, 1)
    for k in (n, n + 2):
        smooth[k] += (nodes - inside) * np.maximum(slope[k], 0.0)
    y = np.concatenate([np.exp(smooth[:n]), smooth[n : n + 2]])
    solution = chemistry.solution(y)
    everything = solution.everything()
    totals = [solution.total(j) for j in range(SIZE)]
    totals += [sum(m.count * v for m, v in parts) for parts in solution.family]
    fluoride = totals[FLUORIDE]
    drift = solution.total(FLUORIDE, lambda m: m.diffusivity * m.charge) if chemistry.model.species_diffusion else 0.0 * fluoride
    acid = y[HYDROGEN] + sum(v for m, v in everything if not m.charge and m.powers[HYDROGEN] > 0 and not m.powers[CALCIUM])
    product_by, held_by, exchange_by = chemistry.by_fluoride(y)
    return Path(
        s=y[n],
        held=smooth[n + 2],
        concentrations=y[:SIZE],
        log_activity=chemistry.log_activity(y),
        totals=np.array([np.broadcast_to(t, NODES) for t in totals]),
        strength=y[SIZE + chemistry.families],
        potential=y[n + 1],
        acid=np.broadcast_to(acid, NODES),
        free=y[FLUORIDE] / fluoride,
        mobility=solution.total(FLUORIDE, lambda m: m.diffusivity) / fluoride,
        drift=drift / fluoride,
        product_by_fluoride=product_by,
        held_by_fluoride=held_by,
        exchange_by_fluoride=exchange_by,
    )
