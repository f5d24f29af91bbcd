"""From a case to its forecast: every shipped model gives its outlooks, and the competing events join them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np

from amelo.forecast.artefact import check_parts, find_model
from amelo.forecast.competing import join
from amelo.forecast.outlook import Outlook
from amelo.forecast.record import Forecast, Risk

if TYPE_CHECKING:
    from amelo.records.case import Case

__all__ = ["HORIZONS", "OUTLOOKS", "forecast"]

HORIZONS = (1.0, 2.0, 5.0)  # years
LONGEST = 5.0  # years; the cohorts were not followed longer
STEP = 1 / 12  # years between two times
LEVEL = 0.9  # of the intervals
FEWEST = 40  # draws, two of them beyond each end of the interval
OUTLOOKS = {  # kind of model: the function that gives its outlooks
    "tooth-loss": "amelo.forecast.tooth_loss.outlooks:outlooks",
    "caries-onset": "amelo.forecast.caries.outlooks:outlooks",
    "progression": "amelo.forecast.stages.outlooks:outlooks",
    "restorations": "amelo.forecast.restorations.outlooks:outlooks",
}


def forecast(
    case: Case,
    *,
    horizons: Sequence[float] = HORIZONS,
    models: Sequence[str] = (),
    draws: int = 200,
    seed: int = 0,
    on_progress: Callable[[float, str], None] | None = None,
) -> Forecast:
    """Forecast every tooth of a case.

    Arguments: case; horizons [y], up to five; models (names, hashes or files that take the place of the shipped ones of their kind);
    draws (of parameters, of what is unknown and of what differs between mouths); seed; on_progress (fraction, words).
    Returns: a forecast; the same seed gives the same numbers.
    Raises: CommandError for a horizon out of range, FileError or FormatError for a model that cannot be used.
    Assumptions: loss competes with everything else on its tooth; given what was recorded, events of different kinds are independent.
    """
    from amelo import __version__

    horizons = _checked(horizons)
    chosen = _chosen(models)
    times = np.arange(round(LONGEST / STEP) + 1) * STEP
    outlooks: list[Outlook] = []
    used, sources = {}, []
    for number, (kind, where) in enumerate(OUTLOOKS.items()):
        if on_progress:
            on_progress(number / len(OUTLOOKS), f"forecasting {kind.replace('-', ' ')}")
        model = chosen.get(kind) or find_model(kind)
        module, _, name = where.partition(":")
        outlooks += getattr(import_module(module), name)(case, times, draws=draws, seed=seed, model=model)
        used[kind] = model["hash"]
        sources += [key for key in model["card"].get("sources", ()) if key not in sources]
    risks = tuple(join(_once(outlooks), times, horizons))
    return Forecast(
        pseudonym=case.pseudonym,
        recorded_on=str(case.recorded_on),
        horizons=horizons,
        times=tuple(float(t) for t in times),
        level=LEVEL,
        risks=risks,
        models=used,
        seed=seed,
        draws=draws,
        version=__version__,
        sources=tuple(sources),
        notes=(*_few(draws), *_notes(risks, horizons)),
    )


def _chosen(names: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Return the models that were named, by kind; refuse two of one kind and kinds that no case is forecast with."""
    from amelo.errors import CommandError, nearest

    chosen: dict[str, dict[str, Any]] = {}
    for name in names:
        model = find_model(name)
        kind = model.get("kind", "")
        if kind not in OUTLOOKS:
            raise CommandError(f"the model {name} forecasts '{kind}', which no case is forecast with", fix=nearest(kind, OUTLOOKS))
        if kind in chosen:
            raise CommandError(f"two models of the kind {kind} are given", fix="name one of each kind")
        check_parts(model, name)
        chosen[kind] = model
    return chosen


def _few(draws: int) -> tuple[str, ...]:
    """Return a sentence when the draws are too few for an interval."""
    if draws >= FEWEST:
        return ()
    what = "1 draw is" if draws == 1 else f"{draws} draws are"
    return (f"{what} too few for intervals and for what is worth measuring; take {FEWEST} or more",)


def _once(outlooks: list[Outlook]) -> list[Outlook]:
    """Return outlooks without those of caries onset that another model answers better, and without the silence of the one that is not
    needed: a cohort's own model of a tooth goes before published rates.
    """
    own = {o.tooth for o in outlooks if o.event == "caries onset" and not o.stage and o.hazard is not None}
    rates = {o.tooth for o in outlooks if o.event == "caries onset" and o.stage and o.hazard is not None}
    kept = []
    for o in outlooks:
        onset = o.event == "caries onset"
        if (onset and o.stage and o.tooth in own) or (onset and o.hazard is None and o.tooth in own | rates):
            continue
        kept.append(o)
    return kept


def _notes(risks: Sequence[Risk], horizons: Sequence[float]) -> tuple[str, ...]:
    """Return sentences on what is carried on beyond the reach of its model."""
    short = sorted({(r.event, round(r.reach, 1)) for r in risks if r.risk and r.reach < horizons[-1]})
    return tuple(
        f"{event}: the model reaches {reach:g} years from the record; beyond that the rate of its last year is carried on"
        for event, reach in short
    )


def _checked(horizons: Sequence[float]) -> tuple[float, ...]:
    from amelo.errors import CommandError

    for horizon in horizons:
        if not 0 < horizon <= LONGEST:
            why = f"allowed above 0 up to {LONGEST:g} years, as long as the cohorts were followed"
            raise CommandError(f"a horizon of {horizon:g} years cannot be forecast", why=why)
    if not horizons:
        raise CommandError("no horizon is given", fix="for example 1,2,5 years")
    return tuple(sorted({float(h) for h in horizons}))
