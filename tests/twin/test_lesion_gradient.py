"""Derivatives of the lesion twin against differences of fourth order, for every knob there is."""

from __future__ import annotations

import tomllib
from dataclasses import replace

import numpy as np
import pytest
from differences import EXACT, NOISE, RELATIVE, check_arrays, check_knobs, check_one, difference

from amelo.errors import CommandError, ParameterError, SolveError
from amelo.records.fluid import Fluid
from amelo.records.specimen import load_specimen, parse_specimen
from amelo.twin.column import graded_edges
from amelo.twin.diffusivity import diffusivities
from amelo.twin.lesion.gradient import TIGHT, gradient, integrated_mineral_loss, reverse
from amelo.twin.lesion.knobs import knobs, turned
from amelo.twin.lesion.solve import Settings, solve
from amelo.twin.schedule import Exposure, Repeat, Segment
from amelo.twin.twin import Twin

HOUR = 3600.0
D = diffusivities(37.0)

ACID = Fluid(pH=4.5, totals_mmol_per_kgw={"Ca": 2.0, "P": 2.0, "Ace": 50.0, "K": 30.0}, charge_balanced_by="K")
PULSE = Fluid(pH=6.5, totals_mmol_per_kgw={"F": 10.0, "Na": 40.0, "Cl": 30.0, "Ca": 0.01, "P": 0.02}, charge_balanced_by="Cl")
SALIVA = Fluid(pH=7.0, totals_mmol_per_kgw={"Ca": 1.5, "P": 0.9, "K": 130.0, "Cl": 130.0}, charge_balanced_by="Cl")
ETCH = (Segment(2 * HOUR, Exposure(ACID, film=20e-6)),)
CYCLING = (
    Repeat(
        2,
        (
            Segment(2 * HOUR, Exposure(ACID, film=10e-6, inhibitor=0.1)),
            Segment(60.0, Exposure(PULSE, film=5e-6)),
            Segment(12 * HOUR, Exposure(SALIVA, film=30e-6, inhibitor=0.2)),
        ),
    ),
)


@pytest.fixture(scope="module")
def slab(root):
    return Twin.of(load_specimen(root / "cases/specimens/phreeqc-slab.toml")).column()


@pytest.fixture(scope="module")
def enamel(root):
    text = (root / "cases/specimens/human-enamel.toml").read_text("utf-8")
    coarse = {"grid": {"first_cell": "1 um"}}  # differences see less of a thinner cell
    column = Twin.of(parse_specimen(tomllib.loads(text) | coarse, where="human enamel")).column()
    return replace(column, phases=tuple(_inhibited(phase) for phase in column.phases))


def _inhibited(phase):
    growth = replace(phase.growth, inhibited=True) if phase.growth else None
    return replace(phase, growth=growth, dissolution=replace(phase.dissolution, inhibited=True))


