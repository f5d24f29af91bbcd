"""How long structure takes: tissue, mismatch, strength and risk of members with forty cells, in microseconds per member.

Run: ``python bench/structure.py [members]``
"""

from __future__ import annotations

import sys
import time

import numpy as np

from amelo.twin import structure


def main(members: int) -> None:
    """Print the least of five times for each part."""
    rng = np.random.Generator(np.random.Philox(key=1))
    edges = np.linspace(0.0, 4e-3, 41)
    dentine = edges[:-1] >= 1.5e-3
    mineral = np.clip(1.0 - rng.random((members, 1)) * np.exp(-edges[None, :-1] / 8e-4), 0.05, 1.0)
    cavity, restoration = rng.integers(0, 5, members), rng.integers(0, 7, members)
    bond, deep = rng.random(members), 3e-3 + 2e-3 * rng.random(members)
    found = structure.mechanics(mineral, dentine)
    wrong = structure.mismatch(found, edges, dentine)
    factor, part = structure.mismatch_factor(wrong), structure.tissue_factor(found.strength, edges)
    strength = structure.tooth_strength(cavity, restoration, bond, depth=deep, tissue=part, mismatch=factor)
    parts = {
        "mechanics of 40 cells": lambda: structure.mechanics(mineral, dentine),
        "mismatch": lambda: structure.mismatch_factor(structure.mismatch(found, edges, dentine)),
        "tissue factor": lambda: structure.tissue_factor(found.strength, edges),
        "firmness of 40 cells": lambda: structure.firmness(found.knoop),
        "strength of the tooth": lambda: structure.tooth_strength(
            cavity, restoration, bond, depth=deep, tissue=part, mismatch=factor
        ),
        "risk of a year": lambda: structure.annual_risk(strength, 0.1),
    }
    for name, run in parts.items():
        spent = []
        for _ in range(5):
            begin = time.process_time()
            run()
            spent.append(time.process_time() - begin)
        print(f"{name:24s} {1e6 * min(spent) / members:8.3f} us a member")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
