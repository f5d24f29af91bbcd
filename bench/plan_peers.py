"""Other searches on the same objective, at equal rollouts: random, TPE, CMA-ES, NSGA-II, differential evolution, and a clinician's rule-book.

They stand here twice: in plain forms (plan_plain_peers.py), and as Optuna and cmaes have them (``pip install optuna cmaes``, both MIT); one that is not
installed is left out and said.  Each gets what the planner's own score is on a design's first ``TRIED`` scenarios, all designs of the situation, and
the same endgame: its best 24 see 192 scenarios, its best 8 all of them.  A design that is asked for again costs nothing.  Choices that
contradict each other stand for the design that is nearest to them.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from plan_plain_peers import PLAIN

from amelo.plan.design import CHOICES, Design
from amelo.plan.goals import HARMS, Limits
from amelo.plan.race import Entry, blocks_of
from amelo.plan.rollout import Rollouts

__all__ = ["HANDED", "PEERS", "Missing", "Objective", "Space", "rule_book"]

TRIED, STAGES = 48, (0, 48, 192, 768)  # scenarios of a first look; scenarios after each stage of the endgame
FINAL, TOP, HANDED = 24, 8, 6  # designs that see the second and the last stage, and that are handed over
PENALTY, SEEN, UNSEEN = (
    3.0,
    1.0,
    20.0,
)  # of worth per chance of harm beyond its limit; harm before anything was seen: as in the race
IDLE = 6  # asks for every new design, after which a search that only repeats itself has ended


class Missing(Exception):
    """A library that a peer needs is not installed."""


@dataclass(eq=False)
class Space:
    """The designs of a situation as whole numbers: names of choices, values of each, codes (N, C)."""

    designs: Sequence[Design]
    names: tuple[str, ...] = tuple(CHOICES)
    values: dict[str, list[object]] = field(init=False)
    codes: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        """Number the values that occur."""
        used = {name: {getattr(d, name) for d in self.designs} for name in self.names}
        self.values = {name: [v for v in CHOICES[name] if v in used[name]] for name in self.names}
        self.codes = np.array([self.encoded(d) for d in self.designs])

    @property
    def sizes(self) -> tuple[int, ...]:
        """How many values each choice has."""
        return tuple(len(self.values[name]) for name in self.names)

    def encoded(self, design: Design) -> list[int]:
        """Return a design as whole numbers (C,)."""
        return [self.values[name].index(getattr(design, name)) for name in self.names]

    def nearest(self, code: Sequence[int]) -> Design:
        """Return the design that differs in the fewest choices from a code (C,), of equal ones the first."""
        return self.designs[int(np.argmin((self.codes != np.asarray(code)).sum(axis=1)))]


@dataclass(eq=False)
class Objective:
    """What a peer may ask: the score of a design, until its rollouts are spent."""

    rollouts: Rollouts
    limits: Limits
    budget: int
    worth: dict[Design, np.ndarray] = field(default_factory=dict)
    harms: dict[Design, np.ndarray] = field(default_factory=dict)
    spent: int = 0

    @property
    def _largest(self) -> np.ndarray:
        return self.limits.array

    @property
    def room(self) -> int:
        """How many new designs may still be tried, with the endgame set aside."""
        last = min(STAGES[-1], self.rollouts.tooth.members)
        endgame = FINAL * (STAGES[2] - TRIED) + TOP * (last - STAGES[2])
        return max(0, (self.budget - endgame - self.spent) // TRIED)

    def see(self, designs: Sequence[Design], first: int, last: int) -> None:
        """Live designs through scenarios first..last."""
        for a, b in blocks_of(last):
            if a >= first:
                self._see(designs, a, b)

    def _see(self, designs: Sequence[Design], first: int, last: int) -> None:
        new = [d for d in dict.fromkeys(designs) if len(self.worth.get(d, ())) == first]
        for d, got in zip(new, self.rollouts.run(new, first, last) if new else [], strict=True):
            refused = got.refused or got.values is None or got.harms is None
            worth = np.full(last - first, -1.0) if refused else got.values.total
            harms = np.zeros(len(HARMS)) if refused else got.harms.sum(axis=1)
            self.worth[d] = np.concatenate([self.worth.get(d, np.zeros(0)), worth])
            self.harms[d] = self.harms.get(d, np.zeros(len(HARMS))) + harms
        self.spent += len(new) * (last - first)

    def parts(self, design: Design) -> tuple[float, float]:
        """Return mean worth of a design that was seen, and what its chances of harm beyond their limits cost."""
        chance = (self.harms[design] + SEEN) / (len(self.worth[design]) + UNSEEN)
        return float(self.worth[design].mean()), float(PENALTY * np.maximum(chance - self._largest, 0.0).sum())

    def score(self, design: Design) -> float:
        """Return the score of a design that was seen."""
        worth, cost = self.parts(design)
        return worth - cost

    def ask(self, designs: Sequence[Design]) -> list[float]:
        """Return scores, trying what is new as far as there is room."""
        new = [d for d in dict.fromkeys(designs) if d not in self.worth][: self.room]
        self.see(new, 0, TRIED)
        return [self.score(d) if d in self.worth else -np.inf for d in designs]

    def finished(self) -> list[Entry]:
        """Return the designs that saw all scenarios, after the endgame."""
        last = min(STAGES[-1], self.rollouts.tooth.members)
        for count, (first, end) in zip((FINAL, TOP), ((TRIED, STAGES[2]), (STAGES[2], last)), strict=True):
            ranked = sorted(self.worth, key=lambda d: (-len(self.worth[d]), -self.score(d)))
            pool = [d for d in ranked if len(self.worth[d]) >= first]
            self.see(sorted(pool, key=lambda d: -self.score(d))[:count], first, end)
        return [Entry(d, w, self.harms[d]) for d, w in self.worth.items() if len(w) == last]


Search = Callable[[Space, Objective, int], None]


def at_random(space: Space, objective: Objective, seed: int) -> None:
    """Try designs in any order."""
    order = np.random.default_rng([seed, 1]).permutation(len(space.designs))
    objective.ask([space.designs[int(k)] for k in order[: objective.room]])


def _optuna():
    try:
        import optuna
    except ImportError:
        raise Missing("optuna is not installed: pip install optuna") from None
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    warnings.filterwarnings("ignore", category=optuna.exceptions.ExperimentalWarning)
    return optuna


def _asked(space: Space, trial) -> Design:
    return space.nearest([trial.suggest_categorical(n, list(range(s))) for n, s in zip(space.names, space.sizes, strict=True)])


def tree_of_parzen(space: Space, objective: Objective, seed: int) -> None:
    """Let Optuna's TPE, which looks at choices together, ask one design after the other."""
    optuna = _optuna()
    study = optuna.create_study(
        direction="maximize", sampler=optuna.samplers.TPESampler(seed=seed, multivariate=True, n_startup_trials=30)
    )
    for _ in range(IDLE * objective.room):
        if not objective.room or len(objective.worth) == len(space.designs):
            return
        trial = study.ask()
        study.tell(trial, objective.ask([_asked(space, trial)])[0])


