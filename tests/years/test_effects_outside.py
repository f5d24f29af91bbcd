"""Published effects in a projection: none is nothing to the last bit, and no mechanism counts twice."""

from __future__ import annotations

import numpy as np
import pytest
from starts import plain

from amelo.errors import ParameterError
from amelo.therapy.resilience.effects import effects
from amelo.years import MECHANISMS, Surface, project
from amelo.years.outside import ratio_of, ratios

NORMAL = np.random.default_rng(0).standard_normal((500, len(MECHANISMS)))
OPEN = (Surface("M", "E2"), Surface("O", "E1"))


def test_every_effect_that_can_be_applied_is_published_and_protects():
    known = {e.id: e for e in effects()}
    for name in MECHANISMS:
        value, low, high = ratio_of(known[name])
        assert 0.0 < low < value < high and value < 1.0, name


def test_weak_evidence_enters_shrunk_and_fluoride_by_our_own_posterior():
    known = {e.id: e for e in effects()}
    peptide, paste = known["peptide_cavitation"], known["toothpaste_1000"]
    assert ratio_of(peptide) == peptide.shrunk and ratio_of(peptide)[0] > peptide.published.value
    assert ratio_of(paste)[0] == pytest.approx(1.0 - paste.own.prevented[0] / 100.0)
    assert ratio_of(known["infiltration_permanent"]) == (0.19, 0.11, 0.33)


def test_no_effect_changes_nothing_to_the_last_bit():
    assert np.array_equal(ratios((), (), "occlusal", NORMAL), np.ones(500))
    plainly, told = project(plain(surfaces=OPEN)), project(plain(surfaces=OPEN, effects=(), carried=("fluoride paste",)))
    assert np.array_equal(plainly.occupied, told.occupied) and np.array_equal(plainly.happened, told.happened)
    nothing = project(plain(surfaces=tuple(Surface(s.letter, s.stage, np.ones(64)) for s in OPEN)))
    assert np.array_equal(plainly.occupied, nothing.occupied)


def test_an_effect_acts_where_it_can():
    before = project(plain(400, surfaces=OPEN, material=""))
    sealed = project(plain(400, surfaces=OPEN, material="", effects=("sealant",)))
    ended = [p.incidence("lesion filled")[-1] + p.incidence("lesion reached the pulp")[-1] for p in (sealed, before)]
    assert (ended[0] <= ended[1] + 1e-12).all() and ended[0].mean() < ended[1].mean()
    assert np.array_equal(ratios(("sealant",), (), "approximal", NORMAL), np.ones(500))
    assert np.median(ratios(("infiltration_permanent",), (), "approximal", NORMAL)) == pytest.approx(0.19, rel=0.1)
    two = ratios(("toothpaste_1000", "sealant"), (), "occlusal", NORMAL)
    assert two == pytest.approx(ratios(("toothpaste_1000",), (), "occlusal", NORMAL) * ratios(("sealant",), (), "occlusal", NORMAL))


@pytest.mark.parametrize(
    ("names", "carried", "words"),
    [
        (("toothpaste_1000",), ("fluoride paste",), "count fluoride paste twice; the twin's activity carries it already"),
        (("toothpaste_1000", "toothpaste_2400"), (), "twice; the effect 'toothpaste_1000' carries it already"),
        (("infiltration_permanent", "micro_invasive"), (), "count blocked pores twice"),
        (("toothpaste_100",), (), "did you mean 'toothpaste_1000'"),
        (("sdf_arrest",), (), "it is no ratio of the rate of caries"),
        ((), ("floride paste",), "did you mean 'fluoride paste'"),
    ],
)
def test_what_counts_twice_or_cannot_be_applied_is_refused(names, carried, words):
    with pytest.raises(ParameterError, match=words):
        project(plain(2, effects=names, carried=carried), 1.0)
