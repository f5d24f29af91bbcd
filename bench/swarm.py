"""Speed of swarms: agent-steps per second of one core's time on the common benchmark, beside other programs, and what a swarm costs.

    python bench/swarm.py                          # ours, NumPy and JAX, and the peers that this Python has
    python bench/swarm.py --peers OTHER/bin/python # peers that are installed elsewhere
    python bench/swarm.py --cost cost.svg          # seconds against carriers, cells and minutes, with a plot
    python bench/swarm.py --memory                 # two hours of a million carriers, streamed: peak memory (a quarter of an hour or more)

Everything is pinned to one core and told in processor time, best of three, because other work on a machine moves wall time more.
To be fair: ReaDDy and Smoldyn do reactions between particles, forces, surfaces and general geometry that ours does not; they have no
field on a grid that carriers climb and deplete, so that they run less of the task (diffusion and decay).  Mesa runs any rule at all in Python.
"""

from __future__ import annotations

import os

os.environ |= {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1"}
if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, {sorted(os.sched_getaffinity(0))[-1]})

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from amelo import nano

HERE = Path(__file__).parent
PEERS = {"numpy": "NumPy", "jax": "JAX (threefry)", "mesa": "Mesa", "readdy": "ReaDDy", "smoldyn": "Smoldyn"}
GOALS = {"mesa": 400.0, "readdy": 10.0, "smoldyn": 10.0}  # times as fast as these
GOAL = 1e8  # agent-steps a second


def best_of_three(run: Callable[[], object]) -> float:
    """Return the least seconds of processor time of three runs."""
    spent = []
    for _ in range(3):
        begin = time.process_time()
        run()
        spent.append(time.process_time() - begin)
    return min(spent)


def walk_rate() -> tuple[float, float]:
    """Return agent-steps a second of the walk in a tubule, and seconds for 20 min of 10,000 carriers with steps of 3 ms."""
    swarm = nano.Swarm(nano.tubule(), nano.Carrier.named("caps-400"), nano.Field(gradient=1.0), 10_000, crowding=False)
    swarm.run(0, 1.0, step=3e-3, frames=2)
    seconds = best_of_three(lambda: swarm.run(0, 60.0, step=3e-3, frames=6))
    return 10_000 * 20_000 / seconds, 20.0 * seconds


def ours() -> dict[str, tuple[float, float]]:
    """Return agent-steps a second and share deposited of our particles, alone and with many, and seconds of the densities."""
    nano.by_particles(nano.CommonTask(steps=1))
    nano.by_densities(nano.CommonTask(steps=1))
    found = {}
    for count in (100_000, 1_000_000):
        task = nano.CommonTask(count=count)
        found[f"amelo, {count:,} particles"] = (
            count * task.steps / best_of_three(lambda t=task: nano.by_particles(t)),
            nano.by_particles(task).share,
        )
    task = nano.CommonTask()
    for whole in (True, False):
        seconds = best_of_three(lambda w=whole: nano.by_densities(task, whole=w))
        found["amelo, densities, " + ("whole grid" if whole else "one line")] = (
            task.count * task.steps / seconds,
            nano.by_densities(task, whole=whole).share,
        )
    return found


def peer(name: str, python: str) -> dict[str, object]:
    """Return what a program does, run by a Python that may have it."""
    done = subprocess.run([python, HERE / "swarm_peers.py", name], capture_output=True, text=True)
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    return json.loads(lines[-1]) if lines else {"absent": (done.stderr.strip().splitlines() or ["it failed"])[-1]}


