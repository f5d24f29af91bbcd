"""The differentiable form: the same answer as the kernel, and derivatives that agree with finite differences."""

from __future__ import annotations

import numpy as np
import pytest

from amelo.twin.chemistry.differentiable import saturation_function
from amelo.twin.chemistry.solve import speciate
from amelo.twin.chemistry.status import Status
from amelo.twin.chemistry.table import reaction_table
from amelo.twin.precision import jax64

TABLE = reaction_table(37.0)
FLUIDS = {  # mmol/kgw
    "saliva": (6.2, {"Ca": 1.3, "P": 5.7, "Mg": 0.2, "Na": 6, "K": 20, "F": 0.0013, "C(4)": 5, "Amm": 7}),
    "plaque fluid": (5.0, {"Ca": 7, "P": 23, "Mg": 4, "Na": 19, "K": 85, "F": 0.004, "Lac": 30, "Ace": 30, "Pro": 10}),
    "bath": (4.4, {"Ca": 2.2, "P": 2.2, "Ace": 50, "K": 30, "F": 0.05}),
}


def totals_of(amounts):
    row = np.zeros(len(TABLE.names))
    for name, amount in amounts.items():
        row[TABLE.names.index(name)] = amount / 1000.0
    return row


@pytest.fixture(scope="module")
def solve():
    return saturation_function(TABLE, "Cl")


@pytest.mark.parametrize("name", FLUIDS)
def test_the_value_is_the_kernel_s(name, solve):
    ph, amounts = FLUIDS[name]
    ours = np.array(solve(totals_of(amounts), ph)["saturation_index"])
    kernel = speciate(TABLE, totals_of(amounts), ph, closing=TABLE.names.index("Cl")).saturation_index[0]
    known = np.isfinite(kernel)
    assert ours[known] == pytest.approx(kernel[known], abs=1e-8)


@pytest.mark.parametrize("name", FLUIDS)
def test_gradients_with_respect_to_totals_and_ph(name, solve):
    jax = jax64()
    ph, amounts = FLUIDS[name]
    totals = totals_of(amounts)
    by_totals, by_ph = jax.jacobian(lambda t, p: solve(t, p)["saturation_index"], argnums=(0, 1))(totals, ph)
    for c in np.flatnonzero(totals):
        step = np.zeros_like(totals)
        step[c] = 1e-5 * totals[c]
        difference = (solve(totals + step, ph)["saturation_index"] - solve(totals - step, ph)["saturation_index"]) / (2 * step[c])
        worst = np.abs(np.asarray(difference - by_totals[:, c]) * totals[c]).max()  # per relative change
        assert worst < 1e-6, TABLE.names[c]
    difference = (solve(totals, ph + 1e-5)["saturation_index"] - solve(totals, ph - 1e-5)["saturation_index"]) / 2e-5
    assert np.abs(np.asarray(difference - by_ph)).max() < 1e-6


def test_gradients_with_respect_to_constants(solve):
    jax = jax64()
    ph, amounts = FLUIDS["plaque fluid"]
    totals = totals_of(amounts)
    log_k = np.array([s.log_k for s in TABLE.species])
    log_ksp = np.array([s.log_k for s in TABLE.solids])
    by_k = jax.jacobian(lambda k: solve(totals, ph, log_k=k)["saturation_index"])(log_k)
    moved = 0
    for i in range(len(log_k)):
        step = np.zeros_like(log_k)
        step[i] = 1e-5
        difference = (
            solve(totals, ph, log_k=log_k + step)["saturation_index"] - solve(totals, ph, log_k=log_k - step)["saturation_index"]
        ) / 2e-5
        assert np.abs(np.asarray(difference - by_k[:, i])).max() < 1e-6, TABLE.species[i].name
        moved += bool(np.abs(np.asarray(difference)).max() > 1e-9)
    assert moved > 20  # the constants do something
    by_ksp = jax.jacobian(lambda k: solve(totals, ph, log_ksp=k)["saturation_index"])(log_ksp)
    assert np.asarray(by_ksp) == pytest.approx(-np.eye(len(log_ksp)))


def test_forward_and_reverse_agree_and_batches_are_rows(solve):
    jax = jax64()
    ph, amounts = FLUIDS["saliva"]
    totals = totals_of(amounts)
    forward = jax.jacfwd(lambda t: solve(t, ph)["saturation_index"])(totals)
    reverse = jax.jacrev(lambda t: solve(t, ph)["saturation_index"])(totals)
    np.testing.assert_allclose(forward, reverse, rtol=1e-9, atol=1e-9)
    values = np.linspace(4.0, 8.0, 7)
    together = jax.vmap(lambda p: solve(totals, p)["saturation_index"])(values)
    apart = np.array([solve(totals, p)["saturation_index"] for p in values])
    np.testing.assert_allclose(together, apart, rtol=1e-9)


def test_the_status_is_the_kernel_s(solve):
    jax = jax64()
    rng = np.random.default_rng(3)
    totals = 10 ** rng.uniform(-6.0, 0.7, (300, len(TABLE.names)))
    ph = rng.uniform(2.0, 11.0, 300)
    totals[0, 0], totals[1, 2], ph[2], totals[3, 4], ph[4] = -1e-3, np.nan, 14.5, 11.0, np.nan
    ours = jax.vmap(lambda t, p: solve(t, p)["status"])(totals, ph)
    kernel = speciate(TABLE, totals, ph, closing=TABLE.names.index("Cl")).status
    assert np.array_equal(np.asarray(ours), kernel)
    assert (kernel[:5] == Status.INVALID).all() and {Status.CONVERGED, Status.CANNOT_CLOSE} <= set(kernel)
