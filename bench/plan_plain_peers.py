"""The peers of the planner in their plain forms, written after their papers, for where Optuna and cmaes are not installed; and one of SciPy's.

- TPE: Bergstra et al. 2011, Algorithms for hyper-parameter optimization; 30 random designs, the best tenth against the rest, 24 samples a turn.
- NSGA-II: Deb et al. 2002; 24 designs, worth against harm beyond its limits, uniform crossover, one mutation on average.
- CMA-ES: Hansen 2016, The CMA evolution strategy: a tutorial; in the codes of the choices, rounded; it starts anew when it only repeats itself.
- DE: ``scipy.optimize.differential_evolution`` on whole numbers.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

__all__ = ["PLAIN"]

IDLE = 6  # turns without anything new, after which a search that only repeats itself has ended
STARTING, CANDIDATES, GOOD = 30, 24, 0.1


def tree_of_parzen(space, objective, seed: int) -> None:
    """Ask what is likelier among the good than among the rest, choice by choice."""
    rng = np.random.default_rng([seed, 3])
    asked: list[np.ndarray] = []
    scores: list[float] = []
    for _ in range(IDLE * objective.room):
        if not objective.room or len(objective.worth) == len(space.designs):
            return
        if len(asked) < STARTING:
            code = space.codes[rng.integers(len(space.codes))]
        else:
            code = _likeliest(np.array(asked), np.array(scores), space.sizes, rng)
        design = space.nearest(code)
        scores += objective.ask([design])
        asked.append(np.array(space.encoded(design)))


def _likeliest(asked: np.ndarray, scores: np.ndarray, sizes: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    count = min(int(np.ceil(GOOD * len(asked))), 25)
    order = np.argsort(-scores, kind="stable")
    code, gain = np.zeros((CANDIDATES, len(sizes)), int), np.zeros(CANDIDATES)
    for k, size in enumerate(sizes):
        good, rest = (np.bincount(asked[part, k], minlength=size) + 1.0 / size for part in (order[:count], order[count:]))
        good, rest = good / good.sum(), rest / rest.sum()
        code[:, k] = rng.choice(size, CANDIDATES, p=good)
        gain += np.log(good[code[:, k]]) - np.log(rest[code[:, k]])
    return code[int(np.argmax(gain))]


def non_dominated_sorting(space, objective, seed: int, population: int = 24) -> None:
    """Breed worth against harm beyond its limits."""
    rng = np.random.default_rng([seed, 4])
    sizes = np.array(space.sizes)
    parents = space.codes[rng.choice(len(space.codes), min(population, len(space.codes)), replace=False)]
    values = _asked(space, objective, parents)
    for _ in range(IDLE * objective.room // population + 1):
        if not objective.room or len(objective.worth) == len(space.designs):
            return
        place = _places(values)  # of each: first by rank, then by how alone it is
        pick = lambda: parents[min(rng.integers(len(parents), size=2), key=lambda k: place[k])]  # noqa: E731, B023
        young = []
        for _ in range(population):
            one, other = pick(), pick()
            child = np.where((rng.random(len(sizes)) < 0.5) & (rng.random() < 0.9), other, one)
            changed = rng.random(len(sizes)) < 1.0 / len(sizes)
            young.append(space.encoded(space.nearest(np.where(changed, rng.integers(sizes), child))))
        both = np.unique(np.concatenate([parents, np.array(young)]), axis=0)
        values = _asked(space, objective, both)
        keep = np.argsort(_places(values), kind="stable")[:population]
        parents, values = both[keep], values[keep]


def _asked(space, objective, codes: np.ndarray) -> np.ndarray:
    """Return worth and cost of harm (n, 2), both to be small."""
    designs = [space.nearest(c) for c in codes]
    objective.ask(designs)
    return np.array([(-p[0], p[1]) if d in objective.worth else (1.0, 3.0) for d in designs for p in [_parts(objective, d)]])


def _parts(objective, design) -> tuple[float, float]:
    return objective.parts(design) if design in objective.worth else (-1.0, 3.0)


def _places(values: np.ndarray) -> np.ndarray:
    """Return the order (n,) by rank of domination and then by crowding, the first the best."""
    worse = (values[:, None, :] >= values[None, :, :]).all(axis=2) & (values[:, None, :] > values[None, :, :]).any(axis=2)
    rank, left = np.zeros(len(values), int), np.ones(len(values), bool)
    for front in range(len(values)):
        now = left & ~(worse & left[None, :]).any(axis=1)
        rank[now] = front
        left &= ~now
        if not left.any():
            break
    alone = np.zeros(len(values))
    for front in np.unique(rank):
        members = np.flatnonzero(rank == front)
        for column in values.T:
            order = members[np.argsort(column[members], kind="stable")]
            width = max(column[order[-1]] - column[order[0]], 1e-12)
            alone[order[[0, -1]]] = np.inf
            alone[order[1:-1]] += (column[order[2:]] - column[order[:-2]]) / width
    order = np.lexsort((-alone, rank))
    place = np.zeros(len(values), int)
    place[order] = np.arange(len(values))
    return place


def covariance_matrix(space, objective, seed: int) -> None:
    """Adapt mean, step and covariance in the codes of the choices."""
    rng = np.random.default_rng([seed, 5])
    free = [k for k, size in enumerate(space.sizes) if size > 1]
    high = np.array([space.sizes[k] - 1.0 for k in free])
    n, size = len(free), 4 + int(3 * np.log(len(free)))
    weight = np.log((size + 1) / 2) - np.log(np.arange(1, size // 2 + 1))
    weight /= weight.sum()
    mu = 1.0 / float((weight**2).sum())
    cs, cc = (mu + 2) / (n + mu + 5), (4 + mu / n) / (n + 4 + 2 * mu / n)
    c1 = 2 / ((n + 1.3) ** 2 + mu)
    cmu = min(1 - c1, 2 * (mu - 2 + 1 / mu) / ((n + 2) ** 2 + mu))
    damp, usual = 1 + cs + 2 * max(0.0, np.sqrt((mu - 1) / (n + 1)) - 1), np.sqrt(n) * (1 - 1 / (4 * n) + 1 / (21 * n * n))
    for _ in range(IDLE * objective.room):
        mean, sigma, cov, ps, pc, idle = rng.uniform(0.0, high), 1.0, np.eye(n), np.zeros(n), np.zeros(n), 0
        while idle < IDLE:
            if not objective.room or len(objective.worth) == len(space.designs):
                return
            value, axes = np.linalg.eigh(cov)
            value = np.sqrt(np.maximum(value, 1e-12))
            y = (rng.standard_normal((size, n)) * value) @ axes.T
            designs = []
            for x in np.clip(np.rint(mean + sigma * y), 0.0, high).astype(int):
                code = np.zeros(len(space.sizes), int)
                code[free] = x
                designs.append(space.nearest(code))
            known = len(objective.worth)
            scores = np.array(objective.ask(designs))
            idle = idle + 1 if len(objective.worth) == known else 0
            step = weight @ y[np.argsort(-scores, kind="stable")[: len(weight)]]
            mean = np.clip(mean + sigma * step, 0.0, high)
            ps = (1 - cs) * ps + np.sqrt(cs * (2 - cs) * mu) * (axes @ ((axes.T @ step) / value))
            short = np.linalg.norm(ps) < (1.4 + 2 / (n + 1)) * usual
            pc = (1 - cc) * pc + short * np.sqrt(cc * (2 - cc) * mu) * step
            chosen = y[np.argsort(-scores, kind="stable")[: len(weight)]]
            cov = (1 - c1 - cmu) * cov + c1 * np.outer(pc, pc) + cmu * (chosen.T * weight) @ chosen
            sigma = min(sigma * np.exp(cs / damp * (np.linalg.norm(ps) / usual - 1)), 3.0)


class _Spent(Exception):
    """No rollouts are left."""


def differential(space, objective, seed: int) -> None:
    """Let SciPy's differential evolution move in the codes of the choices."""
    from scipy.optimize import differential_evolution

    turns = [IDLE * objective.room]

    def cost(x: np.ndarray) -> float:
        turns[0] -= 1
        if not objective.room or turns[0] < 0:
            raise _Spent
        return -objective.ask([space.nearest(np.rint(x).astype(int))])[0]

    bounds = [(0, max(size - 1, 0)) for size in space.sizes]
    try:
        differential_evolution(
            cost, bounds, integrality=[True] * len(bounds), popsize=2, maxiter=10_000, polish=False, rng=seed, tol=0.0
        )
    except _Spent:
        return


PLAIN: dict[str, Callable[..., None]] = {
    "TPE": tree_of_parzen,
    "CMA-ES": covariance_matrix,
    "NSGA-II": non_dominated_sorting,
    "DE": differential,
}
