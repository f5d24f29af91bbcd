"""Hazards of a start: the posteriors' own rules, each part of the state on its own part of a hazard, and agreement with the forecast."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from starts import case, plain

from amelo.forecast.artefact import find_model
from amelo.forecast.restorations.outlooks import outlooks
from amelo.forecast.stages.chain import STAGES, transition
from amelo.params import load_set
from amelo.years import Policy, Surface, project, start_of
from amelo.years.hazards import hazards_of
from amelo.years.project import propagate
from amelo.years.states import ROWS, code, event

DRAWS = {name: np.asarray(values) for name, values in find_model("restorations")["draws"].items()}


def levels(**changes):
    """Return the level of the present restoration, all that ends it, of the same 400 people."""
    return hazards_of(plain(400, **changes), 7, spread=False).now.sum(axis=1)


@pytest.mark.parametrize("flag", ["elderly", "medical", "high_risk"])
def test_a_flag_multiplies_by_the_posterior_of_its_ratio(flag):
    ratio = levels(flags={flag: True}) / levels(flags={flag: False})
    assert np.sort(ratio) == pytest.approx(np.sort(np.exp(DRAWS[flag])), rel=1e-9)


def test_age_molars_roots_surfaces_and_setting_do_as_well():
    assert (levels(age=70.0) > levels(age=64.0)).mean() > 0.99
    assert np.sort(levels(tooth=36) / levels(tooth=35)) == pytest.approx(np.sort(np.exp(DRAWS["molar"])), rel=1e-9)
    assert np.sort(levels(root_treated=True) / levels()) == pytest.approx(np.sort(np.exp(DRAWS["root_treated"])), rel=1e-9)
    assert np.sort(levels(covers=3) / levels(covers=1)) == pytest.approx(np.sort(np.exp(DRAWS["two_surfaces"])), rel=1e-9)
    assert np.sort(levels(covers=4) / levels(covers=3)) == pytest.approx(np.sort(np.exp(DRAWS["four_surfaces"])), rel=1e-9)
    practice, trial = (hazards_of(plain(400, setting=s), 7) for s in ("practice", "trial"))
    assert np.array_equal(np.sort(practice.shape), np.sort(np.exp(DRAWS["shape_practice"])))
    assert np.array_equal(np.sort(trial.shape), np.sort(np.exp(DRAWS["shape_trial"])))


def test_each_part_of_the_state_acts_on_its_own_part_of_failures():
    base = hazards_of(plain(50, strength=0.8), 1).now
    for part, change in ((0, {"leak": 2.0}), (0, {"margin_activity": 2.0}), (1, {"bond": 0.5}), (2, {"strength": 0.4})):
        moved = hazards_of(plain(50, **({"strength": 0.8} | change)), 1).now
        others = [p for p in range(3) if p != part]
        assert np.array_equal(moved[:, others], base[:, others]) and (moved[:, part] > base[:, part]).all(), change
    assert hazards_of(plain(50, leak=2.0), 1, spread=False).now[:, 0] == pytest.approx(
        2.0 * hazards_of(plain(50), 1, spread=False).now[:, 0]
    )


def test_fracture_goes_by_a_power_of_strength_given_or_assumed():
    weak, sound = (hazards_of(plain(20, material="", strength=s, load_exponent=6.0), 0).steady[:, 2] for s in (0.5, 1.0))
    assert weak / sound == pytest.approx(np.full(20, 64.0))
    assumed = hazards_of(plain(20, material="", strength=0.5), 0, spread=False).steady[:, 2]
    assert assumed == pytest.approx(load_set("years").value("fracture.sound") * 2.0 ** load_set("years").value("fracture.exponent"))


def test_an_average_tooth_has_the_published_total_whatever_its_parts():
    parts = hazards_of(plain(50, strength=0.8), 1).now
    again = hazards_of(plain(50, strength=0.8), 1, spread=False).now
    assert parts.sum(axis=1)[np.isfinite(parts).all(axis=1)] == pytest.approx(again.sum(axis=1))
    shares = again / again.sum(axis=1)[:, None]
    value = load_set("years").value
    assert shares[0] == pytest.approx([value("failure.caries_direct"), 1 - value("failure.caries_direct") - value("failure.fracture_direct"), value("failure.fracture_direct")])  # fmt: skip


def test_what_is_placed_later_is_what_the_policy_names():
    plainly, cement = (hazards_of(plain(100, policy=Policy(next_filling=m)), 2).later for m in ("composite", "glass_ionomer"))
    crowns = [k for k, row in enumerate(ROWS) if "crown" in row]
    fillings = [k for k, row in enumerate(ROWS) if k not in crowns]
    assert np.array_equal(plainly[:, crowns], cement[:, crowns]) and not np.isclose(plainly[:, fillings], cement[:, fillings]).any()
    assert (plainly[:, ROWS.index("refilled")].sum(axis=1) > plainly[:, ROWS.index("filled")].sum(axis=1)).all()


def test_root_treated_teeth_are_lost_more_in_practice_without_crowns_in_periodontal_mouths_and_when_weak():
    base = {"root_treated": True, "strength": 0.657}
    level = {
        key: hazards_of(plain(10, **(base | more)), 0, spread=False).root_now[0]
        for key, more in {
            "plain": {},
            "trial": {"setting": "trial"},
            "crown": {"material": "crown_ceramic", "covers": 5, "strength": 1.0},
            "periodontal": {"periodontal": True},
            "weak": {"strength": 0.3},
        }.items()
    }
    value = load_set("years").value
    assert level["plain"][0] / level["trial"][0] == pytest.approx(value("root.practice"))
    assert level["plain"][0] / level["crown"][0] == pytest.approx(value("root.uncrowned"))
    assert level["periodontal"][0] / level["plain"][0] == pytest.approx(5.0)
    assert (
        level["plain"][1] == pytest.approx(value("root.fracture"))
        and level["weak"][1] > 0.8
        and level["weak"][0] > level["plain"][0]
    )


def test_members_begin_where_they_stand():
    states = {
        "unrestored": {"material": ""},
        "filled": {},
        "crowned": {"material": "crown_ceramic", "covers": 5},
        "root-treated": {"root_treated": True},
        "root-treated and crowned": {"material": "crown_ceramic", "covers": 5, "root_treated": True},
    }
    for state, changes in states.items():
        assert (hazards_of(plain(3, **changes), 0).state == code(state)).all(), state
    mixed = hazards_of(plain(4, root_treated=[0, 1, 0, 1], collapsed=0.5), 0)
    assert mixed.state.tolist() == [1, 4, 1, 4] and mixed.collapsed.tolist() == [0.5, 0.0, 0.5, 0.0]


def test_lesions_go_as_the_chain_of_the_forecast_when_nobody_treats_them():
    start = plain(300, material="", age=30.0, surfaces=(Surface("M", "E2", 0.7),), policy=Policy(filled_from="D3", wait=1e6))
    h = hazards_of(start, 4, spread=False)
    quiet = replace(h, steady=np.zeros_like(h.steady), later=np.zeros_like(h.later))
    reached = propagate(quiet, 10.0)[2][:, -1, event("lesion reached the pulp")]
    rates = np.minimum(np.exp(h.log_rate[:, 0]) * 0.7, 4.0)
    assert reached == pytest.approx(transition(rates, 10.0)[:, STAGES.index("E2"), -1], abs=2e-4)


def test_failures_of_a_charted_filling_are_those_of_the_forecast():
    """The same posterior by two ways: the mean chance that a filling fails within five years."""
    patient = case(
        16,
        restorations=[{"surfaces": ["O", "D"], "kind": "filling", "material": "composite", "age": 6.0, "condition": "intact"}],
        root_treated=False,
    )
    (told,) = [o for o in outlooks(patient, np.array([0.0, 5.0]), draws=4000, model=find_model("restorations")) if o.tooth == 16]
    expected = float(-np.expm1(-told.hazard[:, -1]).mean())
    ours = 1.0 - project(start_of(patient, 16, 4000), 5.0, spread=False).restoration_survival[-1].mean()
    assert ours == pytest.approx(expected, abs=0.03) and expected > 0.1
