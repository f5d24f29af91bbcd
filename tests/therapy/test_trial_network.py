"""Networks: the map to independent contrasts is exact, truth is found again, and disagreement is seen where it is and only there."""

from __future__ import annotations

import numpy as np
import pytest
from invented_trials import DESIGNS, TRUTH, invented
from scipy.stats import kstest, multivariate_normal, norm

from amelo.errors import FormatError
from amelo.therapy.resilience.consistency import design_by_treatment, small_trials, split, split_all
from amelo.therapy.resilience.network import fit, make_network, shared
from amelo.therapy.resilience.trials import Trial

LOOP = (("placebo", "toothpaste"), ("placebo", "rinse"), ("toothpaste", "rinse"))


def whole(trials, network):
    """Return contrasts, design and the two parts of the covariance of all trials, block by block, written without the network's map."""
    size = sum(len(t.contrasts) for t in trials)
    y, x, v, r = np.zeros(size), np.zeros((size, len(network.treatments) - 1)), np.zeros((size, size)), np.zeros((size, size))
    at = 0
    for t in trials:
        k = len(t.contrasts)
        block = slice(at, at + k)
        y[block], v[block, block], r[block, block] = t.contrasts, t.covariance, shared(k)
        for row, name in enumerate(t.treatments[1:]):
            for other, sign in ((name, 1.0), (t.treatments[0], -1.0)):
                if other != network.treatments[0]:
                    x[at + row, network.treatments.index(other) - 1] += sign
        at += k
    return y, x, v, r


def truth_of(network):
    return np.array([TRUTH[name] for name in network.treatments[1:]])


@pytest.mark.parametrize("tau", [0.0, 0.05, 0.4])
def test_the_independent_contrasts_have_the_likelihood_of_the_correlated_ones(tau):
    trials = invented(1)
    network = make_network(trials)
    y, x, v, r = whole(trials, network)
    beta = np.linspace(-0.3, 0.2, x.shape[1])
    full = multivariate_normal(x @ beta, v + tau**2 * r).logpdf(y)
    ours = norm(network.x @ beta, np.sqrt(network.s + tau**2)).logpdf(network.y).sum()
    jacobian = sum(np.linalg.slogdet(m)[1] for m in network.maps)
    assert ours + jacobian == pytest.approx(full, abs=1e-8)


def test_least_squares_is_that_of_the_whole_covariance():
    trials = invented(2)
    network = make_network(trials)
    y, x, v, r = whole(trials, network)
    inverse = np.linalg.inv(v + 0.17**2 * r)
    covariance = np.linalg.inv(x.T @ inverse @ x)
    found = fit(network, tau=0.17)
    assert found.covariance == pytest.approx(covariance, rel=1e-9)
    assert found.beta == pytest.approx(covariance @ x.T @ inverse @ y, rel=1e-8)


def test_a_trial_of_more_arms_is_not_counted_as_if_its_contrasts_were_apart():
    """Ten copies of a trial of three arms: the two contrasts share placebo, so that their difference is known without its noise."""
    trials = [Trial(("placebo", "toothpaste", "rinse"), np.array([1.0, 0.8, 0.7]), np.array([0.5, 0.01, 0.01]), False, 300)] * 10
    found = fit(make_network(trials), tau=0.0)
    rinse, paste = 0, 1
    difference = found.covariance[rinse, rinse] + found.covariance[paste, paste] - 2 * found.covariance[rinse, paste]
    assert difference == pytest.approx(0.02 / 10)
    assert found.covariance[rinse, rinse] == pytest.approx(0.51 / 10)


def test_which_arm_comes_first_does_not_matter():
    trials = invented(3)
    turned = [Trial(t.treatments[::-1], t.log_mean[::-1], t.variance[::-1], t.at_risk, t.children) for t in trials]
    one, other = fit(make_network(trials)), fit(make_network(turned))
    assert one.beta == pytest.approx(other.beta, rel=1e-7) and one.tau == pytest.approx(other.tau, rel=1e-5)


def test_the_reference_does_not_matter():
    trials = invented(4)
    one, other = make_network(trials), make_network(trials, reference="gel")
    by_placebo, by_gel = fit(one), fit(other)
    gel, paste = (one.treatments.index(n) - 1 for n in ("gel", "toothpaste"))
    assert by_placebo.beta[paste] - by_placebo.beta[gel] == pytest.approx(
        by_gel.beta[other.treatments.index("toothpaste") - 1], rel=1e-6
    )


def test_truth_is_found_again_and_intervals_cover_it():
    inside, taus, z = [], [], []
    for seed in range(60):
        network = make_network(invented(100 + seed))
        found = fit(network)
        z.append((found.beta - truth_of(network)) / np.sqrt(np.diag(found.covariance)))
        taus.append(found.tau)
    inside = (np.abs(z) < 1.96).mean()
    assert 0.90 < inside < 0.985
    assert np.abs(np.mean(z, axis=0)).max() < 0.45
    assert np.median(taus) == pytest.approx(0.1, abs=0.01)


def test_no_heterogeneity_is_found_where_there_is_none():
    assert np.median([fit(make_network(invented(300 + seed, tau=0.0))).tau for seed in range(20)]) < 0.03


def test_disagreement_is_not_seen_where_there_is_none():
    """p values over invented networks are spread evenly."""
    found = [design_by_treatment(make_network(invented(500 + seed, repeats=8))) for seed in range(120)]
    assert kstest([f.p for f in found], "uniform").pvalue > 0.01
    designs = sum(len(d) - 1 for d in DESIGNS)
    assert {f.df for f in found} == {designs - (len(TRUTH) - 1)}
    splits = [split(make_network(invented(700 + seed, repeats=8)), "rinse", "varnish") for seed in range(120)]
    assert kstest([s.p for s in splits], "uniform").pvalue > 0.01


