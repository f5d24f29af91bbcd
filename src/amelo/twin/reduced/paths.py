"""The compositions that the pore fluid behind a bath can have: one path per bath, tabulated once.

Where the fluid is quasi-steady and the solid dissolves with one stoichiometry ν, the flux of every component is ν_j J(x) with one
scalar J.  The gradients then obey  ∂P_j + Z_j ∂ψ = ν_j ∂s  (P_j = Σ_i ν_ij D_i c_i, Z_j = Σ_i ν_ij D_i z_i c_i), in which neither
depth nor porosity occurs, because φ^m is common to all ions.  So the compositions lie on a curve c(s) that starts in the bath and
depends on nothing but the bath: with one diffusivity it is the titration line T = T_bath + ν ξ, s = D ξ; with a diffusivity for
each species and no current it is curved, and equally exact.  What remains to be solved in the tissue is s(x).

When a bath is changed the pores still hold the old one.  What they hold is then the mixture of the two, and a path starts in every
mixture; a *family* of paths is tabulated over the share of the old bath and over the ion activity product of apatite.  Fluoride makes a
surface of each path (``across.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from amelo.errors import SolveError
from amelo.twin.lesion.cell import CALCIUM, FLUORIDE, HYDROGEN, PHOSPHATE, SIZE, CellModel, is_acid
from amelo.twin.lesion.system import LN10
from amelo.twin.reduced.across import FINEST, Grid, carried_across
from amelo.twin.reduced.chemistry import APATITE, IONS, Chemistry

__all__ = ["ACROSS", "NODES", "Path", "bath_paths"]

NODES = 512  # nodes of the table that the compiled loop reads
EVERY = 4  # nodes, of which one is followed across
POINTS = 800  # longest way of the integration in either direction
STRIDE = 0.04  # largest change of ln DS from point to point where DS matters
SHARE = 0.25  # largest relative change of a concentration from point to point
DEPLETED = 2e-3  # share of the bath's calcium and phosphate at which a path of precipitation ends
BEYOND = 0.25  # ln DS by which the ends lie beyond saturation of the most and of the least soluble phase
FURTHER = 3.0  # ln DS by which the end lies further where fluoride makes a bath more supersaturated than it is
RISE = 1e-9  # mol/L of apatite by which each node lies above the one before at least: Newton's method needs a slope
DILUTE = -7.0  # ln DS of the least soluble apatite below which all fluids are alike: a thousandth of saturation
NOTHING = Grid.none()
ACROSS = ("s", "held", "log_exchange", "acid", "potential", "free", "mobility", "drift")


@dataclass(frozen=True, eq=False)
class Path:
    """The compositions behind one fluid, at ``NODES`` evenly spaced ion activity products of apatite.

    Fields: concentrations (SIZE, n) of the basis and log_activity (n,); totals (components, n)
    [mol/L]; strength (n,); origin, the place of the fluid itself [nodes]; and across (n, nodes of fluoride, len(ACROSS)) what becomes of it
    where minerals release fluoride for hydroxide: s [mol/L · D], apatite dissolved since the fluid itself [mol/L],
    ln of free share of fluoride times activity of the proton, acid [mol/L], potential [kT/e], free share, mobility and
    drift (Σ Dc and Σ zDc of fluoride per total).
    """

    concentrations: np.ndarray
    log_activity: np.ndarray
    totals: np.ndarray
    strength: np.ndarray
    origin: float
    across: np.ndarray


def bath_paths(
    model: CellModel,
    baths: Sequence[dict[str, float]],
    solubilities: Sequence[tuple[float, float]],
    fluoride: float,
    grid: Grid = NOTHING,
) -> tuple[list[Path], np.ndarray]:
    """Integrate the paths of several baths side by side.

    Arguments: model (its phases apatites); baths (fields of a cell filled with each, from ``bath_values``); solubilities (lowest and
    highest pK of every phase among the members); fluoride (largest free concentration that the pores may meet [mol/L]); grid (nodes of
    released fluoride).
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

    down = _integrate(chemistry, start, -1.0, least, BEYOND)
    up = _integrate(chemistry, start, 1.0, most, BEYOND + (FURTHER if grid.above > 1 else 0.0))
    points = [np.concatenate([below[:, :0:-1], above], axis=1) for below, above in zip(down, up, strict=True)]
    products = [chemistry.log_product(p) for p in points]
    plain = [high for p, (_, high) in zip(model.phases, solubilities, strict=True) if not p.powers[FLUORIDE]]
    lowest = -model.phases[0].offset - LN10 * max(plain) + IONS * DILUTE
    low = max(min(float(p[0]) for p in products), lowest)
    nodes = np.linspace(low, max(float(p[-1]) for p in products), NODES)
    origins = [below.shape[1] - 1 for below in down]
    followed = [_followed(chemistry, *each, nodes) for each in zip(points, products, origins, strict=True)]
    surfaces = _surfaces(chemistry, followed, products, nodes, grid)
    places = [(own[origin] - nodes[0]) / (nodes[1] - nodes[0]) for own, origin in zip(products, origins, strict=True)]
    return [_path(chemistry, *each) for each in zip(followed, places, surfaces, strict=True)], nodes


