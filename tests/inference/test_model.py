"""The model of a measurement: read at times and depths, differentiated in one ensemble, and refused where data do not belong to it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from synthetic_profiles import HOUR, NAMES, TRUTH, model, places, protocol, specimen

from amelo.errors import RecordError
from amelo.inference.model import model_of, solve_members
from amelo.inference.posterior import Posterior, jacobian
from amelo.inference.priors import priors_of
from amelo.records.measured_profiles import MeasuredPoint, MeasuredProfiles
from amelo.twin.lesion.solve import Settings


def test_a_prediction_is_what_a_run_holds_at_that_time_and_depth():
    predicted = model()(np.array(TRUTH))[0]
    values = {name: np.array([value]) for name, value in zip(NAMES, TRUTH, strict=True)}
    run = solve_members(specimen(), model().schedule, values, Settings(saves=500))
    for time in (24.0, 48.0):
        at = int(np.argmin(np.abs(run.time - HOUR * time)))
        profile = 100 * run.mineral[0, at].sum(axis=0)
        centres = 5e5 * (run.edges[1:] + run.edges[:-1])
        here = model().time == HOUR * time
        assert predicted[here] == pytest.approx(np.interp(1e6 * model().depth[here], centres, profile), rel=1e-4)
    assert predicted[0] < predicted[len(predicted) // 2 - 1]  # more is lost at the surface


def test_cutting_at_measured_times_changes_a_run_only_by_its_error_in_time():
    late = model(times=(48.0,))(np.array(TRUTH))[0]
    both = model()(np.array(TRUTH))[0][-len(late) :]
    assert both == pytest.approx(late, abs=0.3)
    finer = [m.finer().finer().finer()(np.array(TRUTH))[0] for m in (model(times=(48.0,)), model())]
    assert np.abs(finer[1][-len(late) :] - finer[0]).max() < 0.3 * max(np.abs(both - late).max(), 0.02)


def test_members_do_not_know_each_other():
    rng = np.random.default_rng(1)
    values = np.array(TRUTH) * np.exp(rng.normal(0, 0.3, (19, 3)))
    together = model()(values)
    assert np.allclose(together[7], model()(values[7])[0], rtol=1e-6)
    assert together.shape == (19, len(model().depth))


def test_time_zero_is_the_initial_profile_and_a_point_without_time_the_end():
    points = (MeasuredPoint(5.0, 80.0, 0.0, None, "", 2), MeasuredPoint(5.0, 70.0, None, None, "", 3))
    found = model_of(specimen(), protocol().schedule(), NAMES, MeasuredProfiles(points, "x"))
    assert found(np.array(TRUTH))[0, 0] == pytest.approx(80.0)
    assert found.time[1] == pytest.approx(48 * HOUR)


def test_a_slit_averages():
    base, wide = model(), replace(model(), width=20e-6)
    sharp, flat = base(np.array(TRUTH))[0], wide(np.array(TRUTH))[0]
    dense = replace(base, depth=np.linspace(2.5e-6, 22.5e-6, 401), time=np.full(401, 24 * HOUR))
    at = 1  # 10 µm: within the surface gradient
    narrow = replace(base, depth=np.array([12.5e-6]), time=np.array([24 * HOUR]), width=20e-6)
    assert narrow(np.array(TRUTH))[0, 0] == pytest.approx(dense(np.array(TRUTH))[0].mean(), abs=0.5)
    assert flat[0] > sharp[0] and abs(flat[at] - sharp[at]) < 5.0  # the outermost point sees deeper, sounder tissue


def test_one_ensemble_holds_every_derivative():
    priors = priors_of(specimen(), NAMES)
    x = priors.steps(np.array(TRUTH))
    calls = []

    def counted(values):
        calls.append(len(values))
        return model()(values)

    predicted, slope = jacobian(counted, priors, x)
    assert calls == [7] and predicted.shape == (1, len(model().depth)) and slope.shape == (1, len(model().depth), 3)
    rough = jacobian(counted, priors, np.stack([x, x + 0.1]), central=False)
    assert calls == [7, 8] and np.abs(rough[1][0] - slope[0]).max() < 2e-3 * np.abs(slope).max()
    far = 0.05
    for k in range(3):
        shift = far * np.eye(3)[k]
        coarse = (model()(priors.values(x + shift))[0] - model()(priors.values(x - shift))[0]) / (2 * far)
        assert np.abs(coarse - slope[0, :, k]).max() < 0.02 * np.abs(slope[0, :, k]).max()


def test_the_density_is_that_of_the_noise_and_of_the_priors():
    from scipy.stats import norm

    data = places()
    exact = model()(np.array(TRUTH))[0]
    posterior = Posterior(model(), priors_of(specimen(), NAMES), exact + 1.0)
    x = posterior.priors.steps(np.array(TRUTH))
    theta = np.append(x, np.log(2.0))
    z = posterior.priors.scores(x)
    likelihood = norm.logpdf(-1.0, scale=2.0) * len(data.points)
    middle, width = posterior.noise_prior
    expected = (
        likelihood + norm.logpdf(z).sum() + np.log(posterior.priors.slopes(x)).sum() + norm.logpdf(np.log(2.0), middle, width)
    )
    constants = 0.5 * np.log(2 * np.pi) * (len(data.points) + 4) + np.log(width)
    assert posterior.log_density(theta[None])[0] == pytest.approx(expected + constants, rel=1e-6)
    impossible = theta.copy()
    impossible[0] = 50.0
    assert list(posterior.log_density(np.stack([theta, impossible])) == -np.inf) == [False, True]


def test_the_noise_that_fits_best_is_the_scatter_held_by_its_prior():
    rng = np.random.default_rng(2)
    posterior = Posterior(model(), priors_of(specimen(), NAMES), np.zeros(400))
    scatter = rng.normal(0, 3.0, 400)
    assert np.exp(posterior.best_noise(scatter)) == pytest.approx(np.sqrt((scatter**2).mean()), rel=0.01)
    assert 0.05 < np.exp(Posterior(model(), posterior.priors, np.zeros(4)).best_noise(np.full(4, 1e-9))) < 0.5


def test_data_that_do_not_belong_to_the_protocol_or_specimen():
    def point(**changes):
        return MeasuredProfiles((MeasuredPoint(5.0, 80.0, 0.0, None, "", 7)._replace(**changes),), "p.csv")

    for changes, words in (
        ({"time": 49 * HOUR}, ["p.csv: row 7: the time 2 d 1 h is after the end of the protocol, 2 d", "check its unit"]),
        ({"time": 24 * 86400.0}, ["24 d is after the end", "write time [h]"]),
        ({"depth": 400.0}, ["the depth 400 µm is beyond the specimen of 250 um"]),
    ):
        with pytest.raises(RecordError) as caught:
            model_of(specimen(), protocol().schedule(), NAMES, point(**changes))
        assert all(word in str(caught.value) for word in words), str(caught.value)
