"""Columns, fluids and runs for the tests of the core, arranged so that few kernels need compiling.

Kinds of run: ``slab()`` (one diffusivity, frozen pores, rate law of second order), ``slab(kinetics="equilibrium")``, the same with a
diffusivity for each species, and ``enamel()`` (everything that ground human enamel has: three phases, fluoride, pores that open).
"""

from __future__ import annotations

import tomllib
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np

from amelo.records.fluid import Fluid
from amelo.records.specimen import load_specimen, parse_specimen
from amelo.twin.build import column_of
from amelo.twin.column import Column
from amelo.twin.diffusivity import diffusivities
from amelo.twin.lesion.solve import Settings, solve
from amelo.twin.lesion.steps import Grid
from amelo.twin.run import Run
from amelo.twin.schedule import Exposure, Schedule, Segment

__all__ = [
    "CLOSED",
    "DAY",
    "LACTIC",
    "PORE",
    "SLAB",
    "bath",
    "enamel",
    "exposed",
    "loss",
    "of_oracle",
    "slab",
    "solved",
]

DAY = 86400.0
CLOSED = 1e30  # m of unstirred water: a wall
SPECIMENS = Path(__file__).resolve().parents[3] / "cases" / "specimens"
SLAB = SPECIMENS / "phreeqc-slab.toml"
KINETICS = {"k": 4e-4, "n": 2, "growth_ratio": 0.1, "growth_order": 2, "growth_surface": "own"}


def bath(ph: float, closing: str = "K", **totals: float) -> Fluid:
    """Return a fluid at 37 °C from totals [mmol/kgw]; ``closing`` balances its charge."""
    return Fluid(case="test", pH=ph, temperature_C=37.0, totals_mmol_per_kgw=totals, charge_balanced_by=closing)


LACTIC = bath(4.5, "Na", Ca=1e-4, P=1e-4, Lac=50.0, Na=40.0, Tr=100.0, K=100.0)  # the bath of the reference results
PORE = bath(7.0, Ca=0.15, P=0.09, K=100.0, Tr=100.0, Lac=1e-6)  # what stands in its pores, with a trace to share a kernel


def slab(
    kinetics: str | dict[str, float] | None = None, *, diffusion: str = "single", cells: int = 30, thickness: float = 150.0
) -> Column:
    """Return the slab of the reference results; thickness [µm]."""
    data = tomllib.loads(SLAB.read_text("utf-8"))
    data["kinetics"] = kinetics if isinstance(kinetics, str) else KINETICS | (kinetics or {})
    data["diffusion"], data["thickness"] = diffusion, f"{thickness!r} um"
    data["grid"] = {"cells": cells, "uniform": True}
    return column_of(parse_specimen(data, where="slab of the tests"))


@cache
def enamel(members: int = 1, seed: int = 0) -> Column:
    """Return ground human enamel."""
    return column_of(load_specimen(SPECIMENS / "human-enamel.toml"), members=members, seed=seed)


def exposed(*parts: tuple[float, Fluid] | tuple[float, Fluid, float]) -> Schedule:
    """Return a schedule of (duration [s], fluid, film [m])."""
    return tuple(Segment(duration, Exposure(fluid, *film)) for duration, fluid, *film in parts)


def solved(column: Column, *parts: tuple, grid: Grid | None = None, **settings: object) -> Run:
    """Return the run of a column through parts as of :func:`exposed`, with water as fast as in the database."""
    return solve(column, exposed(*parts), diffusivities(column.temperature), Settings(grid=grid or Grid(), **settings))


def loss(run: Run, time: int = -1, member: int = 0) -> float:
    """Return ΔZ [vol%·µm]."""
    gone = run.sound[member].sum(axis=0) - run.mineral[member, time].sum(axis=0)
    return float(1e8 * gone @ np.diff(run.edges))


def of_oracle(oracle: dict, *, scaled: bool) -> tuple[Column, tuple[float, Fluid]]:
    """Return column and bath of a stored PHREEQC slab; scaled: mineral and clock divided as PHREEQC had them, else the true ones."""
    kinetics = {"k": oracle["k"], "n": oracle["n"]} if oracle["k"] else "equilibrium"
    diffusion = "species" if oracle["multicomponent"] else "single"
    column = slab(kinetics, diffusion=diffusion, cells=oracle["N"], thickness=oracle["N"] * oracle["dx"] * 1e6)
    scale = oracle["S"] if scaled else 1.0
    volume = column.parameters["molar_volume.HAp"] * scale
    fluids = [
        Fluid(case="stored", temperature_C=37.0, **{k: o[k] for k in ("pH", "totals_mmol_per_kgw", "charge_balanced_by")})
        for o in (oracle["start"], oracle["bath"])
    ]
    column = replace(column, fluid=fluids[0], parameters=column.parameters | {"molar_volume.HAp": volume})
    return column, (oracle["hours"] * 3600.0 / scale, fluids[1])
