"""Fluids per second beside IPhreeqc, one core each, in one run, from totals to the saturation indices of every phase.

IPhreeqc (PyPI package phreeqc) gets the same constants through amelo's exported database, is given only fluids that it solves, and is
timed both ways: one input per fluid, and a thousand fluids in one input.  The goal is held against whichever is faster.
"""

from __future__ import annotations

import os

os.environ |= {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1"}  # one core each; before NumPy

import statistics
import sys
import time

import numpy as np

from amelo.twin.chemistry.export import phreeqc_database, phreeqc_solution
from amelo.twin.chemistry.solve import speciate
from amelo.twin.chemistry.status import Status
from amelo.twin.chemistry.table import reaction_table

RANGES = {  # mmol/kgw: saliva, plaque fluid and laboratory baths
    "Ca": (0.1, 10),
    "P": (0.5, 25),
    "Mg": (0.05, 4),
    "F": (5e-4, 0.5),
    "Lac": (0.01, 30),
    "Ace": (0.1, 40),
    "Pro": (0.1, 20),
    "Amm": (0.5, 30),
    "Na": (20, 90),
    "K": (20, 120),
    "C(4)": (0.3, 30),
}
COUNT, REPEAT, SAMPLE, ROUNDS, GOAL = 100_000, 5, 1_000, 7, 1_000


def plausible(table, count, seed):
    """Draw fluids whose charge chloride can close, which is nearly all of them."""
    rng = np.random.default_rng(seed)
    totals = np.zeros((2 * count, len(table.names)))
    for name, (low, high) in RANGES.items():
        totals[:, table.names.index(name)] = 10 ** rng.uniform(np.log10(low), np.log10(high), len(totals)) / 1000.0
    ph = rng.uniform(4.0, 8.0, len(totals))
    good = speciate(table, totals, ph, closing=table.names.index("Cl")).status == Status.CONVERGED
    return totals[good][:count], ph[good][:count], good.mean()


def seconds(call) -> float:
    begin = time.process_time()
    call()
    return time.process_time() - begin


def main() -> None:
    import phreeqc

    table = reaction_table(37.0)
    totals, ph, share = plausible(table, COUNT, seed=1)
    chloride = table.names.index("Cl")

    def ours():
        batch = speciate(table, totals, ph, closing=chloride)
        return batch.saturation_index, batch.status

    engine = phreeqc.Phreeqc()
    engine.LoadDatabaseString(phreeqc_database(table))
    head = (
        "SELECTED_OUTPUT\n -reset false\n -high_precision true\n -ionic_strength true\n -si "
        + " ".join(s.name for s in table.solids)
        + "\n"
    )
    engine.RunString(head)
    blocks, index, failed = [], [], 0
    for i in range(COUNT):
        amounts = {"Cl": 1.0} | {n: 1000.0 * a for n, a in zip(table.names, totals[i], strict=True) if a > 0}
        block = phreeqc_solution(len(blocks) + 1, amounts, ph[i], 37.0, "Cl")
        if engine.RunString(block + "END\n"):
            failed += 1
            continue
        blocks.append(block)
        index.append(i)
        if len(blocks) == SAMPLE:
            break
    together = head + "".join(blocks) + "END\n"

    def one_by_one():
        for block in blocks:
            engine.RunString(block + "END\n")

    def repeatedly():
        for _ in range(REPEAT):
            ours()

    repeatedly()
    rows = []
    for k in range(ROUNDS):
        t_ours = seconds(repeatedly) / (COUNT * REPEAT)
        t_batch, t_single = seconds(lambda: engine.RunString(together)) / SAMPLE, seconds(one_by_one) / SAMPLE
        rows.append((t_ours, t_batch, t_single))
        print(
            f"round {k + 1}: amelo {1e-6 / t_ours:5.2f} M/s, IPhreeqc {1 / t_batch:7.0f}/s together, {1 / t_single:6.0f}/s one by one",
            flush=True,
        )
    engine.RunString(together)
    theirs = engine.GetSelectedOutput()
    index_ours, status = ours()
    worst = max(np.abs(index_ours[index, k] - np.array(theirs[f"si_{s.name}"][-SAMPLE:])).max() for k, s in enumerate(table.solids))
    together_ratio = statistics.median(t_batch / t_ours for t_ours, t_batch, _ in rows)
    single_ratio = statistics.median(t_single / t_ours for t_ours, _, t_single in rows)
    best = min(together_ratio, single_ratio)
    print(f"{COUNT:,} fluids drawn ({share:.0%} of the draws can be closed with chloride); converged: {(status == 0).mean():.2%}")
    print(f"largest |ΔSI| on {SAMPLE} fluids: {worst:.1e}; IPhreeqc gave no answer to {failed} that amelo solved")
    print(
        f"ratio to IPhreeqc, median of {ROUNDS}: {together_ratio:,.0f} (all in one input), {single_ratio:,.0f} (one input per fluid); goal {GOAL:,}"
    )
    if best < GOAL:
        print("below the goal", file=sys.stderr)


if __name__ == "__main__":
    main()
