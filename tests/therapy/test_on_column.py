"""What a laboratory does to a specimen, on the ion-resolved column: doses, books, what is protected and what is refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from amelo.errors import ParameterError
from amelo.params import load_set
from amelo.protocol.simulate import simulate
from amelo.records.fluid import Fluid
from amelo.records.specimen import parse_specimen
from amelo.therapy.on_column import PROTEIN, Bench, Isolate, depth_in, readied, steps_of, surface_of, total_of, without
from amelo.therapy.operative.on_column import DeproteiniseColumn, EtchColumn, ExcavateColumn, SealColumn
from amelo.therapy.operative.surface import etched_depth, protein_left
from amelo.therapy.resilience.on_column import InfiltrateColumn, SilverColumn, opened
from amelo.therapy.resilience.pores import porous, resin_in
from amelo.twin.build import column_of
from amelo.twin.change import Standing
from amelo.twin.diffusivity import diffusivities
from amelo.twin.lesion.kernel import layout_of
from amelo.twin.lesion.solve import Settings, cell_model, solve
from amelo.twin.lesion.steps import Grid
from amelo.twin.measures import measure_run
from amelo.twin.run import RunStatus
from amelo.twin.schedule import Exposure, Repeat, Segment
from amelo.twin.tooth.draws import Draws

ACID = Exposure(Fluid(pH=4.6, totals_mmol_per_kgw={"Ca": 2.0, "P": 2.0, "Lac": 50.0, "Na": 20.0}, charge_balanced_by="K"))
MINERAL = Exposure(Fluid(pH=7.0, totals_mmol_per_kgw={"Ca": 1.5, "P": 0.9, "K": 130.0, "Cl": 130.0}, charge_balanced_by="K"))
HOUR = 3600.0
value = load_set("steps").value
LESION = {"depth": "100 um", "surface_layer": "15 um", "surface_mineral": 0.95, "body_mineral": 0.6}
SHALLOW = {"depth": "30 um", "body_mineral": 0.6}  # reached by resin in every member
ETCH = EtchColumn("etch 37 % phosphoric acid for 15 s", 15.0)
OPEN = EtchColumn("etch 15 % hydrochloric acid for 2 min", 120.0, acid="hydrochloric acid", strength=0.15)
RESIN = InfiltrateColumn("infiltrate resin", 300.0)
SEAL = SealColumn("seal with resin", 300.0)
BLEACH = DeproteiniseColumn("deproteinise with 5 % NaOCl for 60 s", 60.0)
SILVER = SilverColumn("silver diamine fluoride 38 %", 60.0)
CUT = ExcavateColumn("excavate to firm dentine", 600.0)


def specimen(lesion=LESION, tissue="human enamel", **parts):
    base = {"name": "x", "tissue": tissue, "thickness": "200 um", "grid": {"cells": 40, "first_cell": "1 um"}}
    return parse_specimen(base | ({"lesion": lesion} if lesion else {}) | parts, where="x.toml")


def solved(schedule, members=1, dentine=False, seed=0, lesion=LESION, ready=True, settings=None, **parts):
    column = column_of(specimen(lesion, "dentine" if dentine else "human enamel", **parts), members=members, seed=seed)
    if ready:
        column, schedule = readied(column, tuple(schedule), dentine=dentine, seed=seed)
    run = solve(column, tuple(schedule), diffusivities(37.0), settings or Settings(grid=Grid(), saves=12, lanes=4))
    assert (run.status == RunStatus.OK).all(), run.failure
    assert np.abs(run.balance).max() < 1e-12  # calcium, phosphate, fluoride, protons and every family
    return run


def loss(run, since=1):
    """Return the mineral lost since a saved moment [vol%·µm]: from the second on, since steps before the first bath come after the first."""
    lost = measure_run(run)["integrated_mineral_loss"]
    return lost[:, -1] - lost[:, since]


def book(run, words):
    (k,) = [i for i, name in enumerate(run.account_names) if words in name]
    return run.accounts[:, -1, k]


def enamel(mineral, widths=5e-6, organic=0.09, **parts):
    """Return a standing of one member of a few cells."""
    mineral = np.asarray(mineral, float)[None]
    cells = mineral.shape[1]
    one = np.ones((1, cells))
    return Standing(
        time=np.zeros(1), edges=widths * np.arange(cells + 1), phases=("HAp",), mineral=0.87 * mineral[:, None], sound=0.87 * one[:, None],
        organic=organic * one, porosity=1.0 - 0.87 * mineral - organic, ph=7.0 * one, saturation=one[:, None], ease=one.copy(), members=np.arange(1),
        parameters={"porosity_exponent": np.full(1, 2.0), "porosity_floor": np.full(1, 1e-3)}, kept=0.0 * one, gone=one < 0.0, collagen=one.copy(), **parts,
    )  # fmt: skip


def benched(step, **parts):
    from amelo.twin.tooth.constants import drawn

    return replace(
        step, bench=Bench(drawn(None, 1, 0, sets=("steps",)) | {PROTEIN: np.full(1, 0.09)}, Draws(0, np.arange(1)), **parts)
    )


def applied(step, before, **parts):
    step = benched(step, **parts)
    return step.apply(replace(before, accounts=dict.fromkeys(step.accounts, np.zeros(1))))


# Nothing, and what a run is made of


@pytest.mark.parametrize(
    "step",
    [
        replace(ETCH, duration=0.0), replace(ETCH, strength=0.0), replace(ETCH, acid="polyacrylic acid"), replace(BLEACH, strength=0.0),
        replace(SILVER, strength=0.0), replace(RESIN, duration=0.0), replace(SEAL, duration=0.0), replace(CUT, duration=0.0), Isolate("isolate", 60.0),
    ],
    ids=lambda step: type(step).__name__,
)  # fmt: skip
def test_a_step_with_nothing_dosed_leaves_the_same_bits(step):
    before = enamel([0.9, 0.6, 0.6, 1.0])
    assert benched(step).apply(before) is before
    column, schedule = column_of(specimen()), (Segment(HOUR, ACID), step, Segment(HOUR, MINERAL))
    same, left = readied(column, schedule, dentine=isinstance(step, ExcavateColumn))
    assert same is column
    assert left == (schedule[0], schedule[2])
    plain = solved((schedule[0], schedule[2]), ready=False)
    other = solved(schedule, dentine=False) if not isinstance(step, ExcavateColumn) else plain
    for name in ("mineral", "porosity", "ph", "inflow", "totals"):
        np.testing.assert_array_equal(getattr(other, name), getattr(plain, name))


def test_a_schedule_without_steps_is_left_alone():
    column, schedule = column_of(specimen()), (Segment(HOUR, ACID),)
    assert readied(column, schedule) == (column, schedule)
    assert steps_of((ETCH, *schedule, RESIN)) == (ETCH, RESIN)


def test_steps_compile_no_kernel_of_their_own():
    column, schedule = column_of(specimen()), (Segment(HOUR, ACID),)
    treated, done = readied(column, (OPEN, RESIN, ETCH, SEAL, *schedule))
    models = [cell_model(c, s, diffusivities(37.0)) for c, s in ((column, schedule), (treated, done))]
    assert layout_of(models[0], 4) is layout_of(models[1], 4)


def test_a_step_at_the_end_is_seen_and_one_at_the_start_comes_first():
    run = solved([Segment(HOUR, ACID), ETCH])
    assert run.time[-1] == pytest.approx(HOUR + 1.0)
    assert book(run, "etched") > 0.0
    first = solved([ETCH, Segment(HOUR, ACID)])
    assert first.accounts[0, 0].tolist() == [0.0, 0.0]  # the first state is before it
    assert book(first, "depth") == pytest.approx(10.0)


def test_members_have_their_own_constants_and_the_first_the_middle():
    run = solved([ETCH, RESIN, Segment(60.0, MINERAL)], members=6, seed=3)
    depth = book(run, "depth")
    assert depth[0] == pytest.approx(1e6 * 1e-6 * value("etch.depth"))
    assert len(np.unique(depth)) == 6
    np.testing.assert_array_equal(book(solved([ETCH, RESIN, Segment(60.0, MINERAL)], members=3, seed=3), "depth"), depth[:3])
    assert np.ptp(book(run, "resin")) > 0.0


# Acids, hypochlorite, instruments


def test_the_depth_of_etching_is_that_of_the_whole_tooth():
    c = {p.name: np.array([p.value * (1e-6 if p.unit == "um" else 1.0)]) for p in load_set("steps")}
    assert etched_depth(c, "phosphoric acid", 0.37, 15.0) == pytest.approx(10e-6)
    assert etched_depth(c, "phosphoric acid", 0.185, 15.0) == pytest.approx(5e-6)
    assert etched_depth(c, "hydrochloric acid", 0.15, 120.0) == pytest.approx(34e-6, rel=1e-3)  # arnold2015
    assert etched_depth(c, "hydrochloric acid", 0.15, 480.0) == pytest.approx(77e-6, rel=0.02)
    assert etched_depth(c, "polyacrylic acid", 0.1, 20.0) == 0.0
    assert protein_left(c, 0.05, 30.0, np.ones((1, 1))) == pytest.approx(np.exp(-1.0))


def test_etching_takes_what_it_says_and_the_surface_layer_with_it():
    after = applied(ETCH, enamel([0.95, 0.95, 0.6, 0.6, 1.0], widths=4e-6))  # 10 of 20 um
    np.testing.assert_allclose(total_of(after)[0], [0.0, 0.0, 0.3, 0.6, 1.0])
    assert after.gone[0].tolist() == [True, True, False, False, False]
    expected = 1e8 * 0.87 * (0.95 * 8e-6 + 0.6 * 2e-6)
    assert after.accounts["etch: etched [vol%·µm]"] == pytest.approx(expected)
    run = solved([Segment(1.0, MINERAL), ETCH, Segment(1.0, MINERAL)])
    before, later = (measure_run(run)["integrated_mineral_loss"][0, k] for k in (0, -1))
    assert later - before == pytest.approx(book(run, "etched")[0], rel=1e-3)
    assert (run.mineral[0, -1, :, :2].sum(axis=0) == 0.0).all()
    np.testing.assert_allclose(run.porosity[0, -1, :2], 1.0)
    gone = np.searchsorted(run.edges, 10e-6)
    np.testing.assert_array_less(np.abs(run.ph[0, -1, :2] - 7.0), 0.05)  # what is gone is full of the bath
    assert run.mineral[0, -1, :, gone:].sum() == pytest.approx(run.mineral[0, 0, :, gone:].sum(), rel=1e-3)


def test_what_was_taken_away_does_not_grow_again():
    run = solved([OPEN, Repeat(3, (Segment(20 * HOUR, MINERAL),))])
    cut = run.edges[1:] < 33e-6
    assert (run.mineral[0, -1][:, cut] == 0.0).all()
    below = run.edges[:-1] > 36e-6
    assert run.mineral[0, -1][:, below].sum() > run.mineral[0, 0][:, below].sum()  # the lesion below does


def test_the_innermost_cell_stays_and_nothing_is_taken_twice():
    before = enamel([1.0, 1.0, 1.0])
    after, lost = without(before, np.array([1.0]))
    assert after.gone[0].tolist() == [True, True, False]
    assert lost == pytest.approx(0.87 * 1e-5)
    again, more = without(after, np.array([1e-6]))
    assert more == 0.0
    tissue, outside = surface_of(again)
    assert tissue[0].tolist() == pytest.approx([0.0, 0.0, 5e-6])
    assert outside.sum() == pytest.approx(1e-5)


def test_etching_dentine_bares_its_collagen_and_bleach_takes_what_is_bare():
    before = enamel([1.0, 1.0, 1.0, 1.0], organic=0.3)
    before = replace(before, mineral=before.mineral * 0.5, sound=before.sound * 0.5, porosity=before.porosity + 0.435)
    bared = applied(ETCH, before, dentine=True)
    np.testing.assert_allclose(total_of(bared)[0], [0.0, 0.0, 1.0, 1.0], atol=1e-12)
    np.testing.assert_array_equal(bared.organic, before.organic)
    assert not bared.gone.any()
    bleached = applied(BLEACH, bared, dentine=True)
    left = bleached.organic / bared.organic
    reach = depth_in(surface_of(bared)[0], np.array([50e-6]))[0]
    np.testing.assert_allclose(left[0], [*np.exp(-2.0 * reach[:2]), 1.0, 1.0])
    assert bleached.accounts["deproteinise: protein taken [vol%·µm]"] == pytest.approx(
        1e8 * ((bared.organic - bleached.organic).sum() * 5e-6)
    )


def test_bleach_opens_the_pores_of_enamel_and_a_run_loses_more_for_it():
    before = enamel([0.9, 0.6, 1.0])
    after = applied(BLEACH, before)
    reach = np.exp(-np.array([2.5, 7.5, 12.5]) / 50.0)
    np.testing.assert_allclose(after.organic[0], 0.09 * np.exp(-2.0 * reach))
    bare, opened_ = solved([Segment(6 * HOUR, ACID)]), solved([BLEACH, Segment(6 * HOUR, ACID)])
    assert loss(opened_) > 1.05 * loss(bare)
    grown = opened_.porosity[0, 1, 0] - bare.porosity[0, 1, 0]
    assert grown > 0.05  # of the 9 % that are no mineral and no pore


def test_excavation_takes_what_is_softer_and_says_how_much():
    soft = {"depth": "120 um", "body_mineral": 0.2}
    found = {}
    for word in ("soft", "leathery", "firm", "hard"):
        cut = ExcavateColumn(f"excavate to {word} dentine", 600.0, criterion=word)
        run = solved([cut, Segment(60.0, MINERAL)], dentine=True, lesion=soft, thickness="400 um")
        found[word] = float(book(run, "tissue removed")[0])
        lost = np.diff(measure_run(run)["integrated_mineral_loss"][0, [0, -1]])
        assert lost == pytest.approx(book(run, "mineral removed"), abs=2.0)
        assert ((run.mineral[0, -1].sum(axis=0) == 0.0) @ np.diff(run.edges)) == pytest.approx(1e-6 * found[word], abs=12e-6)
    assert found["soft"] == 0.0 <= found["leathery"] <= found["firm"] <= found["hard"]
    assert 60.0 < found["firm"] < 140.0


# Resin, silver and seals


def test_resin_fills_the_share_of_the_whole_tooth_and_sound_enamel_none():
    before = enamel([0.6, 0.6, 0.6, 1.0])
    after = applied(RESIN, before)
    filled = (after.organic - before.organic)[0] / before.porosity[0]
    np.testing.assert_allclose(filled, [*[value("resin.filled")] * 3, 0.0])
    np.testing.assert_allclose(after.kept[0], [*[0.6 * value("resin.filled")] * 3, 0.0])
    pores = after.accounts["infiltrate: pores of the lesion [vol%·µm]"]
    assert after.accounts["infiltrate: resin in them [vol%·µm]"] == pytest.approx(value("resin.filled") * pores)
    wet = applied(RESIN, before, dry=False)
    np.testing.assert_allclose((wet.organic - before.organic)[0, :3], value("bond.wet") * filled[:3] * before.porosity[0, :3])
    sound = enamel([1.0, 1.0])
    np.testing.assert_array_equal(applied(RESIN, sound).organic, sound.organic)


def test_a_surface_layer_keeps_resin_out_until_acid_took_it():
    layer, body = [0.97, 0.97], [0.5] * 70
    before = enamel([*layer, *body, 1.0], widths=10e-6)
    thickness = surface_of(before)[0]
    assert opened(total_of(before), thickness) == pytest.approx(0.06)
    closed = applied(RESIN, before)
    bare = applied(RESIN, applied(OPEN, before))  # 34 of the 20 um of the layer, and of the body
    np.testing.assert_allclose(opened(total_of(enamel([*body, 1.0])), surface_of(enamel([*body, 1.0]))[0]), 1.0)
    runs = [np.flatnonzero((a.kept > 0.0)[0]).max() * 10.0 for a in (closed, bare)]
    assert 100.0 < runs[0] < 150.0  # 0.2 of 500 um and 6 % of the rest
    assert runs[1] > 500.0
    assert opened(np.ones((1, 4)), np.full((1, 4), 1e-6)) == 0.0


def test_what_fills_pores_already_stands_in_the_way_and_porous_is_a_ramp():
    before = enamel([0.6, 0.6, 1.0])
    once = applied(RESIN, before)
    twice = applied(RESIN, replace(once, porosity=before.porosity - (once.organic - before.organic)))
    assert ((twice.organic - once.organic)[0, :2] < 0.3 * (once.organic - before.organic)[0, :2]).all()
    np.testing.assert_allclose(porous(np.array([0.5, 0.98, 0.99, 1.0, 1.1])), [1.0, 1.0, 0.5, 0.0, 0.0])
    c = {
        "resin.depth": np.array([1e-5]),
        "resin.unopened": np.array([0.2]),
        "resin.filled": np.array([0.9]),
        "bond.wet": np.array([0.5]),
    }
    part = resin_in(c, np.full((1, 3), 0.5), np.full((1, 3), 4e-6), np.array([[1.0, 3.0, 0.5]]), opened=1.0, dry=True)
    np.testing.assert_allclose(part, [[0.9, 0.3, 0.45]])


def test_infiltration_slows_loss_and_what_is_under_resin_stays():
    day = 24 * HOUR
    bare, filled = solved([Segment(5 * day, ACID)]), solved([RESIN, Segment(5 * day, ACID)])
    slowed = loss(filled) / loss(bare)
    assert 0.0 < slowed < 0.15
    inner = (filled.edges[:-1] > 15e-6) & (filled.edges[1:] < 95e-6)
    kept = filled.mineral[0, -1][:, inner].sum(axis=0) / filled.mineral[0, 0][:, inner].sum(axis=0)
    assert (kept >= value("resin.filled") - 1e-6).all()
    np.testing.assert_allclose(filled.porosity[0, 1, inner] / bare.porosity[0, 0, inner], 1.0 - value("resin.filled"), rtol=0.1)


def test_a_seal_lets_no_more_pass_than_its_leak():
    day = 24 * HOUR
    bare = solved([ETCH, Segment(3 * day, ACID)])
    for step, leak in ((SEAL, value("leak.sealant")), (replace(SEAL, material="glass ionomer"), value("leak.sealant"))):
        shut = solved([ETCH, step, Segment(3 * day, ACID)])
        assert book(shut, "passes") == pytest.approx(100.0 * leak)
        assert 0.0 < loss(shut) < 1.1 * leak * loss(bare)
    loose = solved([SEAL, Segment(3 * day, ACID)])  # not etched
    assert book(loose, "passes") == pytest.approx(100.0 * value("leak.sealant") * value("leak.unetched"))
    assert loss(loose) > loss(shut)


def test_a_leak_of_everything_is_no_seal():
    def with_leak(leak):
        column, schedule = readied(column_of(specimen()), (ETCH, SEAL, Segment(6 * HOUR, ACID)))
        (_, seal), later = steps_of(schedule), schedule[2:]
        values = dict(seal.bench.values) | {"leak.sealant": np.array([leak])}
        return solve(
            column, (schedule[0], replace(seal, bench=replace(seal.bench, values=values)), *later), diffusivities(37.0), Settings()
        )

    open_ = with_leak(1.0)
    bare = solved([ETCH, Segment(6 * HOUR, ACID)], settings=Settings())
    assert measure_run(open_)["integrated_mineral_loss"][0, -1] == pytest.approx(
        measure_run(bare)["integrated_mineral_loss"][0, -1], rel=5e-3
    )
    assert measure_run(with_leak(0.1))["integrated_mineral_loss"][0, -1] < measure_run(open_)["integrated_mineral_loss"][0, -1]


def test_a_cavity_is_filled_and_not_sealed():
    run = solved([CUT, ETCH, SEAL, Segment(HOUR, ACID)], dentine=True, lesion={"depth": "80 um", "body_mineral": 0.2})
    assert book(run, "passes") == pytest.approx(100.0 * value("leak.composite"))
    assert (run.porosity[0, -1][(run.edges[1:] > 0.0) & (run.edges[1:] < 30e-6)] < 0.15).all()  # the filling


def test_what_fills_a_cavity_is_no_collagen_that_enzymes_take():
    week = [Segment(12 * HOUR, ACID), Segment(36 * HOUR, MINERAL)] * 3
    parts = {"dentine": True, "lesion": {"depth": "80 um", "body_mineral": 0.2}, "collagen": {"decays": True, "active_enzyme": 1.0}}
    run, bare = (solved([CUT, ETCH, *step, *week], **parts) for step in ((SEAL,), ()))
    filled = run.edges[1:] < 1e-6 * book(run, "tissue removed")[0]
    np.testing.assert_allclose(run.collagen[0, -1, filled], 1.0)
    np.testing.assert_allclose(run.porosity[0, -1, filled], run.porosity[0, 1, filled], atol=1e-9)
    assert measure_run(run)["collagen_loss"][0, -1] < 0.5 * measure_run(bare)["collagen_loss"][0, -1]


@pytest.mark.parametrize("diffusion", ["single", "species"])
def test_resin_and_seals_resist_alike_in_both_kinds_of_diffusion(diffusion):
    acid = Segment(24 * HOUR, ACID)
    bare, filled, shut = (solved([ETCH, *steps, acid], diffusion=diffusion) for steps in ((), (RESIN,), (SEAL,)))
    assert 0.05 < loss(filled) / loss(bare) < 0.2
    assert 0.002 < loss(shut) / loss(bare) < 0.022


def test_silver_fills_pores_of_lesions_by_depth():
    before = enamel([0.5, 0.5, 0.5, 1.0], widths=1e-4)
    after = applied(SILVER, before)
    filled = (after.organic - before.organic)[0] / before.porosity[0]
    np.testing.assert_allclose(filled, [*(0.5 * value("silver.filled") * np.exp(-np.array([0.05, 0.15, 0.25]) / 0.4)), 0.0])
    weaker = applied(replace(SILVER, strength=0.19), before)
    np.testing.assert_allclose((weaker.organic - before.organic) * 2.0, after.organic - before.organic)
    day = 24 * HOUR
    assert 0.7 < loss(solved([SILVER, Segment(2 * day, ACID)])) / loss(solved([Segment(2 * day, ACID)])) < 1.0


def test_resin_counts_protein_against_that_of_sound_enamel():
    """Members that differ by what nobody knows take up alike; enamel that kept more protein takes up less, and bleach mends it."""
    values = {}
    for name, parts in (("usual", {}), ("protein", {"sound_mineral": 0.70, "porosity": 0.04})):
        column, schedule = readied(column_of(specimen(SHALLOW, **parts), members=5), (RESIN, Segment(60.0, MINERAL)))
        run = solve(column, schedule, diffusivities(37.0), Settings())
        pores, resin = run.accounts[:, -1].T
        values[name] = resin / pores
        c = schedule[0].bench.values
        if name == "usual":
            np.testing.assert_allclose(values[name], c["resin.filled"], rtol=1e-9)
            assert c[PROTEIN][0] == pytest.approx(0.09)
    assert values["protein"][0] == pytest.approx(value("resin.filled") * 0.09 / 0.26, rel=1e-6)
    column, schedule = readied(
        column_of(specimen(SHALLOW, sound_mineral=0.70, porosity=0.04)), (BLEACH, RESIN, Segment(60.0, MINERAL))
    )
    run = solve(column, schedule, diffusivities(37.0), Settings())
    assert book(run, "resin") / book(run, "pores") > 1.5 * values["protein"][0]


# Order


def test_steps_that_commute_do():
    """Silver goes by mineral alone and bleach by protein alone."""
    before = enamel([0.5, 0.7, 0.9, 1.0])
    ways = []
    for first, second in ((BLEACH, SILVER), (SILVER, BLEACH)):
        one = applied(first, before)
        grown = (one.mineral - before.mineral).sum(axis=1) + one.organic - before.organic
        ways.append((one, applied(second, replace(one, porosity=before.porosity - grown))))
    np.testing.assert_array_equal(ways[0][1].mineral, ways[1][1].mineral)
    kept = [end.kept for _, end in ways]
    np.testing.assert_allclose(*kept)


def test_etching_twice_is_etching_to_the_sum_of_depths_and_seals_come_last():
    before = enamel([0.95, 0.6, 0.6, 0.6, 1.0])
    once, twice = without(before, np.array([16e-6]))[0], without(without(before, np.array([7e-6]))[0], np.array([12e-6]))[0]
    assert once.gone.sum() == twice.gone.sum() == 3
    split = without(without(before, np.array([5e-6]))[0], np.array([10e-6]))[0]
    np.testing.assert_allclose(split.mineral, without(before, np.array([15e-6]))[0].mineral)
    with pytest.raises(
        ParameterError, match=r"'etch 37 % phosphoric acid for 15 s' cannot be done; 'seal with resin' covers the surface"
    ):
        readied(column_of(specimen()), (SEAL, Segment(HOUR, ACID), ETCH, Segment(HOUR, ACID)))


# What is refused


@pytest.mark.parametrize(
    ("step", "parts", "dentine", "words"),
    [
        (RESIN, {"tissue": "dentine", "lesion": None}, True, "it is done to enamel, and the specimen is dentine; leave it out"),
        (CUT, {}, False, "it is done to dentine, and the specimen is enamel; leave it out"),
        (ETCH, {"biofilm": {"thickness": "100 um"}}, False, "a biofilm covers the surface of this column; leave the biofilm out"),
        (RESIN, {"porosity_feedback": False}, False, "the pores of this specimen stay as they are.*porosity_feedback = true"),
    ],
    ids=["dentine", "enamel", "biofilm", "pores"],
)
def test_what_cannot_be_done_to_a_column_is_said(step, parts, dentine, words):
    with pytest.raises(ParameterError, match=rf"^'{step.label}' cannot be done; {words}"):
        readied(column_of(specimen(**parts)), (step, Segment(HOUR, ACID)), dentine=dentine)


def test_steps_without_a_bath_and_without_a_bench_are_refused():
    with pytest.raises(ParameterError, match="nothing follows the steps on the specimen; the protocol has no bath"):
        readied(column_of(specimen()), (ETCH,))
    with pytest.raises(ParameterError, match="has no constants; pass the schedule through readied"):
        ETCH.apply(enamel([1.0, 1.0]))
    assert ETCH.account().duration == 15.0
    assert CUT.account().consent == "operative"


def test_a_run_tells_the_constants_that_its_steps_used():
    made = simulate(specimen(), (OPEN, RESIN, Segment(HOUR, ACID)), accuracy=0.5)
    used = {p["name"] for p in made.provenance.parameters if p["set"].startswith("steps")}
    assert used == {"etch.depth", "etch.hydrochloric", "etch.slowing", "resin.depth", "resin.filled", "resin.unopened", "bond.wet"}
    assert any(
        words.startswith("done to the specimen: etch 15 % hydrochloric acid for 2 min; infiltrate resin")
        for words in made.provenance.assumptions
    )
    assert set(made.books()) == {"done to the specimen"}
    assert not made.carriers
