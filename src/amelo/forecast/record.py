"""The forecast of a mouth: for every tooth what may happen by when, how sure that is, why, and where it abstains."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields
from html import escape
from typing import TYPE_CHECKING, Any

from amelo.errors import FormatError
from amelo.forecast.outlook import Driver, Event, Missing

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["After", "Forecast", "Risk"]


@dataclass(frozen=True)
class After:
    """What a change would make of a risk: words, risk at the horizons, source (bib key) and grade of its effect."""

    words: str
    risk: tuple[float, ...]
    source: str
    grade: str


@dataclass(frozen=True)
class Risk:
    """One event on one tooth or surface.

    Arguments: event, tooth (FDI), surface, stage, model (hash); risk, low, high (cumulative incidence at the horizons and its interval
    [1]); curve (mean, low and high at the times of the forecast); reach [y] (how far the model reaches; beyond it its last rate is carried on);
    against (the competing event, "" for none); drivers, missing, changes
    (the largest first); outlasts (coverage [1] and the time [y] that such a share of teeth like it
    outlasts); abstained (why nothing is forecast, then the risks are empty).
    """

    event: Event
    tooth: int
    surface: str
    stage: str
    model: str
    risk: tuple[float, ...] = ()
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()
    curve: tuple[tuple[float, ...], ...] = ()
    reach: float = 0.0
    against: str = ""
    drivers: tuple[Driver, ...] = ()
    missing: tuple[Missing, ...] = ()
    changes: tuple[After, ...] = ()
    outlasts: tuple[tuple[float, float], ...] = ()
    abstained: str = ""

    @property
    def where(self) -> str:
        """Tooth and surface, such as ``36 O``."""
        return f"{self.tooth} {self.surface}".rstrip()


def _frozen(value: Any) -> Any:
    return tuple(map(_frozen, value)) if isinstance(value, list | tuple) else value


def _risk(data: Mapping[str, Any]) -> Risk:
    parts = {"drivers": Driver, "missing": Missing, "changes": After}
    plain = {f.name: _frozen(data[f.name]) for f in fields(Risk) if f.name not in parts}
    made = {name: tuple(kind(**{k: _frozen(v) for k, v in part.items()}) for part in data[name]) for name, kind in parts.items()}
    return Risk(**plain, **made)


@dataclass(frozen=True)
class Forecast:
    """What may happen to a mouth.

    Arguments: pseudonym, recorded_on (ISO date of the record, where the times start), horizons [y], times [y] of the curves, level of
    the intervals [1], risks, models (kind: hash), seed, draws, version of amelo, sources (bib keys), notes (sentences).
    """

    pseudonym: str
    recorded_on: str
    horizons: tuple[float, ...]
    times: tuple[float, ...]
    level: float
    risks: tuple[Risk, ...]
    models: dict[str, str]
    seed: int
    draws: int
    version: str
    sources: tuple[str, ...] = ()
    notes: tuple[str, ...] = field(default=())

    def of(self, event: str = "", tooth: int = 0) -> list[Risk]:
        """Return the risks of an event, of a tooth, or of both, the highest at the last horizon first; abstentions come last."""
        found = [r for r in self.risks if event in ("", r.event) and tooth in (0, r.tooth)]
        return sorted(found, key=lambda r: (not r.risk, -(r.risk[-1] if r.risk else 0.0), r.tooth, r.surface))

    def worries(self, count: int = 3) -> list[int]:
        """Return the teeth with the highest risk of anything at the last horizon."""
        highest: dict[int, float] = {}
        for risk in self.risks:
            if risk.risk:
                highest[risk.tooth] = max(highest.get(risk.tooth, 0.0), risk.risk[-1])
        return sorted(highest, key=lambda tooth: -highest[tooth])[:count]

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Forecast:
        """Return the forecast that :meth:`to_dict`, or ``amelo forecast --json``, has told of: the same to the last digit.

        Raises: FormatError when something of it is not there.
        """
        try:
            names = [f.name for f in fields(cls)]
            return cls(
                **{
                    **{n: _frozen(data[n]) for n in names},
                    "models": dict(data["models"]),
                    "risks": tuple(map(_risk, data["risks"])),
                }
            )
        except (KeyError, TypeError, AttributeError) as error:
            why = f"{error} is missing" if isinstance(error, KeyError) else str(error)
            raise FormatError("this is not a forecast", why=why, fix="take what amelo forecast CASE --json prints") from None

    def to_csv(self) -> str:
        """Return one line per event, tooth and horizon."""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(
            ["event", "tooth", "surface", "stage", "horizon [y]", "risk [1]", "low [1]", "high [1]", "abstained", "model"]
        )
        for r in self.risks:
            place = [r.event, r.tooth, r.surface, r.stage]
            if not r.risk:
                writer.writerow([*place, "", "", "", "", r.abstained, r.model])
            for horizon, risk, low, high in zip(self.horizons if r.risk else (), r.risk, r.low, r.high, strict=True):
                writer.writerow([*place, f"{horizon:g}", f"{risk:.5f}", f"{low:.5f}", f"{high:.5f}", "", r.model])
        return out.getvalue()

    def plot(self, kind: str = "all") -> Figure:
        """Return a figure: ``curves`` of the highest risks of every event with bands, ``drivers`` of the highest, or ``all``.

        Raises: InputError for another kind, or when nothing is forecast.
        """
        from amelo.forecast.figures import draw_forecast

        return draw_forecast(self, kind)

    def __repr__(self) -> str:
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        until = ", ".join(f"{h:g}" for h in self.horizons)
        yield f"<Forecast {self.pseudonym}, from {self.recorded_on}, risk by {until} years ({100 * self.level:.0f} % interval at the last)"
        shown = [r for r in self.of() if r.risk][:12]
        for r in shown:
            risks = "  ".join(f"{100 * p:5.1f} %" for p in r.risk)
            why = r.drivers[0].words if r.drivers else ""
            yield f"  {r.where:7} {r.event:20} {r.stage:12} {risks}  ({100 * r.low[-1]:.1f} to {100 * r.high[-1]:.1f} %)  {why}"
        more, silent = sum(bool(r.risk) for r in self.risks) - len(shown), sum(not r.risk for r in self.risks)
        yield f"  {more} more, {silent} abstained; research and teaching software, not a medical device>"

    def _repr_html_(self) -> str:
        return f"<pre>{escape(repr(self))}</pre>"
