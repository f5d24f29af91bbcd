"""The engine beside the method of lines: another code, other unknowns, other integrators; frozen pores, and pores that open."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from amelo.records.fluid import Fluid
from amelo.twin.column import Column
from amelo.twin.diffusivity import diffusivities
from amelo.twin.lesion.solve import Settings, solve
from amelo.twin.lesion.steps import Grid
from amelo.twin.phases import Dissolution, Growth, Phase
from amelo.twin.schedule import Exposure, Segment

FOLDER = Path(__file__).parents[1] / "oracles" / "lines"
TIGHT = Settings(tolerance=1e-4, near_tolerance=1e-4, iterations=40)


def fluid_of(data: dict) -> Fluid:
    return Fluid(pH=data["pH"], charge_balanced_by=data["charge_balanced_by"], totals_mmol_per_kgw=data["totals_mmol_per_kgw"])


def column_of(settings: dict) -> Column:
    """The specimen of a golden result."""
    (mineral,) = settings["minerals"]
    law = mineral["dissolution"]
    dissolution = Dissolution(
        order=law["order"], surface_exponent=law.get("surface_exponent", 2 / 3), acid_order=law.get("acid_order", 0.0)
    )
    grow = mineral.get("growth")
    growth = Growth(order=grow["order"], surface=grow["surface"]) if grow else None
    cells = len(settings["edges"]) - 1
    frozen = not settings["feedback"]
    organic = 1.0 - mineral["sound"] - settings["porosity"] if frozen else settings["organic"]
    parameters = {"dissolution_rate.HAp": law["k"], "molar_volume.HAp": mineral["molar_volume"], "pk.HAp": 58.63}
    parameters |= {"growth_rate.HAp": grow["k"]} if grow else {}
    parameters |= {"acid_reference": law["acid_reference"]} if "acid_reference" in law else {}
    parameters |= {"porosity_exponent": settings["exponent"], "porosity_floor": 0.0, "residual_mineral": 0.0}
    if settings["diffusion"] == "single":
        parameters["pore_diffusivity"] = settings["diffusivity"] * settings["porosity"] ** (settings["exponent"] - 1.0)
    else:
        parameters["diffusivity_scale"] = 1.0
    volume = np.full((1, 1, cells), mineral["sound"])
    return Column(
        name="beside the method of lines",
        temperature=settings["temperature_C"],
        edges=np.array(settings["edges"]),
        phases=(Phase("HAp", "HAp", dissolution, growth),),
        mineral=volume.copy(),
        sound=volume,
        organic=np.full((1, cells), organic),
        fluid=fluid_of(settings["start"]),
        parameters={name: np.array([float(value)]) for name, value in parameters.items()},
        diffusion=settings["diffusion"],
        porosity_feedback=settings["feedback"],
    )


def profiles(settings: dict, parts: int) -> tuple[np.ndarray, np.ndarray]:
    """Mineral (N,) and pH (N,) at the end, every step in so many parts."""
    schedule = tuple(Segment(s["duration"], Exposure(fluid_of(s["fluid"]), film=s.get("film", 0.0))) for s in settings["schedule"])
    known = settings["diffusivity"] if isinstance(settings["diffusivity"], dict) else diffusivities(37.0)
    run = solve(column_of(settings), schedule, known, replace(TIGHT, grid=Grid(parts=parts)))
    return run.mineral[0, -1, 0], run.ph[0, -1]


@pytest.mark.parametrize("name", ["kinetic_slab", "opening_pores"])
def test_the_same_day_in_acid_by_two_codes(name):
    stored = json.loads((FOLDER / f"{name}.json").read_text("utf-8"))
    settings, end = stored["settings"], list(stored["times"].values())[-1]
    widths, theirs = np.diff(settings["edges"]), np.array(end["mineral"]["HAp"])
    lost = settings["minerals"][0]["start"] - theirs
    misses = []
    for parts in (1, 4, 16):
        mineral, ph = profiles(settings, parts)
        misses.append(
            (((theirs - mineral) @ widths) / (lost @ widths), np.abs(mineral - theirs).max(), np.abs(ph - end["pH"]).max())
        )
    loss, most, acidity = np.abs(np.array(misses)).T
    assert loss[-1] < 1e-3 and most[-1] < 2e-3 and acidity[-1] < 2e-3, misses
    assert loss[0] < 0.02, misses
    assert most[-1] < most[0] / 4.0, misses  # and closer with shorter steps
