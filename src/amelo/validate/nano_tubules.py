"""What the nano rows run in tubules by the density of carriers: depths, the one fitted group, thresholds, speed."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np

from amelo.params import load_set
from amelo.therapy.nano.carrier import Carrier
from amelo.therapy.nano.density import State, carry, carry_many, imbalance
from amelo.therapy.nano.field import Field
from amelo.therapy.nano.measures import depth_median, depth_quantile
from amelo.therapy.nano.passage import Passage, tubule
from amelo.validate.timing import best_time

__all__ = [
    "LONG",
    "calbots_gradient",
    "depth",
    "extracted",
    "fraction_between",
    "gap",
    "helix_frequency",
    "patients_time",
    "threshold_gradient",
    "tubule_time",
]

UM = 1e-6
CELLS, FIRST = 400, 1e-6  # of the tubules here, finer than those of a patient
LONG = 3.5e-3  # m, the thickest dentine, so that the 2000 um of N10 are not its end
EVEN = (0.9e-6, 1.7e-6, 2.5e-6)  # diameters of the tubule of the earlier calculation
HALVINGS = 12
PATIENTS = 256


def _input(name: str) -> float:
    return load_set("validation").value(f"nano.input.{name}")


def depth(carrier: str | Carrier, field: Field, passage: Passage | None = None, share: float = 0.5) -> float:
    """Return the depth [um] above which a share of carriers is after the time of a therapy, let go together at a closed mouth.

    Arguments: carrier (or its name); field; passage (None: a tubule of an extracted tooth, as shipped); share.
    """
    passage = extracted() if passage is None else passage
    return float(depth_quantile(_after(carrier, field, passage), passage, share)) / UM


@cache
def extracted(length: float | None = None) -> Passage:
    """Return a tubule of an extracted tooth, of a length [m] or as shipped."""
    return tubule(length, CELLS, first=FIRST)


def _after(carrier: str | Carrier, field: Field, passage: Passage) -> State:
    carrier = Carrier.named(carrier) if isinstance(carrier, str) else carrier
    start = State.empty(passage).placed(passage, 1.0)
    return carry(passage, carrier, field, start, outside=None, duration=_input("therapy"))[0]


def _rises_to(wanted: float, found: Callable[[float], float], low: float, high: float) -> float:
    """Return where a function that rises passes a value, by halving; not-a-number where it does not between the ends."""
    if not found(low) < wanted <= found(high):
        return float("nan")
    for _ in range(HALVINGS):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if found(middle) < wanted else (low, middle)
    return 0.5 * (low + high)


@cache
def calbots_gradient(even: bool = False) -> float:
    """Return the gradient [T/m] at which half of the carriers are as deep as published after the time of the therapy.

    Arguments: even (whether in the tubule of the earlier calculation, to whose wall nothing sticks).
    """
    carrier = Carrier.named("caps-400")
    passage = tubule(2e-3, CELLS, first=FIRST, diameters=EVEN) if even else None
    carrier = carrier.changed(stick_tubule=0.0) if even else carrier
    return _rises_to(_input("calbots_depth"), lambda g: depth(carrier, Field(gradient=g), passage), 0.0, 5.0)


def fraction_between(low: float, high: float) -> float:
    """Return the share of carriers between two depths [um] at the fitted gradient."""
    passage = extracted()
    state = _after("caps-400", Field(gradient=calbots_gradient()), passage)
    line = np.asarray(state.free + state.stuck + state.plug) * np.diff(passage.edges)
    reached = np.interp(np.array([low, high]) * UM, passage.edges, np.concatenate([[0.0], np.cumsum(line)]))
    return float((reached[1] - reached[0]) / line.sum())


def threshold_gradient(times_mean: float = 1.0) -> float:
    """Return the gradient [T/m] that undoes the outflow of a vital tooth: half get as deep as without both.

    Arguments: times_mean (speed that carriers feel over the mean, 2 on the axis).
    Assumptions: 400 nm carriers of caps-400, let go at the mouth, in a tubule as shipped; outflow of the input at its mouth.
    """
    value = load_set("nano/scene").value
    width, density = value("tubule.diameter.junction"), value("tubule.density.junction")
    speed = times_mean * _input("outflow_speed") * density * 0.25 * np.pi * width**2
    vital = tubule(None, CELLS, first=FIRST, vital=True, outflow=float(speed))
    still = depth("caps-400", Field())
    return _rises_to(still, lambda g: depth("caps-400", Field(gradient=g), vital), 0.0, 40.0)


def helix_frequency() -> float:
    """Return the frequency [Hz] at which half of the helices are as deep as published after the time of the therapy."""
    flux = _input("coil")
    tried = np.geomspace(1.0, 100.0, 9)  # each needs the walk of a single helix, which is kept on disk
    reached = [depth("helicoid", Field(flux_density=flux, frequency=float(f)), extracted(LONG)) for f in tried]
    wanted = _input("helix_depth")
    if not reached[0] < wanted <= max(reached):
        return float("nan")
    after = int(np.argmax(np.array(reached) >= wanted))
    return float(np.exp(np.interp(wanted, reached[after - 1 : after + 1], np.log(tried[after - 1 : after + 1]))))


def gap() -> float:
    """Return the largest share of carriers or payload that is unaccounted for after half an hour in and half an hour out."""
    passage, carrier = tubule(vital=True), Carrier.named("caps-400").changed(stick_tubule=1e-8)
    state = State.empty(passage)
    for outside, field in ((1e16, Field(gradient=10.0)), (0.0, Field(gradient=-10.0))):
        state, _ = carry(passage, carrier, field, state, outside=outside, duration=1800.0, ph=6.0)
    return max(imbalance(passage, state))


def tubule_time() -> float:
    """Return the CPU time [ms] of a therapy of a tubule of 500 cells, warm."""
    passage, field = tubule(cells=500), Field(gradient=1.0)

    def run() -> None:
        state, _ = carry(passage, Carrier.named("caps-400"), field, State.empty(passage), outside=1e15, duration=_input("therapy"))
        float(depth_median(state, passage))

    return 1e3 * best_time(run)


def patients_time() -> float:
    """Return the CPU time [s] of the same for 256 patients who differ in gradient and dose."""
    passage, spread = tubule(cells=500), np.linspace(0.5, 2.0, PATIENTS)

    def run() -> None:
        state, _ = carry_many(
            passage, Carrier.named("caps-400"), Field(), State.empty(passage), outside=1e15 * spread, duration=_input("therapy"), gradient=spread
        )  # fmt: skip
        np.asarray(depth_median(state, passage))

    return best_time(run)
