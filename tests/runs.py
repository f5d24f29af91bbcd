"""Plausible runs for tests: a shrinking front with its analytic law, a subsurface lesion, members, failures and a biofilm."""

from __future__ import annotations

import numpy as np

from amelo.params.load import load_set
from amelo.twin.run import Run, RunStatus
from amelo.twin.trajectory import Trajectory

UM = 1e-6
HOUR = 3600.0
COMPONENTS = ("Ca", "P", "F", "Na", "Cl", "Lac")
PHASES = ("enamel", "FAp")
SOUND = np.array([0.85, 0.01])
MOLAR_VOLUME = 159e-6  # m3 per mol of Ca5(PO4)3OH


def front_of(hours: np.ndarray, rate: float = 38.6) -> np.ndarray:
    """Depth of the shrinking front [m], proportional to the root of time; ``rate`` is its depth after a day [µm]."""
    return rate * UM * np.sqrt(np.asarray(hours) / 24.0)


def make_run(
    hours=(0, 6, 12, 24),
    rates=(38.6,),
    *,
    cells=60,
    depth=300.0,
    layer=0.0,
    biofilm=0,
    failed=(),
    first_loss=0.0,
) -> Run:
    """A run of ``len(rates)`` members: mineral is lost down to the front, smoothly, under a surface layer of ``layer`` µm."""
    hours, rates = np.asarray(hours, dtype=float), np.asarray(rates, dtype=float)
    m_count, t_count = len(rates), len(hours)
    edges = np.linspace(0.0, depth * UM, cells + 1)
    edges = np.concatenate([np.linspace(-150 * UM, 0, biofilm + 1)[:-1], edges])
    centres = 0.5 * (edges[:-1] + edges[1:])
    tissue = centres > 0
    n = len(centres)
    front = np.sqrt(np.stack([front_of(hours, r) for r in rates]) ** 2 + (first_loss * UM) ** 2)
    steepness = (front[..., None] - centres) / (0.05 * front[..., None] + 1e-12)
    share = 0.1 + 0.9 / (1.0 + np.exp(np.clip(steepness, -700, 700)))
    share = np.where(front[..., None] > 0, share, 1.0)
    if layer:
        share = np.where((centres < layer * UM) & (front[..., None] > layer * UM), 0.92, share)
    mineral = np.zeros((m_count, t_count, len(PHASES), n))
    mineral[:, :, 0] = SOUND[0] * share * tissue
    mineral[:, :, 1] = (SOUND[1] + 0.002 * (hours / 24.0)[None, :, None] * np.exp(-np.abs(centres) / (10 * UM))) * tissue
    sound = np.broadcast_to(SOUND[:, None] * tissue, (m_count, len(PHASES), n)).copy()
    gone = (np.diff(edges) * (sound[:, None, :1] - mineral[:, :, :1])).sum(axis=(2, 3)) / MOLAR_VOLUME
    inflow = np.zeros((m_count, t_count, len(COMPONENTS)))
    released = gone - gone[:, :1]
    inflow[..., 0], inflow[..., 1] = -5 * released, -3 * released
    inflow[..., 2] = 1e-4 * hours / 24.0
    ph = 4.5 + 0.7 * np.tanh(np.clip(centres, 0, None) / (front[..., None] + 5 * UM))
    totals = np.broadcast_to(np.linspace(1.0, 4.0, n), (m_count, t_count, len(COMPONENTS), n)) * 1.0
    index = -8.0 * np.exp(-np.clip(centres, 0, None) / (front[..., None] + UM))
    saturation = np.stack([index, index + 2.0], axis=2)
    status = np.zeros(m_count, dtype="i1")
    failure = [""] * m_count
    for member in failed:
        status[member] = RunStatus.NOT_CONVERGED
        failure[member] = "no solution at 7.5 h in cell 12 (61 µm): calcium of the pore fluid"
        mineral[member, t_count // 2 :] = np.nan
        ph[member, t_count // 2 :] = np.nan
    return Run(
        time=hours * HOUR,
        edges=edges,
        phases=PHASES,
        components=COMPONENTS,
        mineral=mineral,
        sound=sound,
        porosity=1.0 - mineral.sum(axis=2) - 0.02,
        ph=ph,
        totals=totals,
        saturation_index=saturation,
        ionic_strength=np.full((m_count, t_count, n), 0.15),
        inflow=inflow,
        balance=np.full((m_count, t_count, len(COMPONENTS)), 2e-13),
        status=status,
        failure=tuple(failure),
        error=np.full(m_count, 3e-8),
        collagen=np.ones((m_count, t_count, n)),
        counts={"steps": 480, "newton": 950, "rejected": 2},
    )


SPECIMEN = 'name = "lactic slab"\n\n[tissue]\nkind = "human enamel"\nthickness = "300 µm"\n'
PROTOCOL = "demineralise in lactic acid 50 mM pH 4.5 for 24 h\n"


def make_trajectory(finished=True, **options) -> Trajectory:
    """A trajectory of :func:`make_run` with real constants behind it."""
    constants = load_set("dental-37C")
    made = Trajectory.of(
        make_run(**options),
        specimen_name="lactic slab",
        specimen_text=SPECIMEN,
        protocol_text=PROTOCOL,
        seed=7,
        parameters=[constants["pk.HAp"], constants["pk.FAp"], constants["activity.davies_a"]],
        citations=["featherstone1979"],
        options={"tier": "full", "members": len(options.get("rates", (1,)))},
        assumptions=("saliva proteins do not bind calcium",),
        wall_time=0.31,
    )
    return made if finished else Trajectory(made.run, made.provenance, finished=False)
