"""Goals and limits as data: what a plan is worth to this patient, and which chances of harm it must keep below which limits."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from amelo.errors import FormatError, ParameterError, nearest
from amelo.params import load_set

__all__ = ["HARMS", "HARM_WORDS", "PRESETS", "WEIGHTS", "Goals", "Limits"]

WEIGHTS = {
    "quality": "quality-adjusted years of the tooth over those of a sound one",
    "vitality": "chance of a living pulp at the end of the years",
    "mineral": "mineral regained in the lesion, over what was missing",
    "tissue": "tissue that is not cut away, over the crown",
    "strength": "strength over that of a sound tooth",
    "comfort": "time in the chair and visits, against",
    "cost": "what is paid now and later, against",
}
HARM_WORDS = {
    "irreversible_pulpitis": "treatment costs a pulp that would have lived on",
    "fracture": "the tooth breaks within a year and would not have without treatment",
    "carriers_in_pulp": "more carriers reach the pulp than allowed",
    "warming": "the pulp is warmed beyond the limit",
    "exposure": "the pulp is laid bare",
    "residual_iron": "more iron stays than allowed",
    "adverse_response": "carriers inflame a pulp that would have stayed calm",
}
HARMS = tuple(HARM_WORDS)


def _presets() -> Mapping[str, Mapping[str, object]]:
    return load_set("goals").structure["preset"]


PRESETS = tuple(_presets())


@dataclass(frozen=True)
class Goals:
    """Weights of outcomes by name, of ``WEIGHTS``, and what they are called; at_least, means of outcomes that a plan must reach to be offered."""

    weights: Mapping[str, float]
    name: str = "own"
    about: str = ""
    at_least: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse weights that are no weights."""
        for key, value in self.weights.items():
            if key not in WEIGHTS:
                raise ParameterError(f"'{key}' is not an outcome that can be weighed", fix=nearest(key, WEIGHTS))
            if not (_number(value) and value >= 0.0):
                raise ParameterError(f"the weight of {key} is {value!r}", why="weights are numbers of at least 0")
        if not sum(self.weights.values()) > 0.0:
            raise ParameterError("every weight is 0", why="then no plan is better than another", fix="give one a weight above 0")
        for key, value in self.at_least.items():
            if key not in WEIGHTS:
                raise ParameterError(f"'{key}' is not an outcome that can be asked for", fix=nearest(key, WEIGHTS))
            if not _number(value):
                raise ParameterError(f"at least {value!r} of {key} is asked for", why="that is not a number")
            if value > 1.0:
                what = f"{key} of at least {value:g} is a goal that nothing can reach"
                raise ParameterError(what, why="outcomes lie between 0 and 1, and 1 is the best there is")

    def missed(self, outcomes: np.ndarray) -> dict[str, float]:
        """Return by name the means that do not reach what is asked for, empty when all do.

        Arguments: outcomes (W, M) in the order of ``WEIGHTS``.
        """
        means = {name: float(outcomes[list(WEIGHTS).index(name)].mean()) for name in self.at_least}
        return {name: mean for name, mean in means.items() if mean < self.at_least[name]}

    @classmethod
    def preset(cls, name: str) -> Goals:
        """Return a preset by name.

        Raises: ParameterError for another name.
        """
        found = _presets().get(name)
        if found is None:
            raise ParameterError(f"'{name}' is not a preset of goals", fix=nearest(name, PRESETS))
        return cls(dict(found["weights"]), name, str(found["about"]))

    @classmethod
    def read(cls, source: str | Path) -> Goals:
        """Return a preset, or the weights in a TOML file with a table ``weights``, and with a table ``at_least`` what a plan must reach.

        Raises: ParameterError, FileError or FormatError in one sentence.
        """
        if str(source) in PRESETS or not str(source).endswith(".toml"):
            return cls.preset(str(source))
        data = _toml(source)
        if not isinstance(data.get("weights"), dict):
            raise FormatError(f"{source} has no weights", fix="write a table [weights] with " + ", ".join(WEIGHTS))
        _only(data, ("weights", "at_least", "about"), source)
        return cls(data["weights"], str(source), str(data.get("about", "")), data.get("at_least", {}))

    def share(self, name: str) -> float:
        """Return the weight of an outcome over all weights."""
        return self.weights.get(name, 0.0) / sum(self.weights.values())


@dataclass(frozen=True)
class Limits:
    """The largest chance of every class of harm, by name of ``HARMS``, and the confidence with which it must be below."""

    largest: Mapping[str, float] = field(default_factory=lambda: {name: load_set("goals").value(f"limit.{name}") for name in HARMS})
    confidence: float = field(default_factory=lambda: load_set("goals").value("certificate.confidence"))

    def __post_init__(self) -> None:
        """Refuse limits that are none."""
        for key, value in self.largest.items():
            if key not in HARMS:
                raise ParameterError(f"'{key}' is not a class of harm", fix=nearest(key, HARMS))
            if not (_number(value) and 0.0 < value <= 1.0):
                why = (
                    "nothing that is done to a tooth has no risk at all"
                    if _number(value) and value == 0.0
                    else "a chance lies above 0, up to 1"
                )
                raise ParameterError(f"the limit of {key} is {value!r}", why=why)
        if not 0.5 <= self.confidence < 1.0:
            raise ParameterError(f"a confidence of {self.confidence:g} is out of range", why="allowed 0.5 to below 1")

    @property
    def array(self) -> np.ndarray:
        """The largest chances (H,) in the order of ``HARMS``; 1 for a class that none is set for."""
        return np.array([self.largest.get(name, 1.0) for name in HARMS])

    @classmethod
    def read(cls, source: str | Path) -> Limits:
        """Return the limits in a TOML file with a table ``limits``; classes that it does not name keep theirs.

        Raises: FileError, FormatError or ParameterError in one sentence.
        """
        data = _toml(source)
        if not isinstance(data.get("limits"), dict):
            raise FormatError(f"{source} has no limits", fix="write a table [limits] with " + ", ".join(HARMS))
        _only(data, ("limits", "confidence"), source)
        usual = cls()
        confidence = data.get("confidence", usual.confidence)
        if not _number(confidence):
            raise FormatError(f"the confidence in {source} is {confidence!r}", fix="write a number, such as 0.95")
        return cls({**usual.largest, **data["limits"]}, float(confidence))

    def at(self, limit: float) -> Limits:
        """Return the same limits with that of irreversible pulpitis, fracture and adverse response changed."""
        return Limits(
            {**self.largest, **dict.fromkeys(("irreversible_pulpitis", "fracture", "adverse_response"), limit)}, self.confidence
        )


def _number(value: object) -> bool:
    """Return whether a value is a finite number; true and false are none."""
    return isinstance(value, int | float) and not isinstance(value, bool) and bool(np.isfinite(value))


def _only(data: Mapping[str, object], known: tuple[str, ...], source: str | Path) -> None:
    """Refuse what would be passed over in silence, and tables that are none."""
    for key, value in data.items():
        if key not in known:
            raise FormatError(f"{source} has '{key}', which nothing reads", fix=nearest(key, known))
        if key in ("weights", "at_least", "limits") and not isinstance(value, dict):
            raise FormatError(f"'{key}' in {source} is not a table", fix=f"write [{key}] and its numbers below")


def _toml(source: str | Path) -> dict[str, object]:
    from amelo.records.read import read_plain

    text = read_plain(source, limit=100_000, why="goals and limits are far smaller", fix="is it the right file?")
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise FormatError(f"{source} is not TOML", why=str(error), fix="compare it with docs/plan.md") from None
