"""The tables of a run: for every two baths that may meet in the pores, the paths that start in their mixtures."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from amelo.records.fluid import Fluid
from amelo.twin.chemistry.fluids import speciate_fluids
from amelo.twin.column import Column
from amelo.twin.lesion.baths import bath_values
from amelo.twin.lesion.cell import FLUORIDE, CellModel
from amelo.twin.lesion.system import LN10
from amelo.twin.reduced.across import Grid
from amelo.twin.reduced.kernel import BATH, SHARES, has_fluoride
from amelo.twin.reduced.mixing import capacities, mixing_mobility
from amelo.twin.reduced.paths import ACROSS, NODES, Path, bath_paths

__all__ = ["Families", "families_of", "meetings"]

REMEMBERED = 4  # runs whose tables are kept, since a run is solved again with finer steps
GIVEN = 5e-3  # mol/L of fluoride that minerals may release
MOST = 24  # families; protocols with more baths than these connect forget the bath before at each change


@dataclass(frozen=True, eq=False)
class Families:
    """Tables as the compiled loop reads them.

    Fields: family (baths, baths) index of a family, -1 where there is none; partner (baths,) a bath with which there is one; mobilities
    (families,) of mixing; paths, one for each family and share; tables
    (families · shares, NODES, nodes of fluoride, columns); ghosts (baths, fields); nodes (NODES,) ln activity products of apatite; grid of fluoride.
    """

    family: np.ndarray
    partner: np.ndarray
    mobilities: np.ndarray
    paths: list[Path]
    tables: np.ndarray
    ghosts: np.ndarray
    nodes: np.ndarray
    grid: Grid


_KNOWN: dict[tuple, Families] = {}


def meetings(orders: Iterable[Sequence[int]], baths: int) -> list[tuple[int, int]]:
    """Return the pairs of baths that may meet in the pores: neighbours in time first, then those with one between them.

    Arguments: orders (rows of baths as they follow each other, the pore fluid first); baths (how many there are).
    """
    near: dict[tuple[int, int], None] = {}
    far: dict[tuple[int, int], None] = {}
    for order in orders:
        for k in range(1, len(order)):
            for found, back in ((near, 1), (far, 2)):
                if k >= back and order[k] != order[k - back]:
                    found[min(order[k], order[k - back]), max(order[k], order[k - back])] = None
    pairs = list((near | far).keys())[:MOST]
    lonely = set(range(baths)) - {b for pair in pairs for b in pair}
    return pairs + [(0, b) if b else (0, 1) for b in sorted(lonely) if baths > 1]


def families_of(model: CellModel, column: Column, fluids: Sequence[Fluid], pairs: list[tuple[int, int]]) -> Families:
    """Tabulate the families of a run.

    Arguments: model; column (its solubilities say how far the tables reach); fluids (every bath once, the pore fluid first); pairs.
    Raises: SolveError for a fluid that cannot be speciated or tabulated.
    """
    pairs = pairs or [(0, 0)]
    limits = tuple(
        (float(column.parameters[f"pk.{p.name}"].min()), float(column.parameters[f"pk.{p.name}"].max())) for p in column.phases
    )
    key = (model, tuple(map(repr, fluids)), tuple(pairs), limits)
    if key not in _KNOWN:
        while len(_KNOWN) >= REMEMBERED:
            _KNOWN.pop(next(iter(_KNOWN)))
        _KNOWN[key] = _tabulated(model, fluids, pairs, limits)
    return _KNOWN[key]


def _tabulated(
    model: CellModel, fluids: Sequence[Fluid], pairs: list[tuple[int, int]], solubilities: tuple[tuple[float, float], ...]
) -> Families:
    solved = [batch.totals[row] for batch, row in speciate_fluids(fluids)]
    names = next(batch.table.names for batch, _ in speciate_fluids(fluids[:1]))
    states = bath_values(model, fluids)
    inner = [share for share in SHARES if 0.0 < share < 1.0]
    mixtures = [_mixture(fluids[a], names, (1.0 - x) * solved[a] + x * solved[b]) for a, b in pairs for x in inner]
    states += bath_values(model, mixtures)
    fluoride = max(1e-6, *(values[f"c{FLUORIDE}"] for values in states))
    grid = Grid.of(1.1 * fluoride, GIVEN, _fluoride_diffusivity(model)) if has_fluoride(model) else Grid.none()
    found, nodes = bath_paths(model, states, solubilities, fluoride, grid)
    plain = model.phases[0]
    saturated = -plain.offset - LN10 * float(np.mean(solubilities[0]))
    weights = capacities(model, states[: len(fluids)], solubilities, fluoride, saturated)
    paths = []
    for k, (a, b) in enumerate(pairs):
        first = len(fluids) + k * len(inner)
        paths += [found[a], *found[first : first + len(inner)], found[b]]
    family = np.full((len(fluids), len(fluids)), -1, np.int64)
    partner = np.zeros(len(fluids), np.int64)
    for k, (a, b) in enumerate(pairs):
        family[a, b] = family[b, a] = k
        partner[a], partner[b] = b, a
    return Families(
        family,
        partner,
        np.array([mixing_mobility(model, states[a], states[b], 0.5 * (weights[a] + weights[b])) for a, b in pairs]),
        paths,
        np.ascontiguousarray(np.stack([path.across for path in paths])),  # stacked in the order of the paths, which is another
        np.array([_ghost(path, grid.below) for path in found[: len(fluids)]]),
        nodes,
        grid,
    )


def _mixture(like: Fluid, names: Sequence[str], totals: np.ndarray) -> Fluid:
    """Return a fluid of these totals [mol/kgw] whose pH follows from its charges."""
    amounts = {name: 1000.0 * float(amount) for name, amount in zip(names, totals, strict=True) if amount > 0.0}
    return Fluid(case="mixture of two baths", temperature_C=like.temperature_C, totals_mmol_per_kgw=amounts)


def _fluoride_diffusivity(model: CellModel) -> float:
    """Return the diffusivity of the fluoride ion."""
    return next(m.diffusivity for m in model.system.core if m.powers[FLUORIDE] == 1 and sum(map(abs, m.powers)) == 1)


def _ghost(path: Path, home: int) -> list[float]:
    """Return the fields of the ghost cell that is filled with a bath: the start of its path."""

    def there(row: np.ndarray) -> float:
        return float(np.interp(path.origin, np.arange(NODES), row))

    ghost = {name: there(path.across[:, home, ACROSS.index(name)]) for name in ("mobility", "drift")} | {"s": 0.0, "potential": 0.0}
    ghost |= dict.fromkeys(("fluoride", "unreacted"), there(path.totals[FLUORIDE]))
    return [ghost[name] for name in BATH]
