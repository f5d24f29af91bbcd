"""Laboratory steps as fluids whose charges close: the pH of a bath is set with acid or base, and this says with how much."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from amelo.errors import RecordError
from amelo.params import load_set
from amelo.protocol.steps import Bath, Slurry
from amelo.protocol.substances import INERT, components_of
from amelo.records.fluid import Fluid
from amelo.units import molar_mass

__all__ = ["Balanced", "balanced", "recipe"]

AUTOMATIC = ("K", "Cl")  # KOH and HCl, the base and the acid that change nothing else
ROUNDING = 1e-6  # mmol/kgw; less than this added or taken away is nothing


@dataclass(frozen=True)
class Balanced:
    """A bath ready for the solver.

    Fields: fluid; ion that closes its charge (None where the pH was found from the charge); added (how much of that ion, beyond
    the recipe, negative when some of the recipe's had to go) [mmol/kgw]; ph; warning (a sentence, empty when all is well).
    """

    fluid: Fluid
    ion: str | None
    added: float
    ph: float
    warning: str = ""


def recipe(step: Bath | Slurry) -> dict[str, float]:
    """Return totals by component of the reaction table [mmol/kgw].

    Assumptions: mmol per litre are taken as mmol per kilogram of water; the fluoride of a slurry is free and comes as sodium
    fluoride; a slurry's medium is diluted by its paste, by mass.
    """
    share = step.ratio / (1.0 + step.ratio) if isinstance(step, Slurry) else 1.0
    totals: dict[str, float] = {}
    for item in step.contents:
        for component, count in components_of(item.substance).items():
            totals[component] = totals.get(component, 0.0) + count * item.amount * share
    if isinstance(step, Slurry):
        fluoride = step.fluoride / (1.0 + step.ratio) / molar_mass("F") * 1000.0
        for component in ("F", "Na"):
            totals[component] = totals.get(component, 0.0) + fluoride
    return totals or {"Ca": 0.0}  # water: a fluid names at least one total


def balanced(steps: Sequence[Bath | Slurry], labels: Sequence[str], places: Sequence[str]) -> list[Balanced]:
    """Return every bath with its charge closed.

    Where the step names the ion, that one closes; otherwise potassium (as potassium hydroxide) or chloride (as hydrochloric acid),
    whichever has to be added to reach the pH.  Without a pH the charge finds it.

    Arguments: steps; labels (canonical text); places (where each stands, for messages).
    Raises: RecordError for a bath that cannot be closed, with the size of what is missing.
    """
    totals = [recipe(step) for step in steps]
    acidity = [_ph(step) for step in steps]
    trials: list[tuple[int, str | None]] = []
    for i, step in enumerate(steps):
        wanted = (step.balanced_with,) if step.balanced_with else ()
        trials += [(i, ion) for ion in dict.fromkeys((*wanted, *AUTOMATIC))] if acidity[i] is not None else [(i, None)]
    answers: list[dict[str | None, Balanced | str]] = [{} for _ in steps]
    fluids = [_fluid(steps[i], labels[i], totals[i], acidity[i], ion) for i, ion in trials]
    for (i, ion), answer in zip(trials, _solved(fluids, totals, trials), strict=True):
        answers[i][ion] = answer
    return [_chosen(step, answer, totals[i], places[i]) for i, (step, answer) in enumerate(zip(steps, answers, strict=True))]


def _ph(step: Bath | Slurry) -> float | None:
    if step.ph is None and isinstance(step, Slurry):
        return load_set("habits").value("slurry.ph")
    return step.ph


def _fluid(step: Bath | Slurry, label: str, totals: dict[str, float], ph: float | None, ion: str | None) -> Fluid:
    return Fluid(
        case=label[:200],
        pH=ph,
        temperature_C=float(step.temperature),
        totals_mmol_per_kgw=totals,
        charge_balanced_by=None if ion is None else INERT[ion],
    )


def _solved(fluids: list[Fluid], totals: list[dict[str, float]], trials: list[tuple[int, str | None]]) -> list[Balanced | str]:
    """Return each fluid solved, or the sentence that says why it could not be."""
    from amelo.twin.chemistry.fluids import speciate_fluids
    from amelo.twin.chemistry.status import Status

    found: list[Balanced | str] = []
    for fluid, (i, ion), (batch, row) in zip(fluids, trials, speciate_fluids(fluids), strict=True):
        status = Status(batch.status[row])
        if not status.usable:
            found.append(status.sentence)
            continue
        added = 0.0
        if ion is not None:
            component = INERT[ion]
            added = 1000.0 * float(batch.totals[row, batch.table.names.index(component)]) - totals[i].get(component, 0.0)
        warning = "" if status == Status.CONVERGED else status.sentence
        found.append(Balanced(fluid, ion, added, float(batch.ph[row]), warning))
    return found


def _chosen(step: Bath | Slurry, answers: dict[str | None, Balanced | str], totals: dict[str, float], place: str) -> Balanced:
    """Return the answer that stands, or raise the sentence about why none does."""
    if None in answers:
        answer = answers[None]
        if isinstance(answer, str):
            raise RecordError("the bath finds no pH of its own", where=place, why=answer, fix="give its pH")
        return answer
    usable = [answers[ion] for ion in AUTOMATIC if isinstance(answers[ion], Balanced)]
    if step.balanced_with is None:
        best = max(usable, key=lambda answer: answer.added, default=None)
        if best is None:
            raise RecordError("the bath cannot be solved with K or with Cl", where=place, why=str(answers[AUTOMATIC[0]]))
        if best.added < -ROUNDING:
            why = f"{-best.added:.3g} mM {best.ion} would have to be taken out of the recipe"
            raise RecordError("neither KOH nor HCl brings the bath to its pH", where=place, why=why, fix="check the amounts")
        return best
    answer = answers[step.balanced_with]
    if isinstance(answer, Balanced):
        return answer
    other = next((a for a in usable if a.added > ROUNDING), None)
    if other is None:
        raise RecordError(f"the bath cannot be solved with {step.balanced_with}", where=place, why=answer)
    excess = "more positive than negative" if other.ion == "Cl" else "more negative than positive"
    held = totals.get(INERT[step.balanced_with], 0.0)
    raise RecordError(
        f"{step.balanced_with} cannot close the charge of the bath",
        where=place,
        why=f"it has {other.added:.3g} mM {excess} charge and {held:.3g} mM {step.balanced_with} that could be taken away",
        fix=f"write 'balanced with {other.ion}', or leave it out",
    )
