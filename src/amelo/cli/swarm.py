"""``amelo swarm``: carriers one by one, in a tubule, a canal, a slab or a channel, for people who build microrobots."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from amelo.cite import remember_citations
from amelo.cli.options import Flag, Whole
from amelo.cli.output import one_format, print_csv, print_json, print_table
from amelo.cli.progress import progress_bar, working
from amelo.errors import CommandError

if TYPE_CHECKING:
    from amelo.therapy.nano.swarm_result import SwarmResult
    from amelo.therapy.nano.swarm_state import SwarmState

__all__ = ["swarm"]

MOST = 64  # futures
SINGLE = ("movie", "out", "checkpoint", "restart", "fork", "step", "seed", "threads")  # options that ask for single carriers


def swarm(
    bench: str | None = None,
    /,
    *,
    count: Whole | None = None,
    minutes: float | None = None,
    seed: Whole | None = None,
    gradient: float | None = None,
    step: float | None = None,
    crowding: bool | None = None,
    restart: Path | None = None,
    fork: Whole | None = None,
    out: Path | None = None,
    movie: Path | None = None,
    checkpoint: Path | None = None,
    frames: Whole = 120,
    sampled: Whole = 64,
    threads: Whole | None = None,
    tier: Literal["auto", "particles", "density"] = "auto",
    json: Flag = False,
    csv: Flag = False,
    force: Flag = False,
) -> int:
    """Move a swarm of carriers through a passage, one by one, and say how deep they come.

    Prints quantiles of depth with 95 % intervals, what became of the carriers, and whether the books close.

    Parameters
    ----------
    bench
        A bench that ships with amelo (tubule, vital, plug, canal, slab, channel; common compares particles with densities), or a scene
        of your own (TOML). Left out with --restart.
    count
        Carriers, over those of the scene.
    minutes
        For how long, over the time of the scene; with --restart for how long from there, else to the end of the run.
    seed
        Stands for all that is random, 0 if not given: the same seed gives the same bits on any number of threads.
    gradient
        Of the magnet in T/m, over that of the scene; also of a run that goes on.
    step
        Seconds of a step, 0.1 µm of mean kick if not given; steps that are not stable are refused.
    crowding
        Whether carriers take up room (gel, jam and stop those behind).
    restart
        Go on from this checkpoint.
    fork
        So many futures: the first as the run itself goes on, the others with kicks of their own. Files get numbers.
    out
        Stream every frame to this folder, .zarr or .parquet.
    movie
        Write an animated .svg or .webp, or numbered frames .png.
    checkpoint
        Keep the whole state in this .npz file, which --restart goes on from after a crash, bit for bit.
    frames
        Times that are kept beside the start.
    sampled
        Carriers whose way is kept.
    threads
        Threads to use, all that pay if not given.
    tier
        particles, one by one; density, in milliseconds and without chance; or auto, which says what it chose and why. Whatever is asked of single
        carriers (--movie, --out, --checkpoint, --restart, --fork, --step, --seed) takes particles.
    json
        Print JSON, SI units.
    csv
        Print the quantiles as CSV.
    force
        Replace files that are there already.
    """
    form = one_format(json=json, csv=csv)
    if threads is not None and not 1 <= threads <= 1024:
        raise CommandError(f"--threads {threads} is out of range", why="allowed 1 to 1024")
    if bench == "common":
        return _common(count, 0 if seed is None else seed, form)
    if fork is not None and not 1 <= fork <= MOST:
        raise CommandError(f"--fork {fork} is out of range", why=f"allowed 1 to {MOST}")
    if movie is not None:
        from amelo.therapy.nano.swarm_movie import check_movie

        for i in range(fork or 1):
            check_movie(_numbered(movie, i, fork), force=force)
    single = (movie, out, checkpoint, restart, fork, step, seed, threads)
    if not any(option is not None for option in single) or tier == "density":
        if tier == "density" and (given := next((n for n, o in zip(SINGLE, single, strict=True) if o is not None), "")):
            raise CommandError(f"--{given} cannot be used with --tier density", why="a density knows no single carriers")
        if bench is not None and _by_density(bench, count, minutes, gradient, crowding, tier, form):
            return 0
    state = _restarted(bench, restart, count, seed, crowding, minutes, gradient, step, frames) if restart else None
    if state is None:
        state = _begun(bench, count, minutes, seed, gradient, step, crowding, frames, sampled)
    results = []
    with progress_bar("moving carriers") as on_progress:
        for i, future in enumerate(state.fork(fork) if fork else [state]):
            files = {"out": _numbered(out, i, fork), "checkpoint": _numbered(checkpoint, i, fork)}
            try:
                results.append(future.run(on_progress=on_progress, threads=threads, force=force, **files))
            except KeyboardInterrupt:
                kept = files["checkpoint"]
                if kept is not None and kept.exists():
                    raise KeyboardInterrupt(f"'amelo swarm --restart {kept}' goes on") from None
                raise
    remember_citations(
        "amelo swarm", sorted({key for p in state.swarm.carrier.parameters for key in p.source.split()} | {"haberman1958"})
    )
    _print(results, form)
    if movie is not None:
        from amelo.therapy.nano.swarm_movie import write_movie

        for i, result in enumerate(results):
            written = write_movie(result, _numbered(movie, i, fork), force=force)
            print(f"movie written to {written[0]}" + (f" to {written[-1].name}" if len(written) > 1 else ""), file=sys.stderr)
    for result in results:
        if result.out is not None:
            print(f"every frame written to {result.out}", file=sys.stderr)
    return 0


def _by_density(bench, count, minutes, gradient, crowding, tier, form) -> bool:
    """Answer by the density of carriers when that is chosen or forced, and say why; return whether it was."""
    from amelo.therapy.nano.scenes import open_scene
    from amelo.therapy.nano.swarm_density import SHARES, followed, tier_for

    scene = open_scene(bench).changed(count=count, time=_seconds(minutes), gradient=gradient, crowding=crowding)
    chosen, reason = tier_for(scene.swarm, forced="" if tier == "auto" else tier)
    print(f"tier: {reason}", file=sys.stderr)
    if chosen != "density":
        return False
    with working("following the density of carriers"):
        found = followed(scene.swarm, scene.time)
    carrier = scene.swarm.carrier
    remember_citations("amelo swarm", sorted({key for p in carrier.parameters for key in p.source.split()} | {"haberman1958"}))
    rows = [{"share": share, "depth_um": depth * 1e6} for share, depth in zip(SHARES, found.depths, strict=True)]
    if form == "json":
        print_json(
            {"tier": "density", "reason": reason, "time": found.time, "quantiles": rows, "totals": found.totals}
            | {"released": found.released, "imbalance": list(found.imbalance)}
        )
    elif form == "csv":
        print_csv(rows)
    else:
        count = scene.swarm.count * scene.swarm.weight
        print(
            f"{count:g} carriers of {carrier.name} at {scene.swarm.field.gradient:g} T/m, {found.time / 60.0:g} min, by their density"
        )
        print_table(("carriers above", "depth [µm]"), [(f"{r['share']:.0%}", f"{r['depth_um']:.1f}") for r in rows])
        totals = ", ".join(f"{value:.4g} {name}" for name, value in found.totals.items() if value)
        print(f"{totals}; {found.released:.1%} of the payload released; books close to {max(found.imbalance):.1e}")
        print("'amelo cite' lists the references; in-silico research, not a medical device")
    return True


def _numbered(path: Path | None, number: int, futures: int | None) -> Path | None:
    """Return the place of a future, numbered when there are several."""
    return path if path is None or not futures or futures == 1 else path.with_stem(f"{path.stem}-{number + 1}")


def _seconds(minutes: float | None) -> float | None:
    if minutes is not None and not 0.0 < minutes < 1e6:
        raise CommandError(f"--minutes {minutes:g} is out of range", why="allowed above 0 and below 1e6")
    return None if minutes is None else 60.0 * minutes


def _begun(bench, count, minutes, seed, gradient, step, crowding, frames, sampled) -> SwarmState:
    from amelo.therapy.nano.scenes import bench_names, open_scene

    if bench is None:
        raise CommandError("no bench is given", fix="use one of " + ", ".join(bench_names()) + ", or a scene in TOML")
    scene = open_scene(bench).changed(count=count, time=_seconds(minutes), gradient=gradient, crowding=crowding)
    return scene.swarm.begin(seed or 0, scene.time, step=step, frames=frames, sampled=sampled)


def _restarted(bench, restart, count, seed, crowding, minutes, gradient, step, frames) -> SwarmState:
    from dataclasses import replace

    from amelo.therapy.nano.swarm_state import SwarmState

    given = {"a bench": bench, "--count": count, "--seed": seed, "--crowding": crowding}
    for name, value in given.items():
        if value is not None:
            raise CommandError(f"{name} cannot be used with --restart", why="the checkpoint holds it")
    state = SwarmState.restart(restart)
    if gradient is not None:
        (state,) = state.fork(fields=[replace(state.swarm.field, gradient=gradient)])
    if minutes is not None:
        return state.prolonged(_seconds(minutes), step=step, frames=frames)
    if step is not None:
        raise CommandError("--step cannot be used with --restart alone", fix="say with --minutes for how long to go on")
    if state.finished:
        raise CommandError(f"the run of {restart} is at its end", fix="say with --minutes for how long to go on")
    return state


def _common(count: int | None, seed: int, form: str) -> int:
    """Run the common benchmark by particles and by densities."""
    from amelo.therapy.nano.common import CommonTask, by_densities, by_particles

    task = CommonTask() if count is None else CommonTask(count=count)
    found = {"particles": by_particles(task, seed), "densities": by_densities(task)}
    rows = [{"by": name, "deposited": r.share, "mean_z": r.mean_z, "ledger_error": r.error} for name, r in found.items()]
    difference = found["particles"].share / found["densities"].share - 1.0
    if form == "json":
        print_json({"count": task.count, "steps": task.steps, "found": rows, "difference": difference})
    elif form == "csv":
        print_csv(rows)
    else:
        cells = [(r["by"], f"{r['deposited']:.5f}", f"{r['mean_z']:.3f}", f"{r['ledger_error']:.1e}") for r in rows]
        print_table(("common benchmark", "share deposited", "mean z [cells]", "ledger"), cells)
        print(f"particles are {difference:+.2%} off densities; {task.count:,} carriers, {task.steps} steps")
    return 0


def _rows(results: Sequence[SwarmResult]) -> list[dict[str, Any]]:
    return [
        {"future": i + 1, "share": q.share, "depth_um": q.depth * 1e6, "low_um": q.low * 1e6, "high_um": q.high * 1e6}
        for i, result in enumerate(results)
        for q in result.quantiles()
    ]


def _print(results: Sequence[SwarmResult], form: str) -> None:
    if form == "json":
        found = [result.to_dict() for result in results]
        print_json(found[0] if len(found) == 1 else {"futures": found})
        return
    if form == "csv":
        print_csv(_rows(results))
        return
    for i, result in enumerate(results):
        plan, made = result.state.plan, result.state.swarm
        head = f"future {i + 1}: " if len(results) > 1 else ""
        weight = f", each for {made.weight:g}" if made.weight != 1.0 else ""
        print(
            f"{head}{made.count:,} carriers of {made.carrier.name}{weight} at {made.field.gradient:g} T/m, {result.state.time / 60.0:g} min, "
            f"{result.state.taken:,} steps, now of {plan.step:.3g} s"
        )
        rows = [(f"{q.share:.0%}", f"{q.depth * 1e6:.1f}", f"{q.low * 1e6:.1f} to {q.high * 1e6:.1f}") for q in result.quantiles()]
        print_table(("carriers above", "depth [µm]", "95 % interval"), rows)
        totals = ", ".join(f"{value:g} {name}" for name, value in result.totals().items() if value)
        errors = ", ".join(f"{name.replace('_', ' ')} {book['error']:.1e}" for name, book in result.ledger().items())
        released = result.ledger()["payload"]
        share = f"; {released['released'] / released['started']:.1%} of the payload released" if released["started"] else ""
        print(f"{totals}{share}; books close to: {errors}")
    print("'amelo cite' lists the references; in-silico research, not a medical device")
