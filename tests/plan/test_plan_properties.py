"""What must hold of plans whatever the numbers are: limits, interlocks, seeds and certificates."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from amelo.plan.bounds import lower_bound, upper_bound
from amelo.plan.certify import certify
from amelo.plan.design import Design, Situation, enumerated, neighbours
from amelo.plan.goals import HARMS, WEIGHTS, Limits
from amelo.plan.robust import PULL
from amelo.plan.rollout import Outcome
from amelo.plan.starters import corners
from amelo.plan.worth import Values
from made_plans import COMBINED, OPERATIVE

SITUATIONS = [
    Situation(carious=c, open_floor=c and o, enamel_lesion=not c or e, restored=False, vital=v, primary=p)
    for c in (True, False)
    for o in (True, False)
    for e in (True, False)
    for v in (True, False)
    for p in (True, False)
]


class Harmful:
    """Rollouts in which every class of harm comes with its own chance; the luck of a scenario is always the same."""

    def __init__(self, chances, members=2048, seed=0):
        self.tooth = SimpleNamespace(members=members)
        luck = np.random.default_rng(seed).random((len(HARMS), members))
        self.harms = luck < np.asarray(chances)[:, None]

    def run(self, designs, first, last):
        values = Values(np.full((len(WEIGHTS), last - first), 0.7), np.full(last - first, 0.7))
        return [Outcome(values, self.harms[:, first:last], None) for _ in designs]


@pytest.mark.parametrize("seed", range(12))
def test_what_is_certified_stays_so_where_more_is_allowed(seed):
    """Monotone in limits: a wider limit never takes a certificate away, and bounds do not hang on what is allowed."""
    rng = np.random.default_rng([seed, 3])
    rollouts = Harmful(rng.choice([0.0, 0.005, 0.02, 0.05], len(HARMS)), seed=seed)
    verdicts = []
    for limit in (0.003, 0.01, 0.03, 0.06, 0.1, 0.3):
        found = certify(rollouts, [OPERATIVE], Limits(dict.fromkeys(HARMS, limit)))[0]
        verdicts.append(found.verdict is True)
        if found.verdict is True:
            assert (found.upper <= limit).all()
    assert verdicts == sorted(verdicts) and verdicts[-1]


@pytest.mark.parametrize("seed", range(8))
def test_more_confidence_never_certifies_more(seed):
    rng = np.random.default_rng([seed, 5])
    rollouts = Harmful(rng.choice([0.0, 0.02, 0.035], len(HARMS)), seed=seed)
    uppers = []
    for confidence in (0.8, 0.95, 0.99, 0.999):
        found = certify(rollouts, [OPERATIVE], Limits(dict.fromkeys(HARMS, 0.5), confidence))[0]
        uppers.append(found.upper.max())
    assert uppers == sorted(uppers)


@pytest.mark.parametrize("chance", [0.04, 0.05, 0.055])
def test_certificates_at_the_edge_are_wrong_no_more_often_than_they_may_be(chance):
    """All looks of a certificate together, 400 times: a chance beyond its limit of 0.0399 passes in fewer than one of twenty."""
    wrong = 0
    limits = Limits({**dict.fromkeys(HARMS, 1.0), HARMS[0]: 0.0399})
    for seed in range(400):
        rollouts = Harmful([chance, *([0.0] * (len(HARMS) - 1))], members=1024, seed=1000 + seed)
        wrong += certify(rollouts, [OPERATIVE], limits, sizes=(256, 512, 1024))[0].verdict is True
    assert wrong / 400 <= 0.05


def test_two_bounds_hold_the_truth_between_them_as_often_as_they_say():
    rng = np.random.default_rng(4)
    for chance in (0.002, 0.03, 0.2):
        k = rng.binomial(512, chance, 3000)
        inside = (lower_bound(k, np.full(3000, 512), 0.025) <= chance) & (upper_bound(k, np.full(3000, 512), 0.025) >= chance)
        assert inside.mean() >= 0.945


@pytest.mark.parametrize("on", SITUATIONS[::3])
def test_no_walk_of_any_length_leaves_the_interlocks(on):
    rng = np.random.default_rng(7)
    allowed = set(enumerated(on))
    for _ in range(3):
        design = list(allowed)[rng.integers(len(allowed))]
        for _ in range(6):
            near = sorted(neighbours(design, on), key=lambda d: d.text())
            assert all(d in allowed for d in near)
            if not near:
                break
            design = near[rng.integers(len(near))]


@pytest.mark.parametrize("on", SITUATIONS[::5])
def test_the_order_of_trying_hangs_on_the_seed_and_nothing_else(on):
    first, again = corners(on, 5), corners(on, 5)
    assert first == again and set(first) == set(enumerated(on)) and len(set(first)) == len(first)
    assert Design() in first


def test_a_gradient_is_the_only_number_that_slower_carriers_change():
    text = COMBINED.text()
    assert len(PULL.findall(text)) == 1 and PULL.sub("#", text).count("#") == 1
