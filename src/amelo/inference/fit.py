"""The verb ``fit``: which parameters of a twin would have given the profiles that were measured."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Literal

import numpy as np

from amelo.errors import CommandError, InputError, RecordError, nearest
from amelo.inference.identifiability import UNKNOWN, Direction, Ridge, directions, ridges, widths
from amelo.inference.laplace import Weighed, laplace
from amelo.inference.mode import Mode, find_mode, follow
from amelo.inference.model import ProfileModel, model_of
from amelo.inference.nuts import Sampled, sample
from amelo.inference.posterior import Posterior
from amelo.inference.priors import Priors, default_names, priors_of
from amelo.protocol.record import Protocol
from amelo.records.measured_profiles import MeasuredProfiles, read_profiles
from amelo.records.specimen import Specimen

__all__ = ["METHODS", "Estimate", "Fit", "fit"]

METHODS = ("map", "laplace", "nuts")
TAIL_SCORE = 1.6448536269514722  # of 5 and 95 %
SMALL = 0.25  # share of the noise that the error in time may reach
FINEST = 4  # times that steps are halved
EDGE = 0.02  # steps from a bound within which an estimate counts as lying on it
FOLLOWS = 0.4  # correlation of neighbouring residuals from which noise is not independent


@dataclass(frozen=True)
class Estimate:
    """One parameter: what was known, and what is: most probable value and 5-95 % interval, in ``unit``; width (of the interval
    relative to the prior, on its scale).
    """

    name: str
    unit: str
    prior: tuple[float, float, float]
    value: float
    low: float
    high: float
    width: float
    source: str


@dataclass(frozen=True, eq=False, repr=False)
class Fit:
    """Parameters calibrated to profiles, with everything needed to judge them.

    Fields: specimen; protocol; data; posterior; mode; drawn (None for method "map"); method; seed; numerical_error (largest change of a
    point when all steps in time are halved [vol%]); wall_time [s].
    """

    specimen: Specimen
    protocol: Protocol
    data: MeasuredProfiles
    posterior: Posterior
    mode: Mode
    drawn: Weighed | Sampled | None
    method: str
    seed: int
    numerical_error: float
    wall_time: float

    @property
    def priors(self) -> Priors:
        """What was known of the parameters before."""
        return self.posterior.priors

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the calibrated parameters."""
        return self.priors.names

    @property
    def values(self) -> np.ndarray:
        """Most probable values (p,) in their units."""
        return self.priors.values(self.mode.x)

    @cached_property
    def draws(self) -> np.ndarray:
        """Draws (S, p) of the parameters in their units; only the most probable values for method "map"."""
        steps = self.mode.x[None] if self.drawn is None else self.drawn.draws[:, : len(self.names)]
        return self.priors.values(steps)

    @cached_property
    def estimates(self) -> tuple[Estimate, ...]:
        """Every parameter with its interval; for method "map" from the curvature alone, unchecked."""
        priors, p = self.priors, len(self.names)
        if self.drawn is None:
            ends = np.stack([self.mode.x - TAIL_SCORE * self._spread, self.mode.x + TAIL_SCORE * self._spread])
            low, high, width = *priors.values(np.clip(ends, *priors.bounds)), self._spread
        else:
            low, high = np.percentile(self.draws, (5.0, 95.0), axis=0)
            width = widths(self.drawn.draws[:, :p])
        values = self.values
        return tuple(
            Estimate(
                priors.names[i],
                priors.units[i],
                (float(priors.low[i]), float(priors.value[i]), float(priors.high[i])),
                float(values[i]),
                float(min(low[i], values[i])),
                float(max(high[i], values[i])),
                float(width[i]),
                priors.sources[i],
            )
            for i in range(p)
        )

    @property
    def covariance(self) -> np.ndarray:
        """Covariance (p, p) of the steps of the parameters after the measurement."""
        p = len(self.names)
        if self.drawn is None or len(self.drawn.draws) < 10 * p:
            return np.linalg.inv(self.mode.curvature(self.posterior))[:p, :p]
        return np.atleast_2d(np.cov(self.drawn.draws[:, :p].T))

    @property
    def directions(self) -> tuple[Direction, ...]:
        """Eigenvectors of the Fisher information of the points, the best known first."""
        return directions(self.mode.fisher(self.posterior))

    @property
    def ridges(self) -> tuple[Ridge, ...]:
        """Pairs of parameters that trade off."""
        return ridges(self.priors, self.covariance)

    @property
    def noise(self) -> tuple[float, float, float]:
        """Standard deviation of a point [vol%], with its 5-95 % interval; stated ones give their root mean square and no interval."""
        if self.posterior.sd is not None:
            return float(np.sqrt((self.posterior.sd**2).mean())), float("nan"), float("nan")
        if self.drawn is None:
            half = TAIL_SCORE / np.sqrt(self.mode.curvature(self.posterior)[-1, -1])
            return float(np.exp(self.mode.noise)), float(np.exp(self.mode.noise - half)), float(np.exp(self.mode.noise + half))
        low, high = np.exp(np.percentile(self.drawn.draws[:, -1], (5.0, 95.0)))
        return float(np.exp(self.mode.noise)), float(low), float(high)

    @property
    def residuals(self) -> np.ndarray:
        """Measured less fitted mineral (D,) [vol%]."""
        return self.posterior.measured - self.mode.predicted

    @property
    def follow(self) -> float:
        """Correlation of residuals with their neighbours in the same profile, nan where there are too few."""
        pairs: list[tuple[float, float]] = []
        for points in self._groups():
            r = self.residuals[points] / np.broadcast_to(self.posterior.spread(self.mode.noise), self.residuals.shape)[points]
            pairs += list(pairwise(r))
        if len(pairs) < 8:
            return float("nan")
        first, second = np.array(pairs).T
        return float((first * second).mean() / np.sqrt((first**2).mean() * (second**2).mean()))

    @property
    def sentences(self) -> tuple[str, ...]:
        """What a reader must know: how it was found, ridges, silence of the data, estimates at an edge, residuals that follow each other."""
        said = [*self.data.notes, self.mode.ends]
        if self.drawn is not None:
            said.append(self.drawn.sentence)
        else:
            said.append("intervals come from the curvature at the most probable values and were not checked")
        said += [ridge.sentence for ridge in self.ridges]
        low, high = self.priors.bounds
        for i, e in enumerate(self.estimates):
            if e.width > UNKNOWN:
                said.append(f"the data say little of {e.name}: its interval is {100 * e.width:.0f} % as wide as before")
            if min(self.mode.x[i] - low[i], high[i] - self.mode.x[i]) < EDGE:
                said.append(f"{e.name} lies at the edge of what is possible, {e.value:.3g} {e.unit}: the model may lack something")
            elif not e.prior[0] <= e.value <= e.prior[2]:
                said.append(f"{e.name} lies outside its published range, {e.prior[0]:g} to {e.prior[2]:g} {e.unit}")
        if self.follow > FOLLOWS:
            what = f"neighbouring residuals follow each other (correlation {self.follow:.2f})"
            said.append(f"{what}: the model misses part of the shape, or points share noise, and the intervals are too narrow")
        if self.posterior.sd is not None and (chi := self.chi_square) > 2.0:
            said.append(
                f"residuals are {np.sqrt(chi):.1f} times as large as the stated sd: the model misses something, or sd is too small"
            )
        if self.numerical_error > SMALL * self.noise[0]:
            said.append(f"the error in time, about {self.numerical_error:.2g} vol%, is not small beside the noise")
        return tuple(said)

    @property
    def chi_square(self) -> float:
        """Mean square of the residuals over their standard deviation, per degree of freedom."""
        scaled = self.residuals / np.broadcast_to(self.posterior.spread(self.mode.noise), self.residuals.shape)
        return float((scaled**2).sum() / max(len(scaled) - len(self.names), 1))

    @property
    def good(self) -> bool:
        """Whether the check of the method passed."""
        return self.drawn is None or self.drawn.good

    @property
    def fitted(self) -> Specimen:
        """The specimen with the most probable values, and the intervals as ranges."""
        from amelo.records.specimen_text import with_ranges

        return with_ranges(self.specimen, {e.name: (e.value, e.low, e.high) for e in self.estimates})

    def save(self, path: str | Path, *, force: bool = False) -> Path:
        """Write the fitted specimen (.toml) or the draws (.csv, .zarr) and return the path.

        Raises: CommandError for another ending; FileError when the place is taken or cannot be written.
        """
        from amelo.inference.results import save_fit

        return save_fit(self, Path(path), force=force)

    def summary(self) -> dict[str, object]:
        """Return everything that is said of the fit as plain values, for JSON."""
        from amelo.inference.results import summary_of_fit

        return summary_of_fit(self)

    def _groups(self) -> list[list[int]]:
        """Indices of the points of each profile."""
        index = {id(point): i for i, point in enumerate(self.data.points)}
        return [[index[id(point)] for point in points] for points in self.data.profiles.values()]

    @property
    def _spread(self) -> np.ndarray:
        return np.sqrt(np.diag(np.linalg.inv(self.mode.curvature(self.posterior))))[: len(self.names)]

    def __repr__(self) -> str:
        """Return every parameter with its interval, one a line."""
        lines = [f"Fit of {self.specimen.name} to {len(self.data.points)} points, {self.method}"]
        lines += [f"  {e.name} {e.value:.4g} ({e.low:.4g} to {e.high:.4g}) {e.unit}" for e in self.estimates]
        return "\n".join(lines)