def check(column, schedule):
    """Compare every knob that is not 0, and the mineral of some cells; return the gradient."""
    found = gradient(column, schedule, D, of=integrated_mineral_loss, settings=EXACT)
    assert set(found.knobs) == set(knobs(column, schedule))
    check_knobs(found, column, schedule, D, lambda run: integrated_mineral_loss(run)[0][0])
    places = [(which, at) for which in ("mineral", "sound") for at in ((0, 0), (0, 4), (len(column.phases) // 2, 9))]

    def moved(run):  # what was lost, without what sound tissue itself is
        return -((run.mineral[0, -1] - column.mineral[0]).sum(axis=0) * np.diff(run.edges)).sum()

    check_arrays(found, column, schedule, D, moved, places)
    return found


def test_single_diffusion_in_frozen_pores(slab):
    found = check(slab, ETCH)
    assert found.knobs["duration[0]"][0] > 0 > found.knobs["bath[0].pH"][0]
    assert "inhibitor[0]" in found.inert() and "porosity_floor" in found.inert()
    plain = solve(slab, ETCH, D, EXACT)
    assert plain.mineral[0, -1] == pytest.approx(found.run.mineral[0, -1], abs=1e-13)
    assert plain.balance == pytest.approx(found.run.balance, abs=1e-12)


def test_a_diffusivity_for_each_species(root):
    specimen = load_specimen(root / "cases/specimens/phreeqc-slab.toml").model_copy(
        update={"diffusion": "species", "pore_diffusivity": None}
    )
    found = check(Twin.of(specimen).column(), ETCH)
    assert found.knobs["diffusivity_scale"][0] > 0


def test_two_days_of_cycling_with_growth_fluoride_and_pores_that_change(enamel):
    found = check(enamel, CYCLING)
    assert found.run.status[0] == 0
    assert found.knobs["bath[1].F"][0] < 0 < found.knobs["bath[0].Ace"][0]
    assert found.knobs["inhibitor[0]"][0] < 0 < found.knobs["inhibitor[2]"][0]


def test_every_parameter_moves_the_loss_or_is_known_not_to(enamel):
    known = {"porosity_floor"}  # apatites stop at the pores of sound tissue
    found = gradient(enamel, CYCLING, D)
    assert set(found.inert(list(enamel.parameters))) == known


def test_derivatives_hold_at_the_tolerance_that_is_used(enamel):
    loose, exact = gradient(enamel, CYCLING, D), gradient(enamel, CYCLING, D, settings=EXACT)
    now = knobs(enamel, CYCLING)
    for name, slope in exact.knobs.items():
        scale = max(abs(slope[0]), 1e-2 * abs(exact.value[0] / (now[name][0] or 1.0)))
        assert abs(loose.knobs[name][0] - slope[0]) <= RELATIVE * scale, name


def test_a_way_that_does_not_fit_is_refused_and_a_tape_can_be_pulled_twice(enamel):
    with pytest.raises(SolveError, match="needs more memory"):
        reverse(enamel, CYCLING, D, memory=1e6)
    kept = reverse(enamel, CYCLING, D)
    _, slope = integrated_mineral_loss(kept.run)
    assert np.array_equal(kept.pull(slope).mineral, kept.pull(slope).mineral)


def test_any_saved_time_and_profile(slab):
    back = reverse(slab, ETCH, D, settings=EXACT)
    rng = np.random.default_rng(1)
    weights = rng.normal(size=back.run.mineral.shape) * 1e-3
    found = back.pull(weights)

    def of(run):
        return (run.mineral * weights).sum()

    for name in ("dissolution_rate.HAp", "molar_volume.HAp", "duration[0]"):
        now = knobs(slab, ETCH)[name][0]
        expected = difference(
            lambda x, name=name, now=now: of(reverse(*turned(slab, ETCH, {name: now + x}), D, settings=EXACT).run), 1e-3 * now
        )
        assert found.knobs[name][0] == pytest.approx(expected, rel=1e-7)
    with pytest.raises(CommandError, match="give members, times, phases, cells"):
        back.pull(weights[:, :-1])


def test_members_side_by_side_are_as_they_are_alone(slab):
    edges = graded_edges(150e-6, 30, 2e-6)
    schedule = (Segment(HOUR, Exposure(ACID)), Segment(HOUR, Exposure(SALIVA)))
    rates = np.array([1.0, 0.3, 2.0])

    def members(chosen):
        count = len(chosen)
        arrays = {n: np.repeat(getattr(slab, n), count, axis=0) for n in ("mineral", "sound", "organic")}
        parameters = {n: np.repeat(v, count) for n, v in slab.parameters.items()}
        parameters["dissolution_rate.HAp"] = parameters["dissolution_rate.HAp"] * rates[chosen]
        return replace(slab, edges=edges, **arrays, parameters=parameters)

    turn = {"bath[0].pH": np.array([4.5, 4.7, 4.4]), "duration[1]": np.array([HOUR, 0.8 * HOUR, HOUR])}
    together = gradient(*turned(members([0, 1, 2]), schedule, turn), D, settings=EXACT)
    assert (together.run.status == 0).all()
    for m in range(3):
        # the steps of a segment are cut for its longest member; alone, a member's own length does that
        alone = gradient(*turned(members([m]), schedule, {n: float(v[m]) for n, v in turn.items()}), D, settings=EXACT)
        tolerance = 1e-7 if m != 1 else 3e-2
        assert together.value[m] == pytest.approx(alone.value[0], rel=tolerance)
        for name, slope in alone.knobs.items():
            assert together.knobs[name][m] == pytest.approx(slope[0], rel=tolerance, abs=1e-9 * abs(alone.value[0])), (m, name)


def test_a_member_that_fails_has_no_derivative(slab):
    hopeless = Settings(iterations=2, cuts=1, tolerance=1e-12)
    found = gradient(slab, ETCH, D, settings=hopeless)
    assert found.run.failure[0]
    assert all(np.isnan(slope).all() for slope in found.knobs.values())
    assert np.isnan(found.mineral).all()


def test_names_are_checked(slab):
    with pytest.raises(ParameterError, match="pore_diffusivity"):
        turned(slab, ETCH, {"pore_difusivity": 1e-10})
    with pytest.raises(ParameterError, match=r"bath\[0\]\.Ca"):
        turned(slab, ETCH, {"bath[0].Cu": 1.0})
    with pytest.raises(CommandError, match="integrated_mineral_loss"):
        gradient(slab, ETCH, D, of="integrated_mineral_los")


def test_knobs_of_a_schedule_count_what_is_written(slab):
    schedule = (
        Repeat(3, (Segment(60.0, Exposure(ACID)), Segment(90.0, Exposure(SALIVA)))),
        Segment(30.0, Exposure(ACID, film=1e-5)),
    )
    found = knobs(slab, schedule)
    assert [found[f"duration[{i}]"][0] for i in range(3)] == [60.0, 90.0, 30.0]
    assert found["bath[0].pH"][0] == 4.5 and found["bath[1].pH"][0] == 7.0 and "bath[2].pH" not in found
    assert "bath[0].K" not in found  # the ion that closes the charge is no knob
    _, changed = turned(slab, schedule, {"bath[0].pH": 5.0, "film[2]": 2e-5, "duration[1]": 80.0})
    first, second = changed[0].parts
    assert first.exposure.fluid.pH == changed[1].exposure.fluid.pH == 5.0
    assert second.exposure.fluid.pH == 7.0 and second.duration == 80.0 and changed[0].count == 3
    assert changed[1].exposure.film == 2e-5 and first.exposure.film == 0.0


def test_steps_that_were_cut_are_walked_back_as_they_were_taken(slab):
    few = Settings(tolerance=1e-4, near_tolerance=1e-4, iterations=6, cuts=8)  # so many cuts that the tape has to be made longer
    back = reverse(slab, ETCH, D, settings=few)
    assert back.run.counts["rejections"] > 0 and back.run.status[0] == 0
    shares = np.concatenate([block.shares for block in back.tape.ways[0].blocks])
    assert shares.min() < 1.0
    value, slope = integrated_mineral_loss(back.run)
    found = back.pull(slope, value)
    for name in ("dissolution_rate.HAp", "pore_diffusivity", "duration[0]", "film[0]"):
        now = knobs(slab, ETCH)[name][0]

        def turn(x, name=name, now=now):
            return integrated_mineral_loss(reverse(*turned(slab, ETCH, {name: now + x}), D, settings=few).run)[0][0]

        check_one(name, found.knobs[name][0], turn, now, NOISE * abs(value[0]) / now)


@pytest.mark.parametrize("repeated", [True, False])
def test_a_taped_run_starts_newton_where_a_plain_one_does(slab, repeated):
    day = CYCLING[0].parts
    schedule = (Repeat(6, day),) if repeated else day * 6
    taped, plain, cold = reverse(slab, schedule, D).run, *(solve(slab, schedule, D, replace(TIGHT, warm=w)) for w in (True, False))
    assert taped.counts["steps"] == plain.counts["steps"]
    assert taped.counts["iterations"] == pytest.approx(plain.counts["iterations"], rel=0.02)
    assert taped.counts["iterations"] < 0.9 * cold.counts["iterations"]
    assert taped.mineral[:, -1] == pytest.approx(plain.mineral[:, -1], abs=1e-8)
