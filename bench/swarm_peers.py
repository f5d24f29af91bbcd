"""The common benchmark of ``amelo.nano`` in other programs: agent-steps per second of one core's time, each in a process of its own.

``python bench/swarm_peers.py NAME`` prints one line of JSON; it needs that program, NumPy and nothing of amelo.  What a program cannot do
is left out and said: Smoldyn and ReaDDy have no field on a grid that carriers climb and deplete, so that theirs is diffusion with decay.
"""

from __future__ import annotations

import json
import os
import sys

os.environ |= {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1"}
os.environ |= {"XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1", "JAX_PLATFORMS": "cpu"}
if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, {sorted(os.sched_getaffinity(0))[-1]})

import math
import random
import time
from collections.abc import Callable

import numpy as np

CELLS, D, CHI, RATE = 100, 0.05, 0.5, 1e-3
KICK = math.sqrt(2.0 * D)


def field() -> np.ndarray:
    z = np.arange(CELLS) + 0.5
    return np.ascontiguousarray(np.broadcast_to(np.exp(-(((z - 30.0) / 20.0) ** 2))[:, None, None], (CELLS,) * 3)).ravel()


def best_of_three(run: Callable[[], float]) -> tuple[float, float]:
    """Return the least seconds of processor time of three runs after one that warms up, and what the last one deposited."""
    run()
    spent = []
    for _ in range(3):
        begin = time.process_time()
        share = run()
        spent.append(time.process_time() - begin)
    return min(spent), share


def numpy_run(count: int = 100_000, steps: int = 100) -> float:
    generator = np.random.default_rng(0)
    place = generator.random((3, count)) * CELLS
    m, payload = field(), np.ones(count)
    stride = np.array([[1], [CELLS], [CELLS**2]])
    for _ in range(steps):
        cell = np.minimum(place.astype(np.int64), CELLS - 1)
        at = (cell * stride).sum(0)
        up = m[at + stride * (cell < CELLS - 1)]
        down = m[at - stride * (cell > 0)]
        place += 0.5 * CHI * (up - down) + KICK * generator.standard_normal((3, count))
        np.abs(place, out=place)
        np.minimum(place, 2.0 * CELLS - place, out=place)
        at = (np.minimum(place.astype(np.int64), CELLS - 1) * stride).sum(0)
        given = RATE * m[at] * payload
        payload -= given
        m -= np.bincount(at, given, minlength=m.size)
    return 1.0 - payload.mean()


def jax_runner(count: int = 100_000, steps: int = 100) -> Callable[[], float]:
    import jax
    import jax.numpy as jnp

    stride = jnp.array([[1], [CELLS], [CELLS**2]])

    def step(state, key):
        place, m, payload = state
        cell = jnp.minimum(place.astype(jnp.int32), CELLS - 1)
        at = (cell * stride).sum(0)
        place = place + 0.5 * CHI * (m[at + stride * (cell < CELLS - 1)] - m[at - stride * (cell > 0)])
        place = jnp.abs(place + KICK * jax.random.normal(key, place.shape, place.dtype))
        place = jnp.minimum(place, 2.0 * CELLS - place)
        at = (jnp.minimum(place.astype(jnp.int32), CELLS - 1) * stride).sum(0)
        given = RATE * m[at] * payload
        return (place, m.at[at].add(-given), payload - given), None

    start = jnp.asarray(np.random.default_rng(0).random((3, count)) * CELLS, jnp.float32)
    m = jnp.asarray(field(), jnp.float32)
    go = jax.jit(
        lambda key: jax.lax.scan(step, (start, m, jnp.ones(count, jnp.float32)), jax.random.split(key, steps))[0][2].mean()
    )
    return lambda: 1.0 - float(go(jax.random.key(0)))


