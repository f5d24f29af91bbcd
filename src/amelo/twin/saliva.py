"""The saliva of a patient: how fast it flows, what is in it at rest and stimulated, and how its film covers a tooth."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cache, lru_cache

import numpy as np

from amelo.errors import RecordError, SolveError, nearest
from amelo.params import load_set
from amelo.records.base import UNKNOWN
from amelo.records.case import Case
from amelo.records.fluid import Fluid
from amelo.twin.chemistry.fluids import MEASURED, find_ph, saliva_of
from amelo.twin.chemistry.solve import speciate
from amelo.twin.chemistry.table import ReactionTable, reaction_table

__all__ = [
    "ML",
    "ML_PER_MIN",
    "SalivaProfile",
    "film_thickness",
    "film_velocity",
    "neutral",
    "ph_of",
    "resting_fluid",
    "saliva_profile",
    "sites",
]

ML = 1e-6  # m3
ML_PER_MIN = 1e-6 / 60.0  # m3/s
MM = 1e-3  # m
CHILD = 12  # years; below it the volumes and flow of children
TEMPERATURE = 37.0
TRACE = 1e-9  # mol/m3


@dataclass(frozen=True, eq=False)
class SalivaProfile:
    """What the mouth of one person does between and during meals.

    Fields: name; rest and stimulated (components,) totals [mol/m3, taken as mmol/kgw] in the order of the reaction table, electrically
    neutral; flow_rest, flow_stimulated, flow_sleep [m3/s]; residual and maximal volume of the mouth [m3] after and before a
    swallow; film (thickness [m]), velocity of the film at a typical flow at rest [m/s] and length of plaque it crosses [m]; assumed (a sentence for
    each figure that is not known of this person).
    """

    name: str
    rest: np.ndarray
    stimulated: np.ndarray
    flow_rest: float
    flow_stimulated: float
    flow_sleep: float
    residual: float
    maximal: float
    film: float
    velocity: float
    plaque_length: float
    assumed: tuple[str, ...] = ()

    @property
    def volume(self) -> float:
        """Volume [m3] of a steadily washed mouth that clears as fast as one swallowing from maximal to residual volume."""
        return (self.maximal - self.residual) / math.log(self.maximal / self.residual)

    def at(self, site: str) -> SalivaProfile:
        """Return the profile at a named place of the mouth, where the film moves at its own speed.

        Raises: RecordError naming the places.
        """
        if site not in sites():
            raise RecordError(f"'{site}' is not a place whose film is known", fix=nearest(site, sites()))
        return replace(self, velocity=load_set("mouth").value(f"film.velocity.{site}") * MM / 60.0)

    def secreted(self, flow: float) -> np.ndarray:
        """Return totals (components,) [mol/m3] of what the glands secrete at a flow [m3/s]: between rest and stimulated."""
        share = min(max((flow - self.flow_rest) / (self.flow_stimulated - self.flow_rest), 0.0), 1.0)
        return (1.0 - share) * self.rest + share * self.stimulated


def saliva_profile(case: Case | None = None) -> SalivaProfile:
    """Return the saliva of a case, or a typical one; what the case does not know is taken from typical values and said so.

    Arguments: case (None for a typical adult).
    Assumptions: what is measured at rest is above or below typical by the same factor when stimulated; stimulated pH lies as far above
    pH at rest as is typical; a chair-side buffer test scales the carbonate of stimulated saliva; ``oral-fluids`` and ``mouth`` sets.
    """
    case = case or _nobody()
    mouth, typical, table = load_set("mouth"), load_set("oral-fluids"), reaction_table(TEMPERATURE)
    rest_fluid, assumed = saliva_of(case)
    factor = {c: rest_fluid.totals_mmol_per_kgw[c] / typical.value(f"whole_saliva_rest.{c}") for c in MEASURED}
    if case.saliva.buffer_capacity == UNKNOWN:
        assumed = [*assumed, "a typical buffer capacity of stimulated saliva, because the case does not know it"]
    else:
        factor["C(4)"] = mouth.value(f"buffer.{case.saliva.buffer_capacity}")
    stimulated = {c: factor[c] * typical.value(f"whole_saliva_stimulated.{c}") for c in MEASURED}
    ph = float(rest_fluid.pH) + typical.value("ph.stimulated") - typical.value("ph.rest")
    age = None if case.age_band == UNKNOWN else int(case.age_band.split("-")[0])
    who = "child" if age is not None and age < CHILD else case.sex if case.sex in ("male", "female") else "adult"
    if who == "adult":
        assumed = [*assumed, "mouth volumes between those of both sexes, because the case does not know the sex"]
    flow_rest, flow_stimulated, said = _flows(case, who)
    length, velocity = mouth.value("film.plaque_length"), mouth.value("film.velocity.typical")
    said.append(f"a film moving at {velocity:g} mm/min, because the place in the mouth is not named")
    return SalivaProfile(
        name=case.pseudonym,
        rest=neutral(table, rest_fluid.totals_mmol_per_kgw, float(rest_fluid.pH)),
        stimulated=neutral(table, stimulated, ph),
        flow_rest=flow_rest,
        flow_stimulated=flow_stimulated,
        flow_sleep=min(mouth.value("flow.sleep") * ML_PER_MIN, flow_rest),
        residual=mouth.value(f"volume.residual.{who}") * ML,
        maximal=mouth.value(f"volume.maximal.{who}") * ML,
        film=mouth.value("film.thickness") * MM,
        velocity=velocity * MM / 60.0,
        plaque_length=length * MM,
        assumed=(*assumed, *said),
    )


def resting_fluid(saliva: SalivaProfile, temperature: float = TEMPERATURE) -> Fluid:
    """Return saliva at rest as a fluid, its charge closed with chloride.

    Arguments: saliva; temperature [degC] of the constants.
    """
    totals = {name: float(x) for name, x in zip(reaction_table(TEMPERATURE).names, saliva.rest, strict=True) if x > TRACE}
    ph = float(ph_of(saliva.rest)[0])
    return Fluid(case="resting saliva", pH=ph, temperature_C=temperature, totals_mmol_per_kgw=totals, charge_balanced_by="Cl")


def sites() -> list[str]:
    """Return the places of the mouth whose film velocity is known."""
    return [p.name.rpartition(".")[2] for p in load_set("mouth") if p.name.startswith("film.velocity.")]


def film_velocity(saliva: SalivaProfile, flow: float | np.ndarray) -> float | np.ndarray:
    """Return the velocity of the film [m/s] at a flow [m3/s]: in proportion to it, up to the greatest gain that was measured.

    Assumptions: velocities of sites were measured at a typical flow at rest; a mouth that is drier has a slower film.
    """
    mouth = load_set("mouth")
    gain = np.asarray(flow) / (mouth.value("flow.rest") * ML_PER_MIN)
    return saliva.velocity * np.minimum(gain, mouth.value("film.velocity_gain"))


def film_thickness(saliva: SalivaProfile, flow: float | np.ndarray) -> float | np.ndarray:
    """Return the thickness [m] of still fluid that would resist exchange between plaque and mouth as the moving film does.

    Arguments: saliva; flow [m3/s].
    Returns: D/K, where K = (uδ/L)(1 - exp(-Sh D L/(u δ²))) is the mean transfer coefficient over a length L of plaque under a film of
    thickness δ and mean velocity u, and D is ``film.diffusivity``; over plaque a solver takes the resistance film/D for every solute.
    Assumptions: the film enters with the composition of the mouth and leaves with what it has picked up [dawes1989].
    """
    mouth = load_set("mouth")
    diffusivity = mouth.value("film.diffusivity")
    carried = np.maximum(film_velocity(saliva, flow), 1e-12) * saliva.film / saliva.plaque_length
    transfer = carried * -np.expm1(-mouth.value("film.sherwood") * diffusivity / saliva.film / carried)
    return diffusivity / transfer


def neutral(table: ReactionTable, totals: dict[str, float], ph: float) -> np.ndarray:
    """Return totals (components,) [mmol/kgw] with chloride or sodium set so that charges balance at a pH."""
    return _neutral(table, tuple(totals.items()), ph).copy()


@lru_cache(maxsize=512)
def _neutral(table: ReactionTable, totals: tuple[tuple[str, float], ...], ph: float) -> np.ndarray:
    """Return what ``neutral`` does; the same saliva is asked for again at every pass of a day."""
    row = np.zeros(len(table.names))
    for name, amount in totals:
        row[table.names.index(name)] = amount
    chloride, sodium = table.names.index("Cl"), table.names.index("Na")
    row[chloride] = 0.0
    for _ in range(50):  # the closing ion shifts ionic strength a little, which shifts the charge of the weak acids
        charge = 1000.0 * speciate(table, row / 1000.0, np.array([ph])).raise_if_bad("a fluid of the mouth").charge[0]
        row[chloride if charge > -row[chloride] else sodium] += charge if charge > -row[chloride] else -charge
        if abs(charge) < 1e-12 * (1.0 + row.sum()):
            break
    return row


def ph_of(totals: np.ndarray) -> np.ndarray:
    """Return the pH (fluids,) at which totals (fluids, components) [mmol/kgw] are neutral, closed to air.

    Raises: SolveError when there is none.  A trace below zero, which an integrator may leave of an ion that is not there, counts as none.
    """
    rows = np.atleast_2d(totals)
    rows = np.where((rows < 0) & (rows > -TRACE), 0.0, rows)
    found = find_ph(reaction_table(TEMPERATURE), rows / 1000.0, carbon_dioxide=np.full(len(rows), np.nan))
    bad = np.flatnonzero(np.isnan(found))
    if bad.size:
        amounts = ", ".join(f"{n} {a:.3g}" for n, a in zip(reaction_table(TEMPERATURE).names, rows[bad[0]], strict=True) if a)
        raise SolveError("a fluid of the mouth has no pH", why=f"nothing from 0.5 to 13.5 balances {amounts} mmol/kgw")
    return found


def _flows(case: Case, who: str) -> tuple[float, float, list[str]]:
    """Return flow at rest and stimulated [m3/s], and what was assumed."""
    mouth, said = load_set("mouth"), []
    typical_rest, typical_stimulated = mouth.value("flow.rest"), mouth.value("flow.stimulated")
    rest, stimulated = case.saliva.unstimulated_flow, case.saliva.stimulated_flow
    if rest == UNKNOWN:
        rest = mouth.value("flow.child") if who == "child" else typical_rest
        said.append(f"a flow at rest of {rest:g} mL/min, because the case does not know it")
    if stimulated == UNKNOWN:
        stimulated = rest * typical_stimulated / typical_rest
        said.append(f"a stimulated flow of {stimulated:.2g} mL/min, as much above rest as is typical")
    # A mouth that is dry altogether still has a film; and a stimulated flow below rest, which a record may hold, stimulates nothing.
    rest = max(float(rest), mouth.value("flow.sleep"))
    return rest * ML_PER_MIN, max(float(stimulated), 1.01 * rest) * ML_PER_MIN, said


@cache
def _nobody() -> Case:
    from datetime import date

    return Case(pseudonym="typical", origin="synthetic", recorded_on=date(2026, 1, 1))
