"""Stiffness and hardness of enamel and dentine from their mineral, where it sits, the protein that stayed, and the collagen that is left.

Enamel that lost mineral follows the root law of its Knoop hardness; protein that maturation left (hypomineralised enamel) takes far more.
Dentine is exponential in mineral, as carious dentine was measured, in two compartments: what stands in the fibrils counts more than its
volume.  All shares are over sound tissue of the same kind.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from amelo.errors import ParameterError
from amelo.twin.structure.laws import Laws

__all__ = ["Mechanics", "compartments", "mechanics", "tissue_factor"]


ROUNDING = 1e-9  # of shares, that are not told from their limits


@dataclass(frozen=True, eq=False)
class Mechanics:
    """What M members feel like in N cells, each field (M, N).

    Fields: modulus, hardness [Pa] (Young's, nanoindentation); stiffness (modulus over sound); knoop, vickers (hardness numbers); energy (of
    fracture over sound); extrafibrillar, intrafibrillar (mineral of dentine outside and inside fibrils, over what sound dentine has there;
    1 in enamel); strength (of a cell over sound, by Irwin: root of stiffness times energy).
    """

    modulus: np.ndarray
    hardness: np.ndarray
    stiffness: np.ndarray
    knoop: np.ndarray
    vickers: np.ndarray
    energy: np.ndarray
    extrafibrillar: np.ndarray
    intrafibrillar: np.ndarray

    @property
    def strength(self) -> np.ndarray:
        """Strength of each cell over sound.

        Assumptions: a flaw as large as in sound tissue; stiffness above sound adds none, since the modulus of transparent dentine is that of
        sound dentine.
        """
        return np.sqrt(np.minimum(self.stiffness, 1.0) * self.energy)


def compartments(mineral: np.ndarray | float, laws: Laws | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Return the mineral of dentine outside and inside its fibrils, each over sound, from its whole mineral over sound.

    Arguments: mineral (..., any shape; with laws of M members (M, N)); laws.
    Assumptions: acid takes what is outside first (habelitz2009), by a ratio of rates that is assumed; what comes on top of sound stands
    outside.
    """
    laws = laws or Laws.named()
    x = np.asarray(mineral, float)
    inside = laws.by_depth("dentine.intrafibrillar_share")
    # the ratio of slopes at no mineral cannot exceed what would leave none outside
    lead = np.minimum(laws.by_depth("dentine.fibrils_last"), 1.0 / np.maximum(inside, 1e-9))
    held = np.where(x < 1.0, lead * x / (1.0 + (lead - 1.0) * np.minimum(x, 1.0)), 1.0)
    return np.maximum((x - inside * held) / (1.0 - inside), 0.0), held


def mechanics(
    mineral: np.ndarray,
    dentine: np.ndarray | bool,
    *,
    protein: np.ndarray | float = 1.0,
    collagen: np.ndarray | float = 1.0,
    intrafibrillar: np.ndarray | float | None = None,
    extrafibrillar: np.ndarray | float | None = None,
    laws: Laws | None = None,
) -> Mechanics:
    """Return what tissues feel like.

    Arguments: mineral (M, N) over sound tissue of the kind; dentine (N,) or (M, N), true where it is dentine and false in enamel; protein
    (of enamel as it was formed, over sound); collagen (share intact); intrafibrillar (mineral inside fibrils over sound; None: as acid
    leaves it, see ``compartments``), extrafibrillar (outside them; None: the rest of the mineral), numbers or arrays that fit; laws.
    Raises: ParameterError for what is not finite or below 0, collagen above 1, or extrafibrillar without intrafibrillar.
    Assumptions: more mineral inside fibrils than there is counts as all there is; protein stands for the disorder that came with it, so that taking it out later mends nothing.
    Source: mahoney2004, shimizu2015, angker2004, kinney2001, dgi2015; see the set ``structure-tissue``.
    """
    laws = laws or Laws.named()
    x, p, k = (np.asarray(v, float) for v in (mineral, protein, collagen))
    if extrafibrillar is not None and intrafibrillar is None:
        raise ParameterError("mineral outside fibrils is given without that inside", fix="give both, or intrafibrillar alone")
    given = [np.asarray(v, float) for v in (intrafibrillar, extrafibrillar) if v is not None]
    names = ("mineral", "protein", "collagen", "intrafibrillar", "extrafibrillar")
    for name, value, top in zip(names, (x, p, k, *given), (3.0, np.inf, 1.0, 1.5, 4.0), strict=False):
        if not ((value >= -ROUNDING) & (value <= top + ROUNDING)).all():
            raise ParameterError(f"{name} is below 0, above {top:g}, or not a number", why="it is a share of what sound tissue has")
    x, k = np.maximum(x, 0.0), np.clip(k, 0.0, 1.0)
    shape = np.broadcast_shapes(x.shape, p.shape, k.shape, *(v.shape for v in given))
    if len(shape) != 2:
        raise ParameterError(f"mineral has the shape {x.shape}", fix="give members by cells")
    x, is_dentine = np.broadcast_to(x, shape), np.broadcast_to(np.asarray(dentine, bool), shape)
    hard, stiff, energy = np.empty(shape), np.empty(shape), np.ones(shape)
    outside, inside = np.ones(shape), np.ones(shape)
    everywhere = is_dentine.all(axis=0), (~is_dentine).all(axis=0)
    if (everywhere[0] | everywhere[1]).all():  # columns of cells keep their shape, so that members' constants fit beside them
        parts = [(slice(None), columns) for columns in everywhere]
    else:
        parts = [is_dentine, ~is_dentine]
        laws_are_common = all(np.ndim(v) == 0 for v in laws.changes.values())
        if not laws_are_common:
            raise ParameterError("members differ both in constants and in where dentine begins", fix="give dentine as (N,)")
    one, two = parts

    def there(value: np.ndarray, where: object) -> np.ndarray:
        return value if value.ndim == 0 else np.broadcast_to(value, shape)[where]

    if x[two].size:
        hard[two], stiff[two] = _enamel(x[two], there(p, two), laws)
    if x[one].size:
        out, held = _split(x[one], [there(v, one) for v in given], laws)
        hard[one], stiff[one], energy[one] = _dentine(x[one], out, held, there(k, one), laws)
        outside[one], inside[one] = out, held

    def sound(quantity: str) -> np.ndarray:
        return np.where(is_dentine, laws.by_depth(f"dentine.{quantity}"), laws.by_depth(f"enamel.{quantity}"))

    giga = 1e9
    return Mechanics(
        modulus=giga * sound("modulus") * stiff,
        hardness=giga * sound("hardness") * hard,
        stiffness=stiff,
        knoop=sound("knoop") * hard,
        vickers=sound("vickers") * hard,
        energy=energy,
        extrafibrillar=outside,
        intrafibrillar=inside,
    )


