"""Designs: interlocks that no search can leave, one text for each, and neighbours that stay inside."""

from __future__ import annotations

import pytest

from amelo.plan.design import ARMS, NANO, Design, Situation, enumerated, neighbours
from amelo.plan.rollout import operations_of
from amelo.plan.starters import corners, starters
from amelo.protocol import Protocol

DEEP = Situation(carious=True, open_floor=True, enamel_lesion=False, restored=False, vital=True)
WHITE_SPOT = Situation(carious=False, open_floor=False, enamel_lesion=True, restored=False, vital=True)
FILLED = Situation(carious=True, open_floor=True, enamel_lesion=False, restored=True, vital=True)
DEAD = Situation(carious=True, open_floor=True, enamel_lesion=False, restored=False, vital=False)
NECROTIC = Situation(carious=True, open_floor=True, enamel_lesion=False, restored=False, vital=True, dead=True)
MILK = Situation(carious=True, open_floor=True, enamel_lesion=False, restored=False, vital=True, primary=True)
SITUATIONS = {"deep": DEEP, "white spot": WHITE_SPOT, "filled": FILLED, "dead": DEAD, "necrotic": NECROTIC, "milk": MILK}


@pytest.mark.parametrize("name", SITUATIONS)
def test_every_design_keeps_the_interlocks_and_reads_as_a_protocol(name):
    on = SITUATIONS[name]
    designs = enumerated(on)
    assert Design() in designs, "waiting is always possible"
    assert len(set(designs)) == len(designs)
    for design in designs[:: max(1, len(designs) // 60)]:
        assert design.refused(on) == ""
        text = design.text()
        protocol = Protocol.parse(text)
        assert len(operations_of(text)) == len(protocol.steps)
        if "excavate to" in text:
            assert "fill" in text, "an open cavity is never left open"
        if "take off" in text:
            assert text.index("fill temporarily") < text.index("take off")


def test_what_covers_a_tooth_stops_everything_but_habits():
    assert {d.skeleton for d in enumerated(FILLED)} == {(), ("habits",)}


def test_no_carriers_without_a_lesion_and_none_twice():
    assert all(not (d.first and d.within) for d in enumerated(DEEP))
    assert Design(first=NANO[1]).refused(Situation(False, False, False, False, True)) != ""


def test_dead_pulps_are_neither_lined_over_nor_treated_and_milk_teeth_get_no_crowns():
    assert all(not d.line and not d.pulp for d in enumerated(DEAD))
    assert all(d.cover not in ("onlay", "crown") for d in enumerated(MILK))
    assert any(d.surface.startswith("seal") for d in enumerated(MILK))
    assert not any(d.surface.startswith("seal") for d in enumerated(DEEP))


def test_a_dead_pulp_is_never_closed_in():
    opened = [d for d in enumerated(NECROTIC) if d.excavate]
    assert opened and all(d.pulp == "root treatment" for d in opened)
    assert any(not d.excavate and d.arm == "operative" for d in enumerated(NECROTIC))


def test_a_second_visit_goes_deeper_or_goes_on_in_the_cavity_of_the_first():
    dose = NANO[1]
    same = Design(excavate="leathery", leave=1.5, stepwise=True, gap=1.0, within=dose, line="calcium silicate", cover="composite")
    deeper = Design(excavate="firm", leave=1.0, stepwise=True, gap=4.0, cover="composite")
    assert {same, deeper} <= set(enumerated(DEEP))
    lines = same.text().splitlines()
    assert sum("excavate" in line for line in lines) == 1 and lines.index("rest 1 d") < lines.index(dose.line())
    assert [line for line in deeper.text().splitlines() if "excavate" in line] == [
        "excavate to leathery dentine, leave 1 mm over the pulp",
        "excavate to firm dentine, leave 1 mm over the pulp",
    ]
    assert Design(stepwise=True, gap=4.0).refused(DEEP)


@pytest.mark.parametrize("arm", ARMS)
def test_arms_are_told_apart_by_what_is_done(arm):
    for design in enumerated(Situation(True, True, False, False, True, arms=(arm,))):
        nano = "nanobots" in design.text()
        other = any(
            word in design.text() for word in ("excavate", "varnish", "silver", "brush", "snacks", "seal", "peptide", "infiltrate")
        )
        assert (
            design.arm
            == arm
            == {(False, False): "wait", (True, False): "nano", (False, True): "operative", (True, True): "combined"}[nano, other]
        )


def test_neighbours_stay_in_the_arm_and_inside_the_interlocks():
    for design in enumerated(DEEP)[::997]:
        for near in neighbours(design, DEEP):
            assert near != design
            assert near.arm == design.arm
            assert near.refused(DEEP) == ""


def test_every_neighbour_can_be_left_again():
    design = Design(excavate="firm", leave=1.0, line="calcium silicate", cover="composite")
    reached = set(neighbours(design, DEEP))
    assert len(reached) > 10
    back = [near for near in reached if design in set(neighbours(near, DEEP))]
    assert len(back) > len(reached) // 2


def test_corners_show_every_skeleton_before_any_comes_twice_and_the_same_for_a_seed():
    on = Situation(True, True, False, False, True, arms=("operative",))
    order = corners(on, 3)
    kinds = {d.skeleton for d in order}
    assert {d.skeleton for d in order[: len(kinds)]} == kinds
    assert order == corners(on, 3)
    assert order != corners(on, 4)


def test_starters_are_allowed_everywhere():
    for on in SITUATIONS.values():
        assert all(d.refused(on) == "" for d in starters(on))


def test_a_dose_says_what_it_is():
    dose = next(n for n in NANO if n is not None and n.gradient)
    assert Protocol.parse(dose.line()).steps[0].number_density == pytest.approx(1e6 * dose.density)
    assert dose.less(0.1).density == pytest.approx(0.1 * dose.density)
