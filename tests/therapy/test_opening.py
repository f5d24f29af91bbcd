"""How open floors are: the order of what closes them, the numbers measured, and chances that stay with a member."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from floors import CAPS, IRON, carious, cut, enamel, sound
from hypothesis import given, settings
from hypothesis import strategies as st

from amelo.params import load_set
from amelo.therapy.nano.opening import LOTS, OF_CARRIER, carious_and_infected, lot_of, lots, open_share
from amelo.twin.tooth import Draws

VALUE = load_set("pulp").value


def test_measured_floors_are_as_open_as_measured():
    first = slice(0, 1)  # the middle of all ranges
    assert open_share(carious())[first] == pytest.approx(VALUE("dentine.carious_permeability"))
    without = replace(carious(), bacteria=np.zeros_like(carious().bacteria))
    assert open_share(without)[first] == pytest.approx(VALUE("dentine.excavated_permeability"))
    assert open_share(sound())[first] == pytest.approx(1.0)
    assert open_share(sound(smear=1.0))[first] == pytest.approx(1.0 - load_set("nano/scene").value("smear.resistance"))


def test_excavation_and_etching_open_every_floor():
    clean = {"bacteria": np.zeros_like(carious().bacteria)}
    lesion, smeared = open_share(carious()), open_share(replace(carious(), smear=np.ones(carious().members), **clean))
    etched, whole = open_share(replace(carious(), **clean)), open_share(sound())
    assert (lesion <= smeared).all()
    assert (smeared < etched).all()
    assert (etched < whole).all()
    assert open_share(cut(0.7e-3))[0] > open_share(cut(1.8e-3))[0]  # less of the lesion is left


def test_enamel_and_a_bare_pulp_have_no_tubules_to_enter():
    assert not open_share(enamel()).any()
    assert not open_share(replace(sound(), exposed=np.ones(sound().members))).any()


@given(filled=st.floats(0.0, 1.0), smear=st.floats(0.0, 1.0))
@settings(deadline=None, max_examples=30)
def test_what_closes_a_floor_never_opens_it(filled, smear):
    tooth = sound()
    closed = replace(tooth, filled=np.full_like(tooth.filled, filled), smear=np.full(tooth.members, smear))
    assert (open_share(closed) <= open_share(tooth) * (1.0 - filled) + 1e-15).all()
    assert (open_share(closed) >= 0.0).all()


def test_thin_carious_dentine_resists_in_proportion():
    tooth = sound()
    first, length = tooth.constants.dentine_from, load_set("nano/scene").value("carious.length")
    mineral, inner = tooth.mineral.copy(), tooth.inner.copy()
    floor = int((tooth.left[0] <= 1e-9).sum())
    assert floor >= first
    mineral[:, floor], inner[:, floor] = 0.5, 0.5
    thin = 0.3 * length
    left = tooth.left.copy()
    left[:, floor] = thin / tooth.widths[:, floor]
    found = replace(tooth, mineral=mineral, inner=inner, left=left)
    assert carious_and_infected(found)[0][0] == pytest.approx(thin)
    resistance = 1.0 + 0.3 * (1.0 / VALUE("dentine.excavated_permeability") - 1.0)
    assert open_share(found)[0] == pytest.approx(1.0 / resistance)


def test_lots_cover_every_range_and_the_first_is_its_middle():
    for carrier in (None, CAPS, IRON):
        for name, drawn in lots(carrier).items():
            assert drawn.shape == (LOTS,)
            assert len(np.unique(drawn)) >= LOTS // 2, name  # one side of a range may be a single value
    scene = load_set("nano/scene")
    density = lots()["tubule.density"]
    assert density[0] == scene.value("tubule.density.junction")
    assert density.min() >= scene["tubule.density.junction"].low
    assert density.max() <= scene["tubule.density.junction"].high
    assert abs(np.corrcoef(lots(CAPS)["magnetisation"][1:], lots(CAPS)["stick_tubule"][1:])[0, 1]) < 0.5
    assert set(lots(IRON)) == set(OF_CARRIER) - {"release_rate"}


def test_a_number_that_was_changed_is_not_drawn():
    mine = CAPS.changed(magnetisation=1e5)
    assert "magnetisation" not in lots(mine)
    assert "stick_tubule" in lots(mine)


def test_a_member_keeps_its_lot():
    tooth = carious()
    lot = lot_of(tooth)
    assert lot[0] == 0
    assert (lot[1:] > 0).all()
    assert lot.max() < LOTS
    few = np.array([0, 3, 7])
    assert (lot_of(tooth.take(few)) == lot[few]).all()
    larger = replace(tooth.constants, draws=Draws(5, np.arange(tooth.members)))
    assert (lot_of(replace(tooth, constants=larger)) == lot).all()
