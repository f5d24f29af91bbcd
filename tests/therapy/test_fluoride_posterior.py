"""The shipped posterior: unchanged since it was made, without a row of the trials, and what others take from it is what it holds."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest
from invented_trials import TRUTH, invented

from amelo.errors import FileError, FormatError, ParameterError
from amelo.therapy.resilience import fluoride, posterior_file
from amelo.therapy.resilience.fluoride import KEPT, SPREADS, TRIALS, posterior_of
from amelo.therapy.resilience.network import make_network
from amelo.therapy.resilience.posterior_file import (
    POSTERIORS,
    fluoride_posterior,
    fluoride_prior,
    read_posterior,
    save_posterior,
)  # fmt: skip
from amelo.therapy.resilience.sampler import Posterior, shipped_priors
from amelo.therapy.resilience.trials import Spread

SLOW = pytest.mark.skipif(not os.environ.get("AMELO_SLOW"), reason="samples for half a minute; set AMELO_SLOW=1 to run it")


@pytest.fixture(scope="module")
def shipped():
    return fluoride_posterior()


@pytest.fixture(scope="module")
def invented_posterior():
    network = make_network(invented(30, bias=-0.1, at_risk=0.7))
    return posterior_of(network, Spread(0.5, 0.6, 0.2, 50), samples=800)


def test_a_file_comes_back_as_it_was_saved(tmp_path):
    path = save_posterior({"kind": "x", "draws": [0.1, -2.5e-7]}, tmp_path)
    found = read_posterior(path)
    assert found["draws"] == [0.1, -2.5e-7] and path.name == f"x.{found['hash'][:12]}.json"
    assert save_posterior({"draws": [0.1, -2.5e-7], "kind": "x"}, tmp_path) == path  # the order of keys is no content


@pytest.mark.parametrize(
    "change", [lambda t: t.replace(b"0.1", b"0.2"), lambda t: t[:-2], lambda t: t + b" ", lambda t: b"\xff" + t, lambda t: b"{}"]
)
def test_a_changed_file_is_refused(tmp_path, change):
    path = save_posterior({"kind": "x", "draws": [0.1]}, tmp_path)
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(FormatError, match="the posterior x.*refused"):
        read_posterior(path)


def test_a_file_that_is_not_there_is_named(tmp_path, monkeypatch):
    with pytest.raises(FileError, match="none.json"):
        read_posterior(tmp_path / "none.json")
    monkeypatch.setattr(posterior_file, "POSTERIORS", tmp_path)
    fluoride_posterior.cache_clear()
    try:
        with pytest.raises(FileError, match="there are 0 posteriors"):
            fluoride_posterior()
    finally:
        fluoride_posterior.cache_clear()


def test_it_says_what_it_was_made_from(shipped):
    assert shipped["counts"] == {"trials": 130, "arms": 270, "children": 66778, "at_risk": 119, "designs": 15}
    assert {d["file"] for d in shipped["data"]} == {TRIALS, SPREADS}
    assert all(d["licence"] == "GPL >= 2" and "@" in d["origin"] and len(d["sha256"]) == 64 for d in shipped["data"])
    assert shipped["priors"] == shipped_priors().__dict__  # else: python bench/evidence.py FOLDER --write
    assert shipped["treatments"][0] == "placebo" and len(shipped["card"]["limits"]) >= 5


def test_its_chains_are_good(shipped):
    for name in ("plain", "adjusted"):
        chains = shipped[name]["chains"]
        assert chains["divergences"] == 0 and chains["r_hat"] < 1.01 and chains["effective"] > 1000
        assert np.shape(shipped[name]["draws"]["effects"]) == (KEPT, 5)


def test_no_row_of_the_trials_is_in_it(shipped, shared):
    """No column of arms: nothing of the length of trials or arms but counts, and no increment of an arm to its digits."""
    lengths, stack = set(), [shipped]
    while stack:
        item = stack.pop()
        if isinstance(item, dict):
            stack += item.values()
        elif isinstance(item, list):
            lengths.add(len(item))
            stack += [i for i in item if isinstance(i, dict | list)]
    assert lengths <= {KEPT, 5, 6, 2, len(shipped["comparisons"]), len(shipped["consistency"]["splits"])}
    assert not lengths & {130, 140, 270}


def test_priors_are_those_of_the_draws(shipped):
    for adjusted, name in ((True, "adjusted"), (False, "plain")):
        draws = np.array(shipped[name]["draws"]["effects"])
        at = shipped["treatments"].index("varnish") - 1
        none = shipped["treatments"].index("no treatment") - 1
        mine = fluoride_prior("varnish", adjusted=adjusted)
        assert mine.mean == pytest.approx(draws[:, at].mean()) and mine.median == pytest.approx(np.exp(np.median(draws[:, at])))
        assert mine.hash == shipped["hash"] and mine.tau == pytest.approx(np.median(shipped[name]["draws"]["tau"]))
        other = fluoride_prior("varnish", "no treatment", adjusted=adjusted)
        assert other.mean == pytest.approx((draws[:, at] - draws[:, none]).mean())
        assert other.sd == pytest.approx((draws[:, at] - draws[:, none]).std(ddof=1))


def test_a_comparison_turned_round_is_its_inverse():
    one, other = fluoride_prior("rinse", "gel"), fluoride_prior("gel", "rinse")
    assert one.median == pytest.approx(1 / other.median, rel=1e-9) and one.low == pytest.approx(1 / other.high, rel=1e-9)


def test_a_setting_not_seen_is_less_sure_and_prevented_is_one_minus_ratio():
    for treatment in ("toothpaste", "rinse", "gel", "varnish"):
        p = fluoride_prior(treatment)
        assert p.next_low < p.low < p.median < p.high < p.next_high
        value, low, high = p.prevented
        assert low < value < high and value == pytest.approx(100 * (1 - p.median)) and low == pytest.approx(100 * (1 - p.high))


def test_adjustment_lowers_effects_and_widens_them():
    """As Dias 2010 found on these trials."""
    for treatment in ("toothpaste", "rinse", "gel", "varnish"):
        adjusted, plain = fluoride_prior(treatment), fluoride_prior(treatment, adjusted=False)
        assert adjusted.median > plain.median and adjusted.sd > plain.sd


def test_the_posterior_stands_beside_least_squares(shipped):
    """The file's two ways to pool differ by what an unknown spread of children does, never by more than their doubt."""
    effects = np.array(shipped["plain"]["draws"]["effects"]).mean(axis=0)
    assert (np.abs(effects - shipped["least_squares"]["effects"]) < 1.5 * np.array(shipped["least_squares"]["se"])).all()


