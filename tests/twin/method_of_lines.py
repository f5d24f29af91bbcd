"""The twin's physics once more, slow and plain: the method of lines with scipy's implicit integrators.

The state of a cell is ln activities (masters and H+) and mineral amounts relative to a reference, so nothing can become negative; what
is conserved are inventories porosity · totals + minerals, and how far the integrator drifts from them is reported as ``balance``.
The Jacobian is exact, by complex steps in coloured columns.  Everything comes from a plain dictionary (``settings``) that is saved
with each golden result, so that another code can repeat it from the file alone:

``temperature_C``; ``edges`` (N + 1,) [m]; ``start`` and the fluids of ``schedule``: {pH, totals_mmol_per_kgw, charge_balanced_by};
``schedule``: list of {duration [s], fluid, film [m], inhibitor} or {repeat, parts}; ``outer``: "open" (default) or "closed";
``diffusion``: "single" or "species"; ``diffusivity``: free-water value [m2/s], one number or one per species at this temperature;
``exponent``: flux per tissue = D · porosity**exponent · gradient, in single and in species diffusion; ``activity_gradient``: whether
activities drive a species, Δc + ĉ Δln γ with the logarithmic mean ĉ of both sides, or concentrations, Δc alone; ``feedback``: porosity = 1 - Σ minerals - organic,
or frozen at ``porosity``; ``organic``; ``minerals``: list of {name, solid, pk, molar_volume [m3/mol], sound and start (volume
fractions, a number or one per cell), relative_to (the volume fraction that m is compared with where there is no sound mineral), apatite,
dissolution, growth}.  Rates are per volume of tissue [mol/(m3 s)]:

* dissolution {k, order n, surface_exponent a, acid_order p, acid_reference [mol/m3], half_inhibition [mol/m3], inhibition_order h}:
  k (m/sound)^a (1 - DS)^n (Σ a_HA/a0)^p / (1 + (F/K)^h) for DS < 1, DS = Ω^(1/ions), a_HA the concentrations of undissociated
  acids and of free protons [mol/m3], F the total fluoride of the pore water [mol/m3]; factors whose keys are missing are 1;
* growth {k, order q, surface, half_uptake [mol/m3], inhibited}: k A (DS - 1)^q (1 - θ) · room · F/(F + half_uptake) for DS > 1; A is
  (m/sound)^a for "own", Σ m V/Σ sound over the apatites for "apatite", 1 for "pore"; room is (porosity - floor)/room_width, at most 1
  and at least 0, when ``porosity_floor`` is given;
* below m/sound = 1e-4 the power a is continued linearly to zero.

Volumes of pore water are litres, 1 kg water = 1 L, activity of water 1.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from pore_fluid import Fluid, PoreFluid

__all__ = ["Lesion", "Lines", "integrate", "segments"]

TRACE = 1e-7  # mmol/L of a component that a fluid lacks and another has
SMALL = 1e-4  # of sound mineral, below which the surface falls linearly to zero


def segments(schedule: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield the segments of a schedule in order."""
    for part in schedule:
        if "repeat" in part:
            for _ in range(part["repeat"]):
                yield from segments(part["parts"])
        else:
            yield part


@dataclass(frozen=True, eq=False)
class Lesion:
    """Saved states: time (T,) [s]; depth (N,) [m]; mineral (T, P, N) volume fraction; porosity, ph (T, N); totals (T, n, N) [mol/m3];
    saturation_index (T, P, N); inflow (T, n) [mol/m2]; balance (T, n) what is missing, relative to the largest that was there and moved at a saved time; names of
    totals; steps, seconds.
    """

    time: np.ndarray
    depth: np.ndarray
    mineral: np.ndarray
    porosity: np.ndarray
    ph: np.ndarray
    totals: np.ndarray
    saturation_index: np.ndarray
    inflow: np.ndarray
    balance: np.ndarray
    names: tuple[str, ...]
    steps: int
    seconds: float