def compare(python: str) -> None:
    """Print the table of programs."""
    mine = ours()
    print(f"{'program':32} {'agent-steps/CPU-s':>18} {'ours over it':>13}  deposited")
    rate = mine["amelo, 100,000 particles"][0]
    for name, (steps, share) in mine.items():
        seconds = f"  ({1e7 / steps:.3f} CPU-s)" if "1,000,000" not in name else ""
        print(f"{name:32} {steps:18.3g} {'':>13}  {share:.5f}{seconds}")
    for name, words in PEERS.items():
        found = peer(name, sys.executable if name in ("numpy", "jax") else python)
        if "absent" in found:
            print(f"{words:32} {'absent':>18} {'':>13}  {found['absent']}")
            continue
        ratio, share = rate / found["rate"], f"{found['share']:.5f}" if found["same"] else "less of the task: no field, no deposit"
        goal = f"  goal {GOALS[name]:g}: {'kept' if ratio >= GOALS[name] else 'MISSED'}" if name in GOALS else ""
        print(f"{words:32} {found['rate']:18.3g} {ratio:12.1f}×  {share}{goal}")
    print(f"goal of ours, {GOAL:.0e}: {'kept' if rate >= GOAL else 'MISSED'} (Mesa ran 30 steps of 5,000 agents)")
    steps, seconds = walk_rate()
    print(f"walk in a tubule: {steps:.3g} agent-steps/CPU-s; 20 min of 10,000 carriers in steps of 3 ms: {seconds:.1f} CPU-s")


def cost(path: Path) -> None:
    """Print and draw what a swarm costs against carriers, cells and minutes."""
    from matplotlib.figure import Figure

    carrier, field = nano.Carrier.named("caps-400"), nano.Field(gradient=1.0)

    def seconds(count: int = 4000, cells: int = 200, minutes: float = 2.0) -> float:
        swarm = nano.Swarm(nano.tubule(cells=cells), carrier, field, count, crowding=False)
        return best_of_three(lambda: swarm.run(0, 60.0 * minutes, step=5e-3, frames=10))

    seconds(count=10, minutes=0.1)
    sweeps = {"count": (100, 400, 1600, 6400, 25600), "cells": (25, 100, 400, 1600), "minutes": (0.5, 1.0, 2.0, 4.0, 8.0)}
    labels = {"count": "carriers", "cells": "cells of the passage", "minutes": "minutes"}
    figure = Figure(figsize=(9.0, 3.2), layout="constrained")
    for axis, (name, values) in zip(figure.subplots(1, 3), sweeps.items(), strict=True):
        spent = [seconds(**{name: value}) for value in values]
        for value, each in zip(values, spent, strict=True):
            print(f"{labels[name]:22} {value:8g} {each:8.3f} CPU-s")
        axis.loglog(values, spent, "k.-")
        axis.set(xlabel=labels[name], ylabel="processor time [s]")
        axis.grid(True, which="both", color="#dddddd")
    figure.savefig(path)
    print(f"plot written to {path}")


def memory(hours: float, count: int, step: float) -> None:
    """Run many carriers for long, streamed, and print the peak of memory."""
    swarm = nano.Swarm(nano.tubule(), nano.Carrier.named("caps-400"), nano.Field(gradient=1.0), count, crowding=False)
    with tempfile.TemporaryDirectory() as folder:
        begin = time.process_time()
        out, kept = Path(folder) / "run.zarr", Path(folder) / "run.npz"
        result = swarm.run(0, 3600.0 * hours, step=step, out=out, checkpoint=kept)
        spent = time.process_time() - begin
        size = sum(p.stat().st_size for p in out.rglob("*") if p.is_file())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0**2
    print(
        f"{count:,} carriers, {hours:g} h, {result.state.taken:,} steps: {spent:.0f} CPU-s, {count * result.state.taken / spent:.3g} agent-steps/CPU-s"
    )
    print(f"peak memory {peak:.2f} GB (goal 4: {'kept' if peak < 4.0 else 'MISSED'}), frames on disk {size / 1e6:.1f} MB")
    print({name: book["error"] for name, book in result.ledger().items()})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peers", default=sys.executable, help="a Python that has Mesa, ReaDDy and Smoldyn")
    parser.add_argument("--cost", type=Path, help="draw what a swarm costs, to this file")
    parser.add_argument("--memory", action="store_true", help="run a million carriers for two hours")
    parser.add_argument("--hours", type=float, default=2.0)
    parser.add_argument("--count", type=int, default=1_000_000)
    parser.add_argument("--step", type=float, default=0.15, help="seconds, with --memory")
    given = parser.parse_args()
    if given.cost:
        cost(given.cost)
    elif given.memory:
        memory(given.hours, given.count, given.step)
    else:
        compare(given.peers)


if __name__ == "__main__":
    main()
