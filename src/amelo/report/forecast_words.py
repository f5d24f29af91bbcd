"""What a forecast says, in rows and sentences: what stands out, why, what would change it, and where it abstains."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import exp

from amelo.forecast.outlook import Driver
from amelo.forecast.record import Forecast, Risk

__all__ = [
    "GRAVEST_FIRST",
    "NOTABLE",
    "Row",
    "Section",
    "abstentions",
    "banner",
    "deeds",
    "driver_words",
    "event_words",
    "explained",
    "measurements",
    "models_line",
    "outlasted",
    "percent",
    "reasons",
    "rest_line",
    "sections",
    "span",
    "teeth_in_words",
    "words_of_nothing",
    "years",
]

GRAVEST_FIRST = ("tooth loss", "progression", "restoration failure", "caries onset")  # sections of the table, and ties
NOTABLE = {
    "tooth loss": 0.02,
    "progression": 0.02,
    "restoration failure": 0.1,
    "caries onset": 0.1,
}  # at the last horizon
LASTS = {"caries onset": "molar stays free of caries"}
MOST = 8  # rows of one event that a full mouth shows before the rest is counted
LEAST = 1  # rows of an event that are shown even when nothing is notable
NAMED = 40  # teeth that one line names
SIMILAR = 1e-9
FAINT = 0.05  # difference of the log hazard below which a reason is counted and not told


@dataclass(frozen=True)
class Row:
    """A row of the table: risks that read alike; ``worst`` when other surfaces of the same teeth have no higher risk and are left out."""

    risks: tuple[Risk, ...]
    worst: bool = False

    @property
    def first(self) -> Risk:
        """The risk that is printed."""
        return self.risks[0]

    @property
    def where(self) -> str:
        """Teeth and surfaces, such as ``36 O`` or ``14, 15 D, 24 M +``."""
        by_surface: dict[str, list[int]] = {}
        for risk in self.risks:
            by_surface.setdefault(risk.surface, []).append(risk.tooth)
        places = [f"{teeth_in_words(teeth)} {surface}".rstrip() for surface, teeth in by_surface.items()]
        return ", ".join(places) + " +" * self.worst


@dataclass(frozen=True)
class Section:
    """One event: the rows to show, and the risks that are not shown."""

    event: str
    rows: tuple[Row, ...]
    rest: tuple[Risk, ...]


def percent(share: float) -> str:
    """Return a share for people: two figures below 10 %, none that would say more than is known."""
    value = 100 * share
    if 0 < value < 0.1:
        return "<0.1 %"
    return f"{value:.1f} %" if value < 10 else f"{value:.0f} %"


def span(low: float, high: float) -> str:
    """Return an interval of shares for people."""
    return f"{percent(low).removesuffix(' %')} to {percent(high)}"


def years(horizon: float) -> str:
    """Return a horizon in words."""
    return "1 year" if horizon == 1 else f"{horizon:g} years"


def outlasted(risk: Risk) -> str:
    """Return the bounds on time of a risk in words."""
    kept = "; ".join(f"{years(t)} or more in {100 * c:.0f} of 100" for c, t in risk.outlasts)
    return f"how long such a {LASTS.get(risk.event, 'tooth is kept')}: {kept}"


def event_words(risk: Risk) -> str:
    """Return event and stage, such as ``progression, E2 to D1``."""
    return f"{risk.event}, {risk.stage}" if risk.stage else risk.event


def sections(forecast: Forecast, *, everything: bool = False) -> list[Section]:
    """Return what to show of each event, the gravest event first and within it the highest risk at the last horizon.

    Arguments: forecast; everything (show every surface of every tooth).  Otherwise of one tooth, event and stage the worst surface stands
    for the others, unless it is a recorded lesion or a restoration, and rows below what is notable are left to one line.
    """
    found = []
    for event in GRAVEST_FIRST:
        risks = [r for r in forecast.of(event) if r.risk]
        if not risks:
            continue
        if everything:
            found.append(Section(event, tuple(Row((r,)) for r in risks), ()))
            continue
        rows = _alike(_worst_surfaces(risks)) if event == "caries onset" else _alike([(r, 0) for r in risks])
        kept = [row for row in rows if row.first.risk[-1] >= NOTABLE[event]] or rows[:LEAST]
        if event == "progression":  # every recorded lesion is told, at least by its first step
            first = {id(row) for row in {r.where: row for row in reversed(rows) for r in row.risks}.values()}
            kept = [row for row in rows if row in kept or id(row) in first]
        else:
            kept = kept[:MOST]
        found.append(Section(event, tuple(kept), tuple(r for row in rows if row not in kept for r in row.risks)))
    return found


def _worst_surfaces(risks: Sequence[Risk]) -> list[tuple[Risk, int]]:
    """Return the worst surface of each tooth and stage with the number of others; risks come the highest first."""
    same: dict[tuple[int, str], list[Risk]] = defaultdict(list)
    for risk in risks:
        same[risk.tooth, risk.stage].append(risk)
    return [(group[0], len(group) - 1) for group in same.values()]


def _alike(risks: Sequence[tuple[Risk, int]]) -> list[Row]:
    """Return rows of risks that read alike: the same event, stage, numbers and values behind them."""
    same: dict[tuple[object, ...], list[tuple[Risk, int]]] = defaultdict(list)
    for risk, others in risks:
        numbers = tuple(percent(p) for p in (*risk.risk, risk.low[-1], risk.high[-1]))
        same[risk.event, risk.stage, numbers, tuple(d.value for d in risk.drivers)].append((risk, others))
    return [Row(tuple(r for r, _ in group), any(others for _, others in group)) for group in same.values()]


def rest_line(section: Section, horizon: float) -> str:
    """Return the line that stands for the rows of a section that are not shown, empty without any."""
    if not section.rest:
        return ""
    highest = max(r.risk[-1] for r in section.rest)
    stages = {r.stage for r in section.rest}
    what = section.event + (f" ({next(iter(stages))})" if len(stages) == 1 and "" not in stages else "")
    return f"{what}, at most {percent(highest)} by {years(horizon)}: {teeth_in_words(r.tooth for r in section.rest)}"


def teeth_in_words(teeth: Iterable[int]) -> str:
    """Return teeth in the order of the chart, runs of neighbours as ``11-17``."""
    ordered = sorted(set(teeth))
    runs: list[list[int]] = []
    for tooth in ordered:
        if runs and tooth == runs[-1][-1] + 1:
            runs[-1].append(tooth)
        else:
            runs.append([tooth])
    words = [f"{run[0]}-{run[-1]}" if len(run) > 2 else ", ".join(map(str, run)) for run in runs]
    return ", ".join(words[:NAMED]) + (" …" if len(words) > NAMED else "")


def explained(forecast: Forecast, shown: Sequence[Section], *, tooth: int = 0) -> list[Risk]:
    """Return the risks to explain: the first of every section that is notable, or all that is shown of one tooth."""
    rows = [row.first for section in shown for row in (section.rows if tooth else section.rows[:1])]
    told = [r for r in rows if (r.drivers or r.changes or r.missing) and (tooth or r.risk[-1] >= NOTABLE[r.event])]
    return told or [r for r in rows if r.drivers][:1]


def driver_words(driver: Driver) -> str:
    """Return a driver with its value and what it does to the hazard, such as ``mobility 2 degrees (× 2.5)``."""
    value = "" if driver.value in ("", driver.words) or driver.value in driver.words else f": {driver.value}"
    return f"{driver.words}{value} (× {exp(driver.effect):.2g})"


def reasons(risk: Risk, most: int | None = None) -> str:
    """Return what drives a risk, the strongest first: at most so many, or all that are not faint with the faint ones taken together."""
    if most is not None:
        return "; ".join(driver_words(d) for d in risk.drivers[:most])
    told = [d for d in risk.drivers if abs(d.effect) >= FAINT]
    faint = [d.effect for d in risk.drivers if abs(d.effect) < FAINT]
    rest = [f"{len(faint)} of little effect (together × {exp(sum(faint)):.2g})"] * bool(faint)
    return "; ".join([*(driver_words(d) for d in told), *rest])


def measurements(forecast: Forecast) -> list[tuple[str, float, tuple[Risk, ...]]]:
    """Return what is worth finding out: words, the largest share of the variance that goes when it is known, and the risks that it is missing from.

    The first is what would narrow the mouth's intervals most: shares are added up, each weighted by the width of its interval.
    """
    found: dict[str, list[tuple[float, float, Risk]]] = defaultdict(list)
    for risk in forecast.risks:
        for missing in risk.missing if risk.risk else ():
            found[missing.words].append((missing.share, missing.share * (risk.high[-1] - risk.low[-1]), risk))
    order = sorted(found.items(), key=lambda item: -sum(gain for _, gain, _ in item[1]))
    return [(words, max(share for share, _, _ in parts), tuple(r for _, _, r in parts)) for words, parts in order]


def deeds(forecast: Forecast) -> list[tuple[str, Risk, float, int, str, str]]:
    """Return what could be done, what helps most first: words, the risk that it lowers most, what that becomes at the last horizon, how
    many risks it lowers, source and grade."""
    found: dict[str, list[tuple[float, Risk, float, str, str]]] = defaultdict(list)
    for risk in forecast.risks:
        for change in risk.changes:
            gain = risk.risk[-1] - change.risk[-1]
            if gain > SIMILAR:
                found[change.words].append((gain, risk, change.risk[-1], change.source, change.grade))
    out = []
    for words, parts in found.items():
        _, risk, after, source, grade = max(parts, key=lambda part: part[0])
        out.append((sum(part[0] for part in parts), (words, risk, after, len(parts), source, grade)))
    return [told for _, told in sorted(out, key=lambda item: -item[0])]


def abstentions(forecast: Forecast) -> list[tuple[str, str, str]]:
    """Return event, places and reason of what is not forecast, teeth that share a reason together."""
    same: dict[tuple[str, str], list[Risk]] = defaultdict(list)
    for risk in forecast.risks:
        if risk.abstained:
            same[risk.event, risk.abstained].append(risk)
    found = []
    for (event, reason), risks in same.items():
        whole = [r.tooth for r in risks if not r.surface]
        places = [teeth_in_words(whole)] * bool(whole) + [r.where for r in risks if r.surface]
        found.append((event, ", ".join(places), reason))
    return found


def words_of_nothing(forecast: Forecast, tooth: int, teeth: Mapping[int, str]) -> str:
    """Return why nothing is forecast.

    Arguments: forecast; tooth (FDI, 0 for the whole mouth); teeth (FDI: status, as charted).
    """
    if any(risk.abstained for risk in forecast.risks):
        return "every model abstains"
    if tooth in teeth:
        return f"tooth {tooth} is charted as {teeth[tooth]}"
    return f"no tooth is charted as present ({', '.join(sorted(set(teeth.values())))})" if teeth else "no tooth is charted"


def models_line(forecast: Forecast) -> str:
    """Return the models with the first twelve characters of their hashes."""
    return ", ".join(f"{kind} {digest[:12]}" for kind, digest in forecast.models.items())


def banner() -> str:
    """Return what stands under every forecast."""
    return "Research and teaching software, not a medical device: a forecast is no diagnosis, and the dentist decides."
