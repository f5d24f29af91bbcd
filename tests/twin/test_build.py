"""From specimen to column: volumes add up, profiles keep their loss on any grid, rates and laws are what was stated."""

from __future__ import annotations

import numpy as np
import pytest

from amelo.errors import ParameterError
from amelo.params import Parameter, load_set
from amelo.records.lesion import knots, mineral_loss
from amelo.records.specimen import load_specimen, notices, parse_specimen
from amelo.records.specimen_parameters import catalogue, parameter_ranges
from amelo.twin.build import cell_means, column_of, phases_of
from amelo.twin.ensemble import draw, quantile

BASE = {"name": "x", "tissue": "human enamel", "thickness": "300 um"}


def specimen(**parts):
    return parse_specimen(BASE | parts, where="x.toml")


def loss(column):
    """Integrated mineral loss (M,) [vol%·µm]."""
    return ((column.sound - column.mineral).sum(axis=1) * np.diff(column.edges)).sum(axis=1) * 1e8


@pytest.fixture(
    params=["human-enamel", "human-dentine", "hypomineralised-enamel", "surface-enamel", "enamel-low-r-lesion", "measured-lesion"]
)
def shipped(request, root):
    return load_specimen(root / f"cases/specimens/{request.param}.toml")


def test_volumes_add_up_in_every_member(shipped):
    column = column_of(shipped, members=200, seed=3)
    assert column.mineral.shape == column.sound.shape == (200, len(column.phases), shipped.grid.cells)
    assert (column.mineral >= 0).all() and (column.sound >= 0).all()
    porosity = 1 - column.mineral.sum(axis=1) - column.organic
    assert (porosity > column.parameters["porosity_floor"][:, None]).all()
    sound_porosity = 1 - column.sound.sum(axis=1) - column.organic
    assert sound_porosity == pytest.approx(
        np.broadcast_to(draw(catalogue(shipped), 200, 3)["porosity"][:, None], sound_porosity.shape)
    )


def test_every_parameter_of_the_column_is_documented_and_one_per_member(shipped):
    column = column_of(shipped, members=5)
    for name, values in column.parameters.items():
        assert values.shape == (5,) and np.isfinite(values).all(), name
        stem = name if name.startswith(("collagen.", "enzyme.")) else name.partition(".")[0]
        assert f"``{stem}" in type(column).__doc__, name
    for phase in column.phases:
        assert {f"pk.{phase.name}", f"molar_volume.{phase.name}"} <= column.parameters.keys()
        assert (phase.dissolution is not None) == (f"dissolution_rate.{phase.name}" in column.parameters)
        assert (phase.growth is not None) == (f"growth_rate.{phase.name}" in column.parameters)


def test_the_slab_is_that_of_the_reference_results(root):
    column = column_of(load_specimen(root / "cases/specimens/phreeqc-slab.toml"))
    assert np.diff(column.edges) == pytest.approx(np.full(30, 5e-6))
    (phase,) = column.phases
    value = {name: values[0] for name, values in column.parameters.items()}
    litre_of_water = 0.8 / value["molar_volume.HAp"] / (0.2 * 1000)
    assert litre_of_water == pytest.approx(300 * 0.08388081491804367, rel=1e-4), (
        "moles per litre of pores, as in the reference input"
    )
    assert value["dissolution_rate.HAp"] == pytest.approx(4e-4 * 1000 * 0.2)
    assert value["growth_rate.HAp"] == pytest.approx(0.1 * 4e-4 * 1000 * 0.2)
    assert (value["pore_diffusivity"], value["pk.HAp"], value["residual_mineral"]) == (2.6e-10, 58.63, 0.0)
    assert (phase.dissolution.order, phase.growth.order, phase.growth.surface) == (2.0, 2.0, "own")
    assert phase.dissolution.surface_exponent == pytest.approx(2 / 3)
    assert not (phase.dissolution.fluoride_inhibition or phase.dissolution.acid_order or phase.growth.fluoride_limited)
    assert (column.organic, column.porosity_feedback, column.diffusion, column.inner) == (
        pytest.approx(0.0),
        False,
        "single",
        "closed",
    )
    assert column.fluid.totals_mmol_per_kgw == {"Ca": 0.15, "P": 0.09, "K": 100.0, "Tr": 100.0}


