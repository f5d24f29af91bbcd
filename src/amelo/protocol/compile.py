"""From a protocol to the schedule that the twin is solved with.

Laboratory steps become one segment each, and a repeat of them a :class:`Repeat`, so that the solver sees what repeats.  The mouth
remembers: what was eaten before a repeat, and in the pass before, is still there.  A repeat of mouth steps is therefore worked out
pass by pass, each from the state the last one left, until a pass leaves the mouth as it found it; the passes before it are written out
and the rest is a Repeat of that one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np

from amelo.errors import RecordError
from amelo.protocol.baths import Balanced, balanced
from amelo.protocol.column_steps import any_change, on_column
from amelo.protocol.mouthfuls import any_mouth, expanded, mouthfuls
from amelo.protocol.nano_steps import NanoStep
from amelo.protocol.steps import Bath, Day, DayOfCase, Repeat, Slurry
from amelo.protocol.text import line
from amelo.protocol.tooth_steps import ToothStep
from amelo.protocol.visits import any_nano, visited
from amelo.records.case import Case
from amelo.twin.schedule import Exposure, Schedule, Segment
from amelo.twin.schedule import Repeat as Repeated

if TYPE_CHECKING:
    from amelo.protocol.record import Protocol
    from amelo.twin.mouth import Division, Mouthful, SalivaProfile

__all__ = ["SAME", "Mouths", "Stretch", "baths_of", "change_of_column", "compiled", "laboratory_steps", "mouths_of"]

SAME = 1e-3  # relative change of a mouth over one pass that counts as none; other passes would differ by less than this
NOTHING = 1e-9  # mol or mol/m3, below which a change is noise
MOST_PASSES = 60  # of a repeat in the mouth; fluoride in its tissues is steady within days
MOST_VISITS = 1_000  # in a repeat
MOST_SEGMENTS = 2_000_000  # of a schedule that is written out

Path = tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Stretch:
    """Mouth steps that follow each other, as they were worked out once.

    Fields: paths and taken (one a step); rested (whether they began in a mouth at rest, else where the stretch before ended); division; segments.
    """

    paths: tuple[Path, ...]
    taken: tuple[Mouthful, ...]
    rested: bool
    division: Division
    segments: tuple[Segment, ...]


@dataclass(frozen=True, eq=False)
class Mouths:
    """What happened in a mouth: its stretches in the order of the schedule; how many passes of each repeat were written out; saliva (None where there are no stretches)."""

    stretches: tuple[Stretch, ...]
    passes: tuple[int, ...]
    saliva: SalivaProfile | None


def compiled(protocol: Protocol, case: Case | None = None, like: Mouths | None = None) -> Schedule:
    """Return the schedule of a protocol.

    Arguments: protocol; case (whose mouth it is; None for a typical one); like (what happened in the mouth under a protocol of the same steps that differs by a little:
    its schedule is cut in the same way, so that the two compare number by number).
    Raises: RecordError with the place of a bath that cannot be closed, a day that cannot be filled, a case that is missing, or a step
    that needs the whole tooth.
    Assumptions: a specimen that comes from the laboratory enters a mouth at rest; laboratory baths are stirred unless they have a film.
    """
    return _Compiler(protocol, case, like).parts(protocol.steps, ())


def mouths_of(protocol: Protocol, case: Case | None = None) -> tuple[Schedule, Mouths]:
    """Return the schedule of a protocol as :func:`compiled` does, and what happened in the mouth."""
    worked = _Compiler(protocol, case, None)
    schedule = worked.parts(protocol.steps, ())
    return schedule, Mouths(tuple(worked.stretches), tuple(worked.written_out), worked.saliva)


def baths_of(protocol: Protocol) -> dict[Path, Balanced]:
    """Return every laboratory bath, its charge closed, by the path of its step."""
    found = list(laboratory_steps(protocol.steps))
    places = [protocol.place(path) for path, _ in found]
    steps = [step for _, step in found]
    if not steps:
        return {}
    return dict(zip([path for path, _ in found], balanced(steps, [line(step) for step in steps], places), strict=True))


def laboratory_steps(steps: Sequence[Any], path: Path = ()) -> Iterator[tuple[Path, Bath | Slurry]]:
    """Yield every laboratory step with its path, in the order of the text."""
    for i, step in enumerate(steps):
        if isinstance(step, Repeat | Day):
            yield from laboratory_steps(step.steps, (*path, i))
        elif isinstance(step, Bath | Slurry):
            yield (*path, i), step


def change_of_column(step: Any, place: str) -> Schedule:
    """Return what a step of the whole tooth is to the column of a lesion, as changes of it.

    Arguments: step; place (where it stands, for messages).
    Raises: RecordError for what needs a cavity, a restoration or a pulp, which the column does not have, and for the peptide, of which nobody
    measured what it does inside a lesion.
    """
    made = on_column(step)
    if made is not None:
        return (made,)
    if step.kind == "peptide":
        why, fix = (
            "nobody measured what it does inside a lesion",
            "leave it out; on a whole tooth it acts by the effect of its trials",
        )
        raise RecordError(f"'{line(step)}' cannot be done to the column of a lesion", where=place, why=why, fix=fix)
    why = "the column of a lesion has no cavity, no restoration and no pulp"
    fix = "name a tooth of a case and leave out --surface (surface= in Python)"
    raise RecordError(f"'{line(step)}' needs the whole tooth", where=place, why=why, fix=fix)


class _Compiler:
    """Walks the steps with the state of the mouth in hand; None is a mouth at rest."""

    def __init__(self, protocol: Protocol, case: Case | None, like: Mouths | None) -> None:
        self.protocol, self.case, self.like = protocol, case, like
        self.stretches: list[Stretch] = []
        self.written_out: list[int] = []
        self.baths = baths_of(protocol)
        self.state: Any = None
        self.saliva: Any = None
        self.count = 0

    def parts(self, steps: Sequence[Any], path: Path) -> Schedule:
        """Return the parts of a block, runs of mouth steps taken together."""
        out: list[Any] = []
        run: list[tuple[Path, Any]] = []
        acts: list[tuple[Any, Segment]] = []
        for i, step in enumerate(steps):
            here = (*path, i)
            if isinstance(step, NanoStep):
                out += self.mouth(run)
                acts.append((step, self.bath(step, here)))
                run, self.state = [], None
                continue
            if isinstance(step, ToothStep):
                changed = change_of_column(step, self.protocol.place(here))
                out += [*visited(acts), *self.mouth(run), *changed]
                acts, run = [], []
                continue
            out += visited(acts)
            acts = []
            if isinstance(step, Repeat | Day | DayOfCase):
                out += self.mouth(run)
                out += self.block(step, here)
                run = []
            elif isinstance(step, Bath | Slurry):
                out += self.mouth(run)
                out.append(self.bath(step, here))
                run, self.state = [], None
            else:
                run.append((here, step))
        return (*out, *visited(acts), *self.mouth(run))

    def block(self, step: Any, path: Path) -> Schedule:
        if not isinstance(step, Repeat):
            return self.parts(expanded(step, self.case, self.protocol.place(path)), path)
        if any_change(step):
            return self.written(step, path)
        if not any_mouth(step):
            return (Repeated(step.count, self.parts(step.steps, path)),)
        return self.passes(step, path)

    def written(self, step: Repeat, path: Path) -> Schedule:
        """Return a repeat written out, because what carriers and steps do to the tooth is done in every pass.

        Raises: RecordError for one of too many passes.
        """
        if step.count > MOST_VISITS:
            what = (
                f"carriers are brought {step.count} times"
                if any_nano(step)
                else f"the steps on the tooth are done {step.count} times"
            )
            raise RecordError(what, where=self.protocol.place(path), why=f"allowed up to {MOST_VISITS} times in a repeat")
        return tuple(part for _ in range(step.count) for part in self.parts(step.steps, path))

    def passes(self, step: Repeat, path: Path) -> Schedule:
        """Return a repeat in the mouth, worked out pass by pass until one equals the one before."""
        written: list[Segment | Repeated] = []
        place = len(self.written_out)
        self.written_out.append(step.count)
        for done in range(step.count):
            before = self.state
            now = self.parts(step.steps, path)
            if done == step.count - 1:
                return (*written, *now)
            if done == self.like.passes[place] if self.like else _alike(before, self.state) or done == MOST_PASSES:
                self.written_out[place] = done
                return (*written, Repeated(step.count - done, now))
            written += now
        return tuple(written)

    def bath(self, step: Bath | Slurry, path: Path) -> Segment:
        film = step.film if isinstance(step, Bath) else 0.0
        inhibitor = step.inhibitor if isinstance(step, Bath) else 0.0
        sugar = _hexose(step.sugar) if isinstance(step, Bath) else 0.0
        exposure = Exposure(fluid=self.baths[path].fluid, film=film, sugar=sugar, inhibitor=inhibitor)
        return Segment(step.duration, exposure, line(step))

    def mouth(self, run: Sequence[tuple[Path, Any]]) -> Schedule:
        """Return the segments of successive mouth steps, and keep the state that they leave."""
        if not run:
            return ()
        from amelo.twin.mouth import divided, mouth_course, saliva_profile, segments_of

        if self.saliva is None:
            self.saliva = saliva_profile(self.case)
        taken = mouthfuls(step for _, step in run)
        division = self.like.stretches[len(self.stretches)].division if self.like else None
        course = mouth_course(taken, self.saliva, start=self.state, division=division)
        division = division or divided(course, taken)
        segments = segments_of(course, taken, division)
        self.stretches.append(Stretch(tuple(path for path, _ in run), tuple(taken), self.state is None, division, segments))
        self.state = course.end
        self.count += len(segments)
        if self.count > MOST_SEGMENTS:
            raise RecordError(
                "the protocol is too long to be written out", why=f"allowed up to {MOST_SEGMENTS} segments", fix="use 'repeat'"
            )
        return segments


def _hexose(sugar: float) -> float:
    from amelo.params import load_set
    from amelo.units import molar_mass

    return sugar * load_set("habits").value("density.drink") * 2.0 / molar_mass("sucrose")


def _alike(first: Any, second: Any) -> bool:
    """Return whether two states of a mouth are the same to ``SAME``; None is a mouth at rest."""
    if first is None or second is None:
        return first is second
    pairs = [(getattr(first, part.name), getattr(second, part.name)) for part in fields(first)]
    return all(np.allclose(a, b, rtol=SAME, atol=NOTHING) for a, b in pairs)