def _integrate(
    chemistry: Chemistry, start: np.ndarray, sign: float, saturation: Callable[[np.ndarray], np.ndarray], beyond: float
) -> list[np.ndarray]:
    """Return for each bath the points (size + 2, K) of its path from the bath on, dissolving (sign 1) or precipitating (-1).

    Points are set by the change of ln DS and of the concentrations, four Runge-Kutta stages apart.
    """
    y = start.copy()
    tracks = [[y[:, b].copy()] for b in range(y.shape[1])]
    alive = np.arange(y.shape[1])
    floor = {j: DEPLETED * start[j] for j in (CALCIUM, PHOSPHATE)}

    def ended(points: np.ndarray, which: np.ndarray) -> np.ndarray:
        done = sign * saturation(points) >= beyond
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


def _followed(chemistry: Chemistry, points: np.ndarray, products: np.ndarray, origin: int, nodes: np.ndarray) -> np.ndarray:
    """Lay a path out on the common nodes (size + 3, NODES), last what was dissolved since the fluid itself.

    Beyond its ends s goes on straight and the fluid stays as it is at the end.
    """
    from scipy.interpolate import PchipInterpolator

    s, n = points[chemistry.size], chemistry.size
    keep = np.concatenate([[True], np.diff(products) > 0.0])  # a flat piece, in a fluid without calcium, tells nothing
    if keep.sum() < 2:
        raise SolveError("a bath cannot be tabulated", why="its fluid is saturated with nothing the tissue is made of")
    calcium = chemistry.solution(points[:, keep]).total(CALCIUM)
    held = (calcium - np.interp(s[origin], s[keep], calcium)) / APATITE[CALCIUM]
    rows = np.concatenate([np.log(points[:n, keep] + 1e-300), points[n:, keep], held[None]])
    curve = PchipInterpolator(products[keep], rows, axis=1)
    inside = np.clip(nodes, products[keep][0], products[keep][-1])
    smooth, slope = curve(inside), curve(inside, 1)
    for k in (n, n + 2):
        smooth[k] += (nodes - inside) * np.maximum(slope[k], 0.0)
    return np.concatenate([np.exp(smooth[:n]), smooth[n:]])


def _path(chemistry: Chemistry, y: np.ndarray, origin: float, across: np.ndarray) -> Path:
    solution = chemistry.solution(y)
    totals = [solution.total(j) for j in range(SIZE)]
    totals += [sum(m.count * v for m, v in parts) for parts in solution.family]
    return Path(
        concentrations=y[:SIZE],
        log_activity=chemistry.log_activity(y),
        totals=np.array([np.broadcast_to(t, NODES) for t in totals]),
        strength=y[SIZE + chemistry.families],
        origin=origin,
        across=across,
    )


def _surfaces(
    chemistry: Chemistry, followed: list[np.ndarray], products: list[np.ndarray], nodes: np.ndarray, grid: Grid
) -> list[np.ndarray]:
    """Return for each path what becomes of it across (NODES, nodes of fluoride, len(ACROSS))."""
    from scipy.interpolate import PchipInterpolator

    tables = []
    for y in followed:
        table = _told(chemistry, y[:, None])[:, 0].T[:, None]
        table[:, 0, ACROSS.index("held")] = y[chemistry.size + 2]
        tables.append(table)
    if not grid.below:
        return [np.repeat(table, grid.count, axis=1) for table in tables]
    picked = np.unique(np.append(np.arange(0, NODES, EVERY), NODES - 1))
    inside = []  # beyond its ends nothing changes
    for own in products:
        first, last = np.searchsorted(nodes[picked], [own[0], own[-1]])
        inside.append(picked[max(first - 1, 0) : last + 1])
    starts = [y[: chemistry.size + 2, k] for y, k in zip(followed, inside, strict=True)]
    told = _told(chemistry, carried_across(chemistry, np.concatenate(starts, axis=1), grid))
    ends = np.cumsum([len(k) for k in inside])
    held = ACROSS.index("held")
    for b, whole in enumerate(np.split(told, ends[:-1], axis=2)):
        along, places = tables[b], np.clip(np.arange(NODES), inside[b][0], inside[b][-1])
        whole[held] += along[inside[b], 0, held] - whole[held, grid.below]
        tables[b] = PchipInterpolator(inside[b], whole, axis=2)(places).T + (along - along[places])
        tables[b][:, grid.below] = along[:, 0]
        for name, unit in (("s", grid.scale / FINEST), ("held", 1.0)):  # where all calcium is gone they are flat, but for rounding
            column = tables[b][:, :, ACROSS.index(name)]
            column[:] = np.maximum.accumulate(column, axis=0) + RISE * unit * np.arange(NODES)[:, None]
    return tables


def _told(chemistry: Chemistry, y: np.ndarray) -> np.ndarray:
    """Return what the compiled loop asks of compositions y (size + 2, ...), in the order of ``ACROSS``, but of what is held all."""
    solution = chemistry.solution(y)
    fluoride, hydrogen = solution.total(FLUORIDE), y[HYDROGEN]
    undissociated = (pair for pair in solution.everything() if is_acid(pair[0]))
    free = y[FLUORIDE] / fluoride
    species = chemistry.model.species_diffusion
    found = {
        "s": y[chemistry.size],
        "held": solution.total(CALCIUM) / APATITE[CALCIUM],
        "log_exchange": np.log(free) + np.log(hydrogen) + 2.0 * chemistry.log_activity(y),
        "acid": hydrogen + sum(v for _, v in undissociated),
        "potential": y[chemistry.size + 1],
        "free": free,
        "mobility": solution.total(FLUORIDE, lambda m: m.diffusivity) / fluoride,
        "drift": (solution.total(FLUORIDE, lambda m: m.diffusivity * m.charge) if species else 0.0 * fluoride) / fluoride,
    }
    return np.array([np.broadcast_to(found[name], hydrogen.shape) for name in ACROSS])