def _enamel(x: np.ndarray, protein: np.ndarray, laws: Laws) -> tuple[np.ndarray, np.ndarray]:
    """Return hardness and stiffness over sound: the root law of lost mineral, less what stayed of protein."""
    none = laws.by_depth("enamel.mineral_without_hardness")
    hard = (np.maximum(x - none, 0.0) / (1.0 - none)) ** 2
    hard = hard * np.exp(-laws.by_depth("enamel.softening_by_protein") * np.maximum(protein - 1.0, 0.0))
    return hard, hard ** laws.by_depth("enamel.stiffness_exponent")


def _split(x: np.ndarray, given: list[np.ndarray], laws: Laws) -> tuple[np.ndarray, np.ndarray]:
    """Return mineral outside and inside fibrils over sound, given none, that inside, or that inside and outside."""
    if not given:
        return compartments(x, laws)
    if len(given) == 2:
        return np.broadcast_to(np.maximum(given[1], 0.0), x.shape), np.broadcast_to(np.maximum(given[0], 0.0), x.shape)
    share = laws.by_depth("dentine.intrafibrillar_share")
    held = np.clip(given[0], 0.0, x / np.maximum(share, 1e-9))
    return (x - share * held) / (1.0 - share), held


def _dentine(
    x: np.ndarray, outside: np.ndarray, inside: np.ndarray, collagen: np.ndarray, laws: Laws
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return hardness, stiffness and energy of fracture over sound."""
    weight = laws.by_depth("dentine.intrafibrillar_weight")
    held = np.minimum(np.minimum(inside, 1.0), collagen)  # mineral of fibrils that are gone holds nothing
    missing = (1.0 - weight) * np.maximum(1.0 - outside, 0.0) + weight * (1.0 - held)
    over = np.maximum(x - 1.0, 0.0)
    found = []
    for quantity in ("hardness", "modulus"):
        fall = np.log(laws.by_depth(f"dentine.{quantity}") / laws.by_depth(f"dentine.matrix.{quantity}"))
        dense = laws.by_depth("dentine.dense.mineral")
        rise = np.log(laws.by_depth(f"dentine.dense.{quantity}") / laws.by_depth(f"dentine.{quantity}")) / (dense - 1.0)
        left = np.exp(-fall * missing) - np.exp(-fall) * missing * (1.0 - collagen)  # no mineral: collagen alone
        found.append(left * np.exp(np.maximum(rise, 0.0) * over))
    return found[0], found[1], collagen * np.exp(-laws.by_depth("dentine.embrittlement") * over)


def tissue_factor(strength: np.ndarray, edges: np.ndarray, present: np.ndarray | None = None) -> np.ndarray:
    """Return the strength (M,) over sound of the tissue in a column, its mean by depth.

    Arguments: strength (M, N) of cells over sound; edges (N + 1,) or (M, N + 1) [m]; present (M, N), the share of a cell that is still
    there, or whether, None for all.
    Returns: 1 where nothing is left, since what is gone is counted by the cavity.
    Assumptions: layers share a load as beams side by side do.
    """
    width = np.broadcast_to(np.diff(np.asarray(edges, float), axis=-1), strength.shape)
    weight = width if present is None else width * np.asarray(present, float)
    whole = weight.sum(axis=-1)
    return np.where(whole > 0.0, (weight * strength).sum(axis=-1) / np.where(whole > 0.0, whole, 1.0), 1.0)