def fit(
    specimen: Specimen,
    protocol: Protocol | str,
    data: MeasuredProfiles | str | Path,
    *,
    parameters: Sequence[str] = (),
    method: Literal["map", "laplace", "nuts"] = "laplace",
    samples: int = 1000,
    seed: int = 0,
    width: float = 0.0,
    on_progress: Callable[[float, str], None] | None = None,
) -> Fit:
    """Calibrate parameters of a specimen to measured profiles.

    Arguments: specimen; protocol (or its text) that it went through; data (or the CSV file); parameters (names, by default rate of
    dissolution, porosity, solubility and growth where they have a range); method ("map": most probable values; "laplace": draws of
    a checked normal approximation; "nuts": draws by the no-U-turn sampler); samples; seed; width of the slit [µm], over which a
    measured point averages; on_progress (fraction, message).
    Raises: InputError for data that do not belong to the specimen or protocol, or too few of them; SolveError without an answer.
    Assumptions: noise is normal and independent from point to point; every other parameter has its central value.
    """
    if method not in METHODS:
        raise CommandError(f"'{method}' is not a method", fix=nearest(method, METHODS))
    if not 1 <= samples <= 1_000_000:
        raise CommandError(f"{samples} samples are out of range", why="allowed 1 to 1000000")
    if not 0.0 <= width <= 1000.0:
        raise CommandError(f"a slit of {width:g} µm is out of range", why="allowed 0 to 1000 µm")
    started = time.perf_counter()
    told = on_progress or (lambda fraction, message: None)
    protocol = Protocol.parse(protocol) if isinstance(protocol, str) else protocol
    data = data if isinstance(data, MeasuredProfiles) else read_profiles(data)
    names = tuple(parameters) or default_names(specimen)
    priors = priors_of(specimen, names)
    model = model_of(specimen, protocol.schedule(), names, data, width=width)
    posterior = Posterior(model, priors, np.array([p.mineral for p in data.points]), _stated(data))
    _enough(posterior, model, data)
    told(0.0, "loading the equations")
    mode = find_mode(posterior, seed=seed, on_progress=_share(told, 0.0, 0.3))
    posterior, mode, error = _refined(posterior, mode, _share(told, 0.3, 0.4))
    drawn = None
    if method == "laplace":
        drawn = laplace(posterior, mode, samples=samples, seed=seed, on_progress=_share(told, 0.4, 1.0))
    elif method == "nuts":
        drawn = sample(posterior, mode, samples=samples, seed=seed, on_progress=_share(told, 0.4, 1.0))
    told(1.0, "done")
    return Fit(specimen, protocol, data, posterior, mode, drawn, method, seed, error, time.perf_counter() - started)


