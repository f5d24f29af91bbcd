"""PHREEQC TRANSPORT beside the twin on the slab of frozen porosity: seconds of one core for 24 h of kinetic demineralisation.

Both see the same bath, slab, law and constants.  PHREEQC's transport is explicit, so its cost goes with the true time over the square of the
cell: mineral and clock are both divided by S, which leaves the result nearly unchanged, and the cost is proportional to 1/S (measured
here at two S, so that the proportion itself is checked).  ``--quick`` takes PHREEQC's seconds from the stored oracles instead.

The error of each is against the method of lines on a fine grid with the true clock, ``tests/twin/oracles/lines/kinetic_slab.json``.
"""

from __future__ import annotations

import os

os.environ |= {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1"}  # one core each; before NumPy

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

TESTS = Path(__file__).resolve().parents[1] / "tests" / "twin"
sys.path.insert(0, str(TESTS))

from phreeqc_slab import Slab, solve  # noqa: E402

__all__ = ["Timing", "phreeqc_timing", "stored_timing", "truth"]

BATH = {"Ca": 1e-4, "P": 1e-4, "Lac": 50.0, "Na": 40.0, "Tr": 100.0, "K": 100.0}
SCALE = 300.0  # of the oracle, to which seconds at another S are carried over
GOAL = 1_000


@dataclass(frozen=True)
class Timing:
    """How long a program took and what it found: name, seconds of one core, ΔZ [vol%·µm], how it was obtained."""

    name: str
    seconds: float
    loss: float
    how: str


def truth() -> float:
    """Return ΔZ [vol%·µm] after 24 h by the method of lines."""
    return json.loads((TESTS / "oracles/lines/kinetic_slab.json").read_text("utf-8"))["times"]["86400"]["loss"]


def phreeqc_timing(*, width: float, cells: int, scale: float) -> Timing:
    """Run PHREEQC on the slab; the seconds are those it would take at S = 300.

    Arguments: width of a cell [m]; cells; scale (S of this run; 300 or more).
    """
    answer = solve(
        Slab("bench", bath=BATH, ph=4.5, closing="Na", rate=(4e-4, 2.0), width=width, cells=cells, scale=scale), keep=(6,)
    )
    profile = np.array(answer["profiles"]["24"])
    loss = 8e7 * float(np.sum(1 - profile[:, 1])) * width
    how = f"{cells} cells of {width * 1e6:g} µm, {answer['wall_s']:.1f} s at S = {scale:g}"
    return Timing("PHREEQC TRANSPORT", answer["wall_s"] * scale / SCALE, loss, how)


def stored_timing(path: Path) -> Timing:
    """Read a stored run of PHREEQC, timed on the machine that made it."""
    stored = json.loads(path.read_text("utf-8"))
    (profile,) = (np.array(rows) for hours, rows in stored["profiles"].items() if float(hours) == stored["hours"])
    loss = 8e7 * float(np.sum(1 - profile[:, 1])) * stored["dx"]
    return Timing("PHREEQC TRANSPORT, stored", stored["wall_s"], loss, f"{stored['N']} cells, S = {stored['S']:g}, another machine")


def main(twin: Callable[[], Timing] | None = None) -> None:
    """Print the comparison.

    Arguments: twin (times the twin, warm, on the same 24 h; None to time PHREEQC alone).
    """
    exact = truth()
    shared = TESTS.parents[2] / "shared/oracle/phreeqc/c_kin_Lac_pH4.5_dx5_N30_h24_S300_k0.0004.json"
    if "--quick" in sys.argv:
        stored = shared if shared.is_file() else TESTS / "oracles/phreeqc/lactic50_F0.05_pH4.5_k0.0004_h24_dx5_N20_S400.json"
        peers = [stored_timing(stored)]
    else:
        coarse = {"width": 1e-5, "cells": 12}
        peers = [
            phreeqc_timing(**coarse, scale=SCALE),
            phreeqc_timing(**coarse, scale=2 * SCALE),
            phreeqc_timing(width=5e-6, cells=30, scale=2 * SCALE),
        ]
    print(f"24 h of lactic acid 50 mM pH 4.5 on a frozen slab, k = 4e-4, n = 2; ΔZ by the method of lines {exact:.1f} vol%·µm")
    for peer in peers:
        print(f"{peer.name}: {peer.seconds:8.2f} s, ΔZ {peer.loss:.1f} ({peer.loss / exact - 1:+.2%}); {peer.how}")
    if len(peers) > 1:
        print(
            f"cost carried over from S = {2 * SCALE:g} against S = {SCALE:g}: {peers[1].seconds / peers[0].seconds:.2f} (1 if proportional)"
        )
    if twin is not None:
        ours = twin()
        ratio = peers[-1].seconds / ours.seconds
        print(
            f"{ours.name}: {ours.seconds:.5f} s, ΔZ {ours.loss:.1f} ({ours.loss / exact - 1:+.2%}); {ours.how}; ratio {ratio:,.0f}, goal {GOAL:,}"
        )


if __name__ == "__main__":
    main()
