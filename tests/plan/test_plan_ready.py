"""Tables made beforehand are those that a plan asks for."""

from __future__ import annotations

from amelo.plan import ready as module
from amelo.plan.design import NANO, Design
from amelo.plan.rollout import operations_of
from amelo.therapy.nano.lookup import LEVELS, ROUND


def test_every_dose_has_its_tables_for_living_and_dead_pulps(monkeypatch):
    made, told = [], []
    monkeypatch.setattr(module, "tubules", lambda *wanted: made.append(wanted))
    count = module.ready((3e-3,), on_progress=lambda done, what: told.append(done))
    doses = [n for n in NANO if n is not None]
    assert count == len(made) == len(told) == 3 * len(doses) and told == sorted(told)
    for dose in doses:
        for design in (Design(first=dose), Design(excavate="firm", within=dose, cover="composite")):
            visit = next(op.act for op in operations_of(design.text()) if getattr(op.act, "carriers", ()))
            for carrier in visit.carriers:
                assert {(carrier, visit.seen_by(carrier), 3e-3, *state) for state in module.STATES} <= set(made)


def test_states_are_levels_between_which_tables_are_read():
    assert {conductance for _, conductance in module.STATES} == set(LEVELS[-2:])


def test_thicknesses_are_those_that_tables_are_rounded_to():
    assert all(abs(t / ROUND - round(t / ROUND)) < 1e-9 for t in module.THICKNESSES)
    assert all(ROUND * round(t / ROUND) == t for t in module.THICKNESSES)  # to the bit: they name the tables
