"""The slab of frozen porosity against PHREEQC TRANSPORT: the shared results by one line of protocol, and any bath with PHREEQC's own clock.

PHREEQC ran with mineral and clock divided by S (100 to 600).  That is not free: beside so little mineral the pore fluid holds S times
too much, and filling it costs mineral.  Against the true clock PHREEQC's ΔZ is too large by 0.2 to 1 % in the shared results and by
up to 14 % where a slow slab takes up little.  With its mineral and clock the twin agrees to 0.7 %, which is PHREEQC's splitting in time.
"""

from __future__ import annotations

import json
import os
from itertools import pairwise

import numpy as np
import pytest
from lesion_columns import LACTIC, PORE, SLAB, loss, of_oracle, slab, solved
from phreeqc_slab import FOLDER

import amelo
from amelo.records.specimen import load_specimen
from amelo.twin.lesion.steps import Grid

BY_ONE_LINE = "demineralise in lactic acid 50 mM with KNO3 100 mM pH 4.5 balanced with Na for {} h"
SLOW = pytest.mark.skipif(not os.environ.get("AMELO_SLOW"), reason="compiles a kernel for each bath; set AMELO_SLOW=1 to run it")
SHARED = {  # file, hours, kinetics, diffusion, bands of ΔZ and of the front's pH
    "kinetic": ("c_kin_Lac_pH4.5_dx5_N30_h24_S300_k0.0004", 24, {"k": 4e-4, "n": 2}, "single", 0.02, 0.05),
    "equilibrium": ("c_eq_Lac_pH4.5_dx5_N30_h24_S300", 24, "equilibrium", "single", 0.01, 0.05),
    "equilibrium, a week": ("c_eq_Lac_pH4.5_dx5_N30_h168_S300", 168, "equilibrium", "single", 0.01, 0.05),
    "multicomponent": ("c_eqmcd_Lac_pH4.5_dx10_N15_h24_S300", 24, "equilibrium", "species", 0.03, 0.05),
}  # fmt: skip


def theirs(shared, name: str, hours: float) -> tuple[dict, np.ndarray, float]:
    """Return a stored result, its profile (rows of cell, m, pH, Ca, P, acid, SI) and its ΔZ [vol%·µm]."""
    stored = json.loads((shared / "oracle" / "phreeqc" / f"{name}.json").read_text("utf-8"))
    rows = np.array(next(rows for at, rows in stored["profiles"].items() if float(at) == hours))
    return stored, rows, 80.0 * np.sum(1.0 - rows[:, 1]) * stored["dx"] * 1e6


@pytest.mark.parametrize("case", SHARED)
def test_the_shared_results_by_one_line_of_protocol(shared, case):
    name, hours, kinetics, diffusion, band, ph_band = SHARED[case]
    stored, rows, expected = theirs(shared, name, hours)
    specimen = load_specimen(SLAB)
    grid = specimen.grid.model_copy(update={"cells": stored["N"]})
    law = kinetics if isinstance(kinetics, str) else specimen.kinetics
    specimen = specimen.model_copy(update={"kinetics": law, "diffusion": diffusion, "grid": grid})
    trajectory = amelo.simulate(specimen, BY_ONE_LINE.format(hours))
    assert trajectory.outcomes()["integrated_mineral_loss"].value == pytest.approx(expected, rel=band)
    ours = trajectory.run.ph[0, -1]
    front = min(int(np.argmax(rows[:, 1] > 0.95)), len(rows) - 1)
    assert ours[front] == pytest.approx(rows[front, 2], abs=ph_band)
    share = trajectory.run.mineral[0, -1].sum(axis=0) / 0.8
    assert np.abs(share - rows[:, 1]).mean() < 0.02


@pytest.mark.parametrize("case", SHARED)
def test_with_their_clock_the_shared_results_are_repeated(shared, case):
    name, hours, kinetics, diffusion, *_ = SHARED[case]
    stored, rows, expected = theirs(shared, name, hours)
    law = {"k": 4e-4, "n": 2} if kinetics != "equilibrium" else {"k": None}
    same = (
        stored
        | law
        | {"multicomponent": diffusion == "species", "hours": hours, "start": as_stored(PORE), "bath": as_stored(LACTIC)}
    )
    column, part = of_oracle(same, scaled=True)
    run = solved(column, part, grid=fine(part[0]))
    assert loss(run) == pytest.approx(expected, rel=0.004)
    if law["k"]:
        assert run.ph[0, -1] == pytest.approx(rows[:, 2], abs=0.002)
        assert run.mineral[0, -1, 0] / 0.8 == pytest.approx(rows[:, 1], abs=0.004)
        calcium = run.totals[0, -1, run.components.index("Ca")]
        assert calcium == pytest.approx(rows[:, 3], rel=0.01)
    else:
        assert run.ph[0, -1] == pytest.approx(rows[:, 2], abs=0.01)


def test_a_divided_clock_dissolves_more():
    """Why PHREEQC's ΔZ is too large: the smaller the mineral beside its pore fluid, the more of it is needed to fill the fluid."""
    losses = []
    for scale in (1.0, 100.0, 300.0):
        column, part = of_oracle(
            {"k": 4e-4, "n": 2, "multicomponent": False, "N": 30, "dx": 5e-6, "S": scale, "hours": 24.0}
            | {"start": as_stored(PORE), "bath": as_stored(LACTIC)},
            scaled=True,
        )
        losses.append(loss(solved(column, part, grid=fine(part[0]))))
    first, second = (b - a for a, b in pairwise(losses))
    assert first > 0 and second == pytest.approx(2 * first, rel=0.1)  # in proportion to S
    assert 0.008 < losses[2] / losses[0] - 1 < 0.013


@SLOW
@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.json")), ids=lambda p: p.stem)
def test_other_baths_with_their_clock(path):
    """Acetate, propionate, calcium and phosphate in the bath, fluoride, little salt, pH 4 to 5.5; made by phreeqc_slab.py."""
    stored = json.loads(path.read_text("utf-8"))
    rows = np.array(stored["profiles"][f"{stored['hours']:g}"])
    column, part = of_oracle(stored, scaled=True)
    run = solved(column, part, grid=fine(part[0]))
    assert loss(run) == pytest.approx(80.0 * np.sum(1.0 - rows[:, 1]) * stored["dx"] * 1e6, rel=0.008)
    assert run.ph[0, -1] == pytest.approx(rows[:, 2], abs=0.012)


def as_stored(fluid) -> dict:
    return {name: getattr(fluid, name) for name in ("pH", "totals_mmol_per_kgw", "charge_balanced_by")}


def fine(duration: float) -> Grid:
    """Return a grid of about 1000 steps, whose error is below 0.1 %."""
    return Grid(first=duration / 17280.0, growth=2.0, longest=duration / 24.0, parts=32)


def test_the_slab_of_the_tests_is_the_shipped_one():
    from amelo.twin.build import column_of

    shipped, built = column_of(load_specimen(SLAB)), slab()
    assert shipped.phases == built.phases and np.array_equal(shipped.edges, built.edges)
    assert {k: v.tolist() for k, v in shipped.parameters.items()} == {k: v.tolist() for k, v in built.parameters.items()}
