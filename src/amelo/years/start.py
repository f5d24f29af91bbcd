"""The state of a tooth after treatment, as an ensemble of members, and what is done about it later."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from amelo.errors import ParameterError, nearest
from amelo.forecast.stages.chain import STAGES
from amelo.params import load_set
from amelo.records.teeth import is_primary, surfaces

__all__ = ["CAPS", "DIAGNOSES", "DIRECT", "INDIRECT", "SETTINGS", "Policy", "Start", "Surface"]

SETTINGS = ("practice", "trial")
DIRECT = ("composite", "amalgam", "glass_ionomer", "resin_modified", "calcium_silicate", "temporary")
INDIRECT = ("inlay", "gold", "crown_metal_ceramic", "crown_ceramic", "crown_zirconia", "veneer")
CAPS = ("calcium hydroxide", "calcium silicate", "pulpotomy")
DIAGNOSES = ("normal", "reversible pulpitis", "irreversible pulpitis", "necrosis")
FLAGS = ("elderly", "medical", "high_risk")
UNTOUCHED = np.inf  # m: nothing was cut near the pulp


def _spread(name: str, value: Any, count: int, low: float = 0.0, high: float = np.inf) -> np.ndarray:
    """Return a number or array as one float for each member, within its bounds."""
    given = np.asarray(value, float)
    if given.shape not in ((), (count,)):
        raise ParameterError(f"{name} has the shape {given.shape}", why=f"it is one number, or one for each of {count} members")
    if not ((given >= low) & (given <= high)).all():
        raise ParameterError(f"{name} is out of range", why=f"it lies between {low:g} and {high:g}")
    return np.broadcast_to(given, (count,)).copy()


@dataclass(frozen=True, eq=False)
class Surface:
    """A surface that may decay: letter; stage now, a name or a code of the natural history, one or for each member; activity, how fast
    it goes compared with the mouth of the natural history, 0 for arrested or sealed, from the twin where there is one.
    """

    letter: str
    stage: Any = "sound"
    activity: Any = 1.0

    def codes(self, count: int) -> np.ndarray:
        """Return the stages as codes (M,)."""
        names = np.asarray(self.stage)
        if names.dtype.kind in "US":
            for name in set(np.atleast_1d(names).tolist()) - set(STAGES):
                raise ParameterError(f"'{name}' is not a stage of a lesion", fix=nearest(name, STAGES))
            names = np.vectorize(STAGES.index)(names)
        found = _spread(f"the stage of {self.letter}", names, count)
        if ((found >= len(STAGES) - 1) | (found != np.floor(found))).any():
            raise ParameterError(
                f"surface {self.letter} has a lesion that reached the pulp, or a stage that is no code",
                why="a projection starts after treatment",
                fix="treat the lesion, and give what became of the pulp",
            )
        return found.astype(np.int64)


@dataclass(frozen=True)
class Policy:
    """What is done when something happens later: part of failing large fillings that get a crown, of lost pulps that are root-treated, of
    root treatments that are crowned at once, of lost teeth that become implants; wait [year] from a cavity to its filling; the stage from
    which lesions are filled; materials of the next filling and crown.  Without a number the set ``years`` gives it.
    """

    crown: float | None = None
    root_treatment: float | None = None
    crown_on_root: float | None = None
    implant: float | None = None
    wait: float | None = None
    filled_from: str = "D2"
    next_filling: str = "composite"
    next_crown: str = "crown_ceramic"

    def numbers(self) -> dict[str, float]:
        """Return the five numbers.

        Raises: ParameterError for a part outside 0 to 1, a wait that is not above 0, or an unknown stage or material.
        """
        found = {}
        for name in ("crown", "root_treatment", "crown_on_root", "implant", "wait"):
            given = getattr(self, name)
            found[name] = load_set("years").value(f"spiral.{name}") if given is None else float(given)
            fits = found[name] > 0.0 if name == "wait" else 0.0 <= found[name] <= 1.0
            if not (fits and np.isfinite(found[name])):
                raise ParameterError(
                    f"the policy {name} is {found[name]:g}",
                    why="a wait is above 0 years" if name == "wait" else "a part is from 0 to 1",
                )
        for word, known in ((self.filled_from, STAGES[1:-1]), (self.next_filling, DIRECT), (self.next_crown, INDIRECT)):
            if word not in known:
                raise ParameterError(f"'{word}' is not something a policy can name here", fix=nearest(word, known))
        return found


@dataclass(frozen=True, eq=False)
class Start:
    """One tooth after treatment, as M members; each field one number or one for each member (M,).

    Fields: members; age [year]; tooth (FDI); setting, ``practice`` or ``trial``; surfaces.
    Restoration: ``material`` as in the posterior of restorations, or "" for none; covers, number of its surfaces; restoration_age [year];
    bond, strength of the bond over an ordinary one; leak, of the margin over an ordinary one, 0 for a tight one; margin_activity, of the mouth
    at the margin over an ordinary one.
    Pulp: root_treated and root_age [year]; collapsed, the chance that the model of the first weeks leaves the pulp lost; damage [unit] at the
    end of those weeks; residual dentine [m] after deep excavation, infinite where nothing was cut near the pulp; exposed, and cap, what an
    exposure is covered with, or ``pulpotomy`` for all; carious_left, part of the floor that is carious, 0 to 1; diagnosis and pain at entry.
    Structure: strength over a sound tooth; load_exponent, by which fractures rise as strength falls (default: the set).
    Patient: periodontal; flags by name, of ``elderly`` (default: by age), ``medical``, ``high_risk``; loss_rate [1/year] for reasons other than
    caries, pulp and fracture (default: the set); caries_frailty and restoration_frailty, from the forecast of the patient's history
    (default: drawn from the population).
    Effects: names of published effects to be applied; carried, mechanisms that the twin's numbers here carry already.
    Raises: ParameterError for what cannot be.
    """

    members: int
    age: Any
    tooth: int
    setting: str = "practice"
    surfaces: tuple[Surface, ...] = ()
    material: str = ""
    covers: int = 2
    restoration_age: Any = 0.0
    bond: Any = 1.0
    leak: Any = 1.0
    margin_activity: Any = 1.0
    root_treated: Any = False
    root_age: Any = 0.0
    collapsed: Any = 0.0
    damage: Any = 0.0
    residual: Any = UNTOUCHED
    exposed: Any = False
    cap: str = ""
    carious_left: Any = 0.0
    diagnosis: str = "normal"
    pain: Any = False
    strength: Any = 1.0
    load_exponent: Any = None
    periodontal: Any = False
    flags: Mapping[str, Any] = field(default_factory=dict)
    loss_rate: Any = None
    caries_frailty: Any = None
    restoration_frailty: Any = None
    effects: tuple[str, ...] = ()
    carried: tuple[str, ...] = ()
    policy: Policy = field(default_factory=Policy)

    def __post_init__(self) -> None:
        """Make every field of numbers an array over members, and refuse what contradicts itself."""
        if not (isinstance(self.members, int) and self.members >= 1):
            raise ParameterError(f"an ensemble of {self.members!r} members", why="it has one member or more")
        put = lambda name, *bounds: object.__setattr__(self, name, _spread(name, getattr(self, name), self.members, *bounds))  # noqa: E731
        bounded = {
            "age": (0.0, 120.0),
            "collapsed": (0.0, 1.0),
            "carious_left": (0.0, 1.0),
            "strength": (1e-3, 1.5),
            "bond": (1e-3, 1e3),
        }
        for name in ("leak", "margin_activity", "restoration_age", "root_age", "damage", "residual", "root_treated", "exposed", "pain", "periodontal"):  # fmt: skip
            bounded[name] = (0.0, 1.0) if name in ("root_treated", "exposed", "pain", "periodontal") else (0.0, np.inf)
        for name, bounds in bounded.items():
            put(name, *bounds)
        for name in ("load_exponent", "loss_rate", "caries_frailty", "restoration_frailty"):
            if getattr(self, name) is not None:
                put(name)
        object.__setattr__(
            self, "flags", {name: _spread(name, value, self.members, 0.0, 1.0) for name, value in self.flags.items()}
        )
        self._check_words()
        self._check_sense()

    def _check_words(self) -> None:
        for what, word, known in (
            ("setting", self.setting, SETTINGS),
            ("material", self.material or DIRECT[0], (*DIRECT, *INDIRECT)),
            ("cap", self.cap or CAPS[0], CAPS),
            ("diagnosis", self.diagnosis, DIAGNOSES),
            *(("flag of a patient", name, FLAGS) for name in self.flags),
        ):
            if word not in known:
                raise ParameterError(f"'{word}' is not a {what} that is known here", fix=nearest(word, known))
        if is_primary(self.tooth):
            raise ParameterError(
                f"tooth {self.tooth} is a primary tooth",
                why="it is shed within the years projected, and no figure here is of such teeth",
            )
        letters = [s.letter for s in self.surfaces]
        for letter in letters:
            if letter not in surfaces(self.tooth):
                raise ParameterError(f"tooth {self.tooth} has no surface '{letter}'", fix=nearest(letter, surfaces(self.tooth)))
        if len(set(letters)) < len(letters):
            raise ParameterError("a surface stands twice in a start", fix="give each surface once, with its stage and activity")
        if not (isinstance(self.covers, int) and 1 <= self.covers <= 5):
            raise ParameterError(f"a restoration covers {self.covers!r} surfaces", why="a tooth has five")

    def _check_sense(self) -> None:
        if self.exposed.any() and not self.cap:
            raise ParameterError("the pulp was exposed and nothing covers it", fix="name the cap: " + ", ".join(CAPS))
        if (self.material.startswith("crown") and self.surfaces) and any((s.codes(self.members) > 0).any() for s in self.surfaces):
            raise ParameterError("a crown covers every surface, and a lesion under it cannot be seen", fix="leave the surfaces out")
        if "high_risk" in self.flags and self.flags["high_risk"].any() and (self.margin_activity != 1.0).any():
            raise ParameterError(
                "high caries risk is told twice, by the flag and by the activity at the margin",
                why="both say that caries comes back sooner in this mouth",
                fix="drop the flag where the twin gives the activity",
            )
        for surface in self.surfaces:
            surface.codes(self.members)
            _spread(f"the activity of {surface.letter}", surface.activity, self.members)

    @property
    def crowned(self) -> bool:
        """Whether the restoration covers the whole crown."""
        return self.material.startswith("crown") or (self.material == "gold" and self.covers == 5)