def test_equilibrium_is_a_fast_law_whose_zone_is_far_below_a_cell():
    column = column_of(
        specimen(tissue="pressed apatite", porosity=0.2, sound_mineral=0.8, kinetics="equilibrium", mechanisms={"fluoride": False})
    )
    (phase,) = column.phases
    assert (phase.dissolution.order, phase.growth.order) == (1.0, 1.0)
    rate = column.parameters["dissolution_rate.HAp"][0]
    assert column.parameters["growth_rate.HAp"][0] == rate == pytest.approx(0.4 * 1000 * 0.2)
    zone = np.sqrt(0.2 * 2.6e-10 * (4.2 / 5) / rate)  # effective diffusivity, apatite in a saturated litre at pH 5.2 [mol/m3]
    assert zone < 1e-6


@pytest.mark.parametrize(("cells", "first"), [(4, "30 um"), (16, "2 um"), (64, "1 um"), (400, "0.2 um")])
@pytest.mark.parametrize("dissolves", ["evenly", "most soluble first"])
def test_the_lesion_has_the_loss_that_was_stated_on_any_grid(cells, first, dissolves):
    lesion = {"depth": "100 um", "surface_layer": "20 um", "surface_mineral": 0.9, "integrated_mineral_loss": "2500 vol%·um"}
    column = column_of(specimen(lesion=lesion | {"dissolves": dissolves}, grid={"cells": cells, "first_cell": first}), members=6)
    assert loss(column) == pytest.approx(2500.0)


def test_what_a_lesion_loses_first():
    lesion = {"depth": "100 um", "body_mineral": 0.9}
    first = column_of(specimen(lesion=lesion)).mineral[0]
    main, soluble = first[0], first[1]
    assert soluble[0] == pytest.approx(0.87 * 0.05) and main == pytest.approx(np.full(64, 0.87 * 0.85))
    evenly = column_of(specimen(lesion=lesion | {"dissolves": "evenly"})).mineral[0]
    assert evenly[1] / evenly[0] == pytest.approx(np.full(64, 0.15 / 0.85))
    assert evenly.sum(axis=0) == pytest.approx(first.sum(axis=0))


def test_cell_means_are_exact_integrals():
    points = knots(1e-4, 0.4, layer=2e-5, surface=0.9)
    edges = np.array([0.0, 3e-6, 2.2e-5, 2.3e-5, 9e-5, 1.03e-4, 3e-4])
    means = cell_means(points, edges)
    fine = np.linspace(0, 3e-4, 300_001)
    values = np.interp(fine, *zip(*points, strict=True))
    for low, high, mean in zip(edges, edges[1:], means, strict=False):
        inside = (fine >= low) & (fine <= high)
        assert mean == pytest.approx(np.trapezoid(values[inside], fine[inside]) / (high - low), abs=1e-3)
    assert ((1 - means) * np.diff(edges)).sum() == pytest.approx(mineral_loss(points), rel=1e-12)


def test_a_measured_profile_is_followed_and_sound_below(root):
    found = load_specimen(root / "cases/specimens/measured-lesion.toml")
    column = column_of(found)
    middle = 5e5 * (column.edges[1:] + column.edges[:-1])
    depth, mineral = zip(*found.profile.points, strict=True)
    inside = (middle > depth[0]) & (middle < 90)
    assert 100 * column.mineral[0].sum(axis=0)[inside] == pytest.approx(np.interp(middle, depth, mineral)[inside], abs=1.0)
    assert 100 * column.mineral[0].sum(axis=0)[middle > 160] == pytest.approx(87.0)


def test_a_measured_value_above_sound_is_read_as_sound_and_said():
    found = specimen(profile={"points": ((0.0, 60.0), (40.0, 88.5), (80.0, 87.0))}, grid={"cells": 100, "uniform": True})
    total = 100 * column_of(found, members=20).mineral[0].sum(axis=0)
    assert total.max() == pytest.approx(87.0) and total[0] < 63.0
    assert notices(found) == ["what the profile has above 87 vol% is read as sound"]


