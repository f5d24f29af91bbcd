"""Properties of the speciation that hold whatever the reference says: conservation, limits, robustness, agreement of back ends."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amelo.cli.params import find_parameters
from amelo.errors import ParameterError, SolveError
from amelo.records.fluid import Fluid
from amelo.twin.chemistry.equations import layout
from amelo.twin.chemistry.fluids import find_ph, speciate_fluids
from amelo.twin.chemistry.kernel import kernel_text
from amelo.twin.chemistry.recorder import Recorder
from amelo.twin.chemistry.solve import speciate
from amelo.twin.chemistry.status import Status
from amelo.twin.chemistry.table import reaction_table

TABLE = reaction_table(37.0)
NAMES = TABLE.names
CL, NA = NAMES.index("Cl"), NAMES.index("Na")


def fluid(**totals: float) -> np.ndarray:
    row = np.zeros(len(NAMES))
    for name, amount in totals.items():
        row[NAMES.index(name.replace("DIC", "C(4)"))] = amount
    return row


def wild(count: int, seed: int, decades: float = 6.0, top: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Totals across decades, a third of them absent, and pH 2 to 11."""
    rng = np.random.default_rng(seed)
    totals = top * 10 ** rng.uniform(-decades, 0.0, (count, len(NAMES)))
    return totals * (rng.random(totals.shape) > 0.33), rng.uniform(2.0, 11.0, count)


@pytest.mark.parametrize("closing", [-1, CL, NA])
@pytest.mark.parametrize("top", [1e-3, 1e-1, 1.0])
def test_every_fluid_converges_or_is_refused_with_a_reason(closing, top):
    totals, ph = wild(20_000, seed=closing + 3, top=top)
    batch = speciate(TABLE, totals, ph, closing=closing)
    assert not (batch.status == Status.NOT_CONVERGED).any()
    assert set(np.unique(batch.status)) <= {Status.CONVERGED, Status.EXTRAPOLATED, Status.CANNOT_CLOSE, Status.TOO_CONCENTRATED}
    assert (batch.status[batch.ionic_strength <= 0.5] == Status.CONVERGED).all()
    refused = batch.status > Status.EXTRAPOLATED
    assert np.isnan(batch.ionic_strength[refused]).all()
    assert np.isfinite(batch.ionic_strength[~refused]).all()
    if closing == -1:
        assert not (batch.status == Status.CANNOT_CLOSE).any()


def test_mass_and_charge_are_conserved_in_a_sum_over_species_made_here():
    totals, ph = wild(500, seed=11, top=0.05)
    batch = speciate(TABLE, totals, ph, closing=CL)
    good = batch.status <= Status.EXTRAPOLATED
    assert good.sum() > 200
    amounts = {s.name: batch.concentration(s.name)[good] for s in TABLE.species}
    for c, name in enumerate(NAMES):
        there = sum(s.components[name] * amounts[s.name] for s in TABLE.species_of(name))
        assert there == pytest.approx(batch.totals[good, c], rel=1e-7, abs=1e-15)
    charge = sum(s.charge * amounts[s.name] for s in TABLE.species)
    assert abs(charge).max() < 1e-9
    strength = 0.5 * sum(s.charge**2 * amounts[s.name] for s in TABLE.species)
    assert strength == pytest.approx(batch.ionic_strength[good], rel=1e-7)
    water = 1.0 - 0.017 * sum(amounts.values())
    assert water == pytest.approx(batch.water_activity[good], abs=1e-9)


def test_numpy_and_the_compiled_kernel_are_one_model():
    totals, ph = wild(1_000, seed=4, top=0.1)
    one = speciate(TABLE, totals, ph, closing=NA, compiled=False)
    two = speciate(TABLE, totals, ph, closing=NA, compiled=True)
    assert (one.status == two.status).all()
    good = one.status <= Status.EXTRAPOLATED
    finite = np.isfinite(one.saturation_index[good])
    assert (np.isfinite(two.saturation_index[good]) == finite).all()
    assert one.saturation_index[good][finite] == pytest.approx(two.saturation_index[good][finite], abs=1e-6)


@pytest.mark.parametrize("count", [16, 17, 31, 32, 33, 100])
def test_a_partly_filled_last_tile_changes_nothing(count):
    totals, ph = wild(128, seed=9, top=0.05)
    whole = speciate(TABLE, totals, ph, compiled=True)
    part = speciate(TABLE, totals[:count], ph[:count], compiled=True)
    assert (part.status == whole.status[:count]).all()
    np.testing.assert_allclose(part.ionic_strength, whole.ionic_strength[:count], rtol=1e-7)


