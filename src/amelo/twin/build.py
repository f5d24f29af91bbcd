"""From a specimen, as people describe it, to a column, as the solver wants it: one conversion, in one place.

Rate constants are stated per litre of pore water of the sound tissue and become ``k · 1000 · porosity`` [mol/(m3 tissue s)], shared
among the solubility classes as the mineral is.  Kinetics "equilibrium" is a law of first order both ways with k = 0.4 mol/(L s): the
reaction zone is then about sqrt(D Δc / k) = 0.7 µm, below a cell, and a larger k would only make steps in time harder.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike

from amelo.errors import ParameterError, nearest
from amelo.params import load_set
from amelo.records.fluid import Fluid
from amelo.records.lesion import body_for_loss, knots
from amelo.records.specimen import Specimen
from amelo.records.specimen_parameters import (
    acid_order_of,
    catalogue,
    class_names,
    fluoridated_names,
    other_names,
    parameter_ranges,
    tissue_entry,
)
from amelo.records.specimen_parts import Kinetics
from amelo.twin.column import Biofilm, Column, fading, graded_edges
from amelo.twin.ensemble import draw
from amelo.twin.phases import Dissolution, Growth, Phase

__all__ = ["cell_means", "column_of", "parameter_ranges", "phases_of"]

PER_PORE_LITRE = 1000.0  # mol per litre of pore water, in mol per cubic metre of it
CUBIC_CENTIMETRE = 1e-6
MICROMETRE = 1e-6
Values = Mapping[str, np.ndarray]


def column_of(specimen: Specimen, *, members: int = 1, seed: int = 0, values: Mapping[str, ArrayLike] | None = None) -> Column:
    """Return a specimen as a column with an ensemble of plausible parameters.

    Arguments: specimen; members; seed of the ensemble, member 0 having the central values; values, by the names of
    :func:`parameter_ranges` and in their units, one or (members,) each, that replace what would be drawn (for fitting).
    Raises: ParameterError for a name that this specimen does not have.
    """
    known = catalogue(specimen)
    drawn = draw(known, members, seed)
    for name, value in (values or {}).items():
        if name not in known:
            raise ParameterError(f"'{name}' is not a parameter of this specimen", fix=nearest(name, known, limit=40))
        drawn[name] = np.broadcast_to(np.asarray(value, dtype=float), (members,))
    edges = _edges(specimen)
    phases = phases_of(specimen)
    sound = _sound(specimen, phases, drawn, edges)
    remaining = _remaining(specimen, drawn, edges)
    dissolves = next((part.dissolves for part in (specimen.lesion, specimen.profile) if part), "evenly")
    order = [k for k, _ in sorted(enumerate(phases), key=lambda pair: known[f"pk.{pair[1].name}"].value)]
    return Column(
        name=specimen.name,
        temperature=specimen.celsius,
        edges=edges,
        phases=phases,
        mineral=_lesioned(sound, remaining, order if dissolves == "most soluble first" else None),
        sound=sound,
        organic=np.repeat((1.0 - drawn["sound_mineral"] - drawn["porosity"])[:, None], len(edges) - 1, axis=1),
        fluid=specimen.pore_fluid or _pore_fluid(specimen.celsius),
        parameters=_parameters(specimen, phases, drawn),
        diffusion=specimen.diffusion,
        porosity_feedback=specimen.porosity_feedback,
        inner=specimen.inner,
        biofilm=_biofilm(specimen),
        collagen=_has_collagen(specimen),
        sources=specimen.sources,
    )


def phases_of(specimen: Specimen) -> tuple[Phase, ...]:
    """Return the minerals of a specimen with their laws: its classes, fluoridated apatite, then precursor and calcium fluoride.

    Where there are several classes only the main one grows: what is precipitated is purer than the very soluble part of enamel.
    """
    kinetics, mechanisms = load_set("kinetics"), specimen.mechanisms
    law = specimen.kinetics if isinstance(specimen.kinetics, Kinetics) else Kinetics()
    equilibrium = specimen.kinetics == "equilibrium"
    names = class_names(specimen)
    surface = law.growth_surface or ("own" if len(names) == 1 else "apatite")

    def stated(value: float | None, name: str, at_equilibrium: float | None = None) -> float:
        if value is not None:
            return value
        return at_equilibrium if equilibrium and at_equilibrium is not None else kinetics.value(name)

    dissolution = Dissolution(
        order=stated(law.n, "dissolution_order", 1.0),
        surface_exponent=stated(law.surface_exponent, "surface_exponent"),
        acid_order=acid_order_of(specimen),
        fluoride_inhibition=mechanisms.fluoride and not equilibrium,
        inhibited=mechanisms.inhibitors,
    )

    def growth(surface: str, *, fluoride_limited: bool = False) -> Growth | None:
        if not mechanisms.precipitation:
            return None
        order = stated(law.growth_order, "growth_order", 1.0)
        return Growth(
            order=order,
            surface=surface,
            pore_exponent=stated(law.pore_exponent, "pore_exponent", 0.0),
            fluoride_limited=fluoride_limited,
            inhibited=mechanisms.inhibitors,
            acid_order=acid_order_of(specimen),
        )

    phases = [Phase(name, name, dissolution, growth(surface) if k == 0 else None) for k, name in enumerate(names)]
    for name in fluoridated_names(specimen):
        grows = growth("apatite", fluoride_limited=True) if mechanisms.fluoride else None
        phases.append(Phase(name, name, dissolution, grows))
    order = kinetics.value("precursor_order")
    for name in other_names(specimen):
        again = Dissolution(order=order, surface_exponent=stated(None, "surface_exponent"))
        phases.append(Phase(name, name, again, Growth(order=order, surface="pore", inhibited=mechanisms.inhibitors), apatite=False))
    return tuple(phases)


def cell_means(points: Sequence[tuple[float, float]], edges: np.ndarray) -> np.ndarray:
    """Return the mean over each cell of a profile in straight pieces, level before its first point and 1 below its last.

    Arguments: points (depth [m], value); edges (N + 1,) [m].
    """
    depth, value = (np.array(part, dtype=float) for part in zip(*points, strict=True))
    if value[-1] != 1.0:  # a measured profile ends close to sound, and reaches it within its last interval again
        step = depth[-1] - depth[-2] if len(depth) > 1 else edges[-1]
        depth, value = np.append(depth, depth[-1] + step), np.append(value, 1.0)
    places = np.union1d(edges, depth[(depth > edges[0]) & (depth < edges[-1])])
    heights = np.interp(places, depth, value)
    area = np.concatenate([[0.0], np.cumsum(0.5 * (heights[1:] + heights[:-1]) * np.diff(places))])
    return np.diff(area[np.searchsorted(places, edges)]) / np.diff(edges)


def _edges(specimen: Specimen) -> np.ndarray:
    grid, thickness = specimen.grid, specimen.thickness.value
    if grid.uniform:
        return np.linspace(0.0, thickness, grid.cells + 1)
    return graded_edges(thickness, grid.cells, grid.first_cell.value)


def _biofilm(specimen: Specimen) -> Biofilm | None:
    """Return the biofilm of a specimen, filled with typical resting saliva."""
    if specimen.biofilm is None:
        return None
    from amelo.twin.saliva import resting_fluid, saliva_profile

    fluid = resting_fluid(saliva_profile(), specimen.celsius)
    return Biofilm(specimen.biofilm.thickness.value, specimen.biofilm.cells, fluid)


def _has_collagen(specimen: Specimen) -> bool:
    return bool(tissue_entry(specimen.tissue)["collagen"]) and (specimen.collagen is None or specimen.collagen.decays)


def _shares(specimen: Specimen, drawn: Values) -> dict[str, np.ndarray]:
    """Return the share (M,) of every class in the mineral of the bulk."""
    main, *rest = class_names(specimen)
    shares = {name: drawn[f"share.{name}"] for name in rest}
    return {main: 1.0 - sum(shares.values(), np.zeros_like(drawn["porosity"])), **shares}


def _sound(specimen: Specimen, phases: Sequence[Phase], drawn: Values, edges: np.ndarray) -> np.ndarray:
    """Return the volume fractions (M, P, N) of the sound tissue."""
    members, cells = len(drawn["porosity"]), len(edges) - 1
    shares = {name: np.repeat(share[:, None], cells, axis=1) for name, share in _shares(specimen, drawn).items()}
    if specimen.mechanisms.solubility_gradient:
        fade = fading(drawn["gradient.depth"] * MICROMETRE, edges)
        main, *rest = shares
        if rest:
            name = min(rest, key=lambda phase: float(drawn[f"pk.{phase}"][0]))  # the very soluble class
            lost = shares[name] * (1.0 - drawn["gradient.soluble_share"])[:, None] * fade
            shares[name], shares[main] = shares[name] - lost, shares[main] + lost
        fluoridated = drawn["gradient.fluoridated_share"][:, None] * fade
    elif specimen.fluoridated:
        fluoridated = np.repeat(drawn["fluoridated_share"][:, None], cells, axis=1)
    else:
        fluoridated = np.zeros((members, cells))
    shares = {name: share * (1.0 - fluoridated) for name, share in shares.items()}
    shares |= dict.fromkeys(fluoridated_names(specimen), fluoridated)
    parts = [shares.get(phase.name, np.zeros((members, cells))) for phase in phases]
    return np.stack(parts, axis=1) * drawn["sound_mineral"][:, None, None]


def _remaining(specimen: Specimen, drawn: Values, edges: np.ndarray) -> np.ndarray:
    """Return the initial mineral relative to sound (M, N)."""
    members = len(drawn["porosity"])
    if specimen.lesion is None and specimen.profile is None:
        return np.ones((members, len(edges) - 1))
    shapes = [_shape(specimen, {name: values[m] for name, values in drawn.items()}) for m in range(members)]
    means = {shape: cell_means(shape, edges) for shape in dict.fromkeys(shapes)}
    return np.stack([means[shape] for shape in shapes])


def _shape(specimen: Specimen, value: Mapping[str, float]) -> tuple[tuple[float, float], ...]:
    """Return the corners of one member's initial profile."""
    if specimen.profile is not None:  # measured against the sound tissue of the same section, so members share its shape
        return specimen.shape
    sound = float(value["sound_mineral"])
    lesion, depth = specimen.lesion, MICROMETRE * float(value["lesion.depth"])
    layer = MICROMETRE * float(value.get("lesion.surface_layer", 0.0))
    surface = float(value.get("lesion.surface_mineral", 1.0))
    if lesion.body_mineral is not None:
        body = float(value["lesion.body_mineral"])
    else:
        body = body_for_loss(lesion.integrated_mineral_loss.value / sound, depth, layer=layer, surface=surface)
    return knots(depth, body, layer=layer, surface=surface)


