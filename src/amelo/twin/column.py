"""The tooth as arrays: one column of cells from the outer surface inwards, for an ensemble of members.

Everything here is SI.  A specimen (a record) becomes a column in ``amelo.twin.build``; the solver reads columns only.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from amelo.params import Parameter
from amelo.twin.phases import Phase

if TYPE_CHECKING:
    from amelo.twin.chemistry.table import ReactionTable

__all__ = ["Bed", "Biofilm", "Column", "fading", "graded_edges", "part_of", "widened"]


@dataclass(frozen=True)
class Biofilm:
    """A living layer outside the tissue; its constants are the parameters ``biofilm.*`` of the column, else those of the ``mouth`` set.

    Fields: thickness [m]; cells it is cut into; fluid (Fluid that fills it at first, None for that of the tissue's pores);
    binds_calcium (whether its groups hold calcium).
    """

    thickness: float
    cells: int = 8
    fluid: object = None
    binds_calcium: bool = True


@dataclass(frozen=True)
class Bed:
    """Room outside the tissue for what docks there: thickness [m] and the cells it is cut into.

    Until something docks it is water that follows the bath; it has no part in what is measured of the tissue.
    """

    thickness: float
    cells: int = 3


@dataclass(frozen=True, eq=False)
class Column:
    """An ensemble of M columns on one grid of N cells with P phases.

    Fields: name; temperature [degC] of the constants; edges (N + 1,) [m]; phases; mineral and sound (M, P, N) volume fractions of
    tissue; organic (M, N) volume fraction that is neither mineral nor pore; initial fluid (name of a composition that fills the
    pores, as a Fluid); parameters (name: (M,) values); diffusion ("single" for one diffusivity, "species" for one per species
    coupled by charge); porosity_feedback (pores open and close with the mineral); inner ("closed", or a Fluid behind the inner
    face); biofilm; bed (room for what docks on a bare surface); collagen (matrix that decays where exposed); table (of reactions, None for the shipped one at this temperature);
    added (constants) and changes (sentences): what was added to the column, for the provenance of its results.
    Parameters: ``pore_diffusivity`` [m2/s] of the sound tissue in single diffusion, or ``diffusivity_scale`` on free water times
    porosity**``porosity_exponent`` in species diffusion; ``porosity_floor``; ``residual_mineral`` share of sound;
    ``dissolution_rate.<phase>`` and ``growth_rate.<phase>`` [mol/(m3 tissue s)]; ``pk.<phase>``; ``molar_volume.<phase>`` [m3/mol];
    ``fluoride_half_inhibition`` [mol/m3], ``fluoride_inhibition_order``, ``acid_reference`` [mol/m3], ``fluoride_half_uptake`` [mol/m3];
    ``inhibitor_depth`` [m] over which what covers the surface fades;
    with collagen ``collagen.protected_above`` (mineral relative to sound), ``collagen.decay_rate`` [1/s], ``enzyme.activation_ph``,
    ``enzyme.activation_width``, ``enzyme.activation_rate`` [1/s], ``enzyme.deactivation_rate`` [1/s], ``enzyme.optimal_ph``, ``enzyme.ph_width``,
    ``enzyme.initial_activity``; with a biofilm ``biofilm.production`` [mol hexose/(m3 s)], ``biofilm.half_saturation`` [mol/m3],
    ``biofilm.lactate_yield``, ``biofilm.ph_minimum``, ``biofilm.ph_optimum``, ``biofilm.ph_maximum``, ``biofilm.fixed_buffer`` [mol/m3],
    ``biofilm.water``, ``biofilm.diffusivity_ions`` and ``biofilm.diffusivity_sugar`` [m2/s].  A rate constant holds for the whole surface of its phase in sound tissue; a phase that sound tissue
    does not have (a precursor, calcium fluoride, new fluoridated apatite) refers to the sound mineral of all apatites.
    """

    name: str
    temperature: float
    edges: np.ndarray
    phases: tuple[Phase, ...]
    mineral: np.ndarray
    sound: np.ndarray
    organic: np.ndarray
    fluid: object
    parameters: dict[str, np.ndarray]
    diffusion: Literal["single", "species"] = "species"
    porosity_feedback: bool = True
    inner: object = "closed"
    biofilm: Biofilm | None = None
    bed: Bed | None = None
    collagen: bool = False
    sources: tuple[str, ...] = field(default=())
    table: ReactionTable | None = None
    added: tuple[Parameter, ...] = ()
    changes: tuple[str, ...] = ()

    @property
    def members(self) -> int:
        """Number of members of the ensemble."""
        return len(self.mineral)


def graded_edges(thickness: float, cells: int, first: float) -> np.ndarray:
    """Return cell faces [m] from 0 to ``thickness``, the first cell ``first`` thick and each next one larger by a constant factor.

    Arguments: thickness [m]; cells; first [m].
    """
    if first * cells >= thickness:
        return np.linspace(0.0, thickness, cells + 1)
    low, high = 1.0, min(10.0, 10.0 ** (300.0 / cells))  # larger ones overflow
    for _ in range(200):
        ratio = 0.5 * (low + high)
        if first * (ratio**cells - 1.0) / (ratio - 1.0) > thickness:
            high = ratio
        else:
            low = ratio
    widths = first * ratio ** np.arange(cells)
    return np.concatenate([[0.0], np.cumsum(widths * thickness / widths.sum())])


def fading(depth: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Return the cell means (M, N) of exp(-x/depth), of the cells below the surface.

    Arguments: depth (M,) [m]; edges (N + 1,) [m], below zero above the surface.
    """
    faces = np.exp(-np.maximum(edges, 0.0)[None, :] / depth[:, None])
    return depth[:, None] * (faces[:, :-1] - faces[:, 1:]) / np.diff(edges)[None, :]


def part_of(column: Column, members: np.ndarray) -> Column:
    """Return the column of some members, each once.

    Arguments: column; members (indices, those that are repeated count once).
    """
    who = np.unique(members)
    return replace(
        column,
        mineral=column.mineral[who],
        sound=column.sound[who],
        organic=column.organic[who],
        parameters={name: np.broadcast_to(values, (column.members,))[who] for name, values in column.parameters.items()},
    )


def widened(column: Column, cells: int, thickness: float, organic: np.ndarray | float = 0.0) -> Column:
    """Return a column with cells before its first, without mineral.

    Arguments: column; cells; thickness of all of them [m]; organic, their volume fraction that is no pore, one or (M, 1).
    """

    def before(values: np.ndarray, first: np.ndarray | float) -> np.ndarray:
        return np.concatenate([np.broadcast_to(first, (*values.shape[:-1], cells)), values], axis=-1)

    return replace(
        column,
        edges=np.concatenate([column.edges[0] - thickness * np.arange(cells, 0, -1) / cells, column.edges]),
        mineral=before(column.mineral, 0.0),
        sound=before(column.sound, 0.0),
        organic=before(column.organic, organic),
    )