@pytest.mark.parametrize("compiled", [False, True])
def test_under_a_gas_too_every_answer_is_one_or_none(compiled):
    """Carbonate without bound, as a gas gives it above pH 12, must not pass for a solution with an absurd activity of water."""
    totals, ph = wild(20_000, seed=8, top=0.1)
    totals[0], ph[0] = fluid(Ca=0.0345), 13.0855
    ph[1:] += 1.5
    pressure = 10 ** np.random.default_rng(8).uniform(-4.0, 0.0, len(ph))
    pressure[0] = 25.0 / 101.325
    totals[:, NAMES.index("C(4)")] = 0.0
    batch = speciate(TABLE, totals, ph, carbon_dioxide=pressure, compiled=compiled)
    assert batch.status[0] == Status.NOT_CONVERGED
    good = batch.status <= Status.EXTRAPOLATED
    assert good.sum() > 10_000 and good[ph < 7.0].mean() > 0.99
    assert (batch.water_activity[good] > 0.5).all() and (batch.water_activity[good] <= 1.0).all()
    amounts = np.array([batch.concentration(s.name)[good] for s in TABLE.species])
    assert 1.0 - 0.017 * amounts.sum(axis=0) == pytest.approx(batch.water_activity[good], abs=1e-4)
    assert (amounts >= 0.0).all()


def test_one_bad_fluid_does_not_touch_its_neighbours():
    totals, ph = wild(64, seed=2, top=0.01)
    before = speciate(TABLE, totals, ph, compiled=True)
    totals[10, 0], totals[11, 3], ph[12], totals[13] = np.nan, -1.0, 99.0, 1e300
    after = speciate(TABLE, totals, ph, compiled=True)
    assert (after.status[10:14] == Status.INVALID).all()
    assert np.isnan(after.saturation_index[10:14]).all()
    rest = np.r_[0:10, 14:64]
    np.testing.assert_allclose(after.ionic_strength[rest], before.ionic_strength[rest], rtol=1e-7)


def test_half_of_an_acid_is_dissociated_at_its_pk_in_dilute_water():
    acid = speciate(TABLE, fluid(Ace=1e-7), 4.76)
    assert acid.concentration("Ace-")[0] == pytest.approx(acid.concentration("HAce")[0], rel=0.02)


def test_dilute_speciation_tends_to_ideal_mass_action():
    batch = speciate(TABLE, fluid(Ca=1e-9, Lac=1e-6), 7.0)
    ratio = batch.concentration("CaLac+")[0] / (batch.concentration("Ca+2")[0] * batch.concentration("Lac-")[0])
    assert np.log10(ratio) == pytest.approx(1.45, abs=0.01)


def test_pure_water_is_neutral():
    ph = find_ph(TABLE, fluid()[None, :], carbon_dioxide=np.array([np.nan]))
    assert ph[0] == pytest.approx(13.62 / 2, abs=1e-3)


def test_water_in_air_has_the_ph_of_carbonic_acid():
    pressure = 4.2e-4  # atm
    ph = find_ph(TABLE, fluid()[None, :], carbon_dioxide=np.array([pressure]))
    expected = -0.5 * np.log10(10 ** (-1.61) * pressure * 10 ** (10.24 - 16.544))  # sqrt(K1 · KH · p)
    assert ph[0] == pytest.approx(expected, abs=0.01)


def test_gas_and_total_agree_when_the_total_is_what_the_gas_gives():
    held = speciate(TABLE, fluid(Ca=1e-3, Na=0.02), 7.0, carbon_dioxide=0.05)
    closed = speciate(TABLE, held.totals, 7.0)
    assert closed.log_activity("CO3-2")[0] == pytest.approx(held.log_activity("CO3-2")[0], abs=1e-8)
    assert held.totals[0, NAMES.index("C(4)")] > 1e-3


def test_ph_found_from_charge_closes_the_charge():
    answers = speciate_fluids(
        [Fluid(totals_mmol_per_kgw={"Na": 10, "P": 6, "Cl": 2}), Fluid(totals_mmol_per_kgw={"K": 5, "Ace": 50})]
    )
    for batch, row in answers:
        assert batch.status[row] == Status.CONVERGED
        assert abs(batch.charge[row]) < 1e-8


@pytest.mark.parametrize(("totals", "expected"), [({"Cl": 500.0}, 0.43872), ({"Na": 800.0}, 13.41409), ({"Cl": 700.0}, 0.28286)])
def test_strong_acids_and_bases_have_the_ph_that_phreeqc_finds(totals, expected):
    ((batch, row),) = speciate_fluids([Fluid(totals_mmol_per_kgw=totals)])
    assert Status(int(batch.status[row])).usable
    assert batch.ph[row] == pytest.approx(expected, abs=1e-4)


def test_a_sentence_about_the_activity_model_names_a_command_that_works():
    (word,) = re.findall(r"'amelo params --search (\w+)'", Status.EXTRAPOLATED.sentence)
    assert {p.name for p in find_parameters(search=word)} >= {"activity.davies_limit", "activity.refusal_limit"}


