"""Random plausible specimens under random protocols: does every run end well, with its balances closed, or say why not?

Specimens: every tissue, parameters over their ranges and beyond, porosity 0.5 to 60 %, with and without precursor and calcium fluoride.
Protocols: one to six segments, repeated or not, pH 3 to 9, acids to 1 mol/L, fluoride to 22,600 ppm, films, inhibitors, one minute to
five years.  Members of a tile share the structure of a protocol, and differ in everything else.
"""

from __future__ import annotations

import os

os.environ |= {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}  # before NumPy

import argparse
import time
from collections import Counter
from dataclasses import replace

import numpy as np

from amelo.records.fluid import Fluid
from amelo.records.specimen import Specimen, parse_specimen
from amelo.records.specimen_parameters import catalogue
from amelo.twin.build import column_of
from amelo.twin.chemistry.fluids import speciate_fluids
from amelo.twin.chemistry.status import Status
from amelo.twin.diffusivity import diffusivities
from amelo.twin.lesion.solve import Settings, solve
from amelo.twin.run import Run, RunStatus
from amelo.twin.schedule import Exposure, Repeat, Schedule, Segment

MINUTE, YEAR = 60.0, 365.25 * 86400.0
LANES = 16
TISSUES = ("human enamel", "bovine enamel", "hypomineralised enamel", "dentine", "root", "pressed apatite")
MECHANISMS = ({}, {"precursor": "DCPD", "calcium_fluoride": True}, {"inhibitors": True})
FREE = ("lesion.", "collagen.", "enzyme.")  # parameters that a sound specimen does not need
STRONGEST = 1.5  # ionic strength [mol/L] of a bath
SUPERSATURATED = {"DCPD": 0.5, "CaF2": 1.5}  # saturation index beyond which a bath would be cloudy before the specimen is in it
BALANCED = 1e-10


def specimen_of(rng: np.random.Generator) -> Specimen:
    """Draw a tissue, its thickness, grid and mechanisms."""
    mechanisms = MECHANISMS[rng.integers(len(MECHANISMS))]
    thickness = np.exp(rng.uniform(np.log(100.0), np.log(2000.0)))
    return parse_specimen(
        {
            "name": "drawn",
            "tissue": str(rng.choice(TISSUES)),
            "thickness": f"{thickness:.1f} um",
            "mechanisms": mechanisms,
            "diffusion": "single" if rng.random() < 0.25 else "species",
            "grid": {"cells": 50, "first_cell": f"{rng.choice([0.5, 1.0, 2.0])} um"},
        },
        where="drawn",
    )


