"""The likelihood against integration by brute force, its limits, and parameters found again."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm
from synthetic_children import HAZARD, TRUE, children

from amelo.forecast.caries.cohort import read_cohort
from amelo.forecast.caries.emergence import emergence_nodes, emergence_now, fit_emergence
from amelo.forecast.caries.features import COLUMNS, design
from amelo.forecast.caries.fit import fit_hazard, inputs_of, scales, unpack
from amelo.forecast.caries.likelihood import (
    KNOTS,
    Exposures,
    ahead,
    child_log_likelihood,
    exposure,
    exposures,
    frailty_nodes,
    pack,
    tooth_parts,
)

TOTAL = np.concatenate([[0.0], np.cumsum(np.diff([*KNOTS, 99]) * HAZARD)])
MODEL = {"mean": 6.5, "girl": -0.1, "upper": 0.05, "sd": 0.45}


@pytest.fixture(scope="module")
def cohort():
    return read_cohort(children(25, seed=5))


def cumulative(duration: float) -> float:
    return float((exposure(np.array([max(duration, 0.0)])) * np.array(HAZARD)).sum())


def by_brute_force(cohort, child: int, eta: np.ndarray, sigma: float) -> float:
    """Return a child's log likelihood by the midpoint rule over emergence and frailty, from the definition."""
    rows = [k for k in np.flatnonzero(cohort.child == child) if cohort.at_risk[k]]
    z, dz = np.linspace(-7, 7, 281, retstep=True)
    seen, sound = np.ones_like(z), np.ones_like(z)
    for k in rows:
        e = cohort.e_lo[k] + (cohort.e_hi[k] - cohort.e_lo[k]) * (np.arange(3000) + 0.5) / 3000
        mean = MODEL["mean"] + MODEL["girl"] * cohort.inputs["girl"][k] + MODEL["upper"] * cohort.inputs["upper"][k]
        density = norm.pdf(e, mean, MODEL["sd"])
        total = lambda age, e=e: np.interp(np.maximum(age - e, 0), [*KNOTS, 99], TOTAL)  # noqa: E731
        survive = lambda age, k=k, total=total: np.exp(-np.exp(eta[k] + sigma * z[:, None]) * total(age))  # noqa: E731
        event = not np.isnan(cohort.hi[k])
        seen *= ((survive(cohort.lo[k]) - event * survive(np.nan_to_num(cohort.hi[k]))) @ density) / density.sum()
        sound *= (survive(cohort.age_base[k]) @ density) / density.sum()
    return float(np.log((seen * norm.pdf(z)).sum() * dz) - np.log((sound * norm.pdf(z)).sum() * dz))


@pytest.mark.parametrize(("nodes", "off"), [(4, 1e-2), (30, 1e-3)])
def test_the_likelihood_of_a_child_is_the_integral_over_emergence_and_frailty(cohort, monkeypatch, nodes, off):
    monkeypatch.setattr("amelo.forecast.caries.emergence.NODES", nodes)
    sigma = 1.3
    eta = np.random.default_rng(1).normal(scale=0.5, size=len(cohort))
    seen = exposures(cohort, MODEL, known_now=False)
    at, weights = frailty_nodes(31)
    observed, sound = tooth_parts(np, eta, np.array(HAZARD), sigma, seen, at)
    ours = child_log_likelihood(np, *(pack(cohort, p, 1.0) for p in (observed, sound)), pack(cohort, cohort.at_risk * 1.0), weights)
    for child in range(12):
        assert ours[child] == pytest.approx(by_brute_force(cohort, child, eta, sigma), abs=off), child


def test_fifteen_nodes_of_frailty_serve_as_well_as_sixty(cohort):
    eta = np.random.default_rng(2).normal(scale=0.5, size=len(cohort))
    seen = exposures(cohort, MODEL, known_now=False)
    found = []
    for count in (15, 60):
        nodes, weights = frailty_nodes(count)
        parts = (pack(cohort, p, 1.0) for p in tooth_parts(np, eta, np.array(HAZARD), 1.5, seen, nodes))
        found.append(child_log_likelihood(np, *parts, pack(cohort, cohort.at_risk * 1.0), weights))
    assert np.abs(found[0] - found[1]).max() < 0.05
    assert abs(np.mean(found[0] - found[1])) < 2e-3  # of a mean near -3


def one(lo: float, hi: float, base: float, event: float = 1.0) -> Exposures:
    """Return a molar that emerged at 6 and was seen as stated."""
    at = lambda age: exposure(np.array([[max(age - 6.0, 0)]]))  # noqa: E731
    return Exposures(np.ones((1, 1)), at(lo), at(hi), at(base), np.array([event]))


