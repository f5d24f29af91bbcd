"""The speciation against IPhreeqc: on stored reference results, and live on fluids drawn anew with the exported database."""

from __future__ import annotations

import json

import numpy as np
import pytest

from amelo.twin.chemistry.export import phreeqc_database, phreeqc_solution
from amelo.twin.chemistry.saturation import ABSENT, saturation
from amelo.twin.chemistry.solve import speciate
from amelo.twin.chemistry.status import Status
from amelo.twin.chemistry.table import reaction_table
from amelo.twin.chemistry.thresholds import solubility

phreeqc = pytest.importorskip("phreeqc", reason="IPhreeqc is a development dependency")


@pytest.mark.parametrize("compiled", [False, True])
def test_the_reference_fluids(shared, compiled):
    reference = json.loads((shared / "oracle/phreeqc/saturation.json").read_text())
    table = reaction_table(37.0)
    totals = np.zeros((len(reference), len(table.names)))
    for row, fluid in zip(totals, reference, strict=True):
        for name, amount in fluid["totals_mmol_per_kgw"].items():
            row[table.names.index(name)] = amount / 1000.0
    closing = [table.names.index(fluid["charge_balanced_by"]) for fluid in reference]
    repeat = 4  # more fluids than a tile of the compiled kernel
    batch = speciate(
        table,
        np.tile(totals, (repeat, 1)),
        np.tile([fluid["pH"] for fluid in reference], repeat),
        closing=np.tile(closing, repeat),
        compiled=compiled,
    )
    assert (batch.status == Status.CONVERGED).all()
    for i, fluid in enumerate(reference * repeat):
        assert batch.ionic_strength[i] == pytest.approx(fluid["ionic_strength"], rel=1e-6)
        for name, value in fluid["log_activity"].items():
            assert batch.log_activity(name)[i] == pytest.approx(value, abs=1e-6)
        for k, solid in enumerate(table.solids):
            expected = fluid["saturation_index"].get(solid.name)
            if expected is not None:
                ours = batch.saturation_index[i, k]
                assert ours == (pytest.approx(expected, abs=1e-5) if expected > -99 else -np.inf)


def test_the_reference_file_is_valid_input_and_keeps_its_convention(shared):
    path = shared / "oracle/phreeqc/saturation.json"
    for answer, fluid in zip(saturation(path), json.loads(path.read_text()), strict=True):
        ours = answer.to_dict()
        for name, value in fluid["saturation_index"].items():
            assert ours["saturation_index"][name] == pytest.approx(value, abs=0.02)
        assert ours["saturation_index"]["FAp"] != ABSENT or "F" not in fluid["totals_mmol_per_kgw"]
        assert ours["degree_of_saturation"]["HAp"] == pytest.approx(fluid["DS_HAp"], rel=1e-4)


def test_solubility_isotherms(shared):
    reference = json.loads((shared / "oracle/phreeqc/solubility.json").read_text())
    for phase, rows in reference.items():
        ours = solubility(phase, [row["pH"] for row in rows], background={"NaCl": 0.1})
        assert 1000 * ours.totals["Ca"] == pytest.approx([row["Ca"] for row in rows], rel=0.01)
        assert 1000 * ours.totals["P"] == pytest.approx([row["P"] for row in rows], rel=0.01)
        assert ours.ionic_strength == pytest.approx([row["I"] for row in rows], rel=0.01)


def draw(table, count, seed):
    """Plausible oral fluids and baths, some components missing, with pH 4 to 8."""
    rng = np.random.default_rng(seed)
    ranges = {
        "Ca": (0.05, 20),
        "P": (0.05, 40),
        "Mg": (0.02, 5),
        "F": (1e-4, 1),
        "Lac": (0.01, 60),
        "Ace": (0.1, 60),
        "Pro": (0.1, 20),
    }
    ranges |= {"Amm": (0.1, 40), "Na": (1, 120), "K": (1, 120), "C(4)": (0.1, 30)}
    totals = np.zeros((count, len(table.names)))
    for name, (low, high) in ranges.items():
        drawn = 10 ** rng.uniform(np.log10(low), np.log10(high), count) / 1000.0
        totals[:, table.names.index(name)] = np.where(rng.random(count) < 0.85, drawn, 0.0)
    return totals, rng.uniform(4.0, 8.0, count)


def solve_with_phreeqc(table, totals, ph, closing):
    engine = phreeqc.Phreeqc()
    assert engine.LoadDatabaseString(phreeqc_database(table)) == 0, engine.GetErrorString()
    names = [solid.name for solid in table.solids]
    engine.RunString("SELECTED_OUTPUT\n -reset false\n -high_precision true\n -ionic_strength true\n -si " + " ".join(names) + "\n")
    rows = []
    for i, (row, value) in enumerate(zip(totals, ph, strict=True)):
        amounts = {name: 1000.0 * amount for name, amount in zip(table.names, row, strict=True) if amount > 0}
        block = phreeqc_solution(i + 1, {closing: 1.0} | amounts, value, table.constants.temperature, closing)
        failed = engine.RunString(block + "END\n")
        found = engine.GetSelectedOutput()
        rows.append(None if failed or not found["mu"] else {key: column[-1] for key, column in found.items()})
    return rows


@pytest.mark.parametrize("temperature", [37.0, 25.0])
def test_fluids_that_nobody_has_seen_before(temperature):
    table = reaction_table(temperature)
    totals, ph = draw(table, 200, seed=int(temperature))
    ours = speciate(table, totals, ph, closing=table.names.index("Cl"), compiled=True)
    theirs = solve_with_phreeqc(table, totals, ph, "Cl")
    both = [i for i, row in enumerate(theirs) if row is not None and ours.status[i] <= Status.EXTRAPOLATED]
    assert len(both) > 120
    for i in both:
        assert ours.ionic_strength[i] == pytest.approx(theirs[i]["mu"], rel=1e-5)
        for k, solid in enumerate(table.solids):
            expected = theirs[i][f"si_{solid.name}"]
            if expected > -99:
                assert ours.saturation_index[i, k] == pytest.approx(expected, abs=1e-4), (solid.name, totals[i], ph[i])
            else:
                assert ours.saturation_index[i, k] == -np.inf


def test_we_answer_whenever_phreeqc_does():
    table = reaction_table(37.0)
    totals, ph = draw(table, 300, seed=5)
    ours = speciate(table, totals, ph, closing=table.names.index("Cl"))
    theirs = solve_with_phreeqc(table, totals, ph, "Cl")
    answered = [i for i, row in enumerate(theirs) if row is not None and row["mu"] < 2.0]
    assert len(answered) > 150
    for i in answered:
        assert ours.status[i] <= Status.EXTRAPOLATED, (totals[i], ph[i], Status(int(ours.status[i])))
