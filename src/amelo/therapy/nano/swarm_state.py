"""All that a swarm is at one moment: what a run goes on from, bit for bit, and what several futures fork from."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, fields, replace
from math import ceil, isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from amelo.errors import FileError, FormatError, ParameterError
from amelo.params.load import Parameter
from amelo.therapy.nano import kicks
from amelo.therapy.nano.carrier import Carrier
from amelo.therapy.nano.field import Field
from amelo.therapy.nano.particles import POINTS, Particles, release
from amelo.therapy.nano.passage import Passage
from amelo.therapy.nano.swarm import MOST, Swarm, checked_key

if TYPE_CHECKING:
    from amelo.therapy.nano.swarm_result import SwarmResult

__all__ = ["FORMAT", "History", "Plan", "SwarmState", "begun", "checkpoint_path", "planned"]

FORMAT = "amelo-swarm-1"
FRAMES = 10_000  # at most
LOOKS_OF_GELATION = 10  # times that crowding is looked at within the time that a gel takes
LOOK = 1.0  # s, the longest time between two looks


@dataclass(frozen=True)
class Plan:
    """How the time of a run is cut: step [s]; steps in a look; looks in a frame; frames; start [s]; and the looks that are done."""

    step: float
    steps: int
    looks: int
    frames: int
    start: float
    done: int = 0

    @property
    def total(self) -> int:
        """Looks of the whole run."""
        return self.looks * self.frames

    @property
    def time(self) -> float:
        """Time now [s]."""
        return self.start + self.done * self.steps * self.step

    @property
    def end(self) -> float:
        """Time at the end [s]."""
        return self.start + self.total * self.steps * self.step


@dataclass(eq=False)
class History:
    """What is kept of every frame (F): times [s], carriers free, stuck and plugged in the cells (F, 3, N), carriers by mode (F, 5), payload
    released in the passage since the start [m3], peak volume fraction; and depth [m] and mode of the sampled carriers (F, S)."""

    time: np.ndarray
    carriers: np.ndarray
    totals: np.ndarray
    released: np.ndarray
    crowded: np.ndarray
    depth: np.ndarray
    mode: np.ndarray
    sampled: np.ndarray

    @classmethod
    def empty(cls, frames: int, cells: int, sampled: np.ndarray) -> History:
        """Return a history without anything in it."""
        f, s = frames + 1, len(sampled)
        return cls(
            np.full(f, np.nan),
            np.zeros((f, 3, cells)),
            np.zeros((f, 5)),
            np.zeros(f),
            np.zeros(f),
            np.full((f, s), np.nan),
            np.full((f, s), -1, np.int8),
            sampled,
        )

    def copy(self) -> History:
        """Return the same history in arrays of its own."""
        return History(*(getattr(self, field.name).copy() for field in fields(self)))


@dataclass(eq=False)
class SwarmState:
    """A swarm at one moment.

    Fields: swarm; key; plan; taken (steps since the very start); particles; crowded, time (N,) [s] for which cells have been dense
    enough to gel; released, payload (N,) [m3] in the cells, and remainder, what rounding has left out of it; history.
    """

    swarm: Swarm
    key: int
    plan: Plan
    taken: int
    particles: Particles
    crowded: np.ndarray
    released: np.ndarray
    remainder: np.ndarray
    history: History

    @property
    def time(self) -> float:
        """Time since the start [s]."""
        return self.plan.time

    @property
    def finished(self) -> bool:
        """Whether its run is at its end."""
        return self.plan.done >= self.plan.total

    def run(
        self,
        duration: float | None = None,
        step: float | None = None,
        on_progress: Callable[[float, str], None] | None = None,
        out: str | Path | None = None,
        *,
        frames: int = 120,
        checkpoint: str | Path | None = None,
        threads: int | None = None,
        force: bool = False,
    ) -> SwarmResult:
        """Go on, on a copy: to the end of the run that was begun, or for a time [s] from now; see ``Swarm.run``.

        Raises: ParameterError when the run is at its end and no duration is given.
        """
        from amelo.therapy.nano.swarm_run import march

        if duration is None and self.finished:
            raise ParameterError(f"the run is at its end, {self.time:g} s", fix="say for how long it is to go on")
        state = self.copy() if duration is None else self.prolonged(duration, step=step, frames=frames)
        return march(state, on_progress=on_progress, out=out, checkpoint=checkpoint, threads=threads, force=force)

    def copy(self) -> SwarmState:
        """Return the same state in arrays of its own."""
        return replace(
            self,
            particles=self.particles.copy(),
            crowded=self.crowded.copy(),
            released=self.released.copy(),
            remainder=self.remainder.copy(),
            history=self.history.copy(),
        )

    def prolonged(self, duration: float, *, step: float | None = None, frames: int = 120) -> SwarmState:
        """Return a copy whose run goes on for a duration [s] from now, with a new history."""
        plan = planned(self.swarm, duration, step=step, frames=frames, start=self.time)
        history = History.empty(plan.frames, len(self.crowded), self.history.sampled.copy())
        return replace(self.copy(), plan=plan, history=history)

    def fork(
        self, number: int | None = None, *, keys: Sequence[int] | None = None, fields: Sequence[Field] | None = None
    ) -> list[SwarmState]:
        """Return several futures of this moment.

        Arguments: number of futures (None: as many as there are keys or fields); keys (None: the first goes on as the run itself, the others
        have keys of their own; with fields, all go on with the same kicks, so that they differ by the field alone); fields (None: as it is).
        Raises: ParameterError when the numbers do not agree.
        """
        counts = {len(given) for given in (keys, fields) if given is not None} | ({number} if number is not None else set())
        if len(counts) != 1 or min(counts) < 1:
            raise ParameterError("a fork needs one number of futures, 1 or more", fix="give as many keys and fields as futures")
        count = counts.pop()
        if keys is None:
            keys = [kicks.fork_key(self.key, 0 if fields is not None else i) for i in range(count)]
        futures = []
        for i in range(count):
            future = replace(self.copy(), key=checked_key(keys[i]))
            if fields is not None:
                future.swarm = self.swarm.changed(field=fields[i])
                if not future.finished:
                    future.swarm.step(future.plan.step)  # refuses a step that the new field does not allow
            futures.append(future)
        return futures

    def checkpoint(self, path: str | Path) -> Path:
        """Write the state to an ``.npz`` file, beside its place and then in it, so that it is never half, and return the path.

        Raises: FileError when it cannot be written.
        """
        path = checkpoint_path(path)
        swarm = self.swarm
        about = {
            "format": FORMAT,
            "key": self.key,
            "taken": self.taken,
            "plan": asdict(self.plan),
            "carrier": {f.name: getattr(swarm.carrier, f.name) for f in fields(Carrier) if f.name != "parameters"},
            "parameters": [p.to_dict() for p in swarm.carrier.parameters],
            "field": asdict(swarm.field),
            "passage": {"far": swarm.passage.far, "temperature": swarm.passage.temperature, "density": swarm.passage.density},
            "swarm": {name: getattr(swarm, name) for name in ("count", "weight", "release", "mouth", "crowding", "sizes")},
        }
        arrays = {
            f"passage.{name}": getattr(swarm.passage, name) for name in ("edges", "width", "outflow", "concentration_gradient")
        }
        arrays |= {"swarm.ph": swarm.ph, "swarm.saturation": swarm.saturation, "crowded": self.crowded}
        arrays |= {"released": self.released, "remainder": self.remainder}
        for name in ("particles", "history"):
            held = getattr(self, name)
            arrays |= {f"{name}.{f.name}": getattr(held, f.name) for f in fields(held)}
        beside = path.with_name(f".{path.name}.part")
        try:
            with beside.open("wb") as file:
                np.savez(file, about=np.array(json.dumps(about)), **{name: np.asarray(a) for name, a in arrays.items()})
                file.flush()
                os.fsync(file.fileno())
            beside.replace(path)
        except OSError as error:
            beside.unlink(missing_ok=True)
            raise FileError(f"{path} cannot be written", why=error.strerror or str(error)) from None
        return path

    @classmethod
    def restart(cls, path: str | Path) -> SwarmState:
        """Return the state that ``checkpoint`` wrote.

        Raises: FileError when there is none; FormatError when it is no checkpoint of a swarm.
        """
        path = Path(path)
        if not path.is_file():
            raise FileError(f"{path} cannot be read", why="there is no such file")
        try:
            with np.load(path, allow_pickle=False) as file:
                data = {name: file[name] for name in file.files}
            about = json.loads(str(data["about"]))
            if about["format"] != FORMAT:
                raise FormatError(f"has the format {about['format']}", where=str(path), why=f"this amelo reads {FORMAT}")
            return _restored(about, data)
        except FormatError:
            raise
        except Exception as error:  # whatever a foreign file makes a reader stumble over
            raise FormatError("is no checkpoint of a swarm", where=str(path), why=type(error).__name__) from None


def _restored(about: dict[str, Any], data: dict[str, np.ndarray]) -> SwarmState:
    def plain(name: str) -> Any:
        return data[name] if data[name].ndim else float(data[name])

    parameters = tuple(Parameter(**entry) for entry in about["parameters"])
    carrier = Carrier(**about["carrier"], parameters=parameters)
    arrays = {name: plain(f"passage.{name}") for name in ("edges", "width", "outflow", "concentration_gradient")}
    passage = Passage(**arrays, **about["passage"])
    settings = about["swarm"] | {"release": tuple(about["swarm"]["release"])}
    swarm = Swarm(passage, carrier, Field(**about["field"]), **settings, ph=plain("swarm.ph"), saturation=plain("swarm.saturation"))
    particles = Particles(**{f.name: data[f"particles.{f.name}"] for f in fields(Particles)})
    history = History(**{f.name: data[f"history.{f.name}"] for f in fields(History)})
    return SwarmState(
        swarm,
        about["key"],
        Plan(**about["plan"]),
        about["taken"],
        particles,
        *(data[name] for name in ("crowded", "released", "remainder")),
        history,
    )


def checkpoint_path(path: str | Path) -> Path:
    """Return the place of a checkpoint, refused when nothing could be written there."""
    path = Path(path)
    if path.suffix.lower() != ".npz":
        raise FileError(f"{path} is no place for a checkpoint", fix="name a file that ends in .npz")
    if not path.parent.is_dir():
        raise FileError(f"{path} cannot be written", why=f"there is no folder {path.parent}")
    if path.is_dir():
        raise FileError(f"{path} cannot be written", why="it is a folder")
    return path


def planned(swarm: Swarm, duration: float, *, step: float | None, frames: int, start: float = 0.0) -> Plan:
    """Return how a duration [s] is cut into frames, looks and steps, all of them equal, steps no longer than asked for."""
    if not (isfinite(duration) and duration > 0.0):
        raise ParameterError(f"a duration of {duration:g} s is out of range", why="it is above 0")
    if not 1 <= frames <= FRAMES:
        raise ParameterError(f"{frames} frames are out of range", why=f"allowed 1 to {FRAMES:,}")
    longest = swarm.step(step)
    look = min(LOOK, swarm.carrier.gelation_time / LOOKS_OF_GELATION if swarm.crowding and swarm.carrier.gelation_time else LOOK)
    looks = max(1, ceil(duration / frames / look))
    steps = max(1, ceil(duration / frames / looks / longest * (1.0 - 1e-12)))
    if frames * looks * steps > MOST:
        what = f"{frames * looks * steps:.2g} steps are more than a run may have"
        raise ParameterError(
            what, why=f"allowed {MOST:,}; the longest stable step here is {swarm.longest_step():.2g} s", fix="say a longer step"
        )
    return Plan(duration / (frames * looks * steps), steps, looks, frames, start)


def begun(swarm: Swarm, key: int, duration: float, *, step: float | None, frames: int, sampled: int) -> SwarmState:
    """Return the state at the start of a run; see ``Swarm.begin``."""
    plan = planned(swarm, duration, step=step, frames=frames)
    if not 0 <= sampled <= 10_000:
        raise ParameterError(f"{sampled} sampled carriers are out of range", why="allowed 0 to 10,000")
    particles = release(swarm.count, key, weight=swarm.weight, between=swarm.release)
    classes = len(swarm.diameters)
    if classes > 1:
        words = kicks.word_of(particles.identity, kicks.step_words(key, 0, 1, kicks.EVENTS + 2)[0])
        particles.shelf[:] = (POINTS + 1) * (kicks.open_unit(words) * classes).astype(np.int32)
    cells = len(swarm.passage.edges) - 1
    chosen = (
        np.unique(np.linspace(0, swarm.count - 1, min(sampled, swarm.count)).astype(np.uint64))
        if sampled
        else np.zeros(0, np.uint64)
    )
    history = History.empty(plan.frames, cells, chosen)
    return SwarmState(swarm, key, plan, 0, particles, *np.zeros((3, cells)), history)
