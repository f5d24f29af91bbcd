"""Derivatives of a run beside differences of fourth order of whole runs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from amelo.twin.lesion.gradient import reverse
from amelo.twin.lesion.knobs import knobs, turned
from amelo.twin.lesion.solve import Settings

__all__ = ["EXACT", "NOISE", "RELATIVE", "check_arrays", "check_knobs", "check_one", "difference", "scale_of"]

EXACT = Settings(tolerance=1e-8, near_tolerance=1e-8, iterations=80)  # 80: a step that is cut is another function of the knobs
RELATIVE = 1e-6
NOISE = 1e-8  # of an elasticity: the loss of a day is 3e-4 of the mineral, sums of which round it to 1e-11; over a step of 1e-3 that is this


def difference(f, step):
    """Return the derivative of f at 0 by a formula of fourth order."""
    return (f(-2 * step) - 8 * f(-step) + 8 * f(step) - f(2 * step)) / (12 * step)


def fitted(f, reach):
    """Return the derivative of f at 0 by a polynomial of fifth degree through 101 points: what doubles leave of a run evens out."""
    x = np.linspace(-1.0, 1.0, 101)
    values = np.array([float(f(reach * at)) for at in x])
    return np.polynomial.Polynomial.fit(x, values - values[50], 5).deriv()(0.0) / reach


def check_one(name, ours, f, scale, floor, shares=(1e-3, 2e-4, 1e-4, 5e-5, 5e-3)):
    """Compare a derivative with differences of f; laws have corners in their second derivative, and doubles an end: not every width sees."""
    seen = []
    for share in shares:
        expected = difference(f, share * scale)
        allowed = RELATIVE * max(abs(ours), abs(expected)) + floor / (1e3 * share)
        seen.append((expected, abs(ours - expected) / allowed))
        if abs(ours - expected) <= allowed:
            return
    for share in (2e-3, 5e-4, 2e-2):  # the widest for what rounds most: totals scatter by 1e-9 of their sum
        expected = fitted(f, share * scale)
        allowed = RELATIVE * max(abs(ours), abs(expected)) + floor
        seen.append((expected, abs(ours - expected) / allowed))
        if abs(ours - expected) <= allowed:
            return
    raise AssertionError(f"{name}: {ours} is none of {seen}")


def scale_of(name, now):
    """Return what a knob is turned by: itself, of a logarithm 1."""
    return 1.0 if name.startswith("pk.") or name.endswith(("pH", "_ph", "_minimum", "_optimum", "_maximum")) else now


def check_knobs(found, column, schedule, diffusivity, of, names=None, noise=NOISE):
    """Compare the knobs that are not 0, of which ``names`` limits the question, with differences of ``of(run)``, one number."""
    for name, (now,) in knobs(column, schedule).items():
        if now == 0.0 or (names is not None and name not in names):
            continue
        scale = scale_of(name, now)

        def turn(x, name=name, now=now):
            return of(reverse(*turned(column, schedule, {name: now + x}), diffusivity, settings=EXACT).run)

        check_one(name, found.knobs[name][0], turn, scale, noise * abs(found.value[0]) / scale)


def check_arrays(found, column, schedule, diffusivity, of, places, noise=NOISE):
    """Compare the derivatives with respect to mineral, sound and organic part in some places (name, index) with differences."""
    for which, at in places:
        array = getattr(column, which)

        def move(x, which=which, at=at, array=array):
            changed = array.copy()
            changed[(0, *at)] += x
            return of(reverse(replace(column, **{which: changed}), schedule, diffusivity, settings=EXACT).run)

        ours, now = getattr(found, which)[(0, *at)], array[(0, *at)]
        scale = now if abs(now) > 1e-6 else 0.01
        check_one(f"{which} {at}", ours, move, scale, noise * abs(found.value[0]) / scale)