class Lines:
    """The ordinary differential equations of one column, see the module's text for the settings."""

    def __init__(self, settings: dict[str, Any], source: Callable | None = None, mineral_rate: Callable | None = None) -> None:
        """Build the equations; source(t) -> (N, n) [mol/(m3 tissue s)] and mineral_rate(t) -> (N, P) [mol/(m3 s)] are for manufactured
        solutions of one segment, the second replacing the laws."""
        self.settings, self.source, self.mineral_rate = settings, source, mineral_rate
        fluids = [settings["start"], *(s["fluid"] for s in segments(settings["schedule"]))]
        present = {c for fluid in fluids for c, amount in fluid["totals_mmol_per_kgw"].items() if amount > 0.0}
        self.pore = PoreFluid(present, settings.get("temperature_C", 37.0))
        self.edges = np.asarray(settings["edges"], float)
        self.width = np.diff(self.edges)
        self.cells, self.size = len(self.width), len(self.pore.names)
        self.minerals = settings["minerals"]
        self.count = len(self.minerals)
        solids = [self.pore.solid(m["solid"], m.get("pk")) for m in self.minerals]
        self.formula = np.array([s[0] for s in solids]).reshape(self.count, self.size)
        self.log_ksp = np.array([s[1] for s in solids])
        self.ions = np.array([s[2] for s in solids], float)
        self.volume = np.array([m["molar_volume"] for m in self.minerals])
        field = lambda key: np.array([np.broadcast_to(m[key], self.cells) for m in self.minerals], float).reshape(  # noqa: E731
            self.count, self.cells
        )
        self.sound = field("sound").T  # volume fraction
        self.first = field("start").T
        compared = np.array([m.get("relative_to", 1.0) for m in self.minerals])
        self.relative_to = np.where(self.sound > 0.0, self.sound, compared)
        self.reference = self.relative_to.max(0) / self.volume  # mol/m3 tissue that a state of 1 stands for
        self.organic = settings.get("organic", 0.0)
        value = settings["diffusivity"]
        self.diffusivity = np.array(
            [value[s] for s in self.pore.species] if isinstance(value, dict) else [value] * len(self.pore.species)
        )
        self.single = settings["diffusion"] == "single"
        if self.single and isinstance(value, dict):
            raise ValueError("single diffusion takes one diffusivity")
        self.width_of_state = self.size + self.count
        self.acids = [i for i, s in enumerate(self.pore.species) if s in ("H+", "HLac", "HAce", "HPro", "H3PO4", "HF")]
        self.fluoride = self.pore.names.index("F") if "F" in self.pore.names else None
        self.outer: tuple[Fluid, np.ndarray, float, float] | None = None

    def fluid(self, fluid: dict[str, Any]) -> Fluid:
        totals = {c: max(fluid["totals_mmol_per_kgw"].get(c, 0.0), TRACE) for c in self.pore.names[:-1]}
        return self.pore.fluid(fluid["pH"], totals, fluid.get("charge_balanced_by"))

    def expose(self, segment: dict[str, Any]) -> None:
        """Put the column into the surroundings of a segment."""
        bath = self.fluid(segment["fluid"])
        log_gamma = self.pore.totals(bath.state[None])[3][0]
        self.outer = bath, log_gamma, segment.get("film", 0.0), segment.get("inhibitor", 0.0)

    def begin(self) -> np.ndarray:
        """Return the state at the start: inflow (n,), then per cell ln activities and minerals."""
        start = self.fluid(self.settings["start"])
        cells = np.hstack([np.tile(start.state, (self.cells, 1)), self.first / (self.volume * self.reference)])
        return np.concatenate([np.zeros(self.size), cells.ravel()])

    def porosity(self, minerals: np.ndarray) -> np.ndarray:
        """Porosity (N,) of minerals (N, P) relative to their references."""
        if not self.settings.get("feedback", True):
            return np.full(self.cells, self.settings["porosity"], minerals.dtype)
        return 1.0 - self.organic - minerals @ (self.reference * self.volume)

    def rates(
        self,
        state: np.ndarray,
        minerals: np.ndarray,
        totals: np.ndarray,
        c: np.ndarray,
        log_gamma: np.ndarray,
        porosity: np.ndarray,
    ):
        """Return growth (N, P) of every mineral [mol/(m3 tissue s)], negative where it dissolves."""
        inhibitor = self.outer[3] if self.outer else 0.0
        log_omega = state @ self.formula.T - self.log_ksp
        degree = np.exp(log_omega / self.ions)
        share = minerals * self.reference * self.volume
        apatite = [i for i, m in enumerate(self.minerals) if m.get("apatite", True)]
        surface = share[:, apatite].sum(1) / self.sound[:, apatite].sum(1) if apatite else 0.0
        fluoride = 1e3 * totals[:, self.fluoride] if self.fluoride is not None else np.zeros(self.cells)
        out = np.zeros((self.cells, self.count), np.result_type(state, minerals))
        for i, mineral in enumerate(self.minerals):
            ds, sound = degree[:, i], self.relative_to[:, i]
            law = mineral.get("dissolution")
            if law:
                rate = law["k"] * _power(share[:, i] / sound, law.get("surface_exponent", 2 / 3))
                rate = rate * np.where(ds.real < 1.0, 1.0 - ds, 0.0) ** law.get("order", 2)
                if law.get("acid_order"):
                    acid = 1e3 * c[:, self.acids].sum(1)
                    rate = rate * (acid / law["acid_reference"]) ** law["acid_order"]
                if "half_inhibition" in law:
                    rate = rate / (1.0 + (fluoride / law["half_inhibition"]) ** law["inhibition_order"])
                out[:, i] -= rate
            law = mineral.get("growth")
            if law:
                own = law.get("surface", "apatite")
                area = (
                    surface
                    if own == "apatite"
                    else 1.0
                    if own == "pore"
                    else _power(share[:, i] / sound, law.get("surface_exponent", 2 / 3))
                )
                rate = law["k"] * area * np.where(ds.real > 1.0, ds - 1.0, 0.0) ** law.get("order", 1)
                if law.get("inhibited", True):
                    rate = rate * (1.0 - inhibitor)
                if "half_uptake" in law:
                    rate = rate * fluoride / (fluoride + law["half_uptake"])
                if "porosity_floor" in self.settings:
                    room = (porosity - self.settings["porosity_floor"]) / self.settings["room_width"]
                    rate = rate * np.where(room.real < 0.0, 0.0, np.where(room.real > 1.0, 1.0, room))
                out[:, i] += rate
        return out

    def fluxes(self, c: np.ndarray, log_gamma: np.ndarray, porosity: np.ndarray) -> np.ndarray:
        """Return inward fluxes (N + 1, n) [mol/(m2 s)] of the totals through all faces; the last face is closed."""
        half = 0.5 * self.width / porosity ** self.settings["exponent"]
        link = np.zeros(self.cells, half.dtype)
        link[1:] = 1.0 / (half[1:] + half[:-1])
        if self.settings.get("outer", "open") == "open":
            bath, bath_gamma, film, _ = self.outer
            link[0] = 1.0 / (film + half[0])
            c, log_gamma = np.vstack([bath.concentration, c]), np.vstack([bath_gamma, log_gamma])
        else:
            c, log_gamma = np.vstack([c[:1], c]), np.vstack([log_gamma[:1], log_gamma])
        step = np.diff(c, axis=0)
        if not self.single:
            if self.settings.get("activity_gradient", False):
                half_log = 0.5 * np.log(c[1:] / c[:-1])
                flat = np.abs(half_log.real) < 1e-4
                bulge = np.where(flat, 1.0 + half_log**2 / 6.0, np.sinh(half_log) / np.where(flat, 1.0, half_log))
                step = step + np.sqrt(c[1:] * c[:-1]) * bulge * np.diff(log_gamma, axis=0)
            z, mean = self.pore.charge, 0.5 * (c[1:] + c[:-1])
            carried = z * self.diffusivity
            field = -(step @ carried) / (mean @ (z * carried))
            step = step + z * mean * field[:, None]
        flux = np.zeros((self.cells + 1, self.size), step.dtype)
        flux[:-1] = -1e3 * link[:, None] * ((self.diffusivity * step) @ self.pore.counts)
        return flux

    def slope(self, t: float, x: np.ndarray) -> np.ndarray:
        """Return the time derivative of the state."""
        cells = x[self.size :].reshape(self.cells, self.width_of_state)
        state, minerals = cells[:, : self.size], cells[:, self.size :]
        totals, derivative, c, log_gamma = self.pore.totals(state)
        porosity = self.porosity(minerals)
        flux = self.fluxes(c, log_gamma, porosity)
        grown = self.mineral_rate(t) if self.mineral_rate else self.rates(state, minerals, totals, c, log_gamma, porosity)
        gained = -np.diff(flux, axis=0) / self.width[:, None] - grown @ self.formula
        if self.source:
            gained = gained + self.source(t)
        if self.settings.get("feedback", True):
            gained = gained + 1e3 * totals * (grown @ self.volume)[:, None]
        moved = np.linalg.solve(1e3 * porosity[:, None, None] * derivative, gained[:, :, None])[:, :, 0]
        return np.concatenate([flux[0], np.hstack([moved, grown / self.reference]).ravel()])

    def jacobian(self, t: float, x: np.ndarray) -> Any:
        """Return the sparse Jacobian by complex steps, every third cell at once."""
        from scipy.sparse import csc_matrix

        n, w, first = self.size, self.width_of_state, self.size
        rows, columns, values = [], [], []
        for colour in range(3):
            mine = np.arange(colour, self.cells, 3)
            for j in range(w):
                bent = x.astype(complex)
                bent[first + mine * w + j] += 1e-30j
                change = self.slope(t, bent).imag / 1e-30
                for shift in (-1, 0, 1):
                    there = mine[(mine + shift >= 0) & (mine + shift < self.cells)]
                    block = first + (there + shift)[:, None] * w + np.arange(w)
                    rows.append(block.ravel())
                    columns.append(np.repeat(first + there * w + j, w))
                    values.append(change[block].ravel())
                if colour == 0:
                    rows.append(np.arange(n))
                    columns.append(np.full(n, first + j))
                    values.append(change[:n])
        return csc_matrix((np.concatenate(values), (np.concatenate(rows), np.concatenate(columns))), shape=(len(x), len(x)))

    def first_step(self, t: float, x: np.ndarray, duration: float) -> float:
        """Return a first step [s] in which no logarithm changes by more than a tenth."""
        fastest = np.abs(self.slope(t, x)[self.size :]).max()
        return min(1e-3 * duration, 0.1 / max(fastest, 1e-30))

    def inventory(self, x: np.ndarray) -> np.ndarray:
        """Return what a column of 1 m2 holds of every total [mol/m2], dissolved and as mineral."""
        cells = x[self.size :].reshape(self.cells, self.width_of_state)
        state, minerals = cells[:, : self.size], cells[:, self.size :]
        held = 1e3 * self.porosity(minerals)[:, None] * self.pore.totals(state)[0] + (minerals * self.reference) @ self.formula
        return self.width @ held