def test_surface_enamel_fades_from_fluoridated_to_soluble():
    column = column_of(specimen(mechanisms={"solubility_gradient": True}, grid={"cells": 200, "first_cell": "0.1 um"}))
    shares = column.sound[0] / column.sound[0].sum(axis=0)
    names = [phase.name for phase in column.phases]
    assert names == ["enamel_main", "enamel_soluble", "FHAp_50"]
    tissues = load_set("tissues")
    assert shares[2, 0] == pytest.approx(tissues.value("gradient.fluoridated_share"), rel=0.01)
    assert shares[1, 0] == pytest.approx(0.15 * 0.5 * (1 - shares[2, 0]), rel=0.01)
    assert shares[:, -1] == pytest.approx([0.85, 0.15, 0.0], abs=1e-9)
    assert column.sound[0].sum(axis=0) == pytest.approx(np.full(200, 0.87))
    middle = 0.5 * (column.edges[1:] + column.edges[:-1])
    assert shares[2] == pytest.approx(tissues.value("gradient.fluoridated_share") * np.exp(-middle / 10e-6), rel=0.05, abs=1e-4)


def test_fluoridated_apatite_may_be_everywhere():
    column = column_of(specimen(fluoridated={"phase": "FAp", "share": 0.2}))
    assert column.phases[-1].name == "FAp" and column.sound[0, -1] == pytest.approx(np.full(64, 0.2 * 0.87))
    assert column.mineral == pytest.approx(column.sound)


@pytest.mark.parametrize(
    ("switches", "names"),
    [
        ({}, ["enamel_main", "enamel_soluble", "FHAp_50"]),
        ({"fluoride": False}, ["enamel_main", "enamel_soluble"]),
        ({"fluoridated_phase": "FAp"}, ["enamel_main", "enamel_soluble", "FAp"]),
        ({"fluoride": False, "precursor": "DCPD"}, ["enamel_main", "enamel_soluble", "DCPD"]),
        ({"precursor": "OCP", "calcium_fluoride": True}, ["enamel_main", "enamel_soluble", "FHAp_50", "OCP", "CaF2"]),
    ],
)
def test_switches_choose_phases(switches, names):
    phases = phases_of(specimen(mechanisms=switches))
    assert [phase.name for phase in phases] == names == [phase.solid for phase in phases]
    by_name = {phase.name: phase for phase in phases}
    assert by_name["enamel_soluble"].growth is None and by_name["enamel_main"].growth.surface == "apatite"
    for name in names[2:]:
        assert by_name[name].apatite == name.startswith("F")
        assert by_name[name].growth.surface == ("apatite" if name.startswith("F") else "pore")
        assert by_name[name].growth.fluoride_limited == name.startswith("F")


def test_switches_choose_laws():
    off = phases_of(specimen(mechanisms={"precipitation": False}))
    assert all(phase.growth is None for phase in off)
    (main, *_) = phases_of(specimen(mechanisms={"inhibitors": True}))
    assert main.growth.inhibited and main.dissolution.inhibited
    (main, *_) = phases_of(specimen())
    assert not (main.growth.inhibited or main.dissolution.inhibited) and main.dissolution.fluoride_inhibition
    (main, *_) = phases_of(specimen(kinetics={"n": 3.0, "acid_order": 0.5, "growth_surface": "own", "growth_order": 1.5}))
    assert (main.dissolution.order, main.dissolution.acid_order, main.growth.surface, main.growth.order) == (3.0, 0.5, "own", 1.5)


def test_rates_are_shared_among_the_classes_as_the_mineral_is():
    column = column_of(specimen())
    value = {name: values[0] for name, values in column.parameters.items()}
    whole = 4e-4 * 1000 * 0.04
    assert value["dissolution_rate.enamel_main"] == pytest.approx(0.85 * whole)
    assert value["dissolution_rate.enamel_soluble"] == pytest.approx(0.15 * whole)
    assert value["growth_rate.enamel_main"] == value["growth_rate.FHAp_50"] == pytest.approx(1.0 * whole)


