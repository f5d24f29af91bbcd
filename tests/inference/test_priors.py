"""Priors: those of the ensembles, on scales that can be walked both ways, within what is possible."""

from __future__ import annotations

import numpy as np
import pytest
from synthetic_profiles import NAMES, specimen

from amelo.errors import InputError
from amelo.inference.priors import default_names, priors_of
from amelo.records.specimen import load_specimen, parse_specimen
from amelo.records.specimen_parameters import catalogue
from amelo.twin.ensemble import quantile

ENAMEL = ("dissolution_rate", "porosity", "pk.enamel_main", "growth_ratio")


@pytest.fixture
def enamel(root):
    return load_specimen(root / "cases" / "specimens" / "human-enamel.toml")


def test_they_are_the_distributions_of_the_ensembles(enamel):
    from scipy.special import ndtri

    priors = priors_of(enamel, ENAMEL)
    known = catalogue(enamel)
    for chance in (0.05, 0.2, 0.5, 0.77, 0.95):
        z = np.full(len(priors), ndtri(chance))
        values = priors.values(priors.from_scores(z))
        expected = [float(quantile(known[name], np.array([chance]))[0]) for name in ENAMEL]
        assert values == pytest.approx(expected, rel=1e-12), chance


def test_the_scales_lead_back(enamel):
    priors = priors_of(enamel, ENAMEL)
    x = np.random.default_rng(0).uniform(-2, 2, (50, len(priors)))
    assert np.allclose(priors.steps(priors.values(x)), x, rtol=1e-10, atol=1e-10)
    assert np.allclose(priors.from_scores(priors.scores(x)), x, rtol=1e-12)
    h = 1e-6
    assert np.allclose((priors.scores(x + h) - priors.scores(x - h)) / (2 * h), priors.slopes(x), rtol=1e-6)


def test_a_density_over_steps_integrates_to_one(enamel):
    from scipy.integrate import quad

    priors = priors_of(enamel, ("dissolution_rate",))
    low, high = (float(b[0]) for b in priors.bounds)
    area = quad(lambda x: float(np.exp(priors.log_density(np.array([x])))), low, high, points=[0.0])[0] / np.sqrt(2 * np.pi)
    assert area == pytest.approx(0.9973, abs=2e-4)  # within three standard deviations
    assert priors.log_density(np.array([high + 0.1])) == -np.inf


def test_nothing_impossible_is_tried(enamel):
    priors = priors_of(enamel, ("porosity", "sound_mineral", "residual_mineral", "share.enamel_soluble", "diffusivity_scale"))
    low, high = (dict(zip(priors.names, priors.values(b), strict=True)) for b in priors.bounds)
    assert low["porosity"] > catalogue(enamel)["porosity_floor"].value and high["porosity"] + high["sound_mineral"] <= 1.0
    assert low["residual_mineral"] >= 0 and high["residual_mineral"] < 1 and low["share.enamel_soluble"] >= 0
    assert high["diffusivity_scale"] == pytest.approx(1.0)
    both = np.stack(priors.bounds)
    assert np.isfinite(both).all() and (both[0] <= 0).all() and (both[1] >= 0).all()


def test_what_is_usually_calibrated(enamel, root):
    assert default_names(enamel) == ENAMEL
    pressed = load_specimen(root / "cases" / "specimens" / "pressed-apatite.toml")
    assert default_names(pressed) == ("dissolution_rate", "diffusivity_scale", "pk.HAp", "growth_ratio")
    assert default_names(specimen())[0] == NAMES[0]


BAD = {
    "a misspelt name": (("dissolution_rat",), ["'dissolution_rat' is not a parameter", "did you mean 'dissolution_rate'?"]),
    "a name twice": (("porosity", "porosity"), ["'porosity' is named twice"]),
    "nothing": ((), ["no parameter is named"]),
    "a name of dentine": (("collagen.decay_rate",), ["is not a parameter of this specimen"]),
}


@pytest.mark.parametrize("case", BAD)
def test_a_name_that_cannot_be_calibrated(enamel, case):
    names, words = BAD[case]
    with pytest.raises(InputError) as caught:
        priors_of(enamel, names)
    assert all(word in str(caught.value) for word in words), str(caught.value)


def test_what_is_stated_needs_a_range_of_its_own():
    head = {"name": "x", "tissue": "pressed apatite", "thickness": "1 mm", "porosity": 0.2, "sound_mineral": 0.8}
    with pytest.raises(
        InputError, match=r"'porosity' has no range in this specimen; .*porosity = \{value = 0.2, low = …, high = …\}"
    ):
        priors_of(parse_specimen(head, where="x"), ("porosity",))
    ranged = parse_specimen(head | {"parameters": {"porosity": {"value": 0.2, "low": 0.15, "high": 0.2}}}, where="x")
    assert priors_of(ranged, ("porosity",)).high == pytest.approx(0.2)
