"""What a trajectory tells: outcomes with intervals, what is left out, what it refuses, and how it looks."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from dataclasses import FrozenInstanceError, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amelo.errors import InputError, SolveError
from amelo.twin.figures import write_figure
from amelo.twin.measures import MEASURES, summarise
from amelo.twin.run import RunStatus
from amelo.twin.show import describe_time
from amelo.twin.trajectory import Trajectory
from runs import COMPONENTS, MOLAR_VOLUME, front_of, make_run, make_trajectory

RATES = (30.0, 34.0, 38.0, 42.0, 46.0)


def test_a_shrinking_front_gives_its_analytic_outcomes():
    found = make_trajectory(hours=(0, 6, 24), cells=600).outcomes()
    front = front_of(24.0) * 1e6
    edge = np.log((0.95 - 0.1) / (1.0 - 0.95))  # where 0.1 + 0.9 of a logistic passes 0.95, in twentieths of the front
    assert found["lesion_depth"].value == pytest.approx(front * (1 + 0.05 * edge), rel=0.005)
    loss = found["integrated_mineral_loss"].value
    assert loss == pytest.approx(0.9 * 85 * front, rel=0.01)
    assert found["mean_mineral_loss"].value == pytest.approx(loss / found["lesion_depth"].value)
    assert found["calcium_release"].value == pytest.approx(5 * loss * 1e-8 / MOLAR_VOLUME, rel=0.01)
    assert found["phosphate_release"].value == pytest.approx(0.6 * found["calcium_release"].value)
    assert found["fluoride_uptake"].value == pytest.approx(1e-4)
    assert found["calcium_flux"].value == pytest.approx((1 - 0.5) * found["calcium_release"].value / (18 * 3600), rel=1e-3)
    assert found["surface_layer_thickness"].value == 0 and np.isnan(found["surface_layer_mineral"].value)
    assert not found["lesion_depth"].has_interval and found["lesion_depth"].members == 1


def test_loss_grows_with_the_root_of_time():
    series = make_trajectory(hours=(0, 6, 24, 96), cells=600).series("integrated_mineral_loss")
    assert series.shape == (3, 4) and np.isnan(series[1:]).all()
    np.testing.assert_allclose(series[0, 2:] / series[0, 1:-1], 2.0, rtol=0.01)


def test_intervals_are_percentiles_over_members():
    trajectory = make_trajectory(rates=RATES, cells=200)
    found = trajectory.outcomes()["integrated_mineral_loss"]
    each = [
        Trajectory.of(make_run(rates=(r,), cells=200), specimen_name="x").outcomes()["integrated_mineral_loss"].value for r in RATES
    ]
    assert found.value == pytest.approx(np.median(each))
    assert (found.low, found.high) == pytest.approx(tuple(np.percentile(each, [5, 95])))
    assert found.members == 5 and found.has_interval
    assert str(found) == f"ΔZ {found.value:.1f} ({found.low:.1f} to {found.high:.1f}) vol%·µm"
    assert trajectory.outcomes(0)["integrated_mineral_loss"].value == 0
    median, low, high = trajectory.profile("mineral")
    assert (low <= median + 1e-12).all() and (median <= high + 1e-12).all() and median.max() == pytest.approx(86.2, abs=0.3)


def test_a_failed_member_is_left_out_and_counted_in_words():
    whole = make_trajectory(rates=RATES[:4])
    lame = make_trajectory(rates=RATES, failed=(4,))
    for name, outcome in whole.outcomes().items():
        other = lame.outcomes()[name]
        np.testing.assert_equal(
            (other.value, other.low, other.high, other.members), (outcome.value, outcome.low, outcome.high, outcome.members)
        )
    (sentence,) = lame.warnings
    assert sentence.startswith("1 of 5 members have no answer and are left out; member 4: no solution at 7.5 h")
    assert lame.status == RunStatus.NOT_CONVERGED and lame.usable and lame.raise_if_bad() is lame
    assert whole.status == RunStatus.OK and whole.warnings == () and whole.verdict == "solved, balances closed"


def test_too_many_failures_refuse_to_be_read_unless_asked():
    for options, words in (
        ({"failed": (0,)}, "lactic slab: the run has no answer: no solution at 7.5 h"),
        ({"rates": RATES, "failed": (0, 2, 4)}, "lactic slab: 3 of 5 members have no answer; member 0: no solution"),
    ):
        bad = make_trajectory(**options)
        for read in (
            bad.raise_if_bad,
            bad.outcomes,
            bad.phases,
            bad.to_xarray,
            bad.plot,
            bad.profile,
            bad.balance_errors,
            lambda bad=bad: bad.at_depth(10),
            lambda bad=bad: bad.series("lesion_depth"),
        ):
            with pytest.raises(SolveError) as caught:
                read()
            assert str(caught.value).startswith(words) and "allow_bad=True" in str(caught.value)
        assert bad.outcomes(0, allow_bad=True)["integrated_mineral_loss"].value == 0
        assert "status" in bad.to_xarray(allow_bad=True)
        assert bad.plot(allow_bad=True) is not None
        assert "no answer" in repr(bad) and "no answer" in bad._repr_html_()


def test_numbers_that_are_none_are_not_believed_even_when_the_status_says_so():
    run = make_run(rates=RATES)
    ph = run.ph.copy()
    ph[1, 2, 3] = np.nan
    trajectory = Trajectory.of(replace(run, ph=ph), specimen_name="x")
    assert not trajectory.solved[1] and trajectory.status == RunStatus.NOT_CONVERGED
    assert "member 1: its fields hold what is not a number" in trajectory.warnings[0]


def test_a_biofilm_has_a_ph_but_no_mineral():
    bare, covered = make_trajectory(cells=60), make_trajectory(cells=60, biofilm=7)
    assert covered.depth[0] < 0 and covered.tissue == slice(7, 67)
    for name in (
        "integrated_mineral_loss",
        "lesion_depth",
        "surface_layer_thickness",
        "lesion_body_mineral",
        "surface_ph",
        "front_ph",
    ):
        assert covered.outcomes()[name].value == pytest.approx(bare.outcomes()[name].value, rel=1e-9), name
    assert covered.at_depth(-60.0)["ph"].value == pytest.approx(4.5, abs=0.1)
    assert covered.at_depth(-60.0)["mineral"].value == 0
    assert covered.at_depth(0.0)["mineral"].value == pytest.approx(bare.at_depth(0.0)["mineral"].value)


def test_phases_depths_and_balances():
    trajectory = make_trajectory(rates=RATES)
    phases = trajectory.phases()
    assert phases["enamel"].value < -1000 and phases["FAp"].value == pytest.approx(100 * 0.002 * 10, rel=0.1)
    total = trajectory.outcomes()["integrated_mineral_loss"]
    assert -sum(p.value for p in phases.values()) == pytest.approx(total.value, rel=1e-6)
    shallow, deep = trajectory.at_depth(5.0), trajectory.at_depth(250.0)
    assert (
        shallow["ph"].value < deep["ph"].value and shallow["saturation_index_enamel"].value < deep["saturation_index_enamel"].value
    )
    assert deep["mineral"].value == pytest.approx(86, abs=0.5)
    assert trajectory.balance_errors() == dict.fromkeys(COMPONENTS, 2e-13)
    assert trajectory.error_estimate == pytest.approx(3.0)
    with pytest.raises(InputError, match="the depth 400 µm is outside the column; allowed 0 to 300 µm"):
        trajectory.at_depth(400)


def test_the_last_face_may_miss_its_place_by_rounding():
    whole = make_trajectory(depth=500.0)
    run = replace(whole.run, edges=whole.run.edges * (1.0 - 1e-13))
    short = Trajectory.of(run, specimen_name="x")
    assert 1e6 * run.edges[-1] < 500.0
    assert short.at_depth(500.0)["mineral"].value == pytest.approx(whole.at_depth(500.0)["mineral"].value)


@st.composite
def any_run(draw):
    """A run of any finite numbers within their physical range, often with jumps, sometimes with a biofilm or a single cell."""
    members, times, cells = draw(st.integers(1, 3)), draw(st.integers(1, 3)), draw(st.integers(1, 7))
    run = make_run(hours=np.arange(times) + 1.0, rates=[38.0] * members, cells=cells, biofilm=draw(st.integers(0, 2)))
    noise = np.random.default_rng(draw(st.integers(0, 2**32)))
    shape = run.mineral.shape
    share = noise.choice([0.0, 1e-9, 0.5, 0.949, 0.951, 1.0, 1.05], size=shape)
    return replace(run, mineral=share * run.sound[:, None], ph=noise.uniform(3, 9, run.ph.shape))


@settings(deadline=None)
@given(any_run())
def test_any_state_has_outcomes_that_agree_with_each_other(run):
    trajectory = Trajectory.of(run, specimen_name="x")
    found = trajectory.outcomes()
    loss, depth, first = (
        found["integrated_mineral_loss"],
        found["lesion_depth"],
        trajectory.outcomes(0)["integrated_mineral_loss"],
    )
    assert np.isfinite(loss.value) and 0 <= depth.value <= 1e6 * run.edges[-1] * (1 + 1e-12)
    if trajectory.members == 1:
        gained = sum(phase.value for phase in trajectory.phases().values())
        assert first.value - loss.value == pytest.approx(gained, abs=1e-6)
        assert np.isfinite(found["mean_mineral_loss"].value) == (depth.value > 0) == np.isfinite(found["front_ph"].value)
    for outcome in found.values():
        assert outcome.members == 0 or outcome.members == 1 or outcome.low <= outcome.value <= outcome.high
    assert 3 <= found["surface_ph"].value <= 9 and found["surface_layer_thickness"].value >= 0
    assert repr(trajectory).count("\n") == 1 and ET.fromstring(trajectory._repr_html_()).tag == "div"


def test_misspelt_names_and_times_that_were_not_saved():
    trajectory = make_trajectory()
    for call, words in (
        (lambda: trajectory.series("lesion_dept"), "'lesion_dept' is not an outcome; did you mean 'lesion_depth'?"),
        (lambda: trajectory.profile("porosty"), "'porosty' is not a profile; did you mean 'porosity'?"),
        (lambda: trajectory.plot("phase"), "'phase' is not a kind of plot; did you mean 'phases'?"),
        (lambda: trajectory.outcomes(4), "4 is not the index of a saved time; allowed -4 to 3"),
        (lambda: trajectory.outcomes(1.5), "1.5 is not the index of a saved time"),
    ):
        with pytest.raises(InputError) as caught:
            call()
        assert words in str(caught.value)


@pytest.mark.parametrize("name", ["mineral", "ph", "inflow", "sound", "status", "failure", "time"])
def test_arrays_that_do_not_fit_are_named(name):
    run = make_run(rates=RATES)
    broken = replace(run, **{name: getattr(run, name)[1:]})
    with pytest.raises(InputError) as caught:
        Trajectory.of(broken, specimen_name="x")
    assert "shape" in str(caught.value) or "failures" in str(caught.value)
    if name == "ph":
        assert "the field ph of a run has the shape (4, 4, 60); expected (5, 4, 60) for (member, time, cell)" in str(caught.value)


def test_time_and_depth_must_grow():
    run = make_run()
    for name in ("time", "edges"):
        with pytest.raises(InputError, match=f"{name} of a run does not grow"):
            Trajectory.of(replace(run, **{name: getattr(run, name)[::-1]}), specimen_name="x")


def test_nothing_of_it_can_be_changed():
    trajectory = make_trajectory()
    with pytest.raises(FrozenInstanceError):
        trajectory.run = None
    for field in ("mineral", "ph", "time", "edges", "inflow", "status"):
        with pytest.raises(ValueError, match="read-only"):
            getattr(trajectory.run, field)[...] = 0


def test_equality_is_of_every_number_and_of_the_origin():
    one, same = make_trajectory(rates=RATES, failed=(1,)), make_trajectory(rates=RATES, failed=(1,))
    same = Trajectory(same.run, replace(same.provenance, created=one.provenance.created))
    assert one == same
    assert one != Trajectory(one.run, replace(one.provenance, seed=8)) and one != "a trajectory"
    moved = one.run.ph.copy()
    moved[0, 0, 0] += 1e-15 + np.spacing(moved[0, 0, 0])
    assert one != Trajectory(replace(one.run, ph=moved), one.provenance)


def test_the_dataset_is_labelled():
    data = make_trajectory(rates=RATES, biofilm=3).to_xarray()
    assert dict(data.sizes) == {"member": 5, "time": 4, "phase": 2, "cell": 63, "component": 6, "face": 64}
    assert data.time.attrs["units"] == "h" and data.depth.attrs["units"] == "µm" and list(data.phase.values) == ["enamel", "FAp"]
    for name in data.variables:
        assert data[name].attrs["long_name"], name
        assert name in ("phase", "component", "failure") or data[name].attrs["units"], name
    assert set(MEASURES) <= set(data.data_vars)
    assert float(data.integrated_mineral_loss.sel(time=24)[2]) == pytest.approx(
        make_trajectory(rates=(38,)).outcomes()["integrated_mineral_loss"].value
    )
    assert float(data.totals.sel(component="Ca", time=6).isel(member=0, cell=-1)) == 4.0
    assert data.attrs["seed"] == "7" and "lactic acid 50 mM" in data.attrs["protocol"] and "mcdowell1977" in data.attrs["citations"]
    assert "not a medical device" in data.attrs["comment"]


def test_two_lines_tell_the_story():
    first, second = repr(make_trajectory(rates=RATES, layer=10, failed=(0,))).splitlines()
    assert first == "Trajectory of lactic slab: 24 h in 4 saved times, 5 members, 1 of them without an answer"
    assert re.match(r"  ΔZ [\d.]+ \([\d.]+ to [\d.]+\) vol%·µm, depth .* µm, surface layer 1\d\.\d µm at 92\.\d", second)
    assert second.endswith("balances closed to 2e-13 (Ca)")
    assert "no surface layer" in repr(make_trajectory())


def test_a_notebook_shows_a_table_and_a_picture():
    tree = ET.fromstring(make_trajectory(rates=RATES, failed=(0,))._repr_html_())
    text = "".join(tree.itertext())
    assert "integrated mineral loss ΔZ" in text and "vol%·µm" in text and "5–95 %" in text and "1 of 5 members" in text
    (svg,) = (e for e in tree.iter() if e.tag.endswith("svg"))
    assert "mineral against depth after 24 h" in svg.attrib["aria-label"]
    assert len([e for e in tree.iter() if e.tag == "tr"]) == 1 + len(MEASURES)
    named = Trajectory.of(make_run(), specimen_name="<b>&slab")
    assert "<b>&slab" in "".join(ET.fromstring(named._repr_html_()).itertext())


@pytest.mark.parametrize("kind", ["profiles", "phases", "ph", "balance"])
def test_every_figure_names_its_axes_and_is_grey(kind, tmp_path):
    figure = make_trajectory(rates=RATES, biofilm=4, hours=(0, 6, 12, 24, 48, 96)).plot(kind)
    assert len(figure.axes) == {"profiles": 4, "phases": 2, "ph": 2, "balance": 1}[kind]
    for axes in figure.axes:
        assert axes.get_xlabel().split()[0] in ("depth", "time") and axes.get_ylabel()
        styles = {
            (line.get_color(), str(line.get_linestyle()), line.get_marker()) for line in axes.lines if len(line.get_xdata()) > 2
        }
        assert len(styles) == len([line for line in axes.lines if len(line.get_xdata()) > 2])
        for colour, *_ in styles:
            assert len({colour[1:3], colour[3:5], colour[5:7]}) == 1, colour
    write_figure(figure, tmp_path / "a.svg")
    assert "lactic slab" in "".join(ET.parse(tmp_path / "a.svg").getroot().itertext())


def test_figures_of_one_member_and_one_time():
    for kind in ("profiles", "phases", "ph", "balance"):
        make_trajectory(hours=(24,)).plot(kind).draw_without_rendering()


def test_citations_are_those_of_the_parameters_and_resolve():
    trajectory = make_trajectory()
    assert trajectory.provenance.citations[-1] == "featherstone1979"
    assert {r.key for r in trajectory.references} == set(trajectory.provenance.citations)


@pytest.mark.parametrize(
    ("hours", "words"), [(0, "start"), (0.5, "30 min"), (24, "24 h"), (672, "28 d"), (24 * 182, "182 d"), (5 * 8766, "5 years")]
)
def test_times_are_said_as_people_say_them(hours, words):
    assert describe_time(hours) == words


def test_what_no_member_has_is_said_so():
    outcome = summarise(MEASURES["surface_layer_mineral"], np.array([np.nan, np.nan]))
    assert outcome.members == 0 and str(outcome) == "SZ –" and not outcome.has_interval


def test_an_error_beyond_what_was_asked_for_is_said_with_its_members():
    run = make_run(rates=RATES)
    loss = Trajectory.of(run, specimen_name="x")._measures["integrated_mineral_loss"][:, -1] * 1e-8  # m
    origin = {"specimen_name": "slab", "options": {"accuracy": 0.01}}
    fine = Trajectory.of(replace(run, error=0.0099 * loss), **origin)
    assert not fine.inaccurate.any() and fine.in_error == "" and fine.warnings == ()
    share = np.resize([0.02, 0.001, 0.05], len(RATES))
    share[3:] = 0.0
    poor = Trajectory.of(replace(run, error=share * loss), **origin)
    assert np.flatnonzero(poor.inaccurate).tolist() == [0, 2]
    (sentence,) = poor.warnings
    assert sentence.startswith(
        f"the error in time of ΔZ is more than the accuracy of 1 % that was asked for in 2 of {len(RATES)} members (0, 2), at most "
    )
    assert f"{1e8 * 0.05 * loss[2]:.2g} vol%·µm of {1e8 * loss[2]:.4g} in member 2" in sentence
    assert not Trajectory.of(poor.run, specimen_name="slab", options={"accuracy": 0.1}).inaccurate.any()
    assert not Trajectory.of(poor.run, specimen_name="slab").inaccurate.any()  # nobody asked for anything
    unknown = Trajectory.of(replace(run, error=np.full(len(RATES), np.nan)), **origin)
    assert not unknown.inaccurate.any() and unknown.warnings == ()


def test_a_loss_of_next_to_nothing_is_judged_as_a_small_one():
    run = make_run(hours=(0, 24), rates=(0.01,))
    allowed = 0.01 * 5e-8
    for error, beyond in ((0.9 * allowed, False), (3.0 * allowed, True)):
        made = Trajectory.of(replace(run, error=np.array([error])), specimen_name="x", options={"accuracy": 0.01})
        assert made.inaccurate.tolist() == [beyond]
    words = made.warnings[0]
    assert words.startswith("the error in time of ΔZ is about 0.15 vol%·µm of ")
    assert "more than the accuracy of 1 % that was asked for, although every step was halved" in words
    cut = Trajectory(made.run, made.provenance, finished=False)
    assert "halved" not in cut.warnings[1] and "more than the accuracy" in cut.warnings[1]