def non_dominated_sorting(space: Space, objective: Objective, seed: int, population: int = 24) -> None:
    """Let Optuna's NSGA-II breed worth against harm beyond the limits."""
    optuna = _optuna()
    sampler = optuna.samplers.NSGAIISampler(population_size=population, seed=seed)
    study = optuna.create_study(directions=["maximize", "minimize"], sampler=sampler)
    for _ in range(IDLE * objective.room // population + 1):
        if not objective.room or len(objective.worth) == len(space.designs):
            return
        trials = [study.ask() for _ in range(population)]
        designs = [_asked(space, t) for t in trials]
        objective.ask(designs)
        for trial, design in zip(trials, designs, strict=True):
            study.tell(trial, objective.parts(design) if design in objective.worth else (-1.0, PENALTY))


def covariance_matrix(space: Space, objective: Objective, seed: int) -> None:
    """Let CMA-ES with margin, which is made for whole numbers, move in the codes of the choices; it starts anew when it has converged."""
    try:
        from cmaes import CMAwM
    except ImportError:
        raise Missing("cmaes is not installed: pip install cmaes") from None
    rng = np.random.default_rng([seed, 2])
    free = [k for k, size in enumerate(space.sizes) if size > 1]
    bounds = np.array([[0.0, space.sizes[k] - 1.0] for k in free])
    asked, most, turn = 0, IDLE * objective.room, 0
    while objective.room and asked < most and len(objective.worth) < len(space.designs):
        start = rng.uniform(bounds[:, 0], bounds[:, 1]) if turn else bounds.mean(axis=1)
        search = CMAwM(mean=start, sigma=1.0, bounds=bounds, steps=np.ones(len(free)), seed=seed + turn, population_size=16)
        turn += 1
        while objective.room and asked < most and not search.should_stop():
            pairs = [search.ask() for _ in range(search.population_size)]
            designs = []
            for x, _ in pairs:
                code = np.zeros(len(space.sizes), int)
                code[free] = np.rint(x).astype(int)
                designs.append(space.nearest(code))
            scores = objective.ask(designs)
            asked += len(pairs)
            search.tell([(x, -s if np.isfinite(s) else PENALTY) for (_, x), s in zip(pairs, scores, strict=True)])


def rule_book(space: Space, on) -> Design:
    """Return what a text-book would have a clinician do without looking ahead, or what is nearest to it among what is on offer.

    Arguments: space; on, the situation.
    """
    if on.carious and on.primary:
        wanted = Design(habits=True, excavate="leathery", cover="glass ionomer")
    elif on.carious and on.open_floor:
        wanted = Design(habits=True, excavate="firm", leave=1.0, line="calcium silicate" if on.vital else "", cover="composite")
    elif on.carious:
        wanted = Design(habits=True, excavate="firm", cover="composite")
    elif on.open_floor:
        wanted = Design(habits=True, surface="silver")
    else:
        wanted = Design(habits=True, surface="varnish")
    differs = [sum(getattr(d, n) != getattr(wanted, n) for n in space.names) for d in space.designs]
    return space.designs[int(np.argmin(differs))]


PEERS: dict[str, Search] = {
    "random": at_random,
    **PLAIN,
    "Optuna TPE": tree_of_parzen,
    "Optuna NSGA-II": non_dominated_sorting,
    "cmaes": covariance_matrix,
}