def test_a_shifted_loop_is_seen_and_the_size_of_the_shift_is_told():
    trials = invented(9, designs=LOOP, repeats=20, shift={("toothpaste", "rinse"): 0.3})
    network = make_network(trials)
    assert design_by_treatment(network).p < 1e-4
    found = split(network, "toothpaste", "rinse")
    assert found.p < 1e-4 and found.trials == 20
    assert found.difference == pytest.approx(0.3, abs=3 * found.difference_se)
    assert found.direct - found.indirect == pytest.approx(found.difference)
    assert found.direct == pytest.approx(TRUTH["rinse"] - TRUTH["toothpaste"] + 0.3, abs=3 * found.direct_se)


def test_direct_and_indirect_of_a_loop_of_pairs_are_those_of_hand():
    """Without trials of three arms, splitting is the comparison of separate meta-analyses."""
    trials = invented(10, designs=LOOP, repeats=15, tau=0.0)
    network = make_network(trials)
    found = split(network, "toothpaste", "rinse")
    tau = fit(
        network, np.column_stack([network.x, network.column([np.array([0.0, float(t.treatments == LOOP[2])]) for t in trials])])
    ).tau

    def pooled(design):
        mine = [t for t in trials if t.treatments == design]
        weight = np.array([1 / (t.covariance[0, 0] + tau**2) for t in mine])
        return float(weight @ [t.contrasts[0] for t in mine] / weight.sum()), 1 / weight.sum()

    (direct, v), (paste, v1), (rinse, v2) = pooled(LOOP[2]), pooled(LOOP[0]), pooled(LOOP[1])
    assert found.direct == pytest.approx(direct, abs=1e-6) and found.direct_se == pytest.approx(np.sqrt(v), rel=1e-5)
    assert found.indirect == pytest.approx(rinse - paste, abs=1e-6) and found.indirect_se == pytest.approx(
        np.sqrt(v1 + v2), rel=1e-5
    )
    assert found.p == pytest.approx(2 * norm.sf(abs(direct - rinse + paste) / np.sqrt(v + v1 + v2)), rel=1e-4)


def test_splitting_does_not_ask_which_treatment_comes_first():
    network = make_network(invented(11))
    one, other = split(network, "placebo", "gel"), split(network, "gel", "placebo")
    assert one.difference == pytest.approx(-other.difference, abs=1e-6) and one.p == pytest.approx(other.p, rel=1e-4)


def test_comparisons_without_both_kinds_of_evidence_are_left_out():
    star = make_network(invented(12, designs=LOOP[:2]))
    assert split_all(star) == [] and split(star, "toothpaste", "rinse") is None
    assert design_by_treatment(star).df == 0 and design_by_treatment(star).p == 1.0
    pairs = {(s.first, s.second) for s in split_all(make_network(invented(12, designs=LOOP)))}
    assert pairs == {("placebo", "rinse"), ("placebo", "toothpaste"), ("rinse", "toothpaste")}


def test_networks_that_are_none_are_refused():
    with pytest.raises(FormatError, match="no trials"):
        make_network([])
    with pytest.raises(FormatError, match="no trial has the treatment placebo"):
        make_network(invented(1, designs=(("rinse", "gel"),)))
    with pytest.raises(FormatError, match="no chain of trials leads from placebo to gel, varnish"):
        make_network(invented(1, designs=(("placebo", "rinse"), ("gel", "varnish"))))
    network = make_network(invented(1))
    with pytest.raises(FormatError, match="cannot tell the effects apart"):
        fit(network, np.column_stack([network.x, network.x[:, 0]]))


def test_small_trials_that_say_more_are_seen_and_only_those():
    def with_slope(seed, slope):
        """Trials of 20 to 2000 children an arm whose active arms look better by slope over the root of that."""
        rng, found = np.random.default_rng(seed), []
        for t in invented(seed, repeats=8, tau=0.05, se=0.0):
            n = np.exp(rng.uniform(np.log(20), np.log(2000)))
            active = np.array([float(name not in ("placebo", "no treatment")) for name in t.treatments])
            k = len(active)
            log_mean = t.log_mean + slope / np.sqrt(n) * active + rng.normal(0, np.sqrt(1 / n), k)
            found.append(Trial(t.treatments, log_mean, np.full(k, 1 / n), False, k * round(n)))
        return make_network(found)

    found = small_trials(with_slope(1, -2.0))
    assert found.p < 1e-3 and found.slope == pytest.approx(-2.0, abs=3 * found.se)
    network = with_slope(2, -2.0)
    large, naive = np.array(small_trials(network).large), fit(network).beta
    active = [i for i, name in enumerate(network.treatments[1:]) if name != "no treatment"]
    off = np.abs(large - truth_of(network))[active].mean(), np.abs(naive - truth_of(network))[active].mean()
    assert off[0] < 0.6 * off[1]
    assert kstest([small_trials(with_slope(10 + seed, 0.0)).p for seed in range(100)], "uniform").pvalue > 0.01


def test_trials_of_one_size_say_nothing_of_small_ones():
    same = [Trial(("placebo", "rinse"), np.array([1.0, 0.8 + 0.01 * i]), np.array([0.01, 0.01]), False, 200) for i in range(6)]
    assert small_trials(make_network(same)) is None
    assert small_trials(make_network(invented(3, designs=(("placebo", "no treatment"),)))) is None
