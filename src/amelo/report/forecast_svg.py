"""The tooth chart coloured by risk: number, hatch and colour say the same, so that it is read in black and white and aloud."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from amelo.errors import InputError, nearest
from amelo.forecast.outlook import EVENTS
from amelo.forecast.record import Forecast, Risk
from amelo.records.case import Case
from amelo.records.teeth import chart_rows, surfaces
from amelo.records.tooth import Tooth
from amelo.report.chart_svg import GREY, INK, WITH_CROWN, Look, chart_svg, pattern, text
from amelo.report.forecast_words import event_words, percent, span, years
from amelo.report.words import STATES

__all__ = ["CLASSES", "MARKS", "class_of", "forecast_svg"]

CLASSES = (  # from this risk on: name of the hatch, its ground, darker with the risk, and its strokes, denser with the risk
    (0.0, "lowest", "#f3f7ec", '<circle cx="3" cy="3" r=".5" fill="#7d8a6a"/>', 0),
    (0.02, "low", "#fce9a9", '<circle cx="3" cy="3" r="1.2" fill="#7a5a00"/>', 0),
    (0.05, "middle", "#fdd49e", '<rect width=".9" height="6" fill="#8a4b00"/>', 45),
    (0.15, "high", "#f7a072", '<rect width="1.8" height="6" fill="#8c2d04"/>', 45),
    (0.30, "highest", "#d7602f", '<rect width="2.2" height="6" fill="#5a1500"/><rect width="6" height="1.6" fill="#5a1500"/>', 45),
)
MARKS = {"tooth loss": "l", "caries onset": "c", "progression": "p", "restoration failure": "f"}
MARKED = 0.15  # risk from which another event is marked
SILENT = ("silent", "#eceff0", '<path d="M0 0 6 6M0 6 6 0" stroke="#8b9498" stroke-width=".7"/>')
PATTERNS = "".join(
    ("<defs>", *(pattern(name, ground, strokes, turn) for _, name, ground, strokes, turn in CLASSES), pattern(*SILENT), "</defs>")
)


def forecast_svg(case: Case, forecast: Forecast, *, event: str = "tooth loss", horizon: float | None = None) -> str:
    """Return the tooth chart of a case coloured by a forecast of it, as one SVG document.

    Arguments: case; forecast; event (one of ``EVENTS``, "" for the highest risk of any); horizon [y], one of the forecast's, by default
    its last.
    Raises: InputError for an event or horizon that the forecast does not have, or for the forecast of another case.
    """
    if event and event not in EVENTS:
        raise InputError(f"'{event}' is not an event", fix=nearest(event, EVENTS))
    chosen = forecast.horizons[-1] if horizon is None else float(horizon)
    if chosen not in forecast.horizons:
        have = ", ".join(f"{h:g}" for h in forecast.horizons)
        raise InputError(f"the forecast has no horizon of {chosen:g} years", why=f"it has {have}")
    if (forecast.pseudonym, forecast.recorded_on) != (case.pseudonym, str(case.recorded_on)):
        what = f"the forecast is of {forecast.pseudonym} on {forecast.recorded_on}"
        raise InputError(what, why=f"the case is {case.pseudonym} on {case.recorded_on}", fix="forecast this case")
    return chart_svg(case, _Risks(forecast, event, forecast.horizons.index(chosen)))


def class_of(risk: float) -> tuple[str, str]:
    """Return the name of the hatch of a risk and its limits in words."""
    limits = [entry[0] for entry in CLASSES]
    k = max(i for i, limit in enumerate(limits) if risk >= limit)
    return CLASSES[k][1], _limits(k)


def _limits(k: int) -> str:
    low = f"{100 * CLASSES[k][0]:g}"
    if k == len(CLASSES) - 1:
        return f"{low} % and more"
    high = f"{100 * CLASSES[k + 1][0]:g} %"
    return f"below {high}" if k == 0 else f"{low} to below {high}"


class _Risks(Look):
    """What a chart of risks shows of each tooth."""

    title, patterns = "Forecast", PATTERNS

    def __init__(self, forecast: Forecast, event: str, at: int) -> None:
        self.forecast, self.event, self.at = forecast, event, at
        self.by_tooth: dict[int, list[Risk]] = {}
        for risk in forecast.risks:
            self.by_tooth.setdefault(risk.tooth, []).append(risk)

    def subtitle(self, case: Case) -> str:
        what = self.event or "the highest risk of any event"
        level = f"{100 * self.forecast.level:.0f} %"
        models = ", ".join(digest[:6] for digest in self.forecast.models.values())
        return f"{what} by {years(self.forecast.horizons[self.at])} from {case.recorded_on} · intervals {level} · FDI numbers · models {models}"

    def _of(self, fdi: int, letter: str = "") -> list[Risk]:
        """Return the risks of the chosen event on a tooth, or on one surface and on the whole tooth; the highest first."""
        found = [r for r in self.by_tooth.get(fdi, ()) if self.event in ("", r.event)]
        found = [r for r in found if not letter or not r.surface or letter in r.surface]
        return sorted(found, key=lambda r: -(r.risk[self.at] if r.risk else -1.0))

    def _highest(self, fdi: int) -> Risk | None:
        return next((r for r in self._of(fdi) if r.risk), None)

    def words(self, tooth: Tooth, fdi: int) -> str:
        parts = []
        for event in EVENTS:
            risks = [r for r in self.by_tooth.get(fdi, ()) if r.event == event]
            spoken = sorted((r for r in risks if r.risk), key=lambda r: -r.risk[self.at])
            if spoken:
                parts.append(self._said(spoken[0], surface=True))
            parts += [f"no forecast of {event}: {reason}" for reason in dict.fromkeys(r.abstained for r in risks if r.abstained)]
        state = "" if tooth.status == "present" else STATES[tooth.status][1]
        return "; ".join([state] * bool(state) + parts) or "no forecast"

    def _said(self, risk: Risk, *, surface: bool) -> str:
        where = f" on {risk.surface}" if surface and risk.surface else ""
        interval = span(risk.low[self.at], risk.high[self.at])
        return f"{event_words(risk)}{where} {percent(risk.risk[self.at])} by {years(self.forecast.horizons[self.at])} ({interval})"

    def is_notable(self, tooth: Tooth, fdi: int) -> bool:
        highest = self._highest(fdi)
        return highest is not None and highest.risk[self.at] >= MARKED

    def surface(self, tooth: Tooth, fdi: int, letter: str) -> tuple[str, str, str]:
        if tooth.status not in WITH_CROWN:
            return "absent", "#ffffff", STATES[tooth.status][1]
        found = self._of(fdi, letter)
        if found and found[0].risk:
            name, limits = class_of(found[0].risk[self.at])
            return name, f"url(#hatch-{name})", f"{self._said(found[0], surface=False)}, class {limits}"
        if found:
            return "silent", f"url(#hatch-{SILENT[0]})", f"no forecast: {found[0].abstained}"
        return "none", "#ffffff", f"no forecast of {self.event or 'any event'}"

    def codes(self, tooth: Tooth, fdi: int) -> tuple[str, str]:
        highest, found = self._highest(fdi), self._of(fdi)
        first = percent(highest.risk[self.at]) if highest else "–" if found else ""
        others = [
            sign
            for event, sign in MARKS.items()
            if event != self.event
            and any(r.event == event and r.risk and r.risk[self.at] >= MARKED for r in self.by_tooth.get(fdi, ()))
        ]
        return first, " ".join(others)

    def root_caries(self, tooth: Tooth, fdi: int) -> bool:
        return False

    def legend(self, case: Case) -> list[tuple[str, str]]:
        teeth = [(fdi, case.tooth(fdi)) for primary in (False, True) for row in chart_rows(primary=primary) for fdi in row]
        teeth = [(fdi, tooth) for fdi, tooth in teeth if str(fdi) in case.teeth]
        entries = [(_swatch(name), _limits(k)) for k, (_, name, *_) in enumerate(CLASSES)]
        if any(self._of(fdi) and not self._highest(fdi) for fdi, _ in teeth) or self._some_surface_silent(teeth):
            entries.append((_swatch(SILENT[0]), "no forecast: the model abstains (–)"))
        if any(self.surface(tooth, fdi, s)[0] == "none" for fdi, tooth in teeth for s in surfaces(fdi)):
            entries.append((f'<rect width="18" height="14" rx="3" fill="#ffffff" stroke="{INK}"/>', "nothing to forecast"))
        used = {sign for fdi, tooth in teeth for sign in self.codes(tooth, fdi)[1].split()}
        entries += [(_sign(sign), f"{event} {100 * MARKED:g} % or more") for event, sign in MARKS.items() if sign in used]
        states = [STATES[s] for s in STATES if s != "present" and any(tooth.status == s for _, tooth in teeth)]
        entries += [(_sign("×" if sign == "x" else sign), words) for sign, words in states]
        entries.append((_sign("%", 9), "number: highest risk of the tooth"))
        return entries

    def _some_surface_silent(self, teeth: Sequence[tuple[int, Tooth]]) -> bool:
        return any(
            self.surface(tooth, fdi, letter)[0] == "silent" for fdi, tooth in teeth for letter in {r.surface for r in self._of(fdi)}
        )


def _swatch(name: str) -> str:
    return f'<rect width="18" height="14" rx="3" fill="url(#hatch-{name})" stroke="{INK}"/>'


def _sign(sign: str, size: float = 12) -> str:
    return text(9, 11.5, escape(sign), size=size, fill=GREY, anchor="middle", weight=700)
