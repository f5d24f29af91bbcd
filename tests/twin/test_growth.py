"""Where apatite grows and where it stops: the walls that dissolution laid bare, up to what sound tissue keeps."""

from __future__ import annotations

from dataclasses import replace
from math import exp, log, sqrt
from types import SimpleNamespace

import numpy as np
import pytest

from amelo.protocol.simulate import simulate
from amelo.records.specimen import parse_specimen
from amelo.twin.build import column_of
from amelo.twin.diffusivity import diffusivities
from amelo.twin.lesion.cell import CellModel, PhaseData, is_acid, lag
from amelo.twin.lesion.solve import Settings, solve
from amelo.twin.lesion.system import Member
from amelo.twin.phases import Dissolution, Growth, Phase
from amelo.twin.schedule import Exposure, Segment

SALIVA = (
    "remineralise in Ca 1.32 mM, PO4 5.69 mM, Mg 0.2 mM, Na 5.76 mM, K 19.5 mM, carbonate 5.47 mM, ammonium 6.86 mM, F 0.0013 mM"
    " pH 6.8 for {}"
)
REMINERALISING = "remineralise in Ca 1.5 mM, PO4 0.9 mM, KCl 130 mM, F 0.05 mM pH 7.0 for {}"
LESION = {"depth": "60 um", "surface_layer": "10 um", "surface_mineral": 0.9, "integrated_mineral_loss": "1200 vol%·um"}
PLAIN = SimpleNamespace(sqrt=sqrt, log=log, exp_any=exp, where=lambda condition, yes, no: yes if condition else no)


def tissue(name: str, **more):
    return parse_specimen({"name": name, "tissue": name, "thickness": "300 um", "grid": {"cells": 30}} | more, where=name)


# sound tissue


@pytest.mark.parametrize("duration", ["30 d", "365 d"])
def test_sound_enamel_keeps_its_pores_in_saliva(duration):
    """Saliva is supersaturated by a factor of ten for a lifetime, and sound enamel under it keeps the pores that it has."""
    run = simulate(tissue("human enamel"), SALIVA.format(duration), members=1).raise_if_bad().run
    assert run.saturation_index[0, -1].max() > 5.0, "nothing would be shown"
    assert run.porosity[0, -1] == pytest.approx(np.full(30, 0.04), abs=1e-9)
    widths = np.diff(run.edges)
    assert abs(((run.mineral[0, -1] - run.mineral[0, 0]).sum(axis=0) * widths).sum()) < 1e-12  # m of mineral, of 2.6e-4


@pytest.mark.parametrize("name", ["bovine enamel", "hypomineralised enamel", "dentine", "root", "pressed apatite"])
def test_no_sound_tissue_gains(name):
    run = simulate(tissue(name), REMINERALISING.format("30 d"), members=3, seed=4).raise_if_bad().run
    there, sound = run.mineral[:, -1].sum(axis=1), run.sound.sum(axis=1)
    assert (there <= sound * (1.0 + 1e-9)).all()


def test_gradients_of_solubility_and_precursors_give_no_room():
    every = {"mechanisms": {"precursor": "DCPD", "solubility_gradient": True, "calcium_fluoride": True}}
    run = simulate(tissue("human enamel", **every), REMINERALISING.format("30 d"), members=1).raise_if_bad().run
    apatites = [k for k, phase in enumerate(run.phases) if phase not in ("DCPD", "CaF2")]
    assert (run.mineral[0, -1][apatites].sum(axis=0) <= run.sound[0].sum(axis=0) + 1e-9).all()


# lesions


def test_a_lesion_fills_up_to_sound_and_no_further():
    steps = "\n".join(REMINERALISING.format(duration) for duration in ("30 d", "330 d", "3000 d"))
    run = simulate(tissue("human enamel", lesion=LESION), steps, members=1).raise_if_bad().run
    share = run.mineral[0].sum(axis=1) / run.sound[0].sum(axis=0)  # (times, cells)
    assert share.max() < 1.0 + 1e-6
    assert (np.diff(share[:, :5], axis=0) > -1e-9).all() and share[-1, :5] == pytest.approx(np.ones(5), abs=1e-3)
    assert share[-1].min() > share[0].min()
    assert run.porosity.min() > 0.04 - 1e-6


def test_what_fills_the_pores_of_a_lesion_leaves_less_room():
    """Resin or silver where mineral was: mineral takes what they left, and the last pores stay open."""
    specimen = tissue("human enamel", lesion=LESION)
    column = column_of(specimen)
    free = 1.0 - column.mineral.sum(axis=1) - column.organic
    column = replace(column, organic=column.organic + 0.7 * free)
    bath = specimen.pore_fluid or column.fluid
    calm = bath.model_copy(update={"pH": 7.0, "totals_mmol_per_kgw": {"Ca": 1.5, "P": 0.9, "K": 130.0, "Cl": 133.0, "F": 0.05}})
    run = solve(column, (Segment(200 * 86400.0, Exposure(calm)),), diffusivities(37.0), Settings(threads=1))
    floor = float(column.parameters["porosity_floor"][0])
    assert run.porosity[0, -1].min() > floor - 1e-9
    assert run.porosity[0, -1, 1] < 0.5 * 0.3 * free[0, 1], "it still grows"
    assert np.abs(run.balance).max() < 1e-11