def _share(told: Callable[[float, str], None], low: float, high: float) -> Callable[[float, str], None]:
    return lambda fraction, message: told(low + (high - low) * fraction, message)


def _stated(data: MeasuredProfiles) -> np.ndarray | None:
    """Return the standard deviation of every point [vol%], or None where the file has none."""
    return None if data.points[0].sd is None else np.array([p.sd for p in data.points], dtype=float)


def _enough(posterior: Posterior, model: ProfileModel, data: MeasuredProfiles) -> None:
    count = int((model.time > 0.0).sum())
    if count == 0:
        raise RecordError("every point was measured at time 0, before the protocol began", where=data.source)
    if count <= posterior.size:
        few = f"{count} point{'s are' if count != 1 else ' is'} too few"
        what = f"{few} for {len(posterior.priors)} parameters" + " and the noise" * (posterior.sd is None)
        raise RecordError(
            what, where=data.source, why="there must be more points than unknowns", fix="name fewer with --parameters"
        )


def _refined(posterior: Posterior, mode: Mode, told: Callable[[float, str], None]) -> tuple[Posterior, Mode, float]:
    """Halve the steps in time until that changes no point by more than a part of the noise, extrapolate, and follow the mode."""
    from amelo.twin.lesion.checked import ONWARD

    for level in range(FINEST + 1):
        finer = replace(posterior, model=posterior.model.finer())
        predicted = finer.model(finer.priors.values(mode.x))[0]
        error = float(np.abs(predicted - mode.predicted).max())
        if not np.isfinite(error):
            raise InputError("the fitted run has no answer on a finer grid in time")
        spread = float(np.min(posterior.spread(mode.noise)))
        if error <= SMALL * spread or level == FINEST:
            break
        told(level / FINEST, "halving steps in time")
        ends = mode.ends
        posterior, mode = finer, replace(follow(finer, mode.x, mode.noise), ends=ends)
    # carried on as `solve_checked` does: by what hardly depends on the parameters
    extrapolated = replace(posterior, model=replace(posterior.model, offset=(1.0 + ONWARD) * (predicted - mode.predicted)))
    return extrapolated, replace(follow(extrapolated, mode.x, mode.noise), ends=mode.ends), error