def mesa_run(count: int = 5_000, steps: int = 30) -> float:
    import mesa

    class Bot(mesa.Agent):
        def __init__(self, model):
            super().__init__(model)
            self.x, self.y, self.z = (random.random() * CELLS for _ in range(3))
            self.payload = 1.0

        def step(self):
            m, gauss, last = self.model.m, random.gauss, CELLS - 1
            a, b, c = min(int(self.x), last), min(int(self.y), last), min(int(self.z), last)
            at = c * CELLS * CELLS + b * CELLS + a
            gx = m[at + (1 if a < last else 0)] - m[at - (1 if a else 0)]
            gy = m[at + (CELLS if b < last else 0)] - m[at - (CELLS if b else 0)]
            gz = m[at + (CELLS**2 if c < last else 0)] - m[at - (CELLS**2 if c else 0)]
            x = abs(self.x + 0.5 * CHI * gx + KICK * gauss(0.0, 1.0))
            y = abs(self.y + 0.5 * CHI * gy + KICK * gauss(0.0, 1.0))
            z = abs(self.z + 0.5 * CHI * gz + KICK * gauss(0.0, 1.0))
            self.x, self.y, self.z = min(x, 2 * CELLS - x), min(y, 2 * CELLS - y), min(z, 2 * CELLS - z)
            at = min(int(self.z), last) * CELLS * CELLS + min(int(self.y), last) * CELLS + min(int(self.x), last)
            given = RATE * m[at] * self.payload
            self.payload -= given
            m[at] -= given

    class Model(mesa.Model):
        def __init__(self):
            super().__init__(seed=0)
            self.m = field().tolist()
            for _ in range(count):
                Bot(self)

    model = Model()
    begin = time.process_time()
    for _ in range(steps):
        model.agents.do("step")
    mesa_run.spent = time.process_time() - begin
    return 1.0 - sum(bot.payload for bot in model.agents) / count


def readdy_run(count: int = 100_000, steps: int = 100) -> float:
    import readdy

    system = readdy.ReactionDiffusionSystem(box_size=[CELLS] * 3, unit_system=None)
    system.add_species("A", diffusion_constant=D)
    system.reactions.add("decay: A ->", rate=0.35 * RATE)
    simulation = system.simulation(kernel="SingleCPU")
    simulation.add_particles("A", (np.random.default_rng(0).random((count, 3)) - 0.5) * CELLS)
    simulation.show_progress = simulation.evaluate_forces = simulation.evaluate_observables = False  # nothing that this task lacks
    simulation.evaluate_topology_reactions, simulation.reaction_handler = False, "UncontrolledApproximation"
    begin = time.process_time()
    simulation.run(n_steps=steps, timestep=1.0, show_summary=False)
    readdy_run.spent = time.process_time() - begin
    return 1.0 - len(simulation.current_particles) / count


def smoldyn_run(count: int = 100_000, steps: int = 100) -> float:
    import smoldyn

    simulation = smoldyn.Simulation(low=[0.0] * 3, high=[float(CELLS)] * 3, types="r", quit_at_end=True)
    species = simulation.addSpecies("A", difc=D)
    species.addToSolution(count)
    simulation.addReaction("decay", [species], [], rate=0.35 * RATE)
    begin = time.process_time()
    simulation.run(stop=float(steps), dt=1.0, display=False, overwrite=True)
    smoldyn_run.spent = time.process_time() - begin
    return 1.0 - simulation.getMoleculeCount("A", smoldyn._smoldyn.MolecState.soln) / count


def measured(name: str) -> dict[str, object]:
    """Return agent-steps a second, what was deposited, and whether it is the same task."""
    if name in ("numpy", "jax"):
        seconds, share = best_of_three(numpy_run if name == "numpy" else jax_runner())
        return {"rate": 1e7 / seconds, "share": share, "same": True}
    run, work = {"mesa": (mesa_run, 5_000 * 30), "readdy": (readdy_run, 1e7), "smoldyn": (smoldyn_run, 1e7)}[name]
    spent = []
    for _ in range(3):
        share = run()
        spent.append(run.spent)
    return {"rate": work / min(spent), "share": share, "same": name == "mesa"}


if __name__ == "__main__":
    try:
        found = measured(sys.argv[1])
    except ImportError as error:
        found = {"absent": str(error)}
    print("\n" + json.dumps(found))