# the law itself


def grown(
    porosity: float,
    *,
    acid: float = 9.3e-3,
    law: Growth | None = None,
    opening: float = 0.0,
    organic: float = 0.1,
    apatite: bool = True,
) -> dict[str, float]:
    """What ``lag`` makes of one cell of a tissue with 0.86 of mineral and pores of 0.04 where it is sound, one phase."""
    phase = Phase(
        "HAp",
        "HAp",
        Dissolution(acid_order=0.5),
        law or Growth(order=2.0, pore_exponent=0.5, inhibited=False, acid_order=0.5),
        apatite,
    )
    system = SimpleNamespace(davies=(0.52, 0.3), neutral_slope=0.1)
    model = CellModel(system, (PhaseData(phase, (5.0, 3.0, 0.0, -4.0), 9, 0.0),), False, True)
    volume = 0.159
    cell = {
        "strength": 0.1, "organic": organic, "molar_volume.0": volume, "mineral0": (1.0 - organic - porosity) / volume, "step": 600.0,
        "opening": opening, "porosity_exponent": 2.0, "diffusivity_scale": 1.0, "width": 1e-6, "porosity_floor": 0.005, "residual_mineral": 0.05,
        "sound_apatite": 0.86 / volume, "own0": 0.86 / volume, "sound0": 0.86 / volume, "dissolution_rate.0": 1e-5, "growth_rate.0": 1e-5,
        "acid": acid, "acid_reference": 9.3e-3,
    }  # fmt: skip
    found: dict[str, float] = {}
    lag(model, cell.__getitem__, lambda **values: found.update(values), PLAIN)
    return found | {"amount": cell["mineral0"]}


def test_walls_go_with_the_root_of_what_was_lost():
    narrow, wide = grown(0.04 + 0.02), grown(0.04 + 0.08)
    share = (narrow["amount"] / wide["amount"]) ** (2 / 3)
    assert wide["growing0"] / narrow["growing0"] * share == pytest.approx(2.0, rel=0.02)


def test_nothing_grows_where_nothing_was_lost():
    sound, nearly, lost = (grown(porosity) for porosity in (0.04, 0.0402, 0.14))
    assert sound["room0"] == pytest.approx(0.0, abs=1e-12) and sound["growing0"] < 1e-4 * lost["growing0"]
    assert nearly["room0"] == pytest.approx(0.0002 / 0.159) and nearly["growing0"] < 0.1 * lost["growing0"]
    assert grown(0.03)["room0"] == 0.0
    assert sound["above0"] > 1.0, "where there is no room Newton's method has no step to look for"


def test_what_nucleates_fills_sound_pores_too():
    brushite = Growth(order=1.0, surface="pore", inhibited=False)
    assert grown(0.04, law=brushite, apatite=False)["room0"] == pytest.approx(0.035 / 0.159)
    assert grown(0.04, law=brushite)["room0"] == pytest.approx(0.0, abs=1e-12), "apatite nowhere grows beyond sound tissue"


def test_acids_quicken_growth_as_they_quicken_dissolution():
    weak, strong = grown(0.14, acid=1e-4), grown(0.14, acid=4e-4)
    for name in ("growing0", "dissolving0"):
        assert strong[name] / weak[name] == pytest.approx(2.0, rel=1e-6)


def test_pores_that_open_in_the_step_are_foreseen():
    calm, opening, closing = (grown(0.06, opening=rate)["growing0"] for rate in (0.0, 1e-5, -1e-4))
    assert closing < 0.5 * calm < calm < opening
    assert grown(0.04, opening=1e-5)["growing0"] > 0.1 * calm, "sound tissue that has begun to dissolve"


def test_resin_beyond_the_pores_of_sound_tissue_leaves_the_floor():
    assert grown(0.1, organic=0.3)["room0"] == pytest.approx(0.095 / 0.159)


def test_carbon_dioxide_is_no_acid_and_the_others_are():
    def member(name: str, charge: int, *powers: int) -> Member:
        return Member(name, charge, powers, 1, 0.0, 1e-9)

    assert is_acid(member("HLac", 0, 0, 0, 0, 1)) and is_acid(member("H3PO4", 0, 0, 1, 0, 2))
    assert not is_acid(member("CO2", 0, 0, 0, 0, 2))
    assert (
        not is_acid(member("CaHPO4", 0, 1, 1, 0, 1))
        and not is_acid(member("H2PO4-", -1, 0, 1, 0, 1))
        and not is_acid(member("Amm", 0, 0, 0, 0, -1))
    )