def test_what_the_checks_found_is_shipped_with_it(shipped):
    """The page on evidence tells these."""
    checks = shipped["consistency"]
    assert checks["design_by_treatment"]["df"] == 15 and checks["design_by_treatment"]["p"] == pytest.approx(0.27, abs=0.005)
    doubtful = {(s["first"], s["second"]) for s in checks["splits"] if s["p"] < 0.05}
    assert doubtful == {("placebo", "varnish"), ("rinse", "varnish")}
    assert checks["small_trials"]["slope"] < 0 and checks["small_trials"]["p"] == pytest.approx(0.022, abs=0.0005)
    large = 100 * (1 - np.exp(checks["small_trials"]["large"]))
    assert [round(large[shipped["treatments"].index(t) - 1]) for t in ("toothpaste", "rinse", "gel", "varnish")] == [17, 18, 16, 24]


def test_what_is_not_in_the_network_is_refused():
    with pytest.raises(ParameterError, match="'varnsh' is not in the fluoride network; did you mean 'varnish'"):
        fluoride_prior("varnsh")
    with pytest.raises(ParameterError, match="compared with itself"):
        fluoride_prior("placebo")


def test_invented_trials_give_a_posterior_of_their_own(invented_posterior, tmp_path):
    made = read_posterior(save_posterior(invented_posterior | {"kind": "invented"}, tmp_path))
    assert made["counts"]["designs"] == 8 and made["consistency"]["design_by_treatment"]["p"] > 1e-3
    for treatment in ("toothpaste", "varnish"):
        prior = fluoride_prior(treatment, posterior=made)
        assert prior.mean == pytest.approx(TRUTH[treatment], abs=3.5 * prior.sd) and prior.hash == made["hash"]
    json.dumps(made, allow_nan=False)


def test_a_network_that_cannot_disagree_says_so(monkeypatch):
    drawn = Posterior(np.zeros((4, 2)), *(np.ones(4),) * 3, divergences=0, r_hat=1.0, effective=4.0)
    monkeypatch.setattr(fluoride, "sample_network", lambda *a, **more: drawn)  # the checks alone are looked at
    star = make_network(invented(31, designs=(("placebo", "rinse"), ("placebo", "gel"))))
    made = posterior_of(star, Spread(0.5, 0.6, 0.2, 50), samples=40)
    checks = made["consistency"]
    assert checks["design_by_treatment"] is None and checks["splits"] == [] and checks["small_trials"] is None


def test_the_bench_refuses_a_folder_without_the_trials(root, tmp_path):
    done = subprocess.run([sys.executable, root / "bench" / "evidence.py", tmp_path], capture_output=True, text=True, check=False)
    assert done.returncode == 2 and SPREADS in done.stderr and "Traceback" not in done.stderr


@SLOW
def test_the_bench_makes_the_shipped_file_to_the_last_byte(root, shared, tmp_path):
    for name in (TRIALS, SPREADS):
        shutil.copy(shared / "data" / name, tmp_path)
    done = subprocess.run([sys.executable, root / "bench" / "evidence.py", tmp_path], capture_output=True, text=True, check=False)
    assert done.returncode == 0 and "the same as the shipped one" in done.stdout, done.stdout
    assert len(list(POSTERIORS.glob("*.json"))) == 1
