"""Whether direct and indirect evidence of a network agree, and whether small trials say more than large ones.

Two checks of White 2012 and Dias 2010: the design-by-treatment interaction asks of the whole network whether trials with different sets of
arms say the same, loops and multi-arm trials included; splitting asks of one comparison whether the trials that make it agree with the rest.
A third looks for what reporting and publication leave behind: effects of active arms that are larger in smaller trials (after Egger 1997, over
all comparisons at once).  Size is told by children and not by standard errors: the error of a log grows where a mean is low, so that
effects and errors would go together without any bias.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np

from amelo.therapy.resilience.network import SAME, Network, fit
from amelo.therapy.resilience.trials import INACTIVE

__all__ = ["Global", "SmallTrials", "Split", "design_by_treatment", "small_trials", "split", "split_all"]


@dataclass(frozen=True)
class Global:
    """The interaction of designs and treatments: a chi-square of so many degrees of freedom, its p, and the heterogeneity inside designs."""

    chi2: float
    df: int
    p: float
    tau: float

    def to_dict(self) -> dict[str, float]:
        """Return plain values."""
        return dict(self.__dict__)


@dataclass(frozen=True)
class Split:
    """One comparison, ``second`` over ``first``: log ratio by the trials that make it, by all others, their difference, and p of it."""

    first: str
    second: str
    trials: int
    direct: float
    direct_se: float
    indirect: float
    indirect_se: float
    difference: float
    difference_se: float
    p: float

    def to_dict(self) -> dict[str, object]:
        """Return plain values."""
        return dict(self.__dict__)


@dataclass(frozen=True)
class SmallTrials:
    """How the log ratio of active over inactive arms changes with one over the root of a trial's children per arm (below 0: small trials look
    better), its standard error and p, and the effects (T - 1,) in the limit of large trials."""

    slope: float
    se: float
    p: float
    large: tuple[float, ...]

    def to_dict(self) -> dict[str, object]:
        """Return plain values."""
        return {**self.__dict__, "large": list(self.large)}


def design_by_treatment(network: Network) -> Global:
    """Test that every set of arms says the same, at the heterogeneity found inside the sets.

    Returns: chi2 nan, df 0 and p 1 where no two sets can disagree.
    """
    from scipy.stats import chi2 as law

    columns = []
    for design in network.designs:
        for name in design[1:]:
            arms = [np.array([float(t.treatments == design and n == name) for n in t.treatments]) for t in network.trials]
            columns.append(network.column(arms))
    free = np.column_stack(columns)
    df = free.shape[1] - network.x.shape[1]
    if df == 0:
        return Global(float("nan"), 0, 1.0, fit(network).tau)
    apart = fit(network, free)
    together = fit(network, tau=apart.tau)
    value = max(together.squares - apart.squares, 0.0)
    return Global(value, df, float(law.sf(value, df)), apart.tau)


def split(network: Network, first: str, second: str) -> Split | None:
    """Compare what trials with both treatments say of them with what all others say.

    The trials with both deviate by half of the difference in each of the two arms, so that no arm of a multi-arm trial is singled out.
    Returns: None where there is no trial with both, or nothing else leads from one to the other.
    """
    from scipy.stats import norm

    both = [t for t in network.trials if first in t.treatments and second in t.treatments]
    if not both:
        return None
    arms = [
        np.array([0.5 * ((n == second) - (n == first)) if t in both else 0.0 for n in t.treatments], dtype=float)
        for t in network.trials
    ]
    x = np.column_stack([network.x, network.column(arms)])
    if np.linalg.matrix_rank(x, tol=SAME * np.linalg.norm(x)) < x.shape[1]:
        return None
    found = fit(network, x)
    compare = np.zeros(x.shape[1])
    for name, sign in ((first, -1.0), (second, 1.0)):
        if name != network.treatments[0]:
            compare[network.treatments.index(name) - 1] = sign
    here = compare.copy()
    here[-1] = 1.0
    told = [(float(c @ found.beta), float(np.sqrt(c @ found.covariance @ c))) for c in (here, compare, here - compare)]
    (direct, direct_se), (indirect, indirect_se), (difference, se) = told
    p = float(2.0 * norm.sf(abs(difference) / se))
    return Split(first, second, len(both), direct, direct_se, indirect, indirect_se, difference, se, p)


def split_all(network: Network) -> list[Split]:
    """Split every comparison that has both kinds of evidence, in the order of the treatments."""
    found = [split(network, first, second) for first, second in combinations(network.treatments, 2)]
    return [s for s in found if s is not None]


def small_trials(network: Network) -> SmallTrials | None:
    """Ask whether small trials favour active arms more than large ones.

    Assumption: one slope for all active treatments.
    Returns: None where trials are all of one size, or none compares an active arm with an inactive one.
    """
    from scipy.stats import norm

    arms = [
        np.array([float(name not in INACTIVE) for name in t.treatments]) / np.sqrt(t.children / len(t.treatments))
        for t in network.trials
    ]
    x = np.column_stack([network.x, network.column(arms)])
    if np.linalg.matrix_rank(x, tol=SAME * np.linalg.norm(x)) < x.shape[1]:
        return None
    found = fit(network, x)
    slope, se = float(found.beta[-1]), float(np.sqrt(found.covariance[-1, -1]))
    return SmallTrials(slope, se, float(2.0 * norm.sf(abs(slope) / se)), tuple(found.beta[:-1].tolist()))
