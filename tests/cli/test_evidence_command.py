"""``amelo evidence``: table, JSON and CSV say the same, which is what the shipped posterior and the file of effects hold."""

from __future__ import annotations

import csv
import io
import json

import pytest

from amelo.therapy.resilience.effects import effects
from amelo.therapy.resilience.posterior_file import fluoride_posterior, fluoride_prior


def test_the_table_prints_the_shipped_posterior(amelo):
    done = amelo("evidence", "fluoride rinse")
    value, low, high = fluoride_prior("rinse").prevented
    assert done.code == 0 and f"{value:.1f} % ({low:.1f} to {high:.1f})" in done.out
    assert "cd002284" in done.out and "23 to 30" in done.out and "not a medical device" in done.out
    assert amelo("cite").out.count("[") >= 4 and "dias2010" in amelo("cite").out


def test_every_effect_is_printed_with_its_source(amelo):
    done = amelo("evidence")
    lines = done.out.splitlines()
    for e in effects():
        row = [line for line in lines if e.therapy in line and e.outcome in line and e.published.source in line]
        assert any(f" {e.published.value:.4g}" in line for line in row), e.id


def test_weak_evidence_is_shown_shrunk_and_missing_intervals_are_said(amelo):
    out = amelo("evidence", "peptide").out
    assert "shrunk 1.72 (1.27 to 2.33)" in out and "none seen" in out and "preprint" in out


def test_json_carries_the_priors_and_where_they_come_from(amelo):
    found = json.loads(amelo("evidence", "--json").out)
    shipped = fluoride_posterior()
    assert [e["id"] for e in found["effects"]] == [e.id for e in effects()]
    net = found["network"]
    assert net["hash"] == shipped["hash"] and net["data"] == shipped["data"] and net["priors"] == shipped["priors"]
    assert len(net["effects"]) == 2 * 15 and {e["hash"] for e in net["effects"]} == {shipped["hash"]}
    for e in net["effects"]:
        assert e == fluoride_prior(e["treatment"], e["against"], adjusted=e["adjusted"]).to_dict() | {
            "direct_trials": e["direct_trials"]
        }
    assert {(e["treatment"], e["direct_trials"]) for e in net["effects"] if e["against"] == "placebo"} >= {
        ("toothpaste", 69),
        ("rinse", 31),
    }
    own = {e["own_hash"] for e in found["effects"] if e["own_value"] is not None}
    assert own == {shipped["hash"]}


def test_csv_is_the_same_as_json(amelo):
    rows = list(csv.DictReader(io.StringIO(amelo("evidence", "varnish", "--csv").out)))
    told = json.loads(amelo("evidence", "varnish", "--json").out)["effects"]
    assert len(rows) == len(told) > 5
    for row, entry in zip(rows, told, strict=True):
        assert row == {key: "" if value is None else str(value) for key, value in entry.items()}


def test_the_network_shows_every_pair_and_every_check(amelo):
    done = amelo("evidence", "--network")
    checks = fluoride_posterior()["consistency"]
    assert done.code == 0 and f"p {checks['design_by_treatment']['p']:.2f}" in done.out and len(checks["splits"]) == 15
    assert f"p {checks['small_trials']['p']:.2g}" in done.out
    for s in checks["splits"]:
        assert f"{s['difference']:+.3f} ± {s['difference_se']:.3f}" in done.out
    assert done.out.count("adjusted") == 15 and fluoride_posterior()["hash"][:12] in done.out
    assert len(list(csv.DictReader(io.StringIO(amelo("evidence", "--network", "--csv").out)))) == 30
    assert json.loads(amelo("evidence", "--network", "--json").out)["counts"]["trials"] == 130


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("varnsh",), "did you mean 'varnish'"),
        (("--json", "--csv"), "cannot be used together"),
        (("gel", "--network"), "choose one"),
        (("gel", "rinse"), "more than 'amelo evidence' takes"),
        (("--networks",), "--network"),
    ],
)
def test_what_cannot_be_asked_is_one_sentence(amelo, arguments, words):
    done = amelo("evidence", *arguments)
    assert done.code == 2 and done.err.count("\n") == 1 and words in done.err
