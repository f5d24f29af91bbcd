"""What the bench of plans judges with: patients that differ, a reference that elimination does not spoil, peers that search, regret that counts."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from made_up_landscape import OPEN, Landscape

from amelo.plan.design import Design, enumerated
from amelo.plan.goals import HARMS, PRESETS, Limits
from amelo.plan.race import ranking

FEW = replace(
    OPEN, only=(("excavate", ("", "firm")), ("leave", (0.0, 1.0)), ("first", (None,)), ("gap", (0.0, 14.0)), ("deproteinise", (False,)))
)  # fmt: skip


@pytest.fixture(scope="module")
def bench():
    sys.path.insert(0, str(Path(__file__).parents[2] / "bench"))
    import plan_patients
    import plan_peers
    import plan_reference

    import plan

    yield SimpleNamespace(run=plan, patients=plan_patients, peers=plan_peers, reference=plan_reference)
    sys.path.remove(str(Path(__file__).parents[2] / "bench"))


@pytest.fixture(scope="module")
def designs() -> list[Design]:
    return sorted(enumerated(FEW), key=lambda d: d.text())


def test_patients_are_many_and_differ(bench) -> None:
    everyone = bench.patients.patients()
    assert len(everyone) >= 50
    assert {p.kind for p in everyone} == set(bench.patients.KINDS)
    assert {p.goals for p in everyone} == set(PRESETS)
    assert all(len({p.goals for p in everyone if p.kind == kind}) == len(PRESETS) for kind in bench.patients.KINDS)
    assert sum(p.tuning for p in everyone) == len(bench.patients.KINDS)
    again = bench.patients.patient(23)
    assert again.case.to_json() == everyone[23].case.to_json()
    assert len({p.case.to_json() for p in everyone}) == len(everyone)


def test_a_grid_is_no_larger_than_can_be_lived_through_and_leaves_every_arm(bench) -> None:
    for number in (4, 7):
        on = bench.patients.grid_of(OPEN, number)
        allowed = enumerated(on)
        assert 400 < len(allowed) <= bench.patients.LARGEST
        assert {d.arm for d in allowed} == {"wait", "nano", "operative", "combined"}
        assert bench.patients.grid_of(OPEN, number) == on
    assert bench.patients.grid_of(OPEN, 4) != bench.patients.grid_of(OPEN, 7)


@pytest.mark.parametrize("seed", (1, 2, 3))
def test_elimination_finds_what_brute_force_finds_for_less(bench, designs, seed) -> None:
    blocks = (0, 32, 64, 128, 256, 512)
    land = Landscape(seed, noise=0.05)
    found = bench.reference.eliminated(land, designs, Limits(), blocks)
    every = bench.reference.eliminated(Landscape(seed, noise=0.05), designs, Limits(), blocks, np.inf)
    assert every.rollouts == len(designs) * blocks[-1]
    assert found.rollouts < 0.5 * every.rollouts
    assert found.rounds == sorted(found.rounds, reverse=True)
    assert found.sound
    best = float(every.worth[every.best()])
    assert found.worth[found.best()] >= best - 2 * bench.reference.ALIKE * every.range
    assert Design() in [d for d, n in zip(found.designs, found.count, strict=True) if n == blocks[-1]]  # waiting is never dropped


def test_what_harms_is_not_the_reference(bench, designs) -> None:
    blocks = (0, 32, 64, 128, 256, 512)
    land = Landscape(2, harmful=("habits", True))
    found = bench.reference.eliminated(land, designs, Limits(), blocks)
    assert not designs[found.best()].habits
    assert (found.harms[found.best()] / blocks[-1] <= found.limits).all()


def test_a_reference_comes_back_from_disk_as_it_was(bench, designs, tmp_path) -> None:
    found = bench.reference.eliminated(Landscape(1), designs[:60], Limits(), (0, 32, 64))
    found.save(tmp_path / "deep" / "reference.npz")
    again = bench.reference.Reference.load(tmp_path / "deep" / "reference.npz", designs[:60], found.limits)
    assert again.best() == found.best() and again.rounds == found.rounds and again.rollouts == found.rollouts
    assert np.array_equal(again.worth, found.worth) and np.array_equal(again.harms, found.harms)
    assert not list((tmp_path / "deep").glob("*.part*"))


def test_regret_is_of_the_first_that_keeps_the_limits(bench, designs) -> None:
    blocks = (0, 32, 64, 128)
    land = Landscape(2, harmful=("habits", True))
    found = bench.reference.eliminated(land, designs, Limits(), blocks, np.inf)
    judged = bench.reference.Judged(found, land)
    best = designs[found.best()]
    harmful = replace(best, habits=True)
    design, worth = judged.first_feasible([harmful, best])
    assert design == best
    assert judged.regret(worth) == 0.0
    other, less = judged.first_feasible([harmful])
    assert other == Design()  # nothing else was handed over
    assert judged.regret(less) == pytest.approx((found.worth[found.best()] - less) / found.range)


@pytest.mark.parametrize("name", ("random", "TPE", "CMA-ES", "NSGA-II", "DE"))
def test_peers_search_with_the_rollouts_they_have(bench, designs, name) -> None:
    some = [d for d in designs if d.arm != "wait"]
    land = Landscape(4)
    land.tooth = SimpleNamespace(members=768)
    objective = bench.peers.Objective(land, Limits(), 12_000)
    bench.peers.PEERS[name](bench.peers.Space(some), objective, 0)
    assert 40 < len(objective.worth) <= objective.room + len(objective.worth)
    ranked = ranking(objective.finished(), objective._largest)
    assert land.count == objective.spent <= 12_000
    assert ranked and all(e.count == 768 for e in ranked)
    truth = land.truths(some)
    assert land.truth(ranked[0].design) > np.quantile(truth, 0.95)


def test_a_library_that_is_not_there_is_named(bench, designs, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "optuna", None)
    land = Landscape(4)
    land.tooth = SimpleNamespace(members=768)
    with pytest.raises(bench.peers.Missing, match="optuna is not installed"):
        bench.peers.PEERS["Optuna TPE"](bench.peers.Space(designs), bench.peers.Objective(land, Limits(), 12_000), 0)


def test_the_rule_book_drills_what_is_carious(bench, designs) -> None:
    space = bench.peers.Space([d for d in designs if d.arm != "wait"])
    done = bench.peers.rule_book(space, FEW)
    assert done.excavate == "firm" and done.cover == "composite" and done.arm == "operative"
    assert bench.peers.rule_book(space, replace(FEW, carious=False)).excavate == ""


def test_the_table_tells_regret_in_per_cent_of_the_range(bench) -> None:
    rows = {"race": [{"regret": r, "lost": r, "tried": 10, "rollouts": 100} for r in (0.0, 0.0, 0.02)]}
    line = bench.run.told(rows).splitlines()[1].split()
    assert line[:5] == ["race", "3", "0.000", "1.600", "2.000"]
    assert bench.run.numbers("3,10-12") == [3, 10, 11, 12]


def test_harm_costs_a_peer_what_it_costs_the_race(bench, designs) -> None:
    from amelo.plan.race import Entry

    land = Landscape(2, harmful=("habits", True))
    land.tooth = SimpleNamespace(members=768)
    objective = bench.peers.Objective(land, Limits(), 12_000)
    harmful = next(d for d in designs if d.habits)
    score = objective.ask([harmful])[0]
    entry = Entry(harmful, objective.worth[harmful], objective.harms[harmful])
    assert score == pytest.approx(entry.score(np.array([Limits().largest[h] for h in HARMS])))
