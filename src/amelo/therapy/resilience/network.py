"""A network of trials as independent scalars, and its fit by generalised least squares.

The contrasts of a trial of k arms have the covariance V + h R: V from sampling, and R, with 1 on the diagonal and 1/2 off it, because the
arms of a trial deviate from the mean each by itself (Higgins 1996: that is what makes heterogeneity the same for every pair of arms).
One linear map per trial turns R into the identity and V into a diagonal for every h at once, so that the contrasts become independent with
variances s + h.  It is found once; least squares, profile likelihoods and the sampler all work with the scalars.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from amelo.errors import FormatError
from amelo.therapy.resilience.trials import INACTIVE, Trial

__all__ = ["Fit", "Network", "fit", "make_network", "shared"]

REFERENCE = "placebo"
SAME = 1e-9  # relative size of a direction that is still one


def shared(size: int) -> np.ndarray:
    """Return R (size, size): what the contrasts of one trial share of the heterogeneity."""
    return 0.5 * (np.eye(size) + 1.0)


@dataclass(frozen=True, eq=False)
class Network:
    """Contrasts of all trials, made independent: y (C,), design x (C, T - 1) by treatment against the reference, bias direction b (C,),
    sampling variances s (C,), the trial of each (C,), whether it is at risk (C,); ``maps`` holds the map of each trial."""

    trials: tuple[Trial, ...]
    treatments: tuple[str, ...]  # the reference first
    y: np.ndarray
    x: np.ndarray
    b: np.ndarray
    s: np.ndarray
    trial: np.ndarray
    at_risk: np.ndarray
    maps: tuple[np.ndarray, ...]

    @cached_property
    def designs(self) -> tuple[tuple[str, ...], ...]:
        """The sets of treatments that trials compare, each once."""
        return tuple(dict.fromkeys(t.treatments for t in self.trials))

    def column(self, of: Sequence[np.ndarray]) -> np.ndarray:
        """Return a covariate of arms, one array (k,) per trial, as a covariate of the independent contrasts (C,)."""
        return np.concatenate([m @ (arms[1:] - arms[0]) for m, arms in zip(self.maps, of, strict=True)])


@dataclass(frozen=True, eq=False)
class Fit:
    """Least squares at the most likely heterogeneity: coefficients (P,), covariance (P, P), tau, and the weighted sum of squares."""

    beta: np.ndarray
    covariance: np.ndarray
    tau: float
    squares: float


def make_network(trials: Sequence[Trial], *, reference: str = REFERENCE) -> Network:
    """Return the network of trials.

    Raises: FormatError when there is no trial, the reference is in none, or treatments hang together in no way.
    """
    if not trials:
        raise FormatError("there are no trials")
    names = list(dict.fromkeys(name for t in trials for name in t.treatments))
    if reference not in names:
        raise FormatError(f"no trial has the treatment {reference}", why="all effects are told against it")
    treatments = (reference, *sorted(name for name in names if name != reference))
    _check_connected(trials, treatments)
    y, x, b, s, which, risk, maps = [], [], [], [], [], [], []
    for i, t in enumerate(trials):
        root = np.linalg.inv(np.linalg.cholesky(shared(len(t.contrasts))))
        variances, turned = np.linalg.eigh(root @ t.covariance @ root.T)
        m = turned.T @ root
        arms = np.array([[float(name == other) for other in treatments[1:]] for name in t.treatments])
        active = np.array([float(name not in INACTIVE) for name in t.treatments])
        maps.append(m)
        y.append(m @ t.contrasts)
        x.append(m @ (arms[1:] - arms[0]))
        b.append(m @ (active[1:] - active[0]))
        s.append(variances)
        which += [i] * len(variances)
        risk += [t.at_risk] * len(variances)
    return Network(
        tuple(trials), treatments, np.concatenate(y), np.concatenate(x), np.concatenate(b), np.concatenate(s), np.array(which),
        np.array(risk), tuple(maps),
    )  # fmt: skip


def _check_connected(trials: Sequence[Trial], treatments: tuple[str, ...]) -> None:
    reached, grew = {treatments[0]}, True
    while grew:
        more = {name for t in trials if reached & set(t.treatments) for name in t.treatments}
        grew = not more <= reached
        reached |= more
    if alone := [name for name in treatments if name not in reached]:
        raise FormatError(
            f"no chain of trials leads from {treatments[0]} to {', '.join(alone)}", why="a network must hang together"
        )


def fit(network: Network, x: np.ndarray | None = None, *, tau: float | None = None) -> Fit:
    """Fit coefficients by generalised least squares, with the heterogeneity of the largest restricted likelihood.

    Arguments: network; x (C, P), by default its own design, of full rank; tau (heterogeneity, when it is known).
    Raises: FormatError when the columns of x do not tell each other apart.
    """
    x = network.x if x is None else x
    if np.linalg.matrix_rank(x, tol=SAME * np.linalg.norm(x)) < x.shape[1]:
        raise FormatError("the trials cannot tell the effects apart", why="the design has not full rank")
    if tau is None:
        from scipy.optimize import minimize_scalar

        top = 2.0 * float(np.sqrt(np.var(network.y) + network.s.max())) + 1e-3
        spans = np.linspace(0.0, top, 41)
        lows = np.array([-_restricted(network, x, t) for t in spans])
        at = int(lows.argmin())
        found = minimize_scalar(
            lambda t: -_restricted(network, x, t), bounds=(spans[max(at - 1, 0)], spans[min(at + 1, 40)]), method="bounded",
            options={"xatol": 1e-9},
        )  # fmt: skip
        tau = float(found.x) if found.fun < lows[0] else 0.0
    beta, covariance, squares, _ = _solve(network, x, tau)
    return Fit(beta, covariance, tau, squares)


def _solve(network: Network, x: np.ndarray, tau: float) -> tuple[np.ndarray, np.ndarray, float, float]:
    weights = 1.0 / (network.s + tau**2)
    information = (x * weights[:, None]).T @ x
    beta = np.linalg.solve(information, x.T @ (weights * network.y))
    rest = network.y - x @ beta
    return beta, np.linalg.inv(information), float(weights @ rest**2), float(np.linalg.slogdet(information)[1])


def _restricted(network: Network, x: np.ndarray, tau: float) -> float:
    """Return the restricted log likelihood of a heterogeneity, up to a constant."""
    _, _, squares, logdet = _solve(network, x, tau)
    return -0.5 * (float(np.log(network.s + tau**2).sum()) + logdet + squares)
