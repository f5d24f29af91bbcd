"""A visit on a whole tooth: what it leaves, what it costs the pulp, what cannot be done, and what does nothing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from floors import CAPS, IRON, PULL, book, carious, cut, enamel, sound, visited

from amelo.errors import ParameterError
from amelo.params import load_set
from amelo.therapy.nano import tabulated
from amelo.therapy.nano.carrier import Carrier
from amelo.therapy.nano.field import Field
from amelo.therapy.nano.on_tooth import NanoVisit, load_of, payload_of
from amelo.therapy.nano.opening import open_share
from amelo.therapy.nano.supply import apatite_calcium
from amelo.therapy.nano.visit import Act
from amelo.therapy.operative import Fill
from amelo.therapy.operative.excavate import cut_to
from amelo.twin.pulp.equations import STATES
from amelo.twin.tooth import FINE, wait
from amelo.twin.tooth.constants import DAY, MOLAR_VOLUME

BACK = Act(None, Field(-5.0), 0.0, 600.0, home=True)
OXIDISED = Act(IRON, Field(1.0), 1e17, 1200.0, peroxide=300.0)
HAP = Carrier.named("nano-hap")
POWDER = Act(HAP, Field(), 1e17, 1200.0)
OUTCOMES = ("arrived", "docked", "inside", "washed", "retrieved", "pulp")


@pytest.fixture(autouse=True, scope="module")
def _coarse_tables():
    """Fewer thicknesses than usual: how exact tables are is tested elsewhere."""
    usual, tabulated.SHARES = tabulated.SHARES, (0.015, 0.1, 0.2, 0.3, 0.45, 0.7, 1.4)
    for table in (tabulated.tubules, tabulated.on_the_floor):
        table.cache_clear()
    yield
    tabulated.SHARES = usual
    for table in (tabulated.tubules, tabulated.on_the_floor):
        table.cache_clear()


@pytest.mark.parametrize("where", [carious, sound, enamel])
@pytest.mark.parametrize(
    "acts", [(), (BACK,), (Act(None, Field(5.0), 0.0, 300.0),), (replace(PULL, outside=0.0),), (replace(PULL, duration=0.0),)]
)
def test_nothing_brought_leaves_the_very_tooth(where, acts):
    tooth = where()
    visit = NanoVisit(600.0, acts)
    assert visit.nothing
    visit.check(tooth)
    assert visit.apply(tooth) is tooth


@pytest.mark.parametrize("where", [carious, sound, enamel, cut])
@pytest.mark.parametrize("acts", [(PULL,), (PULL, BACK), (PULL, BACK, OXIDISED)])
def test_carriers_and_payload_are_conserved(where, acts):
    tooth = where()
    after = visited(tooth, *acts)
    for carrier in (CAPS, IRON):
        arrived, *rest = (book(after, name, carrier) for name in OUTCOMES)
        assert sum(rest) == pytest.approx(arrived, rel=1e-12)
    stays = book(after, "docked") + book(after, "inside")
    laid = (after.payload * after.thickness).sum(axis=1)
    assert laid == pytest.approx(book(after, "payload"), rel=1e-9)
    assert laid + book(after, "payload without effect") == pytest.approx(stays * payload_of(CAPS), rel=1e-9)
    assert book(after, "iron") == pytest.approx(stays * CAPS.iron_oxide_mass, rel=1e-12)


def test_one_carrier_holds_what_its_file_says():
    value = load_set("nano/caps-400").value
    volume = np.pi / 6.0 * value("diameter") ** 3
    assert payload_of(CAPS) == pytest.approx(0.15 * volume / MOLAR_VOLUME, rel=0.01)  # as much calcium as so much apatite
    assert payload_of(HAP) == pytest.approx(HAP.volume * apatite_calcium() / 5.0)
    assert payload_of(IRON) == 0.0


def test_few_carriers_do_in_proportion():
    tooth, few = sound(), replace(PULL, outside=1e12)
    one, other = visited(tooth, few), visited(tooth, replace(few, outside=0.3e12))
    for name in (*OUTCOMES, "payload"):
        assert book(other, name) == pytest.approx(0.3 * book(one, name), rel=1e-6, abs=1e-3), name
    assert other.carriers == pytest.approx(0.3 * one.carriers, rel=1e-6, abs=1e-12)


def test_excavating_and_etching_let_more_in():
    lesion, excavated, etched, whole = (
        book(visited(tooth), "inside") + book(visited(tooth), "pulp")
        for tooth in (carious(), cut(1.0e-3, smear=1.0), cut(1.0e-3), sound(1.0e-3))
    )
    open_ = [open_share(tooth) for tooth in (carious(), cut(1.0e-3, smear=1.0), cut(1.0e-3), sound(1.0e-3))]
    assert (open_[1] < open_[2]).all()
    assert (excavated < etched).all()
    assert lesion[0] < excavated[0] < etched[0] < whole[0]
    assert etched / excavated == pytest.approx(open_[2] / open_[1])  # nothing but the openings differ


def test_a_floor_of_enamel_takes_carriers_on_and_none_in():
    after = visited(enamel())
    assert book(after, "docked").all()
    assert not book(after, "inside").any()
    assert not book(after, "pulp").any()
    assert not after.carriers.any()
    assert (after.payload[:, 1:] == 0.0).all()
    assert (after.payload[:, 0] > 0.0).all()
    assert np.array_equal(after.filled, enamel().filled)


def test_taking_home_leaves_fewer():
    there, back = visited(sound()), visited(sound(), PULL, replace(BACK, field=Field(-50.0)))
    assert book(back, "retrieved").all()
    for name in ("inside", "payload", "iron"):
        assert book(back, name)[0] < book(there, name)[0], name
    assert back.carriers[0] <= there.carriers[0] * (1.0 + 1e-9)


def test_efficacy_halves_what_comes_about():
    tooth = sound()
    reacts = np.arange(tooth.members) % 2 == 1
    values = {**tooth.constants.values, "efficacy": np.where(reacts, 0.5, 1.0)}
    mixed = replace(tooth, constants=replace(tooth.constants, values=values))
    after, usual = visited(mixed), visited(tooth)
    brought = book(after, "payload") + book(after, "payload without effect")
    assert book(after, "payload")[reacts] == pytest.approx(0.5 * brought[reacts])
    assert brought == pytest.approx(book(usual, "payload") + book(usual, "payload without effect"))


def test_a_pulp_that_reacts_answers_strongly_and_the_other_hardly():
    tooth = sound(0.5e-3)
    gain = np.where(np.arange(tooth.members) % 2 == 1, 0.12, 0.004)
    pulps = tooth.constants.pulps.changed({"inflammation.by_carriers": gain})
    same = tooth.take(np.zeros(tooth.members, int))
    same = replace(
        same,
        constants=replace(same.constants, pulps=same.constants.pulps.changed({"inflammation.by_carriers": gain})),
        carriers=np.ones(tooth.members),
    )
    assert pulps.count == tooth.members
    after, _ = wait(same, DAY, FINE)
    inflamed = after.pulp_state("inflammation")
    assert (inflamed[1::2] > 10.0 * inflamed[::2]).all()


def test_the_load_of_a_pulp_is_the_surface_that_reaches_it():
    after = visited(sound(0.3e-3))
    reached = book(after, "pulp")
    assert (after.carriers >= load_of(CAPS, reached) * (1.0 - 1e-12)).all()  # those that lie close count too
    one = load_set("nano/scene").value("pulp.surface") / (np.pi * CAPS.diameter**2)
    assert load_of(CAPS, np.array([one])) == pytest.approx(1.0)
    assert visited(sound(2.4e-3)).carriers[0] < after.carriers[0]
    small = CAPS.changed(diameter=2e-7)
    assert load_of(small, np.array([one])) == pytest.approx(0.25)


def test_a_catalyst_kills_bacteria_and_only_where_it_is_open():
    tooth = carious()
    after = visited(tooth, OXIDISED)
    died = 1.0 - after.bacteria / np.where(tooth.bacteria > 0.0, tooth.bacteria, 1.0)
    died = np.where(tooth.bacteria > 0.0, died, 0.0)
    assert (after.bacteria <= tooth.bacteria).all()
    assert died.max() > 0.0
    assert (died <= open_share(tooth)[:, None] + 1e-12).all()  # what is closed is safe
    assert visited(tooth, replace(OXIDISED, peroxide=0.0)).bacteria == pytest.approx(tooth.bacteria)
    values = {**tooth.constants.values, "efficacy": 0.5 * tooth.constants["efficacy"]}
    half = replace(tooth, constants=replace(tooth.constants, values=values))
    spared = 1.0 - visited(half, OXIDISED).bacteria / np.where(tooth.bacteria > 0.0, tooth.bacteria, 1.0)
    assert np.where(tooth.bacteria > 0.0, spared, 0.0) == pytest.approx(0.5 * died)


def test_plugs_hold_back_what_comes_to_the_pulp_until_they_are_cut_away():
    dense = replace(PULL, outside=0.5 / CAPS.volume)
    tooth = sound(1.0e-3)
    after = visited(tooth, dense)
    assert (after.conductance <= 1.0).all()
    assert after.conductance.min() < 0.99
    assert (visited(carious(), dense).conductance >= 1.0 - open_share(carious()) - 1e-12).all()
    deeper = cut_to(after, after.floor + 0.1e-3)
    assert (deeper.conductance == 1.0).all()
    sick = replace(carious(), conductance=np.full(carious().members, 0.5))
    one, other = wait(carious(), DAY)[1].values["influx"][0], wait(sick, DAY)[1].values["influx"][0]
    assert other == pytest.approx(0.5 * one)


def test_heat_reaches_the_pulp_as_a_dose():
    hot = Act(IRON, Field(heating=True), 3e15, 300.0)
    tooth = sound(1.0e-3)
    after, cold = visited(tooth, hot), visited(tooth, replace(hot, field=Field()))
    damage = STATES.index("damage")
    assert (after.pulp[damage] > cold.pulp[damage]).all()
    assert np.array_equal(cold.pulp[damage], tooth.pulp[damage])
    assert (after.books["warming"] > tooth.books.get("warming", 0.0)).all()
    thin = visited(sound(0.3e-3), hot)
    assert (thin.pulp[damage] - sound(0.3e-3).pulp[damage])[0] > (after.pulp[damage] - tooth.pulp[damage])[0]


def test_water_does_not_boil():
    boiling = Act(IRON, Field(5.0, heating=True), 0.3 / IRON.volume, 1200.0)
    with pytest.raises(ParameterError, match="boils"):
        visited(sound(1.0e-3), boiling)


def test_payloads_of_two_kinds_are_mixed_by_their_amounts():
    first = visited(sound())
    assert first.constants["payload.release"][0] == pytest.approx(CAPS.release(7.0))
    assert first.constants["payload.supersaturation"] == pytest.approx(sound().constants["payload.supersaturation"])
    both = visited(first, POWDER)
    old, new = book(both, "payload"), book(both, "payload", HAP)
    share = new / (old + new)
    assert both.constants["payload.release"][0] == pytest.approx((1.0 - share[0]) * CAPS.release(7.0) + share[0] * HAP.release(7.0))
    least = load_set("nano/scene").value("payload.excess_apatite")
    assert both.constants["payload.supersaturation"] == pytest.approx(
        (1.0 - share) * sound().constants["payload.supersaturation"] + share * least
    )
    again = visited(visited(sound(), POWDER), PULL)  # amorphous phosphate keeps what it keeps, after whatever
    assert again.constants["payload.supersaturation"][0] > least


def test_payload_goes_off_over_hours_and_is_booked():
    tooth = visited(sound())
    laid = (tooth.payload * tooth.thickness).sum(axis=1)
    after, _ = wait(tooth, 5 * DAY, FINE)
    left = (after.payload * after.thickness).sum(axis=1)
    assert (left < 0.5 * laid).all()
    assert after.books["ledger_released"] == pytest.approx(laid - left, rel=1e-6)


def test_payload_does_not_grow_on_what_the_pulp_gives():
    """Apatite keeps less in the fluid than a pulp gives, so that it stays as it is behind a tight filling, and takes nothing from the lesion."""
    tooth = replace(visited(cut(), POWDER), access=np.zeros(cut().members))
    bare = replace(cut(), access=np.zeros(cut().members))
    assert (tooth.constants["payload.supersaturation"] < tooth.constants["pulp.supersaturation"])[0]
    after, without = wait(tooth, 20 * DAY, FINE)[0], wait(bare, 20 * DAY, FINE)[0]
    assert (after.payload <= tooth.payload * (1.0 + 1e-9)).all()
    laid = book(tooth, "payload", HAP) * MOLAR_VOLUME
    assert (np.abs(after.mineral_loss - without.mineral_loss) <= 2.0 * laid + 2e-8).mean() > 0.9


def test_when_within_a_visit_carriers_come_does_not_matter():
    """Two weeks later the tooth is the same to 2 % of what the visit did, whether its carriers came at its start or in its middle."""
    tooth, span = cut(), 1200.0
    visit = NanoVisit(span, (replace(PULL, outside=1e17),))
    start, _ = wait(wait(visit.apply(tooth), span, FINE)[0], 14 * DAY, FINE)
    half, _ = wait(wait(visit.apply(wait(tooth, 0.5 * span, FINE)[0]), 0.5 * span, FINE)[0], 14 * DAY, FINE)
    never, _ = wait(wait(tooth, span, FINE)[0], 14 * DAY, FINE)
    did = np.abs(start.mineral_loss - never.mineral_loss)
    assert did.max() > 0.0
    assert (np.abs(start.mineral_loss - half.mineral_loss) <= 0.02 * did + 1e-12).mean() > 0.9
    assert start.carriers == pytest.approx(half.carriers, rel=0.02, abs=1e-9)


def test_what_cannot_be_done_is_refused_in_a_sentence():
    covered = Fill(1500.0, material="composite").apply(cut())
    with pytest.raises(ParameterError, match="covers the floor"):
        visited(covered)
    with pytest.raises(ParameterError, match="does not fit"):
        visited(sound(), Act(CAPS.changed(diameter=3e-6), Field(), 1e12, 60.0))
    visited(enamel(), Act(CAPS.changed(diameter=3e-6), Field(), 1e12, 60.0))  # enough room on enamel
    with pytest.raises(ParameterError, match="never gives its payload off"):
        visited(sound(), Act(CAPS.changed(release_rate=0.0), Field(), 1e12, 60.0))
    with pytest.raises(ParameterError, match="CaF2"):
        visited(sound(), Act(Carrier.named("calcium-fluoride"), Field(), 1e12, 60.0))
    with pytest.raises(ParameterError, match="two different carriers"):
        visited(sound(), PULL, replace(PULL, carrier=CAPS.changed(magnetisation=1.0)))
    with pytest.raises(ParameterError, match="taken out"):
        visited(replace(sound(), present=False))


def test_its_price_is_time_and_the_consent_of_research():
    price = NanoVisit(1800.0, (PULL, BACK)).account(sound())
    assert price.duration == PULL.duration + BACK.duration
    assert price.consent == "research"
    assert price.tissue_removed == 0.0
    visit = NanoVisit(1800.0, (PULL, BACK, OXIDISED))
    assert visit.label == "visit: caps-400 and iron-oxide"
    assert visited(sound(), PULL).done[-1] == "visit: caps-400"


def test_members_do_not_know_of_each_other():
    whole, few = visited(cut()), np.array([0, 4, 9])
    alone = visited(cut().take(few))
    for name in OUTCOMES:
        assert book(alone, name) == pytest.approx(book(whole, name)[few], rel=0.05, abs=1.0), name
