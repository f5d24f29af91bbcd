"""The invented dentine of the founding case: who is called, what is laid down, what bad answers do, and that ordinary teeth know none of it."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from floors import CASES, MEMBERS, carious

from amelo.records.case import load_case
from amelo.therapy.nano.template import answered, touching
from amelo.therapy.operative.excavate import cut_to
from amelo.twin.tooth import COARSE, WholeTooth, wait, whole_tooth
from amelo.twin.tooth.constants import DAY
from amelo.twin.tooth.many import wait_many
from amelo.twin.tooth.waiting import DISEASED

DENSE = np.full(MEMBERS, 1e12)  # carriers on a square metre of the floor


@cache
def opened() -> WholeTooth:
    """Kira's molar, cut until a millimetre and a half is left, with bacteria out of the way."""
    tooth = whole_tooth(load_case(CASES / "kira.json"), 36, members=MEMBERS, seed=5).tooth
    after = cut_to(tooth, tooth.edges[:, -1] - 1.5e-3)
    return replace(after, bacteria=np.zeros_like(after.bacteria))


def called(tooth: WholeTooth, how: float = 1.0) -> WholeTooth:
    return replace(tooth, books={**tooth.books, "templated": np.full(tooth.members, how)})


def test_an_ordinary_tooth_answers_nothing():
    load, books = answered(carious(), DENSE)
    assert not load.any() and books == {}


def test_carriers_on_bacteria_or_enamel_or_where_the_pulp_is_bare_call_nothing():
    tooth = opened()
    assert (touching(tooth, DENSE) > 0.0).all()
    assert not touching(replace(tooth, bacteria=np.ones_like(tooth.bacteria)), DENSE).any()
    assert not touching(replace(tooth, organic=np.zeros_like(tooth.organic)), DENSE).any()
    assert not touching(replace(tooth, exposed=np.full(MEMBERS, 1e-6)), DENSE).any()
    assert not touching(whole_tooth(load_case(CASES / "felix-healthy.json"), 36, members=MEMBERS, seed=5).tooth, DENSE).any()


def test_more_carriers_call_more_and_never_more_than_all():
    tooth, before = opened(), np.zeros(MEMBERS)
    for much in (0.0, 1e9, 1e11, 1e12, 1e15):
        load, books = answered(tooth, np.full(MEMBERS, much))
        now = books["templated"]
        assert (now >= before).all() and (now <= 1.0).all()
        assert np.allclose(load, touching(tooth, np.full(MEMBERS, much)) / tooth.constants["template.sensed"], rtol=1e-12)
        before = now
    assert (before > 0.99).all()


def test_two_visits_call_as_one_of_both():
    tooth = opened()
    once = answered(tooth, 2.0 * DENSE)[1]["templated"]
    first = answered(tooth, DENSE)[1]
    twice = answered(replace(tooth, books={**tooth.books, **first}), DENSE)[1]["templated"]
    assert np.allclose(twice, once, rtol=1e-12)


def able(tooth: WholeTooth) -> np.ndarray:
    """Who has a pulp that lays down dentine and lets ions through (M,)."""
    return (tooth.pulp_state("damage") < DISEASED) & (tooth.exposed <= 0.0) & ~tooth.pulp_lost


@pytest.fixture(scope="module")
def months():
    """The same teeth two months on, not called and called."""
    tooth = opened()
    return wait(tooth, 60.0 * DAY)[0], wait(called(tooth), 60.0 * DAY)[0]


def test_those_that_answer_well_lay_down_dentine_and_gain_mineral_where_it_belongs(months):
    plain, grown = months
    well = ~plain.constants.reacts & able(grown)
    assert well.sum() > 5 and (grown.tertiary[well] > plain.tertiary[well]).all()
    assert (grown.tertiary <= grown.constants["tertiary.most"] + grown.constants["template.most"] + 1e-12).all()
    inside = [(t.share * t.inner * t.thickness).sum(axis=1) for t in months]
    assert (inside[1][well] >= inside[0][well] - 1e-15).all() and inside[1][well].sum() > inside[0][well].sum()


def test_those_that_answer_badly_lay_down_no_dentine_and_mineral_beyond_what_belongs(months):
    plain, grown = months
    badly = plain.constants.reacts
    assert badly.any() and (grown.tertiary[badly] == plain.tertiary[badly]).all()
    belongs = np.maximum(plain.constants["dentine.between"], 1.0)[:, None]
    beyond = [np.maximum(t.mineral - belongs, 0.0).sum(axis=1) for t in months]
    assert (beyond[1][badly] >= beyond[0][badly]).all() and beyond[1][badly].max() > beyond[0][badly].max()


def test_what_grows_came_in_by_books_that_close(months):
    for after in months:
        books = {name: np.broadcast_to(after.books.get(name, 0.0), (MEMBERS,)) for name in ("ledger_gained", "ledger_lost")}
        assert all(np.isfinite(v).all() for v in books.values())
    lives = able(months[1])
    assert (months[1].books["ledger_gained"] > months[0].books["ledger_gained"])[lives].all()


def test_called_teeth_side_by_side_go_as_each_alone():
    """An ensemble of many treatments carries what was invented as one tooth does."""
    teeth = [called(opened()), opened(), called(opened(), 0.3)]
    beside = wait_many(teeth, 20.0 * DAY, COARSE)
    for tooth, after in zip(teeth, beside, strict=True):
        assert after.same_as(wait(tooth, 20.0 * DAY)[0])
