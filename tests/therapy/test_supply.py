"""Balances and limits of repair by hand, and growth that ends when clusters do."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from amelo.errors import ParameterError
from amelo.params import load_set
from amelo.therapy.nano.carrier import Carrier
from amelo.therapy.nano.supply import (
    apatite_calcium,
    apatite_equivalent,
    carriers_for_deficit,
    fastest_refill,
    grown_layer,
    outflow_interval,
    white_spot,
)

CLUSTERS = Carrier.named("ion-clusters")
DAY = 86400.0


@pytest.mark.parametrize(("diameter", "fraction", "per_mm2"), [(4e-7, 1.0, 5.97e8), (4e-7, 0.15, 3.98e9), (1e-7, 0.15, 2.55e11)])
def test_carriers_for_a_white_spot(diameter, fraction, per_mm2):
    assert carriers_for_deficit(2e-5, diameter, fraction) * 1e-6 == pytest.approx(per_mm2, rel=2e-3)


def test_mineral_of_carriers_is_the_deficit():
    count = carriers_for_deficit(2e-5, 4e-7, 0.15)
    assert count * np.pi / 6 * (4e-7) ** 3 * 0.15 == pytest.approx(2e-5)


def test_equivalents_count_calcium():
    assert apatite_equivalent(Carrier.named("nano-hap")) == pytest.approx(1.0)
    tissues = load_set("tissues").value
    by_hand = (1 / tissues("molar_volume.CaF2")) / (5 / tissues("molar_volume.apatite"))
    assert apatite_equivalent(Carrier.named("calcium-fluoride")) == pytest.approx(by_hand)
    with pytest.raises(ParameterError, match="helicoid has no payload"):
        apatite_equivalent(Carrier.named("helicoid"))


def test_a_lesion_is_filled_in_a_week_at_best():
    assert fastest_refill(2e-5, 1e-4, 1e-10, 1.0) / DAY == pytest.approx(7.3, rel=0.01)
    assert fastest_refill(2e-5, 1e-4, 1e-10, 3.0) / DAY == pytest.approx(2.4, rel=0.02)
    assert fastest_refill(0.0, 1e-4, 1e-10, 1.0) == 0.0


@pytest.mark.parametrize(
    "bad", [(1e-5, 0.0, 1e-10, 1.0), (1e-5, 1e-4, -1e-10, 1.0), (1e-5, 1e-4, 1e-10, 0.0), (1e-5, float("nan"), 1.0, 1.0)]
)
def test_a_refill_needs_a_path_and_a_supply(bad):
    with pytest.raises(ParameterError, match="is above 0"):
        fastest_refill(*bad)


def test_growth_in_plenty_is_straight():
    days = np.array([0.0, 1.0, 2.0, 4.0]) * DAY
    grown = grown_layer(CLUSTERS, 1e6, days)
    np.testing.assert_allclose(grown, CLUSTERS.growth_rate * days, rtol=1e-6)
    assert grown_layer(CLUSTERS, CLUSTERS.growth_half, DAY) == pytest.approx(0.5 * CLUSTERS.growth_rate * DAY)


@given(st.floats(1e-3, 1e3), st.floats(1e-5, 1e-2))
def test_growth_that_is_cut_off_slows_and_ends_with_the_clusters(clusters, depth):
    end = clusters * depth / apatite_calcium()
    days = np.linspace(0.0, 4.0 * (end + CLUSTERS.growth_rate * DAY) / CLUSTERS.growth_rate, 50)
    grown = grown_layer(CLUSTERS, clusters, days, depth)
    assert grown[0] == pytest.approx(0.0, abs=1e-12 * end)
    assert np.all(np.diff(grown) >= -1e-9 * end) and np.all(np.diff(grown, 2) <= 1e-9 * end)
    assert grown[-1] <= end * (1.0 + 1e-12)


def test_growth_against_small_steps():
    left, grown, step = 2.0, 0.0, 20.0
    for _ in range(int(2 * DAY / step)):
        speed = CLUSTERS.growth_rate * left / (left + CLUSTERS.growth_half)
        grown, left = grown + speed * step, left - speed * step * apatite_calcium() / 1e-2
    assert grown_layer(CLUSTERS, 2.0, 2 * DAY, 1e-2) == pytest.approx(grown, rel=1e-3)


def test_without_a_half_growth_is_straight_until_it_stops():
    straight = CLUSTERS.changed(growth_half=0.0)
    assert grown_layer(straight, 1.0, DAY, 1.0) == pytest.approx(straight.growth_rate * DAY)
    assert grown_layer(straight, 1.0, 1e9, 1e-3) == pytest.approx(1e-3 / apatite_calcium())


def test_growth_needs_clusters():
    assert grown_layer(CLUSTERS, 0.0, DAY) == 0.0
    with pytest.raises(ParameterError, match="does not make enamel grow"):
        grown_layer(Carrier.named("caps-400"), 1.0, DAY)
    with pytest.raises(ParameterError, match="clusters of -1"):
        grown_layer(CLUSTERS, -1.0, DAY)


def test_a_scaffold_adds_to_what_care_does():
    peptide = Carrier.named("peptide")
    alone, both = white_spot(8.0, 180 * DAY, 1e-8), white_spot(8.0, 180 * DAY, 1e-8, peptide)
    assert both < alone < 8.0
    assert np.log(alone / both) == pytest.approx(peptide.scaffold_rate * 180 * DAY)
    assert white_spot(8.0, 180 * DAY, 1e-8, Carrier.named("nano-hap")) == alone


def test_outflow_of_patients_lies_around_conductance_times_pressure():
    low, middle, high = outflow_interval()
    value = load_set("nano/scene").value
    assert middle == pytest.approx(value("outflow.conductance") * value("outflow.pressure"))
    assert middle / low == pytest.approx(high / middle)
    assert 2.5 < high / middle < 3.0
