"""What is known of parameters before a measurement, on the scales on which they are estimated.

The distribution is that of the ensembles (``amelo.twin.ensemble``): a normal in two pieces with low, value and high at 5, 50 and 95 %,
in the logarithm where the range spans a factor of three or more.  A measurement may say that a parameter lies outside its published
range, so that the distribution is cut off at three standard deviations here, not at low and high, and at what is possible at all.

Three scales: the value itself; the ``score`` z, in which the prior is a standard normal; and the ``step`` x, smooth in the value and
about one prior standard deviation wide, in which models are linearised.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from amelo.errors import ParameterError, nearest
from amelo.params.load import Parameter
from amelo.records.specimen import Specimen
from amelo.records.specimen_parameters import STATED, catalogue, class_names, unused
from amelo.twin.ensemble import TAIL, WIDE

__all__ = ["Priors", "default_names", "priors_of"]

FURTHEST = 3.0  # standard deviations at which a prior is cut off
ROUNDING = 1e-9  # of a score, so that what is not possible is not met by rounding either
FULL = 0.999  # largest fraction
FRACTIONS = ("porosity", "sound_mineral", "share.", "fluoridated_share", "residual_mineral", "porosity_floor", "gradient.fluor",
             "gradient.soluble", "lesion.body_mineral", "lesion.surface_mineral", "collagen.protected", "enzyme.initial")  # fmt: skip
WRITABLE = ("porosity", "sound_mineral", "dissolution_rate", "growth_ratio", "pore_diffusivity")  # of what a specimen states itself


@dataclass(frozen=True, eq=False)
class Priors:
    """The priors of p parameters.

    Fields: names, units and sources (p); value, low and high (p,) in these units; logarithmic (p,); bottom and top (p,), the scores
    between which a parameter is possible.
    """

    names: tuple[str, ...]
    units: tuple[str, ...]
    sources: tuple[str, ...]
    value: np.ndarray
    low: np.ndarray
    high: np.ndarray
    logarithmic: np.ndarray
    bottom: np.ndarray
    top: np.ndarray

    def __len__(self) -> int:
        return len(self.names)

    def values(self, x: np.ndarray) -> np.ndarray:
        """Return the values at steps x (…, p)."""
        with np.errstate(over="ignore"):
            return np.where(self.logarithmic, self.value * np.exp(x * self._width), self.value + x * self._width)

    def steps(self, values: np.ndarray) -> np.ndarray:
        """Return the steps x (…, p) of values."""
        values = np.asarray(values, dtype=float)
        with np.errstate(divide="ignore", invalid="ignore"):
            log = np.log(values / self.value)
        return np.where(self.logarithmic, log, values - self.value) / self._width

    def scores(self, x: np.ndarray) -> np.ndarray:
        """Return the scores z (…, p) of steps x."""
        return x * self.slopes(x)

    def from_scores(self, z: np.ndarray) -> np.ndarray:
        """Return the steps x (…, p) of scores z."""
        below, above = self._slopes
        return z / np.where(z < 0, below, above)

    def slopes(self, x: np.ndarray) -> np.ndarray:
        """Return dz/dx (…, p)."""
        below, above = self._slopes
        return np.where(x < 0, below, above)

    def log_density(self, x: np.ndarray) -> np.ndarray:
        """Return the log density (…) over steps x, -inf where a parameter is not possible."""
        z = self.scores(x)
        inside = ((z >= self.bottom - 1e-12) & (z <= self.top + 1e-12)).all(axis=-1)
        density = (-0.5 * z**2 + np.log(self.slopes(x))).sum(axis=-1)
        return np.where(inside, density, -np.inf)

    @property
    def bounds(self) -> tuple[np.ndarray, np.ndarray]:
        """The steps between which the parameters are possible."""
        return self.from_scores(self.bottom), self.from_scores(self.top)

    @property
    def scale(self) -> np.ndarray:
        """What one step is (p,): of the value in its unit, or of its decimal logarithm."""
        return np.where(self.logarithmic, self._width / np.log(10.0), self._width)

    @property
    def _reach(self) -> tuple[np.ndarray, np.ndarray]:
        """Distance from low to value and from value to high, in the logarithm or not."""
        low, value, high = (
            np.where(self.logarithmic, np.log(np.where(self.logarithmic, a, 1.0)), a) for a in (self.low, self.value, self.high)
        )
        return value - low, high - value

    @property
    def _width(self) -> np.ndarray:
        below, above = self._reach
        return 0.5 * (below + above) / _tail_score()

    @property
    def _slopes(self) -> tuple[np.ndarray, np.ndarray]:
        """Slopes dz/dx below and above the value; the one that no distribution lies on is that of the other side."""
        below, above = self._reach
        scale = _tail_score() * self._width
        below, above = np.where(below > 0, below, above), np.where(above > 0, above, below)
        return scale / below, scale / above


def _tail_score() -> float:
    from scipy.special import ndtri

    return float(ndtri(1.0 - TAIL))


def default_names(specimen: Specimen) -> tuple[str, ...]:
    """Return what is usually calibrated: rate of dissolution, porosity (or diffusivity where pores are stated), solubility, growth."""
    known = catalogue(specimen)
    spread = [name for name, p in known.items() if p.low < p.high and name not in unused(specimen)]
    pores = next((n for n in ("porosity", "pore_diffusivity", "diffusivity_scale", "free_diffusivity") if n in spread), "")
    wanted = ("dissolution_rate", pores, f"pk.{class_names(specimen)[0]}", "growth_ratio")
    return tuple(name for name in wanted if name in spread)


def priors_of(specimen: Specimen, names: Sequence[str]) -> Priors:
    """Return the priors of named parameters of a specimen.

    Raises: ParameterError for a name that it does not have or that is given twice, a parameter without a range, or one that its file
    states in a way that cannot be rewritten.
    """
    known = catalogue(specimen)
    if not names:
        raise ParameterError("no parameter is named", fix="name some, such as dissolution_rate,porosity")
    chosen = []
    for i, name in enumerate(names):
        if name not in known:
            raise ParameterError(f"'{name}' is not a parameter of this specimen", fix=nearest(name, known, limit=40))
        if name in names[:i]:
            raise ParameterError(f"'{name}' is named twice", fix="name it once")
        if name in unused(specimen):
            raise ParameterError(f"'{name}' does nothing in this specimen", why=f"its diffusion is {specimen.diffusion}")
        if not known[name].low < known[name].high:
            fix = f"give it one under [parameters]: {_key(name)} = {{value = {known[name].value:g}, low = …, high = …}}"
            raise ParameterError(
                f"'{name}' has no range in this specimen", why="a calibration needs to know what is plausible", fix=fix
            )
        if known[name].grade == STATED and not (name in WRITABLE or name.startswith("pk.")) and _stated_elsewhere(specimen, name):
            fix = "leave it out there, and state its range under [parameters] only"
            raise ParameterError(f"'{name}' is stated in a part of the specimen that a calibration does not rewrite", fix=fix)
        chosen.append(known[name])
    limits = [_limits(p, names, known) for p in chosen]
    return Priors(
        names=tuple(names),
        units=tuple(p.unit for p in chosen),
        sources=tuple(p.source for p in chosen),
        value=np.array([p.value for p in chosen]),
        low=np.array([p.low for p in chosen]),
        high=np.array([p.high for p in chosen]),
        logarithmic=np.array([_logarithmic(p) for p in chosen]),
        bottom=np.array([low for low, _ in limits]),
        top=np.array([high for _, high in limits]),
    )


def _key(name: str) -> str:
    return f'"{name}"' if "." in name else name


def _stated_elsewhere(specimen: Specimen, name: str) -> bool:
    return name in catalogue(specimen.model_copy(update={"parameters": {}})) and name.startswith(
        ("share.", "lesion.", "gradient.", "fluoridated")
    )


def _logarithmic(parameter: Parameter) -> bool:
    return parameter.low > 0 and parameter.high / parameter.low >= WIDE


def _limits(parameter: Parameter, names: Sequence[str], known: dict[str, Parameter]) -> tuple[float, float]:
    """Return the scores between which a parameter is possible: three standard deviations, fractions between 0 and 1, a volume once."""
    least, most = (0.0 if parameter.low >= 0 else -np.inf), np.inf
    if parameter.name.startswith(FRACTIONS):
        most = FULL
    mineral = known["sound_mineral"]
    if parameter.name == "porosity":
        least = known["porosity_floor"].high * (1 + 1e-6)
        most = 1.0 - (mineral.high if "sound_mineral" in names else mineral.value)
    if parameter.name == "sound_mineral":  # what is published leaves room for the pores, and more does not
        most = parameter.high
    if parameter.name == "diffusivity_scale":  # ions in pores are not faster than in water
        most = max(1.0, parameter.high)
    bottom = -FURTHEST if parameter.low < parameter.value else 0.0
    top = FURTHEST if parameter.high > parameter.value else 0.0
    if parameter.low < parameter.value and np.isfinite(least):
        bottom = max(bottom, _score(parameter, least) + ROUNDING)
    if parameter.high > parameter.value and np.isfinite(most):
        top = min(top, _score(parameter, most))
    return bottom, max(top, 0.0)


def _score(parameter: Parameter, value: float) -> float:
    """Return the score of a value on its side of the parameter's own."""
    log = _logarithmic(parameter)
    if log and value <= 0:
        return -np.inf
    low, middle, high, here = (float(np.log(v)) if log else v for v in (parameter.low, parameter.value, parameter.high, value))
    reach = middle - low if here < middle else high - middle
    return _tail_score() * (here - middle) / reach
