"""What is added to the twin from outside: reactions, a phase with a law of its own, and a boundary, under the rules of the shipped ones."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest

import amelo
from amelo.errors import AmeloError, CommandError, MixedSetError, ParameterError
from amelo.records.fluid import Fluid
from amelo.records.specimen import Specimen
from amelo.twin.chemistry.extension import extended_table
from amelo.twin.chemistry.fluids import speciate_fluids
from amelo.twin.chemistry.table import reaction_table
from amelo.twin.diffusivity import added_diffusivities, temperature_factor
from amelo.twin.extension import with_phase, with_reactions
from amelo.twin.lesion.dual import Dual
from amelo.twin.phases import Dissolution, Growth, Phase
from amelo.twin.schedule import Exposure, Repeat, Segment, schedule_text

HEAD = '[set]\nname = "mine"\nversion = "1"\nabout = "test"\ntemperature_C = 37\n'
NUMBER = '{{value = {0}, unit = "{1}", low = {2}, high = {3}, grade = "C", source = "doi:10.1000/x", note = "made up"}}'


def number(value, unit="1", low=None, high=None):
    return NUMBER.format(value, unit, value if low is None else low, value if high is None else high)


def solid(**changes):
    entry = {
        "formula": '"CaHPO4"',
        "ions": "2",
        "reaction": '{"Ca+2" = 1, "HPO4-2" = 1}',
        "about": '"a gel"',
        "names": '["gel"]',
        "pk": number(5.9),
        "molar_volume": number(60.0, "cm3/mol", 50.0, 200.0),
        "growth_rate": number(1e-3, "mol/(L s)"),
    } | changes
    return HEAD + "[solid.Gel]\n" + "\n".join(f"{k} = {v}" for k, v in entry.items() if v is not None)


SULPHATE = f"""{HEAD}
[component."S(6)"]
master = "SO4-2"
charge = -2
names = "sulphate"
tracer_diffusivity = {number(1.07e-9, "m2/s")}
[species.CaSO4]
charge = 0
components = {{Ca = 1, "S(6)" = 1}}
hydrogen = 0
water = 0
log_k = {number(2.3)}
tracer_diffusivity = {number(4.7e-10, "m2/s")}
[salt]
Na2SO4 = {{Na = 2, "S(6)" = 1}}
"""


@pytest.fixture
def slab():
    return Specimen.model_validate(
        {
            "name": "small slab",
            "tissue": "pressed apatite",
            "thickness": "60 um",
            "porosity": 0.3,
            "sound_mineral": 0.7,
            "grid": {"cells": 8, "uniform": True},
            "diffusion": "single",
            "mechanisms": {"fluoride": False, "precipitation": False},
        }
    )


@pytest.fixture
def column(slab):
    return amelo.Twin.of(slab).column(members=5, seed=1)


def gel(**laws):
    return Phase("Gel", "Gel", laws.get("dissolution"), laws.get("growth", Growth(surface="pore")), apatite=False)


# Reactions


def test_an_added_solid_stands_in_the_table_with_its_numbers():
    base = reaction_table(37.0)
    table = extended_table(base, solid())
    assert table.solid("GEL").log_k == -5.9 and table.solids[:-1] == base.solids and table.species == base.species
    assert table.constants["pk.Gel"].source == "doi:10.1000/x" and table.constants.name == f"{base.constants.name} + mine"
    assert base.solids[-1].name != "Gel"  # the shipped table is as it was


def test_an_added_component_and_complex_speciate_by_mass_action():
    table = extended_table(reaction_table(37.0), SULPHATE)
    fluid = Fluid(pH=7.0, totals_mmol_per_kgw={"Ca": 2.0, "S(6)": 10.0, "Na": 50.0}, charge_balanced_by="Cl")
    ((batch, row),) = speciate_fluids([fluid], table=table)
    held = {name: batch.concentration(name)[row] for name in ("Ca+2", "SO4-2", "CaSO4")}
    assert held["CaSO4"] > 1e-4 and held["Ca+2"] + held["CaSO4"] == pytest.approx(2e-3, rel=1e-3)
    strength = batch.ionic_strength[row]
    a, b = (table.constants.value(f"activity.davies_{k}") for k in "ab")
    root = np.sqrt(strength)
    log_gamma = -a * 4 * (root / (1 + root) - b * strength)
    neutral = table.constants.value("activity.neutral_slope") * strength
    product = np.log10(held["CaSO4"]) + neutral - np.log10(held["Ca+2"] * held["SO4-2"]) - 2 * log_gamma
    assert product == pytest.approx(2.3, abs=1e-9)
    with pytest.raises(AmeloError, match=r"'S\(6\)' is not a component"):
        speciate_fluids([fluid])


def test_added_diffusivities_are_moved_to_the_temperature():
    found = added_diffusivities(extended_table(reaction_table(37.0), SULPHATE))
    assert found == pytest.approx({"SO4-2": 1.07e-9 * temperature_factor(37.0), "CaSO4": 4.7e-10 * temperature_factor(37.0)})
    assert added_diffusivities(reaction_table(37.0)) == {}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (solid(pk=None), "mine.toml: solid.Gel: pk is missing"),
        (solid(reaction=None), "reaction is missing"),
        (solid(reaction='{"Ca+2" = 1, "HPO-2" = 1}'), "'HPO-2' is not a species; did you mean 'HPO4-2'?"),
        (solid(reaction='{"Ca+2" = 1, "PO4-3" = 1}'), "the ions of the reaction carry a charge of -1; a solid is neutral"),
        (solid(reaction='{"Ca+2" = "1", "HPO4-2" = 1}'), "Ca+2 = '1' is not a number"),
        (solid(ions="2.5"), "ions = 2.5 is not a whole number"),
        (solid(ions="0"), "ions = 0 is out of range"),
        (solid(formla='"x"'), "unknown key 'formla'; did you mean 'formula'?"),
        (solid(pk=number(5.9, "kJ")), "the unit kJ does not fit"),
        (solid(molar_volme=number(5.9)), "unknown number 'molar_volme'; did you mean 'molar_volume'?"),
        (solid(pk=number(5.9, "1", 6.0, 7.0)), "value 5.9 is outside its own range"),
        (solid(names='["brushite"]').replace("solid.Gel", "solid.DCPD"), "'DCPD' is in the table already"),
        (solid().replace("temperature_C = 37", ""), "temperature_C is missing"),
        (solid() + "\n[phase.Gel]\nx = 1\n", "unknown table [phase]"),
        ("loose = " + number(1.0) + "\n" + solid(), "this number belongs to no component, species or solid"),
        (SULPHATE.replace("charge = 0", "charge = 1"), "species.CaSO4: charge +1 does not balance; use +0"),
        (SULPHATE.replace('"S(6)" = 1}\nhydrogen', '"S(4)" = 1}\nhydrogen'), "'S(4)' is not a component; did you mean 'S(6)'?"),
        (SULPHATE.replace("Ca = 1", "Ca = 0"), "Ca = 0 is not a whole number above 0"),
        (SULPHATE.replace("log_k", "logk"), "log_k is missing"),
        ("[solid", "not valid TOML"),
    ],
)
def test_what_is_refused_in_reactions(text, words):
    with pytest.raises(ParameterError) as caught:
        extended_table(reaction_table(37.0), text, where="mine.toml")
    assert words in str(caught.value) and "mine.toml" in str(caught.value)


def test_constants_of_two_temperatures_are_not_mixed():
    with pytest.raises(MixedSetError, match="constants at 37 °C cannot be added to a table at 25 °C"):
        extended_table(reaction_table(25.0), solid())


# A phase


def test_a_phase_brings_its_numbers_in_si_and_their_ranges(column):
    changed = with_phase(with_reactions(column, solid()), gel(), mineral=0.01)
    assert [p.name for p in changed.phases] == [*(p.name for p in column.phases), "Gel"]
    assert changed.mineral.shape[1] == column.mineral.shape[1] + 1 and (changed.mineral[:, -1] == 0.01).all()
    volume = changed.parameters["molar_volume.Gel"]
    assert volume[0] == pytest.approx(60e-6) and 50e-6 <= volume.min() < volume.max() <= 200e-6
    assert changed.parameters["growth_rate.Gel"] == pytest.approx(1e-3 * 1000 * 0.3)  # per litre of pore water, porosity 0.3
    assert "dissolution_rate.Gel" not in changed.parameters  # it never dissolves
    assert {p.name for p in changed.added} == {"pk.Gel", "molar_volume.Gel", "growth_rate.Gel"}
    assert (
        "reactions added: mine" in changed.changes[0]
        and "phase added: Gel, CaHPO4; grows by Growth(order=1.0" in changed.changes[1]
    )
    assert column.changes == () and column.table is None


def test_stated_parameters_are_si_and_say_so(column):
    values = {"pk": np.linspace(5.5, 6.5, 5), "molar_volume": 7e-5, "growth_rate": 0.1, "fluoride_half_uptake": 1e-3}
    law = Growth(surface="pore", fluoride_limited=True)
    changed = with_phase(column, Phase("soft", "DCPD", None, law, apatite=False), parameters=values)
    assert changed.parameters["pk.soft"] == pytest.approx(values["pk"]) and changed.parameters["growth_rate.soft"][3] == 0.1
    stated = {p.name: p for p in changed.added}
    assert stated["pk.soft"].grade == "stated" and (stated["pk.soft"].low, stated["pk.soft"].high) == (5.5, 6.5)
    assert stated["growth_rate.soft"].unit == "mol/(m3 s)" and "fluoride_half_uptake" in stated


@pytest.mark.parametrize(
    ("phase", "options", "words"),
    [
        (Phase("HAp", "HAp"), {}, "the column has a phase 'HAp' already"),
        (Phase("my gel", "Gel"), {}, "'my gel' cannot name a phase"),
        (Phase("x", "Gell"), {}, "'Gell' is not a known phase; did you mean 'Gel'?"),
        (Phase("x", "Calcite"), {}, "the twin cannot grow or dissolve 'Calcite'"),
        (Phase("x", "Gel", None, Growth(surface="pores")), {}, "'pores' is no surface; did you mean 'pore'?"),
        (
            Phase("x", "Gel"),
            {},
            "dissolution_rate is missing; it has no default; give parameters={'dissolution_rate': …} [mol/(m3 s)]",
        ),
        (gel(), {"parameters": {"dissolution_rate": 1.0}}, "'dissolution_rate' is not a parameter of this phase"),
        (gel(), {"parameters": {"pk": float("nan")}}, "pk = nan is out of range"),
        (gel(), {"parameters": {"molar_volume": 60.0}}, "molar_volume = 60 is out of range; allowed 1e-06 to 0.01"),
        (gel(), {"parameters": {"growth_rate": -1.0}}, "growth_rate = -1 is out of range"),
        (gel(), {"parameters": {"growth_rate": [1.0, 2.0]}}, "is neither a number nor one for each of 5 members"),
        (gel(growth=Growth(fluoride_limited=True)), {}, "fluoride_half_uptake is missing"),
        (gel(), {"mineral": 0.4}, "mineral of 0.4 does not fit into the pores; room for 0."),
        (gel(), {"mineral": -0.1}, "mineral = -0.1 is out of range"),
        (gel(), {"mineral": [0.1, 0.2]}, "mineral has the shape (2,)"),
        (gel(), {"sound": np.full(8, 0.4)}, "sound of 0.4 does not fit"),
    ],
)
def test_what_is_refused_of_a_phase(column, phase, options, words):
    with pytest.raises(ParameterError) as caught:
        with_phase(with_reactions(column, solid()), phase, **options)
    assert words in str(caught.value)


# A law of one's own, in a run


@dataclass(frozen=True)
class ThresholdGrowth(Growth):
    """Growth that needs a nucleus: nothing below a degree of saturation, of first order above it."""

    threshold: float = 2.0

    def drive(self, ds, math):
        """Return how far the fluid is above the threshold, rounded at the corner."""
        return super().drive(ds - (self.threshold - 1.0), math)

    def halfway(self, ratio, math):
        """Return how far above saturation half of the room is filled."""
        return super().halfway(ratio, math) + (self.threshold - 1.0)


def test_a_law_carries_its_derivative():
    class Plain:
        exp_any, log, sqrt = staticmethod(np.exp), staticmethod(np.log), staticmethod(np.sqrt)
        where = staticmethod(lambda c, a, b: a if c else b)

    law = ThresholdGrowth(order=1.0, threshold=2.0)
    for value in (0.5, 1.5, 2.005, 2.5, 9.0):
        here, there = (law.drive(Dual(v, 1.0), Plain) for v in (value, value + 1e-7))
        assert here.slope == pytest.approx((there.value - here.value) / 1e-7, abs=1e-5)
    assert law.drive(Dual(1.9, 1.0), Plain).value == 0.0


def test_growth_with_a_threshold_waits_for_it(slab):
    """Gel has DS = 2 at the threshold; the weaker bath stays below it, though above saturation, and the stronger one passes it."""

    def with_gel(column):
        column = with_reactions(column, solid(growth_rate=number(1e-4, "mol/(L s)")))
        return with_phase(column, gel(growth=ThresholdGrowth(surface="pore", inhibited=False, threshold=2.0)))

    twin = amelo.Twin.of(slab).changed(with_gel)
    found = {}
    for name, calcium in (("weak", 10.0), ("strong", 30.0)):
        run = amelo.simulate(twin, f"remineralise in Ca {calcium} mM, PO4 {calcium} mM, KCl 100 mM pH 6.5 for 6 h")
        run.raise_if_bad()
        index = run.at_depth(2.0)["saturation_index_Gel"].value
        found[name] = run.phases()["Gel"].value, 10 ** (index / 2)
        assert max(run.balance_errors().values()) < 1e-10
        assert [p["name"] for p in run.provenance.parameters if p["source"] == "doi:10.1000/x"] == [
            "pk.Gel",
            "molar_volume.Gel",
            "growth_rate.Gel",
        ]
        assert any("ThresholdGrowth(" in s and "threshold=2.0" in s for s in run.provenance.assumptions)
        assert "doi:10.1000/x" in [r.key for r in run.references]
    assert found["weak"][0] == pytest.approx(0.0, abs=1e-9) and 1.0 < found["weak"][1] < 2.0
    assert found["strong"][0] > 10.0 and found["strong"][1] > 2.0


def test_an_added_complex_takes_part_in_a_run(slab):
    """Sulphate binds calcium, so that more apatite dissolves; its own total is balanced like any other."""
    acid = {"Lac": 20.0, "Ca": 1.0, "P": 1.0}
    fluids = [Fluid(pH=4.8, totals_mmol_per_kgw=acid | more, charge_balanced_by="Na") for more in ({}, {"S(6)": 50.0, "K": 100.0})]
    twin = amelo.Twin.of(slab).changed(lambda column: with_reactions(column, SULPHATE))
    schedule = (Segment(4 * 3600.0, Exposure(fluids[1]), "sulphate"),)
    run = amelo.simulate(twin, schedule).raise_if_bad()
    balances = run.balance_errors()
    assert balances["S(6)"] < 1e-10 and max(balances.values()) < 1e-10
    plain = amelo.simulate(twin, (Segment(4 * 3600.0, Exposure(fluids[0])),))
    losses = [t.outcomes()["integrated_mineral_loss"].value for t in (plain, run)]
    assert losses[1] > 1.02 * losses[0] > 0


# A twin, a schedule


def test_a_change_is_told_even_when_it_is_any_function(slab):
    def twice_as_fast(column):
        rates = {k: 2.0 * v if k.startswith("dissolution_rate") else v for k, v in column.parameters.items()}
        return replace(column, parameters=rates)

    before, after = amelo.Twin.of(slab).column(), amelo.Twin.of(slab).changed(twice_as_fast).column()
    assert after.parameters["dissolution_rate.HAp"] == pytest.approx(2.0 * before.parameters["dissolution_rate.HAp"])
    assert len(after.changes) == 1 and after.changes[0].endswith("twice_as_fast")
    for wrong in (lambda column: None, lambda column: amelo.Twin.of(slab).column(members=3)):
        with pytest.raises(CommandError, match="did not return a column of 1 members"):
            amelo.Twin.of(slab).changed(wrong).column()


def test_a_schedule_in_words_has_every_fluid():
    fluid = Fluid(pH=5.0, totals_mmol_per_kgw={"Na": 1.0})
    text = schedule_text(
        (Segment(60.0, Exposure(fluid, film=1e-4), "dip"), Repeat(2, (Segment(1.5, Exposure(fluid, activity=0.5)),)))
    )
    lines = text.splitlines()
    assert lines[0].startswith("60 s (dip): film 0.0001") and '"Na":1.0' in lines[0]
    assert lines[1] == "repeat 2 times:" and lines[2].startswith("    1.5 s: activity 0.5, {")


@pytest.mark.parametrize(
    ("schedule", "words"),
    [
        ((), "() is neither a protocol nor a schedule"),
        ([Segment(1.0, None)], "is neither a protocol nor a schedule; a schedule is a tuple"),
        ((Segment(-1.0, None, "dip"),), "dip: a segment lasts -1 s"),
        ((Repeat(0, (Segment(1.0, None),)),), "the schedule has no segments"),
    ],
)
def test_what_is_no_schedule(slab, schedule, words):
    with pytest.raises(CommandError) as caught:
        amelo.simulate(slab, schedule)
    assert words in str(caught.value)


def test_what_is_no_twin():
    with pytest.raises(CommandError, match=r"'slab\.toml' is neither a twin nor a specimen; use amelo\.load_specimen"):
        amelo.simulate("slab.toml", "rest 1 h")


def test_what_sound_tissue_does_not_have_may_dissolve_to_nothing(slab):
    """The floor under dissolution is the smallest crystals of sound tissue, not a share of it that any precursor keeps."""

    def with_gel_inside(column):
        column = with_reactions(column, solid(dissolution_rate=number(1e-2, "mol/(L s)"), growth_rate=None, pk=number(5.0)))
        return with_phase(column, gel(dissolution=Dissolution(order=1.0, surface_exponent=1.0), growth=None), mineral=0.002)

    run = amelo.simulate(amelo.Twin.of(slab).changed(with_gel_inside), "demineralise in KCl 100 mM pH 7.0 for 3 d").raise_if_bad()
    gone = -run.phases()["Gel"].value
    assert gone == pytest.approx(100 * 0.002 * 60, rel=0.02)  # vol%·µm, all there was
    assert run.provenance.parameters[-1]["name"] == "dissolution_rate.Gel"