def test_a_fluid_that_no_ph_balances_says_so():
    ((batch, row),) = speciate_fluids([Fluid(totals_mmol_per_kgw={"Na": 2000.0})])
    assert Status(int(batch.status[row])) == Status.NO_PH


def test_an_ion_that_would_be_negative_is_refused():
    batch = speciate(TABLE, fluid(Na=0.1), 7.0, closing=NAMES.index("K"))
    assert Status(int(batch.status[0])) == Status.CANNOT_CLOSE
    with pytest.raises(SolveError, match="would have to be negative"):
        batch.raise_if_bad()


def test_an_absent_ion_makes_a_solid_impossible_not_a_number():
    batch = speciate(TABLE, fluid(Ca=1e-3, P=1e-3, Na=0.01), 7.0)
    names = [s.name for s in TABLE.solids]
    for name in ("FAp", "CaF2", "FHAp_50", "Calcite"):
        assert batch.saturation_index[0, names.index(name)] == -np.inf
    assert np.isfinite(batch.saturation_index[0, names.index("HAp")])
    assert batch.log_activity("HF")[0] == -np.inf


@given(st.floats(4.0, 8.0), st.floats(0.1, 5.0), st.floats(0.1, 10.0))
@settings(max_examples=40, deadline=None)
def test_apatite_saturation_rises_with_ph_and_calcium(ph, calcium, phosphate):
    k = [s.name for s in TABLE.solids].index("HAp")
    rows = np.array([fluid(Ca=f * calcium * 1e-3, P=g * phosphate * 1e-3, K=0.02) for f, g in ((1, 1), (1.1, 1), (1, 1))])
    index = speciate(TABLE, rows, [ph, ph, ph + 0.05], closing=CL).saturation_index[:, k]
    assert (index[1:] > index[0]).all()


def test_the_structure_is_found_from_the_data():
    assert TABLE.centres == ("Ca", "Mg")
    assert set(TABLE.inert) == {"Na", "K", "Cl", "Tr"}
    assert len(layout(TABLE).families) == len(NAMES) - 2 - 4


def test_the_kernel_is_straight_line_text_of_the_table_alone():
    text = kernel_text(TABLE)
    assert text == kernel_text(TABLE)
    body = text.split("def step(w):")[1].split("def finish(w):")[0]
    assert "if " in body and "for l in range" in body
    assert not any(word in body for word in ("while", "import", "math."))
    assert str(10.0**2.4) in body  # the constant of CaLac2, from the table


def test_recorded_arithmetic_computes_what_it_records():
    r = Recorder()
    x = r.value("x0")
    y = r.where((2.0 * x - 1.0) > x, r.exp(-x) / (1 + x), r.sqrt(x)) + 3 - x * x
    scope = {"x0": 1.3, "sqrt": np.sqrt}
    for line in r.lines:
        name, _, text = line.partition(" = ")
        scope[name] = eval(text, {}, scope)
    assert scope[y.name] == pytest.approx(np.exp(-1.3) / 2.3 + 3 - 1.69, rel=1e-13)


def test_temperatures_without_constants_and_wrong_shapes_are_refused():
    with pytest.raises(ParameterError, match="30 °C has no set of constants.*use 37 or 25"):
        reaction_table(30.0)
    with pytest.raises(ParameterError, match="expected 13"):
        speciate(TABLE, np.zeros((2, 5)), 7.0)
    with pytest.raises(ParameterError, match="reacts with nothing"):
        speciate(TABLE, fluid(Ca=1e-3), 7.0, closing=NAMES.index("P"))
    with pytest.raises(ParameterError, match="did you mean 'HPO4-2'"):
        speciate(TABLE, fluid(Ca=1e-3), 7.0).log_activity("HPO4--2")
    with pytest.raises(ParameterError, match="did you mean 'fluorapatite'"):
        TABLE.solid("flourapatite")


@pytest.mark.parametrize("status", list(Status))
def test_every_status_has_a_sentence(status):
    assert len(status.sentence) > 8
    assert status.usable == (status in (Status.CONVERGED, Status.EXTRAPOLATED))


def test_a_zero_on_the_grid_is_found_even_when_rounding_hides_its_sign():
    """The function is zero at 1 on the grid but for noise, which has another sign when the root finder asks again."""
    from amelo.twin.chemistry.fluids import first_crossing

    calls = []

    def function(x, rows):
        calls.append(1)
        noise = 1e-17 if len(calls) == 1 else -1e-17
        return np.where(x < 1.0, x - 1.0, np.where(x == 1.0, noise, -1e-17))

    found = first_crossing(function, np.array([0.0, 1.0, 2.0]), 1, rising=True)
    assert found == [1.0]
    calls.clear()

    def never(x, rows):
        calls.append(1)
        return np.where(x < 1.0, -1.0, 0.5 if len(calls) == 1 else -0.5)

    assert np.isnan(first_crossing(never, np.array([0.0, 1.0, 2.0]), 1, rising=True)).all()
