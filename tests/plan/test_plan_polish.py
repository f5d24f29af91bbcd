"""Polish: it changes one number at a time, stays within what may be done and written, and finds what lies between the values of the choices."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest
from made_up_landscape import OPEN, Landscape

from amelo.plan.design import NANO, Design, Nano, enumerated
from amelo.plan.goals import Limits
from amelo.plan.polish import DENSITIES, LEAVES, STEP, variants
from amelo.plan.race import Race
from amelo.plan.together import race_together
from amelo.protocol.record import Protocol

SOME = enumerated(OPEN)[::1201]


@pytest.mark.parametrize("design", SOME, ids=lambda d: " ".join(d.skeleton) or "wait")
def test_variants_differ_in_one_number_and_are_of_the_same_kind(design) -> None:
    for v in variants(design, OPEN):
        changed = [f.name for f in fields(Design) if getattr(v, f.name) != getattr(design, f.name)]
        assert len(changed) == 1
        assert v.skeleton == design.skeleton and v.arm == design.arm and not v.refused(OPEN)
        if changed[0] in ("first", "within"):
            dose, was = getattr(v, changed[0]), getattr(design, changed[0])
            assert sum(getattr(dose, f.name) != getattr(was, f.name) for f in fields(Nano)) == 1


def test_what_is_tried_is_what_is_read_aloud() -> None:
    design = Design(excavate="firm", leave=1.0, within=NANO[2], line="calcium silicate", cover="composite")
    texts = {v.text() for v in variants(design, OPEN)}
    assert len(texts) == len(variants(design, OPEN)) == 3  # leave, down and up, and density, down: it is the most already
    assert any("leave 0.75 mm" in t for t in texts) and any("leave 1.25 mm" in t for t in texts)
    for text in texts:
        Protocol.parse(text)


def test_numbers_stay_within_their_bounds() -> None:
    design = Design(excavate="firm", leave=0.0, within=NANO[2], cover="composite")
    for _ in range(12):
        for v in variants(design, OPEN, 2.0):
            assert LEAVES[0] <= v.leave <= LEAVES[1]
            assert v.within.density <= DENSITIES[1] and v.within.minutes == design.within.minutes
        design = variants(design, OPEN, 2.0)[-1]


def test_a_number_that_is_not_there_is_not_made_up() -> None:
    assert variants(Design(first=NANO[5]), OPEN) == []  # what kills with peroxide has a table for every dose
    assert variants(Design(habits=True, surface="varnish"), OPEN) == []
    assert variants(Design(excavate="firm", cover="composite", pulp="pulpotomy"), OPEN) == []


def test_finer_steps_come_nearer() -> None:
    design = Design(excavate="firm", leave=1.0, cover="composite")
    far = {v.leave for v in variants(design, OPEN, STEP)}
    near = {v.leave for v in variants(design, OPEN, STEP / 2)}
    assert far == {0.75, 1.25} and near == {0.875, 1.125}


def test_a_grid_that_names_its_values_is_never_left() -> None:
    on = replace(OPEN, only=(("leave", (0.0, 1.0)),))
    design = Design(excavate="firm", leave=1.0, cover="composite")
    assert variants(design, on) == []


def test_the_race_finds_what_lies_between_values() -> None:
    class Between(Landscape):
        def truths(self, designs):
            plain = super().truths([replace(d, leave=0.0) for d in designs])
            return plain + [2.0 * bool(d.excavate) - 2.0 * (d.leave - 0.75) ** 2 for d in designs]

    land = Between(8, noise=0.01)
    race = Race(land, replace(OPEN, arms=("operative",)), Limits(), 0, 768)
    race_together({"operative": race}, 9000)
    best = race.ranked()[0].design
    grid = land.truths(enumerated(race.situation)).max()
    assert best.leave == pytest.approx(0.75, abs=0.13)
    assert land.truth(best) > grid