def test_a_short_interval_is_the_density_of_an_exact_time():
    width, hazard = 1e-5, np.array(HAZARD)
    observed, sound = tooth_parts(np, np.array([0.2]), hazard, 0.0, one(8.5, 8.5 + width, 7.0), np.zeros(1))
    rate = np.exp(0.2)
    density = rate * HAZARD[2] * np.exp(-rate * (cumulative(2.5) - cumulative(1.0)))
    assert observed[0, 0] / sound[0, 0] / width == pytest.approx(density, rel=1e-4)


def test_a_right_censored_molar_counts_its_survival_and_one_not_seen_again_nothing():
    hazard = np.array(HAZARD)
    observed, sound = tooth_parts(np, np.array([0.2]), hazard, 0.0, one(9.0, 0.0, 7.0, event=0.0), np.zeros(1))
    assert np.log(observed / sound)[0, 0] == pytest.approx(-np.exp(0.2) * (cumulative(3.0) - cumulative(1.0)))
    observed, sound = tooth_parts(np, np.array([0.2]), hazard, 1.0, one(7.0, 0.0, 7.0, event=0.0), np.array([-1.0, 2.0]))
    assert np.array_equal(observed, sound)


def test_exposure_adds_up_and_goes_on_after_the_last_knot():
    for duration in (0.0, 0.3, 1.0, 4.7, 11.0):
        pieces = exposure(np.array([duration]))[0]
        assert pieces.sum() == pytest.approx(duration)
        assert len(pieces) == len(KNOTS)


def test_emergence_stays_in_its_interval_and_not_yet_emerged_means_later(cohort):
    at, weight = emergence_nodes(cohort, MODEL)
    assert ((at > cohort.e_lo[:, None]) & (at < cohort.e_hi[:, None])).all()
    assert np.allclose(weight.sum(1), 1)
    now, _ = emergence_now(cohort, MODEL)
    there = cohort.inputs["erupted_base"] == 1
    assert np.array_equal(now[there], at[there])
    assert (now[~there] > cohort.age_base[~there, None]).all()


def test_the_frailty_ahead_keeps_its_distribution_and_its_correlation():
    from amelo.forecast.caries.likelihood import FRAILTY

    start = np.exp(-0.5 * FRAILTY**2) / np.exp(-0.5 * FRAILTY**2).sum()
    for share in (0.0, 0.4, 0.9):
        kernel = ahead(share)
        assert np.allclose(kernel.sum(1), 1)
        after = start @ kernel
        assert after @ FRAILTY**2 == pytest.approx(1, abs=0.01)
        assert start * FRAILTY @ kernel @ FRAILTY == pytest.approx(np.sqrt(share), abs=0.01)


def test_unknown_inputs_are_taken_at_the_mean(cohort):
    mean, scale = scales(cohort)
    x = inputs_of(cohort)
    blank = {**x, "brush_daily": np.full(len(cohort), np.nan)}
    k = [c.name for c in COLUMNS].index("brush_daily")
    from amelo.forecast.caries.features import standardise

    assert (standardise(design(blank), mean, scale)[:, k] == 0).all()
    others = np.arange(len(COLUMNS)) != k
    assert np.array_equal(standardise(design(blank), mean, scale)[:, others], standardise(design(x), mean, scale)[:, others])


@pytest.fixture(scope="module")
def found():
    cohort = read_cohort(children(900, seed=11))
    emergence = fit_emergence(cohort)
    mean, scale = scales(cohort)
    fit = fit_hazard(cohort, emergence, mean, scale, shrink=1e-3)
    beta, hazard, sigma = unpack(np, fit["theta"])
    return emergence, dict(zip([c.name for c in COLUMNS], beta / scale, strict=True)), hazard, float(sigma)


def test_parameters_of_synthetic_children_are_found_again(found):
    emergence, beta, _, sigma = found
    assert emergence["mean"] == pytest.approx(6.5, abs=0.05)
    assert emergence["sd"] == pytest.approx(0.45, abs=0.05)
    assert sigma == pytest.approx(TRUE["sigma"], abs=0.25)  # four standard errors
    for name, allowed in (("brush_daily", 0.4), ("plaque_pits", 0.35), ("log_decayed", 0.25), ("adj5_d", 0.5)):
        assert beta[name] == pytest.approx(TRUE[name], abs=allowed), name


def test_caries_of_the_other_molars_tells_of_the_child_beyond_what_it_does(found):
    assert found[1]["oth_caries_base"] > TRUE["oth_caries_base"] + 0.5  # it stands for the frailty as well, and is not a cause


def test_effects_keep_the_sign_that_dentistry_knows(found):
    for column in COLUMNS:
        if column.sign:
            assert found[1][column.name] * column.sign >= 0, column.name


def test_a_wrong_sign_in_the_data_is_held_at_nothing():
    cohort = read_cohort(children(300, seed=4, effects={**TRUE, "brush_daily": 1.5}))
    mean, scale = scales(cohort)
    beta, _, _ = unpack(np, fit_hazard(cohort, fit_emergence(cohort), mean, scale)["theta"])
    k = [c.name for c in COLUMNS].index("brush_daily")
    assert -0.1 < beta[k] <= 0