def values_of(specimen: Specimen, members: int, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Draw parameters evenly over their ranges, stretched by half, rates by a factor of ten."""
    drawn = {}
    for name, p in catalogue(specimen).items():
        if p.low == p.high and "rate" not in name:
            continue
        chance = rng.uniform(-0.25, 1.25, members)
        if "rate" in name or "diffusivity" in name:
            drawn[name] = p.low / 3.0 * (9.0 * p.high / p.low) ** ((chance + 0.25) / 1.5)
        elif p.low > 0.0 and p.high > 3.0 * p.low:
            drawn[name] = p.low * (p.high / p.low) ** chance
        else:
            drawn[name] = np.maximum(p.low + (p.high - p.low) * chance, min(0.0, p.low))
        if p.unit in ("1", "") and p.high <= 1.0:
            drawn[name] = np.clip(drawn[name], 0.0, 0.999)
    drawn["porosity"] = np.exp(rng.uniform(np.log(0.005), np.log(0.6), members))
    drawn["sound_mineral"] = (1.0 - drawn["porosity"]) * rng.uniform(0.5, 0.999, members)
    if "porosity_floor" in drawn:
        drawn["porosity_floor"] = np.minimum(drawn["porosity_floor"], 0.5 * drawn["porosity"])
    return drawn


def fluids_of(count: int, rng: np.random.Generator, *, pulse: bool) -> list[Fluid]:
    """Draw baths that a laboratory could mix: closed with an ion, clear, not too strong."""
    found: list[Fluid] = []
    while len(found) < count:
        made = [_fluid(rng, pulse, by) for _ in range(4 * count) for by in ("K", "Cl")]
        for fluid, (batch, row) in zip(made, speciate_fluids(made), strict=True):
            names = [s.name for s in batch.table.solids]
            clear = all(batch.saturation_index[row, names.index(n)] < most for n, most in SUPERSATURATED.items())
            if Status(int(batch.status[row])).usable and clear and batch.ionic_strength[row] < STRONGEST:
                found.append(fluid)
    return found[:count]


def _fluid(rng: np.random.Generator, pulse: bool, closing: str) -> Fluid:
    def between(low: float, high: float) -> float:
        return float(np.exp(rng.uniform(np.log(low), np.log(high))))

    totals = {"Ca": between(1e-3, 20.0), "P": between(1e-3, 20.0), "Ace": between(0.1, 1000.0), "Lac": between(0.1, 100.0)}
    totals |= {"Na": between(1.0, 150.0), "Cl": between(1.0, 150.0), "K": between(1.0, 150.0)}
    if rng.random() < 0.7:
        totals["F"] = between(1e-4, 1.0)
    if pulse:
        del totals["Ca"]  # with calcium it would be cloudy
        totals |= {"F": between(5.0, 1190.0), "Ace": 0.1}
        totals["Na"] += totals["F"]
    totals = {name: value for name, value in totals.items() if name in ("F", "Ace", "Lac") or rng.random() < 0.9}
    totals.setdefault(closing, 1.0)
    return Fluid(pH=float(rng.uniform(3.0, 9.0)), totals_mmol_per_kgw=totals, charge_balanced_by=closing)


def schedules_of(members: int, rng: np.random.Generator) -> list[Schedule]:
    """Draw protocols of one structure."""
    parts = int(rng.integers(1, 7))
    count = int(rng.choice([1, 1, 3, 10, 30]))
    whole = np.exp(rng.uniform(np.log(MINUTE), np.log(5.0 * YEAR)))
    count = max(1, min(count, int(whole / (parts * MINUTE))))
    shares = rng.dirichlet(np.full(parts, 0.5)) + 1e-5
    segments: list[list[Segment]] = [[] for _ in range(members)]
    for share in shares:
        pulse = share * whole / count < 3600.0 and rng.random() < 0.5
        fluids = fluids_of(members, rng, pulse=pulse)
        for m, fluid in enumerate(fluids):
            seconds = max(1.0, share * whole / count * rng.uniform(0.5, 1.0))
            film = float(np.exp(rng.uniform(np.log(1e-6), np.log(1e-3)))) if rng.random() < 0.5 else 0.0
            covered = float(rng.uniform(0.0, 0.95)) if rng.random() < 0.3 else 0.0
            segments[m].append(Segment(float(seconds), Exposure(fluid, film, inhibitor=covered)))
    return [(Repeat(count, tuple(own)),) if count > 1 else tuple(own) for own in segments]


def draw(rng: np.random.Generator, members: int = LANES):
    """Draw a column of members and a schedule for each."""
    specimen = specimen_of(rng)
    return column_of(specimen, members=members, values=values_of(specimen, members, rng)), schedules_of(members, rng)


def faults(run: Run) -> list[str]:
    """Return one line for each member that is not what it should be."""
    found = []
    for m, status in enumerate(run.status):
        fields = (run.mineral[m], run.porosity[m], run.ph[m], run.totals[m], run.saturation_index[m], run.inflow[m], run.balance[m])
        if status != RunStatus.OK:
            found.append(f"{RunStatus(status).name}: {run.failure[m] or RunStatus(status).sentence}")
        elif not all(np.isfinite(f).all() for f in fields):
            found.append("NOT FINITE though ok")
        elif run.mineral[m].min() < -1e-9 or run.porosity[m].min() <= 0.0:
            found.append(f"OUT OF BOUNDS though ok: mineral {run.mineral[m].min():.3g}, porosity {run.porosity[m].min():.3g}")
        elif np.abs(run.balance[m]).max() > BALANCED:
            found.append(f"NOT BALANCED though ok: {np.abs(run.balance[m]).max():.3g}")
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=10_000, help="specimens × protocols")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0, help="tile to begin with")
    options = parser.parse_args()
    begin, worst, counts, bad, done = time.perf_counter(), 0.0, Counter(), [], 0
    for tile in range(options.first, options.first + -(-options.count // LANES)):
        column, schedules = draw(np.random.default_rng([options.seed, tile]))
        started = time.perf_counter()
        run = solve(column, schedules, diffusivities(column.temperature), replace(Settings(), saves=8))
        found = faults(run)
        good = run.status == RunStatus.OK
        worst = max(worst, np.abs(run.balance[good]).max(initial=0.0))
        counts.update(run.counts)
        done += column.members
        bad += [f"tile {tile}: {line}" for line in found]
        spent = time.perf_counter() - started
        if found or spent > 20.0:
            print(f"tile {tile} ({len(found)} of {column.members} bad, {spent:.1f} s): {found[0] if found else 'slow'}", flush=True)
    print(f"{done} runs in {time.perf_counter() - begin:.0f} s: {done - len(bad)} ok, {len(bad)} not")
    print(
        f"worst balance of the others {worst:.1e}; {dict(counts)}, {counts['iterations'] / counts['steps']:.2f} iterations per step"
    )
    for kind, number in Counter(line.split(": ")[1].split(":")[0] for line in bad).most_common():
        print(f"  {number:5d} {kind}")


if __name__ == "__main__":
    main()
