"""A trajectory: the saved states of a simulated tooth, what they mean, and where they come from.

It cannot be changed; what it holds is read through outcomes with units and intervals, xarray, plots and files.  A member without an
answer is left out and counted in words.  When fewer than half of the members have one, nothing is read unless it is asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from amelo.errors import InputError, SolveError, nearest
from amelo.twin.accuracy import beyond_accuracy, final_loss
from amelo.twin.layout import check_run, read_only, same_run
from amelo.twin.measures import INTERVAL, MEASURES, Measure, Outcome, measure_run, summarise, tissue_of
from amelo.twin.outcomes import phase_amounts, value_at
from amelo.twin.provenance import Provenance
from amelo.twin.run import Run, RunStatus

if TYPE_CHECKING:
    import xarray
    from matplotlib.figure import Figure

    from amelo.cite.references import Reference

__all__ = ["PROFILES", "Trajectory"]

HOUR = 3600.0
MICROMETRES = 1e6
ROUNDING = 1e-6  # µm by which a depth may miss the last face, whose place is a sum of widths
DOCKED = ": carriers docked"  # in the name of a book that every visit with carriers keeps
MINERAL_ERROR = 1e8  # vol%·µm per metre of solid mineral
NAMED = 12  # members that a sentence names before it says "and others"
PROFILES = ("mineral", "porosity", "ph", "ionic_strength", "collagen")


@dataclass(frozen=True, eq=False, repr=False)
class Trajectory:
    """Saved states of an ensemble with provenance.

    Fields: run (SI arrays that cannot be written to); provenance; finished (False when read from a store whose run was cut short).
    """

    run: Run
    provenance: Provenance
    finished: bool = True

    def __post_init__(self) -> None:
        """Check that the arrays fit together, and lock them."""
        check_run(self.run)
        if len(self.run.time) == 0 or len(self.run.status) == 0:
            raise InputError("a trajectory needs at least one saved time and one member")
        object.__setattr__(self, "run", read_only(self.run))

    @classmethod
    def of(cls, run: Run, *, specimen_name: str, protocol_text: str = "", specimen_text: str = "", **origin: object) -> Trajectory:
        """Return the trajectory of a run.

        Arguments: run; specimen_name; protocol_text; specimen_text (TOML of the specimen, or the reference of a case); the other
        arguments of :meth:`Provenance.of`: seed, parameters, citations, options, assumptions, wall_time [s], created.
        Raises: InputError when the arrays of the run do not fit together.
        """
        return cls(run, Provenance.of(specimen_name, specimen=specimen_text, protocol=protocol_text, **origin))

    @classmethod
    def load(cls, path: str | Path) -> Trajectory:
        """Return the trajectory in a ``.zarr`` folder or ``.nc`` file; of an unfinished store, what is complete.

        Raises: FileError or FormatError in one sentence when there is none.
        """
        from amelo.twin.files import load_trajectory

        return cls(*load_trajectory(Path(path)))

    def save(self, path: str | Path, *, force: bool = False) -> Path:
        """Write everything to ``path``, a ``.zarr`` folder or ``.nc`` file, and return it.

        Arguments: path; force (replace an earlier result).
        Raises: FileError when the place is taken or cannot be written; nothing that was there is lost then.
        """
        from amelo.twin.files import save_trajectory

        return save_trajectory(self, Path(path), force=force)

    @property
    def members(self) -> int:
        """Return the number of members of the ensemble."""
        return len(self.run.status)

    @property
    def hours(self) -> np.ndarray:
        """Return the saved times (T,) [h]."""
        return self.run.time / HOUR

    @property
    def depth(self) -> np.ndarray:
        """Return the depth of the cell centres (N,) [µm], negative in a biofilm."""
        return MICROMETRES * 0.5 * (self.run.edges[:-1] + self.run.edges[1:])

    @property
    def tissue(self) -> slice:
        """Return the cells that are tissue."""
        return tissue_of(self.run)

    @cached_property
    def solved(self) -> np.ndarray:
        """Return which members (M,) have an answer: status ok, and numbers everywhere."""
        numbers = [np.isfinite(f).reshape(self.members, -1).all(axis=1) for f in (self.run.mineral, self.run.ph, self.run.totals)]
        return (np.asarray(self.run.status) == RunStatus.OK) & np.logical_and.reduce(numbers)

    @property
    def status(self) -> RunStatus:
        """Return OK when every member is solved, else the commonest reason why not."""
        bad = np.asarray(self.run.status)[~self.solved]
        bad = bad[bad != RunStatus.OK]
        if len(bad):
            return RunStatus(int(np.bincount(bad).argmax()))
        return RunStatus.OK if self.solved.all() else RunStatus.NOT_CONVERGED

    @property
    def usable(self) -> bool:
        """Whether at least half of the members have an answer."""
        return bool(2 * self.solved.sum() >= self.members)

    @property
    def verdict(self) -> str:
        """Return how it ended in one sentence: solved, or how many members have no answer and why the first has none."""
        failed = np.flatnonzero(~self.solved)
        if len(failed) == 0:
            return RunStatus.OK.sentence
        if self.members == 1:
            return f"the run has no answer: {self._failure(0)}"
        kept = " and are left out" if self.usable else ""
        return f"{len(failed)} of {self.members} members have no answer{kept}; member {failed[0]}: {self._failure(int(failed[0]))}"

    @property
    def warnings(self) -> tuple[str, ...]:
        """Return what a reader must know: an unfinished run, members without an answer or beyond the accuracy, warnings of the solver."""
        words = []
        if not self.finished:
            words.append(
                f"the run was cut short: its first {len(self.hours)} saved times, up to {self.hours[-1]:g} h, are complete and shown"
            )
        if failed := int((~self.solved).sum()):
            first = int(np.flatnonzero(~self.solved)[0])
            words.append(
                f"{failed} of {self.members} members have no answer and are left out; member {first}: {self._failure(first)}"
            )
        if worse := self.in_error:
            tried = ", although every step was halved as often as amelo does" if self.finished else ""
            words.append(f"{worse}{tried}; read ΔZ with its error")
        return (*words, *self.run.warnings)

    @cached_property
    def inaccurate(self) -> np.ndarray:
        """Return which members (M,) have a greater error in time of ΔZ than the accuracy that was asked for."""
        accuracy = self.provenance.options.get("accuracy")
        return np.zeros(self.members, bool) if accuracy is None else beyond_accuracy(self.run, float(accuracy))

    @property
    def in_error(self) -> str:
        """Return how far ΔZ is beyond the accuracy that was asked for, and of whom, in one sentence; "" when it is not."""
        who = np.flatnonzero(self.inaccurate)
        if len(who) == 0:
            return ""
        errors, losses = MINERAL_ERROR * self.run.error[who], np.abs(MINERAL_ERROR * final_loss(self.run)[who])
        worst = int(np.argmax(errors))
        asked = f"more than the accuracy of {100 * float(self.provenance.options['accuracy']):g} % that was asked for"
        size = f"{errors[worst]:.2g} vol%·µm of {losses[worst]:.4g}"
        if self.members == 1:
            return f"the error in time of ΔZ is about {size}, {asked}"
        named = ", ".join(str(member) for member in who[:NAMED]) + (" and others" if len(who) > NAMED else "")
        return f"the error in time of ΔZ is {asked} in {len(who)} of {self.members} members ({named}), at most {size} in member {who[worst]}"

    def raise_if_bad(self) -> Trajectory:
        """Return the trajectory itself when it is usable.

        Raises: SolveError saying how many members have no answer, and why the first has none.
        """
        if not self.usable:
            raise SolveError(self.verdict, where=self.provenance.specimen_name, fix="allow_bad=True reads what there is")
        return self

    def outcomes(self, time: int = -1, *, allow_bad: bool = False) -> Mapping[str, Outcome]:
        """Return every outcome by name at one saved time: median, 5-95 % over solved members, unit.

        Arguments: time (index of a saved time, negative from the end); allow_bad (read members without an answer as well).
        Raises: SolveError when too few members are solved; InputError for a time that was not saved.
        """
        who, when = self._readable(allow_bad), self._index(time)
        return {name: summarise(measure, self._measures[name][who, when]) for name, measure in MEASURES.items()}

    def series(self, name: str, *, allow_bad: bool = False) -> np.ndarray:
        """Return median, 5 % and 95 % of an outcome at every saved time (3, T), in its unit.

        Raises: InputError for an unknown name, with the nearest one.
        """
        if name not in MEASURES:
            raise InputError(f"'{name}' is not an outcome", fix=nearest(name, MEASURES, limit=30))
        found = [summarise(MEASURES[name], column) for column in self._measures[name][self._readable(allow_bad)].T]
        return np.array([[f.value for f in found], [f.low for f in found], [f.high for f in found]])

    def profile(self, name: str = "mineral", time: int = -1, *, allow_bad: bool = False) -> np.ndarray:
        """Return median, 5 % and 95 % over members of a profile (3, N): ``mineral`` [vol%], ``ph`` and other fields as stored.

        Raises: InputError for an unknown name.
        """
        if name not in PROFILES:
            raise InputError(f"'{name}' is not a profile", fix=nearest(name, PROFILES))
        values = np.asarray(getattr(self.run, name))[self._readable(allow_bad), self._index(time)]
        values = 100.0 * values.sum(axis=1) if name == "mineral" else values
        return np.stack([np.median(values, axis=0), *np.percentile(values, INTERVAL, axis=0)])

    def phases(self, time: int = -1, *, allow_bad: bool = False) -> Mapping[str, Outcome]:
        """Return for each phase how much there is more than at the start [vol%·µm]."""
        change = self._phase_changes[self._readable(allow_bad), self._index(time)]
        label = "change of {} since the start"
        return {
            phase: summarise(
                Measure(f"phase_{phase}", phase, label.format(phase), "vol%·µm", "over the whole depth", ".1f"), change[:, i]
            )
            for i, phase in enumerate(self.run.phases)
        }

    @property
    def carriers(self) -> Mapping[str, str]:
        """Return which carriers the run has books of, with the name of the phase that their payload is, whether or not there is one."""
        owners = dict.fromkeys(name.partition(":")[0] for name in self.run.account_names if DOCKED in name)
        return {owner: owner.replace("-", "_").replace(".", "_") for owner in owners}

    def accounts(self, time: int = -1, *, allow_bad: bool = False) -> Mapping[str, Outcome]:
        """Return what changes of the tooth kept books of, such as carriers that docked, by ``whose: what``; nothing without changes.

        What carriers brought is also told as it is now: of their payload, what is left wherever it lies.
        """
        who, when = self._readable(allow_bad), self._index(time)
        found = {}
        for k, name in enumerate(self.run.account_names):
            found |= _account(name, self.run.accounts[who, when, k])
        widths = MICROMETRES * np.diff(self.run.edges)
        for owner, phase in self.carriers.items():
            if phase in self.run.phases:
                left = self.run.mineral[who, when, self.run.phases.index(phase)] @ widths
                found |= _account(f"{owner}: payload left [µm]", left)
        return found

    def books(self) -> Mapping[str, Mapping[str, Outcome]]:
        """Return the accounts at the end in two groups, "carriers" and "done to the specimen", without those that are empty."""
        told = self.accounts()
        carried = {name: outcome for name, outcome in told.items() if name.partition(":")[0] in self.carriers}
        done = {name: outcome for name, outcome in told.items() if name not in carried}
        return {head: group for head, group in (("carriers", carried), ("done to the specimen", done)) if group}

    def at_depth(self, depth: float, time: int = -1, *, allow_bad: bool = False) -> Mapping[str, Outcome]:
        """Return pH, saturation index of each phase and mineral at a depth [µm], linear between cell centres.

        Mineral at the surface is that of the outermost cell of tissue, not mixed with a biofilm; inside a biofilm there is none.
        Raises: InputError when the depth is outside the column.
        """
        low, high = MICROMETRES * self.run.edges[0], MICROMETRES * self.run.edges[-1]
        if not low - ROUNDING <= depth <= high + ROUNDING:
            raise InputError(f"the depth {depth:g} µm is outside the column", why=f"allowed {low:g} to {high:g} µm")
        who, when, place = self._readable(allow_bad), self._index(time), depth / MICROMETRES
        rows = {"ph": (Measure("ph", "pH", "pH", "pH", "pore fluid", ".2f"), self.run.ph[who, when])}
        for i, phase in enumerate(self.run.phases):
            kind = Measure(
                f"saturation_index_{phase}", f"SI {phase}", f"saturation index of {phase}", "", "log10 of IAP/Ksp", "+.2f"
            )
            rows[kind.name] = (kind, self.run.saturation_index[who, when, i])
        kind = Measure("mineral", "mineral", "mineral", "vol%", "volume fraction of tissue", ".1f")
        found = {name: summarise(measure, value_at(values, self.run.edges, place)) for name, (measure, values) in rows.items()}
        mineral, cells = 100.0 * self.run.mineral[who, when].sum(axis=1)[:, self.tissue], self.run.edges[self.tissue.start :]
        there = value_at(mineral, cells, place) if depth >= 0.0 else np.zeros(len(mineral))
        return found | {"mineral": summarise(kind, there)}

    def balance_errors(self, *, allow_bad: bool = False) -> Mapping[str, float]:
        """Return for each component the greatest relative imbalance over all times and solved members."""
        worst = np.abs(self.run.balance[self._readable(allow_bad)]).max(axis=(0, 1))
        return {name: float(value) for name, value in zip(self.run.components, worst, strict=True)}

    @property
    def error_estimate(self) -> float:
        """Return the greatest numerical error of ΔZ over solved members [vol%·µm], nan when none was estimated."""
        known = self.run.error[self.solved & np.isfinite(self.run.error)]
        return MINERAL_ERROR * float(known.max()) if len(known) else float("nan")

    @property
    def references(self) -> list[Reference]:
        """Return the references behind the result."""
        from amelo.cite.references import references

        return references(self.provenance.citations)

    def to_xarray(self, *, allow_bad: bool = False) -> xarray.Dataset:
        """Return all fields and outcomes as a labelled dataset: time [h], depth [µm], units and words in the attributes.

        Raises: SolveError when too few members are solved.
        """
        from amelo.twin.files import dataset_of

        self._readable(allow_bad)
        return dataset_of(self)

    def plot(self, kind: str = "profiles", *, allow_bad: bool = False) -> Figure:
        """Return a figure as microradiography papers have it.

        Arguments: kind ("profiles": mineral against depth at a handful of times, ΔZ and depth against time, pH against depth;
        "phases", "ph" and "balance" one of these in detail; "carriers": what carriers brought and what is left of it); allow_bad.
        Raises: InputError for another kind.
        """
        from amelo.twin.figures import draw

        self._readable(allow_bad)
        return draw(self, kind)

    def __repr__(self) -> str:
        """Return what it is and what came out, in two lines."""
        from amelo.twin.show import in_words

        return in_words(self)

    def _repr_html_(self) -> str:
        from amelo.twin.show import as_html

        return as_html(self)

    def __eq__(self, other: object) -> bool:
        """Whether every number and all of the provenance agree."""
        if not isinstance(other, Trajectory):
            return NotImplemented
        return self.finished == other.finished and self.provenance == other.provenance and same_run(self.run, other.run)

    __hash__ = None

    @cached_property
    def _measures(self) -> dict[str, np.ndarray]:
        return measure_run(self.run)

    @cached_property
    def _phase_changes(self) -> np.ndarray:
        """Content of each phase (M, T, P) less that at the start [vol%·µm]."""
        amounts = phase_amounts(self.run.mineral[..., self.tissue], self.run.edges[self.tissue.start :])
        return amounts - amounts[:, :1]

    def _failure(self, member: int) -> str:
        status = RunStatus(int(self.run.status[member]))
        if status == RunStatus.OK:
            return "its fields hold what is not a number; report the run"
        return self.run.failure[member] or status.sentence

    def _readable(self, allow_bad: bool) -> np.ndarray:
        """Return the members to read (M,): the solved ones, or with ``allow_bad`` all when too few are solved."""
        if allow_bad and not self.usable:
            return np.ones(self.members, dtype=bool)
        self.raise_if_bad()
        return self.solved

    def _index(self, time: int) -> int:
        count = len(self.run.time)
        if isinstance(time, bool) or not isinstance(time, int | np.integer) or not -count <= time < count:
            raise InputError(f"{time!r} is not the index of a saved time", why=f"allowed {-count} to {count - 1}")
        return int(time) % count


def _account(name: str, values: np.ndarray) -> dict[str, Outcome]:
    """Return the outcome of a book called ``whose: what [unit]``."""
    words, _, unit = name.rstrip("]").partition(" [")
    return {words: summarise(Measure(words, "", words, unit, "kept by changes of the tooth", ".4g"), values)}
