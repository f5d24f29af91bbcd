"""A visit on a twin: where carriers, payload and iron go, that all books close, and what cannot be done."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amelo.errors import InputError, ParameterError
from amelo.params import load_set
from amelo.protocol import Protocol
from amelo.protocol.simulate import simulate
from amelo.records.case import load_case
from amelo.records.specimen import parse_specimen
from amelo.therapy.nano.books import DEPTHS, account
from amelo.therapy.nano.carrier import Carrier
from amelo.therapy.nano.field import Field
from amelo.therapy.nano.inside import passage_of
from amelo.therapy.nano.treat import treated, visits_of
from amelo.therapy.nano.visit import Act, Ground, Visit, phase_of
from amelo.twin.build import column_of
from amelo.twin.change import Standing
from amelo.twin.diffusivity import diffusivities
from amelo.twin.lesion.bed import with_bed
from amelo.twin.lesion.biofilm import with_biofilm
from amelo.twin.lesion.kernel import layout_of
from amelo.twin.lesion.solve import cell_model
from amelo.twin.lesion.tiles import Baths, fill
from amelo.twin.schedule import unrolled
from amelo.twin.twin import Twin

CAPS, IRON = Carrier.named("caps-400"), Carrier.named("iron-oxide")
WATER = "immerse in NaCl 150 mM for 1 min\n"


def specimen(tissue="human enamel", **parts):
    base = {"name": "x", "tissue": tissue, "thickness": "150 um", "grid": {"cells": 20, "first_cell": "1 um"}}
    return parse_specimen(base | parts, where="x.toml")


def standing(members=1, outside=2, cells=12, *, payload=CAPS, deficit=0.3, ph=7.0, thick=2e-6, accounts=()):
    """Tissue of one mineral under a room for carriers."""
    edges = np.concatenate([np.linspace(-thick, 0.0, outside + 1)[:-1], np.linspace(0.0, 240e-6, cells + 1)])
    n = outside + cells
    sound = np.zeros((members, 2, n))
    sound[:, 0, outside:] = 0.8
    mineral = sound.copy()
    mineral[:, 0, outside] *= 1.0 - deficit
    organic = np.where(np.arange(n) < outside, 0.0, 0.05) * np.ones((members, 1))
    return Standing(
        time=np.zeros(members),
        edges=edges,
        phases=("tissue", phase_of(payload)),
        mineral=mineral,
        sound=sound,
        organic=organic,
        porosity=1.0 - mineral.sum(axis=1) - organic,
        ph=np.full((members, n), ph),
        saturation=np.zeros((members, 2, n)),
        ease=np.where(np.arange(n) < outside, 1e4, 1.0) * np.ones((members, 1)),
        members=np.arange(members),
        parameters={},
        accounts=dict.fromkeys(accounts, np.zeros(members)),
    )


NOWHERE = Ground()


def visited(*acts, ground=NOWHERE, members=1, carrier=CAPS, **more):
    visit = Visit("test", acts, ground)
    before = standing(members, payload=carrier, accounts=visit.accounts, **more)
    return before, visit.apply(before)


def book(after, name, carrier=CAPS):
    return after.accounts[account(carrier, name)]


def test_carriers_that_dock_take_room_and_bring_payload():
    before, after = visited(Act(CAPS, Field(gradient=5.0), 1e15, 1200.0))
    thick = -before.edges[0]
    docked = book(after, "docked")[0] * 1e6  # 1/m2
    added = ((after.organic - before.organic)[0, :2] * thick / 2).sum()
    assert added == pytest.approx(docked * (CAPS.volume - CAPS.payload_volume), rel=1e-12)
    payload = (after.mineral - before.mineral)[0, 1, :2].sum() * thick / 2
    assert payload == pytest.approx(book(after, "payload")[0] * 1e-6, rel=1e-12)
    assert payload == pytest.approx(docked * CAPS.payload_volume, rel=1e-12)  # full when they come; it goes off in the twin
    np.testing.assert_array_equal(after.mineral[:, :, 2:], before.mineral[:, :, 2:])  # none swims into enamel
    assert book(after, "iron")[0] * 1e-3 == pytest.approx(docked * CAPS.iron_oxide_mass, rel=1e-12)


def test_a_bed_resists_by_its_own_thickness_whatever_the_room():
    close = load_set("nano/scene").value("packing.close")
    resistances = []
    for thick in (2e-6, 8e-6):
        _, after = visited(Act(CAPS, Field(gradient=5.0), 1e15, 1200.0), thick=thick)
        filled = 1.0 - after.organic[0, 0] - after.mineral[0, :, 0].sum()
        resistances.append(thick / (after.ease[0, 0] * filled))
        docked = book(after, "docked")[0] * 1e6
    assert resistances[1] == pytest.approx(resistances[0], rel=0.15)
    assert resistances[1] == pytest.approx(docked * CAPS.volume / close / (1 - close) ** 1.5, rel=0.2)


def test_nobody_brings_anything_and_nothing_changes():
    before, after = visited(Act(CAPS, Field(gradient=5.0), 0.0, 1200.0))
    for name in ("mineral", "organic", "ease"):
        np.testing.assert_array_equal(getattr(after, name), getattr(before, name))
    assert all(np.all(values == 0.0) for values in after.accounts.values())


@given(
    outside=st.floats(1e8, 1e18),
    gradient=st.floats(0, 50),
    duration=st.floats(10, 7200),
    back=st.floats(1, 3600),
    deficit=st.floats(0, 1),
    ph=st.floats(4, 9),
)
@settings(deadline=None, max_examples=40)
def test_every_carrier_is_somewhere(outside, gradient, duration, back, deficit, ph):
    field = Field(gradient=gradient)
    acts = (Act(CAPS, field, outside, duration), Act(None, field.reversed(), 0.0, back, home=True))
    _, after = visited(*acts, deficit=deficit, ph=ph, thick=1e-3)
    came = book(after, "arrived")[0]
    ended = sum(book(after, name)[0] for name in ("docked", "retrieved", "washed"))
    assert ended == pytest.approx(came, rel=1e-12)
    loads = book(after, "payload")[0] * 1e-6 / CAPS.payload_volume
    assert loads == pytest.approx(book(after, "docked")[0] * 1e6, rel=1e-12)
    assert book(after, "wrong")[0] < 1e-12


@pytest.mark.parametrize("vital", [False, True])
def test_every_carrier_in_tubules_is_somewhere(vital):
    field = Field(gradient=8.0 if vital else 1.0)
    acts = (Act(CAPS, field, 1e17, 1200.0), Act(None, field.reversed(), 0.0, 60.0, home=True))
    ground = Ground(tubules=True, vital=vital, spread={"tubule.density": np.array([19e9, 40e9])})
    before, after = visited(*acts, ground=ground, members=2)
    ended = sum(book(after, name) for name in ("docked", "inside", "retrieved", "washed", "pulp"))
    np.testing.assert_allclose(ended, book(after, "arrived"), rtol=1e-9)
    assert (book(after, "wrong") < 1e-12).all()
    assert (book(after, "inside") > 0.0).all()
    widths = np.diff(before.edges)[before.outside :]
    shell = ((after.organic - before.organic)[:, before.outside :] * widths).sum(axis=1)
    np.testing.assert_allclose(shell, book(after, "inside") * 1e6 * (CAPS.volume - CAPS.payload_volume), rtol=1e-9)
    assert (book(after, "conductance") <= 1.0).all()


def test_a_vital_pulp_keeps_carriers_out_that_an_extracted_tooth_lets_in():
    acts = (Act(CAPS, Field(gradient=1.0), 1e16, 1200.0),)
    depths = [book(visited(*acts, ground=Ground(tubules=True, vital=vital))[1], "depth")[0] for vital in (False, True)]
    assert depths[0] > 100.0  # µm
    assert depths[1] < 5.0


def test_carriers_inside_are_told_by_depth():
    (_, weak), (_, strong) = (visited(Act(CAPS, Field(gradient=g), 1e16, 1200.0), ground=Ground(tubules=True)) for g in (0.5, 2.0))
    profiles = [np.array([book(after, f"inside_{low:g}")[0] for low in DEPTHS[:-1]]) for after in (weak, strong)]
    for profile, after in zip(profiles, (weak, strong), strict=True):
        assert (profile >= 0.0).all()
        assert profile.sum() == pytest.approx(book(after, "inside")[0], rel=1e-9)
    shallow, deep = (profile[:4].sum() / profile.sum() for profile in profiles)  # the share above 300 µm
    assert shallow > 0.9
    assert deep < 0.7


def test_retrieval_takes_home_what_is_free():
    field = Field(gradient=1.0)
    ground = Ground(tubules=True)
    (_, left), (_, taken) = (
        visited(Act(CAPS, field, 1e16, 600.0), *more, ground=ground)
        for more in ((), (Act(None, Field(gradient=-5.0), 0.0, 600.0, home=True),))
    )
    assert book(taken, "inside")[0] < 0.3 * book(left, "inside")[0]
    assert book(taken, "retrieved")[0] > 0.5 * book(left, "inside")[0]


def test_heat_and_kill_are_outcomes():
    acts = (Act(IRON, Field(heating=True, gradient=2.0), 1e17, 300.0, peroxide=294.0),)
    _, acid = visited(*acts, carrier=IRON, ph=5.0)
    _, neutral = visited(*acts, carrier=IRON, ph=7.0)
    assert book(acid, "kill", IRON)[0] > book(neutral, "kill", IRON)[0] > 0.0
    assert book(acid, "warming", IRON)[0] >= book(acid, "pulp_warming", IRON)[0] > 0.0
    _, cold = visited(replace(acts[0], field=Field(gradient=2.0)), carrier=IRON, ph=5.0)
    assert account(IRON, "warming") not in cold.accounts


def test_what_a_twin_needs_is_added_only_where_carriers_come():
    column = column_of(specimen(), members=3)
    plain = Protocol.parse(WATER).schedule()
    assert treated(column, plain) == (column, plain)
    schedule = Protocol.parse("nanobots caps-400 at 1e10 per mL pull 5 T/m for 20 min\n" + WATER).schedule()
    ready, bound = treated(column, schedule, seed=3)
    assert [p.name for p in ready.phases] == [*(p.name for p in column.phases), "caps_400"]
    assert ready.bed.thickness > 0.0
    (visit,) = visits_of(bound)
    assert visit.ground.spread["caps-400 magnetisation"][0] == CAPS.magnetisation
    assert len(set(visit.ground.spread["caps-400 magnetisation"])) == 3
    rates = ready.parameters["dissolution_rate.caps_400"] * ready.parameters["molar_volume.caps_400"]
    np.testing.assert_allclose(rates, visit.ground.spread["caps-400 release_rate"])
    sources = {p.source for p in ready.added}
    assert "peddi2025" in " ".join(sources)


def test_a_visit_has_its_price():
    schedule = Protocol.parse("nanobots caps-400 at 1e10 per mL for 20 min\nretrieve pull 5 T/m for 5 min\n").schedule()
    price = visits_of(schedule)[0].account()
    assert (price.duration, price.tissue_removed, price.consent) == (1500.0, 0.0, "research")


def test_a_payload_that_never_comes_off_is_refused():
    dead = CAPS.changed(release_rate=0.0)
    with pytest.raises(ParameterError, match="caps-400 never gives its payload off; payload.release is 0; give it a rate"):
        Visit("dead", (Act(dead, Field(), 1e12, 60.0),)).check(column_of(specimen()))


def test_the_tier_in_tubules_is_explained():
    schedule = Protocol.parse("nanobots caps-400 at 1e10 per mL for 20 min\n" + WATER).schedule()
    ready, _ = treated(column_of(specimen("dentine")), schedule, tubules=True)
    (words,) = (words for words in ready.changes if "in tubules, all" in words)
    assert "forced; particles would be chosen, because carriers are 0.44 of the width of the passage" in words


def test_steps_that_follow_each_other_are_one_visit_and_others_wash():
    text = "nanobots caps-400 at 1e10 per mL for 20 min\npull 5 T/m for 5 min\nretrieve for 1 min\n" + WATER
    text += "probe caps-400 at 1e6 per mL for 1 min\n" + WATER
    schedule = Protocol.parse(
        "nanobots caps-400 at 1e7 per mL for 1 min\n"
        + WATER
        + "repeat 2 times:\n    "
        + text.replace("\n", "\n    ").rstrip()
        + "\n"
    ).schedule()
    visits = visits_of(schedule)
    assert [len(visit.acts) for visit in visits] == [1, 3, 1, 3, 1]
    assert [visit.label.split(":")[0] for visit in visits] == ["visit", "visit", "probe", "visit", "probe"]
    fields = [act.field.gradient for act in visits[1].acts]
    assert fields == [0.0, 5.0, -5.0]
    assert [act.home for act in visits[1].acts] == [False, False, True]


def test_too_many_visits_are_refused():
    with pytest.raises(InputError, match="line 1, column 1: carriers are brought 2000 times; allowed up to 1000 times in a repeat"):
        Protocol.parse("repeat 2000 times:\n    nanobots caps-400 at 1e7 per mL for 1 min\n").schedule()


def test_a_carrier_larger_than_a_tubule_is_refused_before_anything_is_solved(tmp_path):
    big = tmp_path / "big.toml"
    text = load_text("caps-400").replace("value = 4e-07", "value = 2e-06", 1).replace("high = 5e-07", "high = 3e-06", 1)
    big.write_text(text)
    column = column_of(specimen("dentine"))
    visit = Visit("big", (Act(Carrier.read(big), Field(), 1e12, 60.0),))
    with pytest.raises(ParameterError, match=r"caps-400 does not fit into the passage; it has 2000 nm, the narrowest place 900 nm"):
        treated(column, (visit,), tubules=True)
    assert passage_of(Ground(tubules=True)).width.min() == pytest.approx(0.9e-6)


def load_text(name):
    from importlib.resources import files

    return (files("amelo.params") / "nano" / f"{name}.toml").read_text("utf-8")


def test_a_whole_visit_is_simulated_and_told():
    text = "nanobots caps-400 at 1e11 per mL for 20 min, pull 5 T/m\nretrieve for 5 min\nimmerse in NaCl 150 mM for 2 h\n"
    found = simulate(specimen(), text, accuracy=0.05)
    books = found.accounts()
    docked = books["caps-400: carriers docked on the surface"]
    assert docked.value > 1e8
    assert docked.unit == "1/mm2"
    assert books["caps-400: carriers and payload that do not add up"].value < 1e-12
    assert max(found.balance_errors().values()) < 1e-12
    brought, left = (books[f"caps-400: payload {what}"].value for what in ("brought", "left"))
    assert 0.0 < left < brought
    early = found.accounts(1)
    assert early["caps-400: carriers docked on the surface"].value == 0.0
    assert any("carriers: caps-400" in words for words in found.provenance.assumptions)
    assert "peddi2025" in {key for p in found.provenance.parameters for key in p["source"].split()}


def test_heat_that_boils_water_is_refused():
    act = Act(IRON, Field(gradient=50.0, heating=True), 1e18, 1200.0)
    with pytest.raises(
        ParameterError,
        match=r"iron-oxide cannot be heated like this; the warmest place would be .* water boils at 100; bring fewer",
    ):
        visited(act, carrier=IRON)
    _, after = visited(replace(act, outside=1e15), carrier=IRON)
    assert 0.0 < book(after, "warming", IRON)[0] < 63.0


def test_a_file_named_twice_in_a_visit_brings_its_carriers_twice(tmp_path):
    own = tmp_path / "own.toml"
    own.write_text(load_text("caps-400").replace("nano/caps-400", "nano/own"))
    once, again = Carrier.read(own), Carrier.read(own)
    assert once is not again
    _, one = visited(Act(once, Field(gradient=5.0), 1e15, 600.0), carrier=once)
    _, two = visited(*(Act(c, Field(gradient=5.0), 1e15, 600.0) for c in (once, again)), carrier=once)
    assert book(two, "arrived", once)[0] == pytest.approx(2.0 * book(one, "arrived", once)[0])


def test_carriers_that_share_a_name_and_differ_are_refused():
    other = replace(CAPS.changed(diameter=2e-7), name="caps.400")
    for changed, said in ((replace(other, name="caps-400"), "called caps-400;"), (other, "called caps-400 and caps.400;")):
        visits = tuple(Visit("x", (Act(c, Field(), 1e12, 60.0),)) for c in (CAPS, changed))
        with pytest.raises(ParameterError, match=f"two different carriers are {said} their books would be one; give one"):
            treated(column_of(specimen()), visits)
    same = tuple(Visit("x", (Act(c, Field(), 1e12, 60.0),)) for c in (CAPS, CAPS.changed()))
    assert treated(column_of(specimen()), same)[0].bed is not None


@pytest.mark.parametrize("plaque", [False, True])
def test_payload_is_given_off_in_plaque_as_on_a_bare_surface(plaque):
    schedule = Protocol.parse("nanobots caps-400 at 1e10 per mL for 20 min\n" + WATER).schedule()
    column = Twin.of(load_case("cases/kira.json"), tooth=36, surface="M").column()
    column = column if plaque else replace(column, biofilm=None)
    ready, bound = treated(column, schedule)
    whole = with_bed(with_biofilm(ready))
    model = cell_model(whole, bound, diffusivities(37.0))
    baths = Baths(model, [segment.exposure for segment in unrolled(bound)], whole.table)
    tile = fill(layout_of(model, 1), whole, np.array([0]), baths.fields(whole.fluid), None, baths)
    (k,) = (k for k, phase in enumerate(whole.phases) if phase.alone)
    rates = tile.fields(f"dissolution_rate.{k}")[:, 0]
    assert whole.edges[0] < 0.0 < rates[0]
    np.testing.assert_allclose(rates, rates[-1])


def test_a_visit_at_the_end_is_seen_as_one_before_other_steps():
    text = "nanobots caps-400 at 1e10 per mL for 20 min, pull 5 T/m\n"
    alone, more = (simulate(specimen(), t, accuracy=0.05).accounts() for t in (text, text + WATER))
    for name in ("carriers that came to the tooth", "carriers docked on the surface", "payload brought"):
        key = next(k for k in alone if name in k)
        assert alone[key].value == pytest.approx(more[key].value, rel=1e-9)
        assert alone[key].value > 0.0


def test_a_visit_changes_the_tooth_at_the_mean_time_at_which_carriers_come():
    text = "nanobots caps-400 at 1e10 per mL for 20 min\nretrieve pull 5 T/m for 10 min\n" + WATER
    parts = Protocol.parse(text).schedule()
    (at,) = (k for k, part in enumerate(parts) if isinstance(part, Visit))
    assert sum(part.duration for part in parts[:at]) == pytest.approx(600.0)
    assert sum(part.duration for part in parts[at + 1 :]) == pytest.approx(600.0 + 600.0 + 60.0)
    alone = Protocol.parse("pull 5 T/m for 10 min\n" + WATER).schedule()
    assert [getattr(part, "duration", None) for part in alone] == [300.0, None, 300.0, 60.0]


def test_what_is_given_off_during_a_visit_is_in_the_fluid_of_the_twin():
    slow = "nanobots caps-400 at 1e11 per mL for 2 h, pull 2 T/m\n"
    found = simulate(specimen(), slow, accuracy=0.05)
    books = found.accounts()
    brought, left = (books[f"caps-400: payload {what}"].value for what in ("brought", "left"))
    assert 0.0 < left < 0.95 * brought
    calcium = found.run.components.index("Ca")
    assert found.run.inflow[0, -1, calcium] > 0.0  # it came in as a solid, and not all of it went out again
    assert max(found.balance_errors().values()) < 1e-12
