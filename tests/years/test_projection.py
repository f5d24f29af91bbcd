"""Projections: directions that must hold, what outcomes are made of, arms against each other, and how they are shown."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starts import plain

from amelo.cite import bibliography
from amelo.errors import ParameterError
from amelo.params import load_set
from amelo.years import EVENTS, STATES, Policy, Surface, Weights, project
from amelo.years.projection import OUTCOMES

LESIONS = (Surface("M", "D1"), Surface("D", "E2"), Surface("O"))


@pytest.fixture(scope="module")
def one():
    return project(plain(500, surfaces=LESIONS, residual=0.6e-3), seed=2)


def test_the_same_seed_gives_the_same_and_another_another(one):
    start = plain(500, surfaces=LESIONS, residual=0.6e-3)
    assert np.array_equal(project(start, seed=2).occupied, one.occupied)
    assert not np.array_equal(project(start, seed=3).occupied, one.occupied)


def test_shapes_and_sums(one):
    assert one.occupancy.shape == (41, len(STATES), 500) and one.tooth_kept.shape == (41, 500)
    assert one.occupancy.sum(axis=1) == pytest.approx(np.ones((41, 500)), abs=1e-12)
    assert (one.pulp_alive <= one.tooth_kept + 1e-12).all() and (one.no_operation <= one.restoration_survival + 1e-12).all()
    assert (np.diff(one.tooth_kept, axis=0) <= 1e-13).all()


@settings(max_examples=15, deadline=None)
@given(st.floats(0.2, 1.5), st.floats(0.2, 1.5), st.sampled_from(["", "composite", "inlay", "crown_ceramic"]), st.booleans())
def test_lower_strength_never_lowers_fracture(a, b, material, rooted):
    weak, strong = (project(plain(16, material=material, strength=s, root_treated=rooted), 5.0) for s in sorted((a, b)))
    assert (weak.incidence("fracture")[-1] >= strong.incidence("fracture")[-1] - 1e-12).all()


@settings(max_examples=15, deadline=None)
@given(st.floats(0.0, 3e-3), st.floats(0.0, 3e-3))
def test_more_residual_dentine_never_costs_pulps(a, b):
    thin, thick = (project(plain(16, residual=r), 10.0) for r in sorted((a, b)))
    assert (thick.incidence("pulp lost")[-1] <= thin.incidence("pulp lost")[-1] + 1e-12).all()


@pytest.mark.parametrize("stage", ["sound", "E1", "border", "D2", "D3"])
def test_no_activity_stops_caries(stage):
    still = project(plain(32, material="", surfaces=(Surface("M", stage, 0.0), Surface("O", stage, 0.0)), margin_activity=0.0))
    assert not still.incidence("lesion filled").any() and not still.incidence("lesion reached the pulp").any()
    assert not project(plain(32, leak=0.0), 1e1).hazards.now[:, 0].any()


def test_more_activity_brings_more_caries():
    ends = [
        project(plain(200, material="", surfaces=(Surface("M", "E2", a),))).incidence("lesion filled")[-1].mean()
        for a in (0.1, 0.5, 1.0, 3.0)
    ]
    assert (np.diff(ends) > 0.02).all()
    leaks = [project(plain(200, leak=a)).incidence("secondary caries")[-1].mean() for a in (0.0, 0.5, 1.0, 3.0)]
    assert (np.diff(leaks) > 0.02).all()


@pytest.mark.parametrize("flag", ["high_risk", "medical", "elderly"])
def test_flags_of_the_patient_shorten_restorations(flag):
    without, with_it = (project(plain(200, flags={flag: on})).restoration_survival[-1].mean() for on in (0.0, 1.0))
    assert with_it < without


def test_practice_is_harder_than_trials_and_materials_differ():
    survival = {s: project(plain(800, setting=s)).restoration_survival[-1].mean() for s in ("practice", "trial")}
    assert survival["practice"] < survival["trial"] - 0.05
    crowns = project(plain(800, setting="trial", material="crown_ceramic", covers=5)).restoration_survival[-1].mean()
    assert crowns > survival["trial"]


def test_frailties_from_the_forecast_replace_those_of_the_population():
    sturdy, frail = (project(plain(200, restoration_frailty=f, caries_frailty=f, surfaces=LESIONS)) for f in (0.2, 3.0))
    assert sturdy.no_operation[-1].min() > frail.no_operation[-1].mean()


def test_quality_is_years_times_weights():
    lasting = plain(3, material="", loss_rate=0.0, strength=1.5, load_exponent=1e3)
    found = project(lasting, 8.0, weights=Weights.default(sound=0.9), spread=False)
    kept = 1.0 - found.incidence("pulp lost")[-1]
    assert found.quality[-1] == pytest.approx(0.9 * 8.0, abs=0.01) and (kept > 0.99).all()
    assert project(lasting, 8.0, discount=0.03, spread=False).quality[-1] == pytest.approx((1 - 1.03**-8) / np.log(1.03), rel=2e-3)


def test_weights_of_one_count_years_and_of_nothing_nothing(one):
    every = dict.fromkeys(Weights.__dataclass_fields__, 1.0)
    start = plain(500, surfaces=LESIONS, residual=0.6e-3)
    assert project(start, seed=2, weights=Weights(**every)).quality[-1] == pytest.approx(10.0)
    assert not project(start, seed=2, weights=Weights(**dict.fromkeys(every, 0.0))).quality.any()
    assert (one.quality[-1] < 10.0).all()


def test_costs_are_procedures_times_fees(one):
    value = load_set("years").value
    fees = {
        "filling placed": "filling",
        "crown placed": "crown",
        "root treatment": "root_treatment",
        "tooth lost": "extraction",
        "implant placed": "implant",
    }
    total = sum(one.incidence(e)[-1] * value(f"cost.{p}") for e, p in fees.items())
    assert one.cost[-1] == pytest.approx(total)
    assert (project(plain(500, surfaces=LESIONS, residual=0.6e-3), seed=2, discount=0.05).cost[-1] < one.cost[-1]).all()
    with pytest.raises(ParameterError, match="between 0 and 0.2"):
        project(plain(2), 1.0, discount=-0.01)


def test_policy_says_what_follows_a_loss():
    ends = {p: project(plain(50, residual=0.0, policy=Policy(implant=p))) for p in (0.0, 1.0)}
    assert not ends[0.0].incidence("implant placed").any()
    assert ends[1.0].incidence("implant placed") == pytest.approx(ends[1.0].incidence("tooth lost"))
    assert (ends[1.0].cost[-1] > ends[0.0].cost[-1]).all()
    drilled = [
        project(plain(50, material="", surfaces=(Surface("M", "E1"),), policy=Policy(filled_from=s))) for s in ("E2", "D1", "D3")
    ]
    filled = [p.incidence("lesion filled")[-1].mean() for p in drilled]
    assert filled[0] > filled[1] > filled[2]


def test_arms_are_compared_person_by_person(one):
    better = project(plain(500, surfaces=tuple(Surface(s.letter, s.stage, 0.3) for s in LESIONS), residual=0.6e-3), seed=2)
    told = better.against(one)
    assert told["lesion filled"].high <= 0.0 and told["quality-adjusted years"].mean > 0.0
    assert all(o.mean == o.low == o.high == 0.0 for o in one.against(one).values())
    for other in (project(plain(499)), project(plain(500), 5.0), project(plain(500), seed=1)):
        with pytest.raises(ParameterError, match="not of the same people"):
            one.against(other)


def test_every_outcome_has_mean_range_unit_and_sources(one):
    told = one.outcomes()
    assert list(told) == [*OUTCOMES, *EVENTS]
    for name, o in told.items():
        assert o.low <= o.mean <= o.high or o.low == pytest.approx(o.high, abs=0.2), name
        assert o.unit and o.what and set(o.source.split()) <= set(bibliography()) and o.to_dict()["name"] == name
    with pytest.raises(ParameterError, match="did you mean 'fracture'"):
        one.values("fractur")
    with pytest.raises(ParameterError, match="is not an event"):
        one.incidence("cost")


def test_it_shows_itself(one, tmp_path):
    data = one.to_xarray()
    assert data.occupancy.sizes == {"time": 41, "state": 8, "member": 500} and data.time.attrs["units"] == "year"
    assert float(data.tooth_kept.isel(time=-1).mean()) == pytest.approx(one.tooth_kept[-1].mean())
    data.to_netcdf(tmp_path / "years.nc", engine="scipy")
    figure = one.plot()
    assert len(figure.axes) == 2 and figure.axes[1].get_xlabel() == "time [year]"
    figure.savefig(tmp_path / "years.png")
    text, html = repr(one), one._repr_html_()
    assert "500 members, 10 years" in text and "pulp alive" in text
    assert html.count("<tr>") == 1 + len(OUTCOMES) + len(EVENTS) and "bjorndal2017" in html