def _power(x: np.ndarray, exponent: float) -> np.ndarray:
    """Return x**exponent, continued linearly to zero below SMALL."""
    low = x.real < SMALL
    return np.where(low, x * SMALL ** (exponent - 1.0), np.where(low, 1.0, x) ** exponent)


def integrate(
    settings: dict[str, Any],
    saves: list[float],
    *,
    method: str = "BDF",
    tolerance: float = 1e-6,
    source: Callable | None = None,
    mineral_rate: Callable | None = None,
) -> Lesion:
    """Integrate a column through its schedule.

    Arguments: settings; saves (times [s], ascending); method ("BDF" or "Radau"); tolerance (absolute, of ln activities and of minerals
    relative to sound); source and mineral_rate (see ``Lines``).
    Raises: ArithmeticError when the integrator gives up.
    """
    from scipy.integrate import solve_ivp

    begin = time.process_time()
    lines = Lines(settings, source, mineral_rate)
    x = lines.begin()
    held, clock, steps = lines.inventory(x), 0.0, 0
    found = [(0.0, x)] if saves and saves[0] == 0.0 else []
    scale = np.full(len(x), tolerance)
    for segment in segments(settings["schedule"]):
        lines.expose(segment)
        duration = segment["duration"]
        want = [w for w in saves if clock < w <= (clock + duration) * (1 + 1e-12)]
        scale[: lines.size] = 1e-3 * tolerance * np.maximum(np.abs(held), 1e-9)
        stops = sorted({*(min(w - clock, duration) for w in want), duration})
        done = solve_ivp(  # the clock starts anew in each segment, because steps after an edge can be far below its rounding
            lines.slope,
            (0.0, duration),
            x,
            method=method,
            jac=lines.jacobian,
            rtol=1e-2 * tolerance if tolerance > 1e-11 else 1e-13,
            atol=scale,
            first_step=lines.first_step(0.0, x, duration),
            t_eval=stops,
        )
        if not done.success:
            raise ArithmeticError(f"{done.message} in the segment that begins at {clock:g} s")
        steps += done.nfev
        found += [(clock + t, done.y[:, i]) for i, t in enumerate(done.t) if any(abs(clock + t - w) < 1e-6 for w in want)]
        x, clock = done.y[:, -1], clock + duration
    return _lesion(lines, found, held, steps, time.process_time() - begin)


