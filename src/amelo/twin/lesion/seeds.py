"""From derivatives of a result with respect to a run to adjoints of the kernel's saved states: the transpose of the reading of a run.

A result may use any field of a run that is smooth in the state: ``mineral``, ``porosity``, ``ph``, ``totals``, ``saturation_index``,
``ionic_strength``, ``collagen``, ``inflow``; and, where it reads them itself, ``sound`` and ``time``, (M, T) of the saved moments.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from amelo.errors import CommandError, nearest
from amelo.twin.column import Column
from amelo.twin.lesion.cell import CHARGES, SIZE
from amelo.twin.lesion.kernel import Layout
from amelo.twin.lesion.system import LN10
from amelo.twin.lesion.tiles import LITRES
from amelo.twin.run import Run

__all__ = ["FIELDS", "LOG", "Seeds", "Slopes", "seeds_of"]

FIELDS = ("mineral", "porosity", "ph", "totals", "saturation_index", "ionic_strength", "collagen", "inflow", "sound", "time")
LOG = "ln "  # before the name of a field of the kernel: of its logarithm
Slopes = Mapping[str, np.ndarray]  # name of a field of a run: derivative of each member's result, of the shape of that field


@dataclass(frozen=True, eq=False)
class Seeds:
    """Adjoints of what is saved of a run, and what a result takes from its inputs without the run.

    Fields: states (name of a field of the kernel, or of its logarithm: (M, T, N)) in the kernel's units; inflow (M, T, C) [per mol/L m]; time (M, T) [per s]; parameters (name:
    (M,)); sound (M, P, N); organic (M, N).
    """

    states: dict[str, np.ndarray]
    inflow: np.ndarray
    time: np.ndarray
    parameters: dict[str, np.ndarray]
    sound: np.ndarray
    organic: np.ndarray


def seeds_of(run: Run, column: Column, layout: Layout, slopes: Slopes) -> Seeds:
    """Return what derivatives with respect to a run come to at the states that were saved.

    Arguments: run; column (as it was solved, with its biofilm); layout; slopes.
    Raises: CommandError for a field that has no adjoint, or an array of another shape.
    """
    model = layout.model
    given = {name: _checked(run, name, value) for name, value in slopes.items()}
    members, cells = len(run.mineral), run.mineral.shape[3]
    bars = {name: given.get(name, np.zeros(_shape(run, name))) for name in FIELDS}
    states: dict[str, np.ndarray] = {}

    def add(name: str, bar: np.ndarray) -> None:
        states[name] = states[name] + bar if name in states else bar

    mineral, collagen, sound = bars["mineral"], bars["collagen"], bars["sound"].copy()
    porosity, organic = bars["porosity"], np.zeros((members, cells))
    if "totals" in given:
        porosity = porosity - (bars["totals"] * run.totals).sum(axis=2) / run.porosity
        for c in range(len(run.components)):
            name = f"inventory{c}" if c < SIZE else f"stock{c - SIZE}"
            add(name, bars["totals"][:, :, c] * LITRES / run.porosity)
    if column.porosity_feedback:
        mineral = mineral - porosity[:, :, None]
        collagen = collagen - porosity * column.organic[:, None]
        organic -= (porosity * run.collagen).sum(axis=1)
    else:
        sound -= porosity.sum(axis=1)[:, None]
        organic -= porosity.sum(axis=1)
    parameters = {}
    for k, phase in enumerate(column.phases):  # volume fractions are moles times the molar volume
        name = f"molar_volume.{phase.name}"
        volume = np.broadcast_to(column.parameters[name], (members,))
        add(f"mineral{k}", mineral[:, :, k] * (volume * LITRES)[:, None, None])
        moved = np.where(mineral[:, :, k] == 0.0, 0.0, mineral[:, :, k] * run.mineral[:, :, k])
        parameters[name] = moved.sum(axis=(1, 2)) / volume
    if model.collagen:
        add("collagen", collagen)
    _add_solution(run, layout, bars, given, add)
    for k, phase in enumerate(column.phases):
        parameters[f"pk.{phase.name}"] = bars["saturation_index"][:, :, k].sum(axis=(1, 2))
    return Seeds(states, bars["inflow"] * LITRES, bars["time"], parameters, sound, organic)


def _add_solution(run: Run, layout: Layout, bars: Slopes, given: Slopes, add) -> None:
    """Add what pH, saturation and ionic strength make of the free concentrations, whose adjoints are those of their logarithms over them."""
    strength = run.ionic_strength
    root = np.sqrt(strength)
    a, b = layout.model.system.davies
    slope = -a * LN10 * (0.5 / (root * (1.0 + root) ** 2) - b)  # of ln(activity coefficient) by ionic strength
    by_log_gamma = np.zeros(run.ph.shape)
    by_log = [np.zeros(run.ph.shape) for _ in range(SIZE)]
    if "ph" in given:
        by_log[SIZE - 1] -= bars["ph"] / LN10
        by_log_gamma -= bars["ph"] / LN10
    if "saturation_index" in given:
        for k, data in enumerate(layout.model.phases):
            bar = bars["saturation_index"][:, :, k] / LN10
            by_log_gamma += bar * sum(n * z * z for n, z in zip(data.powers, CHARGES, strict=True))
            for j, n in enumerate(data.powers):
                by_log[j] += n * bar
    if "ph" in given or "saturation_index" in given:
        for j in range(SIZE):
            add(f"{LOG}c{j}", by_log[j])
    if {"ph", "saturation_index", "ionic_strength"} & set(given):
        add("strength", bars["ionic_strength"] + by_log_gamma * slope)


def _shape(run: Run, name: str) -> tuple[int, ...]:
    """Return the shape of a field, of which each member has its own."""
    return run.mineral.shape[:2] if name == "time" else getattr(run, name).shape


def _checked(run: Run, name: str, value: np.ndarray) -> np.ndarray:
    if name not in FIELDS:
        raise CommandError(f"'{name}' is not a field of a run that can be differentiated", fix=nearest(name, FIELDS))
    expected = _shape(run, name)
    if np.shape(value) != expected:
        axes = {
            "mineral": "members, times, phases, cells",
            "saturation_index": "members, times, phases, cells",
            "totals": "members, times, components, cells",
            "inflow": "members, times, components",
            "sound": "members, phases, cells",
            "time": "members, times",
        }.get(name, "members, times, cells")
        raise CommandError(f"the derivative with respect to {name} has shape {np.shape(value)}", fix=f"give {axes}: {expected}")
    return np.asarray(value, float)