def _lesioned(sound: np.ndarray, remaining: np.ndarray, order: list[int] | None) -> np.ndarray:
    """Return the initial mineral (M, P, N): what is left of the sound tissue.

    Arguments: sound (M, P, N); remaining (M, N) relative to sound; order, in which phases are lost, None for all evenly.
    """
    if order is None:
        return sound * remaining[:, None, :]
    mineral = sound.copy()
    loss = sound.sum(axis=1) * (1.0 - remaining)
    for k in order:
        taken = np.clip(loss, 0.0, mineral[:, k])
        mineral[:, k] -= taken
        loss = loss - taken
    return mineral


def _pore_fluid(temperature: float) -> Fluid:
    value = load_set("tissues").value
    totals = {name: value(f"pore_fluid.{name}") for name in ("Ca", "P", "Tr")}
    return Fluid(
        case="pore fluid",
        pH=value("pore_fluid.pH"),
        temperature_C=temperature,
        totals_mmol_per_kgw=totals | {"K": totals["Tr"]},
        charge_balanced_by="K",
    )


def _parameters(specimen: Specimen, phases: Sequence[Phase], drawn: Values) -> dict[str, np.ndarray]:
    """Return the parameters of the column in SI units."""
    tissues = load_set("tissues")
    found: dict[str, np.ndarray] = {}
    ones = np.ones_like(drawn["porosity"])
    per_tissue = PER_PORE_LITRE * drawn["porosity"]
    shares = _shares(specimen, drawn)
    for phase in phases:
        name = phase.name
        found[f"pk.{name}"] = drawn[f"pk.{name}"]
        own = f"molar_volume.{name}"
        volume = tissues.value(own) * ones if own in tissues.parameters else drawn["molar_volume"]
        found[own] = volume * CUBIC_CENTIMETRE
        if phase.apatite:
            found[f"dissolution_rate.{name}"] = drawn["dissolution_rate"] * per_tissue * shares.get(name, ones)
            if phase.growth is not None:
                found[f"growth_rate.{name}"] = drawn["dissolution_rate"] * drawn["growth_ratio"] * per_tissue
        else:
            found[f"dissolution_rate.{name}"] = drawn[f"dissolution_rate.{name}"] * per_tissue
            found[f"growth_rate.{name}"] = drawn[f"growth_rate.{name}"] * per_tissue
    if specimen.diffusion == "single":
        found["pore_diffusivity"] = _pore_diffusivity(drawn)
    else:
        found["diffusivity_scale"] = drawn["diffusivity_scale"]
    for name in ("porosity_exponent", "porosity_floor", "residual_mineral"):
        found[name] = drawn[name]
    if "inhibitor_depth" in drawn:
        found["inhibitor_depth"] = drawn["inhibitor_depth"] * MICROMETRE
    for name, values in drawn.items():
        if name.startswith(("fluoride_", "acid_", "collagen.", "enzyme.", "biofilm.")):
            found[name] = values
    if specimen.biofilm:
        made, bacteria = found.pop("biofilm.acid_production"), found.pop("biofilm.biomass")
        found["biofilm.production"] = made * bacteria / 3600.0
    return found


def _pore_diffusivity(drawn: Values) -> np.ndarray:
    """Return the stated diffusivity in the pores, or that of free water times scale and porosity to the exponent less one."""
    if "pore_diffusivity" in drawn:
        return drawn["pore_diffusivity"]
    free = drawn["free_diffusivity"] * drawn["diffusivity_scale"]
    return free * drawn["porosity"] ** (drawn["porosity_exponent"] - 1.0)
