"""Heat through a tooth beside exact solutions, its books, and what it refuses."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import erfc

from amelo.errors import ParameterError
from amelo.params import load_set
from amelo.twin.bioheat import Meeting, Tooth, warm
from amelo.twin.pulp import Pulps
from amelo.twin.pulp.heat import damage_dose

VALUE = load_set("pulp").value


def block(thickness: float, cells: int, clearance: float = 0.0) -> Tooth:
    """Dentine alone."""
    ones = np.ones(cells)
    k, c = VALUE("bioheat.dentine.conductivity"), VALUE("bioheat.dentine.heat_capacity")
    return Tooth(np.linspace(0.0, thickness, cells + 1), k * ones, c * ones, clearance * ones, cells // 2)


def test_a_thick_block_under_a_steady_flux_is_as_carslaw_and_jaeger_have_it():
    tooth, flux, time = block(0.02, 2000), 1000.0, 10.0
    found = warm(tooth, [Meeting(time, flux=flux)], frames=1)
    k, c = tooth.conductivity[0], tooth.capacity[0]
    spread = np.sqrt(4.0 * k / c * time)
    x = 0.5 * (tooth.edges[1:] + tooth.edges[:-1])
    exact = flux / k * (spread / np.sqrt(np.pi) * np.exp(-((x / spread) ** 2)) - x * erfc(x / spread))
    np.testing.assert_allclose(found.warming[-1], exact, atol=2e-4 * exact[0])


def test_a_surface_that_is_held_warms_a_block_as_the_error_function():
    tooth, time = block(0.02, 2000), 20.0
    found = warm(tooth, [Meeting(time, exchange=1e9, fluid=30.0)], frames=1)
    spread = np.sqrt(4.0 * tooth.conductivity[0] / tooth.capacity[0] * time)
    x = 0.5 * (tooth.edges[1:] + tooth.edges[:-1])
    np.testing.assert_allclose(found.warming[-1], 30.0 * erfc(x / spread), atol=5e-3)


def test_blood_makes_warming_fade_over_its_length():
    clearance = 5e5
    tooth = block(0.01, 2000, clearance)
    found = warm(tooth, [Meeting(3600.0, exchange=1e9, fluid=10.0)], frames=1)
    length = np.sqrt(tooth.conductivity[0] / clearance)
    x = 0.5 * (tooth.edges[1:] + tooth.edges[:-1])
    np.testing.assert_allclose(found.warming[-1], 10.0 * np.cosh((0.01 - x) / length) / np.cosh(0.01 / length), atol=1e-3)


SCENE = [Meeting(20.0, flux=3000.0, exchange=10.0, fluid=-14.0), Meeting(60.0, exchange=800.0, fluid=-15.0), Meeting(300.0)]


def test_the_books_of_heat_close():
    found = warm(Tooth.layered(), SCENE)
    assert np.abs(found.entered - found.held - found.carried).max() < 1e-9 * np.abs(found.entered).max()
    assert found.time[-1] == 380.0 and len(found.time) == 151


def test_an_insulated_tooth_without_blood_keeps_its_heat():
    found = warm(Tooth.layered(perfusion=0.0), [Meeting(10.0, flux=1000.0), Meeting(1e5)])
    assert found.held[-1] == pytest.approx(1e4, rel=1e-9)
    assert (found.carried == 0.0).all()
    assert np.ptp(found.warming[-1]) < 1e-6


def test_cutting_a_span_in_two_changes_nothing():
    tooth = Tooth.layered()
    whole = warm(tooth, [Meeting(40.0, flux=500.0)], frames=4)
    parts = warm(tooth, [Meeting(20.0, flux=500.0), Meeting(20.0, flux=500.0)], frames=2)
    np.testing.assert_allclose(whole.warming, parts.warming, rtol=1e-9, atol=1e-12)


def test_finer_cells_say_the_same():
    coarse, fine = (warm(Tooth.layered(cell=c), SCENE).pulp for c in (5e-5, 1.25e-5))
    assert np.abs(coarse - fine).max() < 2e-3 * np.abs(fine).max()


def test_more_dentine_keeps_the_pulp_cooler_and_harms_it_less():
    pulps = Pulps.named()
    peaks, doses = [], []
    for dentine in (0.0003, 0.0005, 0.001, 0.002, 0.003):
        found = warm(Tooth.layered(0.0, dentine), [Meeting(20.0, flux=4000.0), Meeting(100.0, exchange=500.0)])
        peaks.append(found.pulp.max())
        doses.append(damage_dose(pulps, found.time, found.pulp)[0])
    assert (np.diff(peaks) < 0.0).all() and (np.diff(doses) < 0.0).all()


def test_an_inflamed_pulp_is_cooled_less():
    full, least = (warm(Tooth.layered(perfusion=p), [Meeting(120.0, flux=500.0)]).pulp[-1] for p in (1.0, 0.02))
    assert least > full > 0.0


def test_water_cools_while_it_is_drilled():
    dry, wet = (
        warm(Tooth.layered(0.0, 0.001), [Meeting(15.0, flux=5000.0, exchange=h, fluid=-14.0)]).pulp[-1] for h in (0.0, 2000.0)
    )
    assert wet < dry


def test_layers_stand_in_their_order():
    tooth = Tooth.layered(0.001, 0.002)
    assert tooth.edges[tooth.wall] == pytest.approx(0.003)
    assert tooth.edges[-1] == pytest.approx(0.003 + VALUE("bioheat.pulp.thickness"))
    assert (tooth.clearance[: tooth.wall] == 0.0).all() and (tooth.clearance[tooth.wall :] > 0.0).all()
    assert tooth.clearance[-1] == pytest.approx(50e-6 / 0.1 / 60.0 * 1050.0 * 3.8e6)
    bare = Tooth.layered(0.0, 0.002)
    assert bare.conductivity[0] == VALUE("bioheat.dentine.conductivity")


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Tooth.layered(-0.001), "enamel"),
        (lambda: Tooth.layered(dentine=0.0), "no dentine"),
        (lambda: Tooth.layered(perfusion=np.nan), "perfusion"),
        (lambda: Tooth.layered(cell=0.0), "width"),
        (lambda: warm(Tooth.layered(), []), "nothing is met"),
        (lambda: warm(Tooth.layered(), [Meeting(0.0)]), "meeting 1"),
        (lambda: warm(Tooth.layered(), [Meeting(1.0), Meeting(1.0, exchange=-1.0)]), "meeting 2"),
        (lambda: warm(Tooth.layered(), [Meeting(1.0, flux=np.inf)]), "meeting 1"),
    ],
)
def test_what_is_refused(make, words):
    with pytest.raises(ParameterError, match=words):
        make()