def _lesion(lines: Lines, found: list[tuple[float, np.ndarray]], held: np.ndarray, steps: int, seconds: float) -> Lesion:
    fields: dict[str, list[np.ndarray]] = {
        k: [] for k in ("mineral", "porosity", "ph", "totals", "saturation_index", "inflow", "balance")
    }
    largest = np.abs(held)
    for _, x in found:
        cells = x[lines.size :].reshape(lines.cells, lines.width_of_state)
        state, minerals = cells[:, : lines.size], cells[:, lines.size :]
        inflow = x[: lines.size]
        fields["mineral"].append((minerals * lines.reference * lines.volume).T)
        fields["porosity"].append(lines.porosity(minerals))
        fields["ph"].append(-state[:, -1] / np.log(10.0))
        fields["totals"].append(1e3 * lines.pore.totals(state)[0].T)
        fields["saturation_index"].append(((state @ lines.formula.T - lines.log_ksp) / np.log(10.0)).T)
        fields["inflow"].append(inflow)
        fields["balance"].append(lines.inventory(x) - held - inflow)
        largest = np.maximum(largest, np.abs(lines.inventory(x)) + np.abs(inflow))
    fields["balance"] = [missing / largest for missing in fields["balance"]]
    middle = 0.5 * (lines.edges[1:] + lines.edges[:-1])
    arrays = {k: np.array(v) for k, v in fields.items()}
    return Lesion(np.array([t for t, _ in found]), middle, **arrays, names=lines.pore.names, steps=steps, seconds=seconds)