def test_the_rest_of_a_specimen_arrives():
    fluid = {"pH": 7.0, "totals_mmol_per_kgw": {"K": 10.0, "Cl": 10.0}}
    column = column_of(
        specimen(tissue="root", inner=fluid, pore_fluid=fluid | {"case": "rest"}, biofilm={"thickness": "150 um", "cells": 5})
    )
    assert column.inner.pH == 7.0 and column.fluid.case == "rest"
    assert (column.biofilm.thickness, column.biofilm.cells, column.collagen) == (pytest.approx(1.5e-4), 5, True)
    assert column.parameters["collagen.decay_rate"][0] == load_set("kinetics").value("collagen.decay_rate")
    assert not column_of(specimen(tissue="root", collagen={"decays": False})).collagen
    assert column_of(specimen(temperature="25 degC")).fluid.temperature_C == 25.0
    assert "elliott1998" in column.sources or "bertassoni2010" in column.sources


def test_values_replace_what_would_be_drawn():
    column = column_of(specimen(), members=3, values={"growth_ratio": [0.1, 0.2, 0.3], "porosity": 0.05})
    k = draw(catalogue(specimen()), 3, 0)["dissolution_rate"] * 1000 * 0.05
    assert column.parameters["growth_rate.enamel_main"] == pytest.approx(k * [0.1, 0.2, 0.3])
    with pytest.raises(ParameterError, match="did you mean 'growth_ratio'?"):
        column_of(specimen(), values={"growth_ration": 0.1})


def test_single_diffusion_follows_porosity_when_nothing_is_stated():
    column = column_of(specimen(diffusion="single"), members=50, seed=1)
    drawn = draw(catalogue(specimen(diffusion="single")), 50, 1)
    expected = drawn["free_diffusivity"] * drawn["diffusivity_scale"] * drawn["porosity"] ** (drawn["porosity_exponent"] - 1)
    assert column.parameters["pore_diffusivity"] == pytest.approx(expected)
    assert column.parameters["pore_diffusivity"][0] == pytest.approx(1.3e-9 * 0.04)


def test_members_are_reproducible_nested_and_start_with_the_central_values():
    found = specimen(lesion={"depth": "100 um", "body_mineral": 0.5})
    small, large, other = (
        column_of(found, members=4, seed=7),
        column_of(found, members=9, seed=7),
        column_of(found, members=9, seed=8),
    )
    central = column_of(found)
    for name, values in large.parameters.items():
        assert values[:4] == pytest.approx(small.parameters[name])
        assert values[0] == central.parameters[name][0]
    assert large.mineral[:4] == pytest.approx(small.mineral)
    assert (large.parameters["dissolution_rate.enamel_main"][1:] != other.parameters["dissolution_rate.enamel_main"][1:]).all()


def test_a_parameter_more_leaves_the_others_as_they_were():
    few, more = (draw(catalogue(specimen(mechanisms={"calcium_fluoride": on})), 20, 5) for on in (False, True))
    assert more.keys() > few.keys()
    for name, values in few.items():
        assert (values == more[name]).all()


@pytest.mark.parametrize(
    ("low", "value", "high"), [(4e-5, 4e-4, 5e-4), (57.6, 58.0, 58.8), (0.0, 0.05, 0.2), (0.1, 1.0, 1.0), (1.0, 1.0, 1.0)]
)
def test_draws_have_their_median_and_tails_where_the_range_says(low, value, high):
    p = Parameter("s", "p", value, "1", low, high, "A", "x", "")
    assert quantile(p, np.array([0.05, 0.5, 0.95])) == pytest.approx([low, value, high])
    drawn = draw({"p": p}, 20_001, 1)["p"]
    assert drawn[0] == value and (drawn >= low * (1 - 1e-12)).all() and (drawn <= high * (1 + 1e-12)).all()
    if low < value < high:
        assert (drawn < value).mean() == pytest.approx(0.5, abs=0.015)


def test_wide_ranges_are_drawn_as_factors():
    p = Parameter("s", "p", 1.0, "1", 0.01, 100.0, "A", "x", "")
    assert quantile(p, np.array([0.2, 0.8])).prod() == pytest.approx(1.0)


def test_ranges_and_columns_speak_of_the_same_parameters():
    for name, (value, low, high, _, _) in parameter_ranges(specimen()).items():
        if low == high:
            continue
        moved = column_of(specimen(), values={name: high if high > value else low})
        central = column_of(specimen())
        changed = any((moved.parameters[key] != central.parameters[key]).any() for key in central.parameters)
        assert changed or not np.allclose(moved.sound, central.sound) or not np.allclose(moved.organic, central.organic), name
