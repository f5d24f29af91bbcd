"""The course of a whole tooth: outcomes before and after, harms, what to know first, pictures, and files that give it all back."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

import amelo
from amelo.errors import CommandError, FileError, FormatError, InputError
from amelo.twin.tooth.ahead import Ahead
from amelo.twin.tooth.figures import depth_profile
from amelo.twin.tooth.look import HARMS, MEASURES
from amelo.twin.tooth.section import Section
from amelo.twin.tooth.show import figures, nearest_to_median, visits_of, warnings_of
from amelo.twin.tooth.trajectory import Event, ToothTrajectory
from treated import HARSH, SELECTIVE, InventedProjection, treated

DAY = 86400.0


@pytest.fixture(scope="module")
def selective() -> ToothTrajectory:
    return treated()


@pytest.fixture(scope="module")
def harsh() -> ToothTrajectory:
    return treated(HARSH, members=96)


def test_outcomes_at_the_start_and_at_the_end(selective):
    before, after = selective.outcomes(0), selective.outcomes()
    assert set(before) == set(after) == {m.name for m in MEASURES}
    assert after["residual_dentine"].value < before["residual_dentine"].value
    assert before["tissue_removed"].value == 0.0 < after["tissue_removed"].value
    for outcome in after.values():
        assert outcome.low <= outcome.high and (outcome.measure.chance or outcome.low <= outcome.value <= outcome.high)
    with pytest.raises(InputError, match="3 is not the start or the end; give 0 or -1"):
        selective.outcomes(3)


def test_harm_counts_only_what_came_since_the_start(harsh):
    found = harsh.harms()
    assert set(found) == {h.name for h in HARMS}
    lost = harsh.seen["pulp_lost"]
    came = (lost[-1] > 0.5) & (lost[0] < 0.5)
    assert found["pulp_lost"].value == came.mean() and lost[0].any()
    assert found["overheated"].value == (harsh.seen["warming"][-1] > 5.5).mean() > 0.2  # no water
    exposed = harsh.seen["pulp_exposed"][-1] > 0.5
    assert found["exposed"].value == exposed.mean() > 0.0
    weak = harsh.seen["strength"][-1] < 0.9 * harsh.seen["strength"][0]
    assert found["weakened"].value == weak.mean()


def test_price_and_consent_are_those_of_the_steps(selective):
    assert [e.kind for e in selective.events] == ["isolate", "excavate", "line", "etch", "fill", "rest", "review"]
    assert selective.consent == "operative" and selective.cost == pytest.approx(sum(e.cost for e in selective.events))
    assert treated("rest 20 d", members=2).consent == "none"


def test_steps_that_follow_each_other_are_a_visit_and_repeats_one_line():
    def event(day, label, chair):
        return Event(day * DAY, label, chair, 0.0, "routine")

    events = [event(0, "isolate", 60.0), event(0.001, "fill", 600.0), *(event(1 + k, "day", 0.0) for k in range(30))]
    events += [event(31, "review", 60.0), event(31.5, "varnish", 60.0)]
    visits = visits_of(events)
    assert [[(e.label, n) for e, n in v.steps] for v in visits] == [
        [("isolate", 1), ("fill", 1)],
        [("day", 30)],
        [("review", 1)],
        [("varnish", 1)],
    ]
    assert [v.numbers for v in visits] == ["1–2", "3", "4", "5"] and visits[0].chair_time == 660.0


def test_what_to_know_first(selective, harsh):
    gone = int((harsh.seen["pulp_lost"][0] > 0.5).sum())
    assert warnings_of(harsh)[0].startswith(f"in {gone} of 96 members the pulp was lost before anything was done")
    (early,) = [
        w for w in treated("isolate\nexcavate to firm dentine\nfill with composite\nrest 2 d").warnings if "shows after" in w
    ]
    assert early.startswith("the tooth was last looked at") and early.endswith("shows after 7 days; end with 'rest 14 d'")
    assert not [w for w in selective.warnings if "shows after" in w]
    out = treated("extract", members=4).warnings
    assert "the tooth was taken out; outcomes are of the tooth as it was then" in out
    assert not [w for w in out if "shows after" in w]
    assert "one member, the likeliest tooth" in treated("rest 1 d", members=1).warnings[-1]
    asked = replace(selective.provenance, options={"years": 10.0})
    assert (
        "the years after are not told: the projection knows permanent teeth only" in replace(selective, provenance=asked).warnings
    )
    assert not [w for w in replace(selective, provenance=asked, projection=InventedProjection()).warnings if "permanent" in w]


def test_figures_tell_shares_in_per_cent_and_no_sign_of_zero(selective):
    found = selective.outcomes()
    value, spread = figures(found["pulp_lost"])
    assert value == f"{100 * found['pulp_lost'].value:.1f}" and spread.endswith(f" to {100 * found['pulp_lost'].high:.1f}")
    tiny = replace(found["tissue_removed"], value=-0.01, low=-0.04, high=0.04)
    assert figures(tiny) == ("0.0", "0.0 to 0.0")


def test_the_member_of_pictures_is_with_the_majority_and_in_the_middle(selective):
    member = nearest_to_median(selective)
    assert selective.seen["pulp_lost"][-1][member] == 0.0 and selective.seen["pulp_exposed"][-1][member] == 0.0
    residual = selective.seen["residual_dentine"][-1]
    low, high = np.percentile(residual, (15, 85))
    assert low <= residual[member] <= high


@pytest.mark.parametrize("ending", [".nc", ".zarr"])
def test_a_file_gives_everything_back(selective, tmp_path, ending):
    told = replace(selective, projection=InventedProjection())
    path = told.save(tmp_path / f"tooth{ending}")
    back = amelo.ToothTrajectory.load(path)
    assert back.outcomes() == told.outcomes() and back.outcomes(0) == told.outcomes(0) and back.harms() == told.harms()
    assert back.events == told.events and back.warnings == told.warnings and back.provenance == told.provenance
    assert back.ahead == told.ahead == Ahead.from_text(told.ahead.to_text()) and back.ahead.years == 2.0
    assert back.citations == told.citations and {"opdam2014", "laske2016"} <= set(back.citations)
    for mine, theirs in zip(told.sections, back.sections, strict=True):
        for name in Section.__dataclass_fields__:
            a, b = getattr(mine, name), getattr(theirs, name)
            assert np.array_equal(a, b) if isinstance(a, np.ndarray) else a == b, name
    assert [len(axes.lines) for axes in back.plot().axes] == [len(axes.lines) for axes in told.plot().axes]
    assert repr(back) == repr(told) and back._repr_html_() == told._repr_html_()
    again = amelo.ToothTrajectory.load(back.save(tmp_path / f"again{ending}"))
    assert again.outcomes() == told.outcomes()
    with pytest.raises(FileError, match="is there already"):
        told.save(path)
    assert told.save(path, force=True) == path
    with pytest.raises(FormatError, match=r"has the format tooth 1; .* use amelo.ToothTrajectory.load\(path\)$"):
        amelo.Trajectory.load(path)


def test_files_that_are_none_are_refused_in_a_sentence(selective, tmp_path):
    with pytest.raises(CommandError, match=r"tooth.csv is not a result amelo can write"):
        selective.save(tmp_path / "tooth.csv")
    selective.save(tmp_path / "tooth.nc")
    with pytest.raises(FileError, match=r"toth.nc does not exist; did you mean 'tooth.nc'\?"):
        ToothTrajectory.load(tmp_path / "toth.nc")
    (tmp_path / "noise.nc").write_bytes(b"no such thing")
    with pytest.raises(FormatError, match="is not a NetCDF file that amelo wrote"):
        ToothTrajectory.load(tmp_path / "noise.nc")
    (tmp_path / "empty.zarr").mkdir()
    with pytest.raises(FormatError, match="is not a folder that amelo wrote; it has no zarr.json"):
        ToothTrajectory.load(tmp_path / "empty.zarr")
    data = selective.to_xarray()
    for attribute, value, words in (
        ("amelo_format", "tooth 9", "has the format 'tooth 9'"),
        ("amelo_format", "1", r"use amelo.Trajectory.load\(path\)"),
        ("events", "[", "is damaged"),
        ("section_after", "{}", "is damaged"),
    ):
        changed = data.assign_attrs({attribute: value})
        changed.to_netcdf(tmp_path / "changed.nc", engine="scipy")
        with pytest.raises(FormatError, match=words):
            ToothTrajectory.load(tmp_path / "changed.nc")


def test_the_dataset_has_units_and_what_was_seen(selective):
    data = selective.to_xarray()
    for m in MEASURES:
        assert data[m.name].attrs["units"] == m.unit and data[m.name].dims == ("time", "member")
    assert data["depth"].attrs["units"] == "mm" and float(data["elapsed"][-1]) == pytest.approx(DAY * float(data["time"][-1]))
    assert np.array_equal(data["mineral_after"], selective.after.total) and "not a medical device" in data.attrs["comment"]
    assert json.loads(data.attrs["events"])[1]["kind"] == "excavate"


def test_a_section_is_read_at_the_same_share_of_the_same_tissue():
    edges = np.array([[0.0, 1e-3, 3e-3], [0.0, 2e-3, 3e-3]])
    field = np.array([[0.5, 0.9], [0.6, 1.0]])
    one, two = np.ones((2, 2)), np.zeros(2)
    section = Section(
        edges=edges, left=np.array([[0.25, 1.0], [0.0, 1.0]]), mineral=field, healthy=one, inner=one, organic=one, bacteria=0 * one,
        filled=0 * one, opening=two, tertiary=two, exposed=two, residual=two, crown_width=two + 1e-2, dentine_from=1, surface="O",
    )  # fmt: skip
    place = np.array([0.5, 0.8, 1.0, 1.99])
    assert np.array_equal(section.at("mineral", place), [[0.0, 0.5, 0.9, 0.9], [0.0, 0.0, 1.0, 1.0]])
    assert np.allclose(section.depth(place), [0.75e-3, 1.2e-3, 1.5e-3, 1.5e-3 + 0.99 * 1.5e-3])
    assert np.allclose(section.floor, [0.75e-3, 2e-3]) and section.members == 2


def test_profiles_show_what_was_cut_away(selective):
    depth, before = depth_profile(selective, "mineral", 0)
    _, after = depth_profile(selective, "mineral", 1)
    assert np.all(np.diff(depth) > 0.0) and before.shape == (3, len(depth))
    assert np.all(before[1] <= before[0]) and np.all(before[0] <= before[2])
    gone = (before[0] > 0.0) & (after[0] == 0.0)
    assert gone.any() and after[0][-1] > 0.5  # carious dentine was cut, what lies on the pulp was not
    _, bacteria = depth_profile(selective, "bacteria", 0)
    assert bacteria[0].max() > 0.9 > depth_profile(selective, "bacteria", 1)[1][0].max()


def test_the_plot_is_readable_without_colour_and_numbers_its_steps(selective):
    figure = replace(selective, projection=None).plot()
    assert [axes.get_ylabel().split(" [")[0] for axes in figure.axes] == [
        "inflammation of the pulp",
        "damage of the pulp",
        "residual dentine",
        "mineral over sound, bacteria",
    ]
    styles = [(str(line._unscaled_dash_pattern), line.get_linewidth()) for line in figure.axes[3].lines[:4]]
    assert len(set(styles)) == 4
    marks = [text.get_text() for text in figure.axes[0].texts]
    assert marks == ["1–5", "7"]
    assert "2 excavate to firm dentine" in figure._supxlabel.get_text().replace("\n", " ")
    assert all(axes.get_xlabel() == "time [d]" for axes in figure.axes[:3])
    out = treated("extract", members=2).plot()  # minutes, and damage far below the mark of collapse
    out.draw_without_rendering()
    assert out.axes[0].get_xlabel() == "time [h]" and out.axes[1].get_ylim()[1] > 1.0
    single = treated(SELECTIVE, members=1).plot()
    assert not single.axes[0].collections  # no band of one member


def test_words_and_tables_say_what_it_is(selective):
    text = repr(replace(selective, projection=InventedProjection()))
    assert text.splitlines()[0] == "Trajectory of lower left first molar 36 of Kira: 60.03 d, 24 members"
    assert "min in the chair in 2 visits" in text and "after 2 years: tooth kept 0.91" in text
    html = selective._repr_html_()
    assert "not a medical device" in html and html.count("<tr") == 1 + len(MEASURES) and "% of members" in html


def test_unknown_measures_get_the_nearest_name(selective):
    with pytest.raises(InputError, match=r"'pulp_lots' is not measured of a tooth; did you mean 'pulp_lost'\?"):
        selective.series("pulp_lots")
