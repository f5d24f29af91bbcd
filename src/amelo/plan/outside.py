"""Out of what was calibrated: in what a patient lies outside it, by how much, and scenarios drawn wider for it.

A twin gives an answer for any record.  Where a record lies outside what its parts were calibrated in, the answer is a guess; that is said of
every such input, and the certificate must hold a second time, with the constants that rest on it farther from their middle.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from amelo.params import Parameter, load_set
from amelo.plan.certify import Certificate
from amelo.records.base import UNKNOWN
from amelo.records.genotype import genotype_of_case
from amelo.records.teeth import is_primary
from amelo.twin.activity import activity_table, filled, measured, thickness_of
from amelo.twin.activity_day import FEATURES, day_features
from amelo.twin.pulp.constants import profile
from amelo.twin.tooth.constants import in_si
from amelo.twin.tooth.feel import CARIOUS, own_dentine
from amelo.twin.tooth.mouth import mouth_of
from amelo.twin.tooth.state import WholeTooth
from amelo.twin.tooth.twin import ToothTwin

__all__ = ["ANSWERS", "TOUCHED", "Outside", "both", "outside_of", "sound_below", "widened"]

ANSWERS = ("bacteria.growth", "inflammation.by_damage", "damage.by_inflammation", "damage.repair", "calming.source", "heat.gain")
TOUCHED = {  # constants, by the beginning of their names, that rest on what a part of the twin was calibrated in; of a part that is not named, all
    "activity of the mouth": (
        "bacteria.",
        "antimicrobial.",
        "exchange.",
        "growth.",
        "leak.",
        "margin.",
        "carriers.life",
        "pulps: bacteria",
    ),
    "pulp": ("pulps: ", "tertiary.", "liner.", "cap.", "pulpotomy.", "resin.irritation"),
    "geometry": (
        "residual",
        "enamel.",
        "dentine.",
        "crown.",
        "pulp.horn",
        "pulp.roof",
        "stage.",
        "cavity.",
        "lesion.",
        "opening.",
        "access.",
    ),
    "tissue": (
        "lesion.",
        "growth.",
        "intrafibrillar.",
        "pulp.supersaturation",
        "payload.",
        "bond.",
        "etch.",
        "cut.",
        "silver.",
        "resin.",
    ),
}
LEFT = 0.1  # of the dentine under a lesion, that is left at least when residual dentine is drawn wider


@dataclass(frozen=True)
class Outside:
    """An input outside what a part of the twin was calibrated in.

    Fields: input; value, low, high and unit, None and empty where it is of a kind that no number tells; part (of the twin); told, a sentence.
    """

    input: str
    told: str
    part: str
    value: float | None = None
    low: float | None = None
    high: float | None = None
    unit: str = ""

    @property
    def distance(self) -> float | None:
        """How far outside it lies, over the width of the range; None where no number tells."""
        if self.value is None or self.low is None or self.high is None:
            return None
        return max(self.low - self.value, self.value - self.high, 0.0) / (self.high - self.low)

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain values."""
        return {**self.__dict__, "distance": self.distance}


def outside_of(twin: ToothTwin) -> tuple[Outside, ...]:
    """Return everything in which a tooth of a patient lies outside what was calibrated, empty for none.

    Assumptions: what is not recorded is drawn from ranges, and lies inside them.
    """
    return (*_age(twin), *_depth(twin), *_mouth(twin), *_genes(twin))


def _ranged(name: str, value: float, low: float, high: float, unit: str, part: str, of: str) -> Iterator[Outside]:
    if not low <= value <= high:
        told = f"{name} {value:g}{' ' * (unit not in ('', '1'))}{unit if unit != '1' else ''} lies outside the {low:.3g} to {high:.3g} of {of}"
        yield Outside(name, told, part, value, low, high, unit)


def _age(twin: ToothTwin) -> Iterator[Outside]:
    band = twin.case.age_band
    if is_primary(twin.tooth):
        told = "a primary tooth: its pulp was not compared with any trial, and no years are foretold, so that fractures are not counted"
        yield Outside("kind of tooth", told, "pulp and years")
    elif band != UNKNOWN:
        known = load_set("calibrated")["age"]
        low, high = (float(part) for part in band.split("-"))
        yield from _ranged(
            "age", 0.5 * (low + high), known.low, known.high, "years", "pulp", "those whose treatments the pulp was compared with"
        )


def _depth(twin: ToothTwin) -> Iterator[Outside]:
    record = twin.case.tooth(twin.tooth)
    finding = record.worst if twin.surface is None else next((f for f in record.findings if f.surface == twin.surface), None)
    sets = load_set("tooth")
    place = "primary" if is_primary(twin.tooth) else ("occlusal" if finding is None or finding.surface == "O" else "smooth")
    most = 1e-3 * sets[f"dentine.{place}"].high
    if record.residual_dentine != UNKNOWN:
        of = "what an image tells from none, to the thickest dentine"
        yield from _ranged("residual dentine", record.residual_dentine, sets.value("image.error"), most, "mm", "geometry", of)
    if finding is not None and finding.lesion_depth != UNKNOWN:
        whole = sets[f"enamel.{place}"].high + sets[f"dentine.{place}"].high
        yield from _ranged("depth of the lesion", float(finding.lesion_depth), 0.0, whole, "µm", "geometry", "the thickest crowns")


def _mouth(twin: ToothTwin) -> Iterator[Outside]:
    mouth = mouth_of(twin.case, twin.tooth, twin.surface)
    case, _ = filled(twin.case)
    table, thickness = activity_table(), thickness_of(mouth.plaque)
    part, of = "activity of the mouth", "the mouths that it was learned from"
    found = []
    for name, value in measured(case, thickness).items():
        low, high, words = table["ranges"][name]
        found += _ranged(words.removesuffix(" of"), value, low, high, "", part, of)
    yield from found
    if found:
        return  # a day outside follows from them, and needs no second sentence
    least = load_set("calibrated").value("day.beyond")
    for tissue in ("enamel", "dentine"):
        site = table["sites"][f"{tissue} {'plaque' if thickness else 'clean'}"]
        x = (day_features(case, tissue, thickness)[site["columns"]] - np.array(site["centre"])) / np.array(site["width"])
        low, high = np.array(site["least"]), np.array(site["most"])
        beyond = np.maximum(low - x, x - high) / np.maximum(high - low, 1e-12)
        k = int(np.argmax(beyond))
        if beyond[k] > least:
            name = FEATURES[site["columns"][k]].replace("_", " ")
            told = f"the day of this mouth lies beyond those that its activity was learned from, most in '{name}' over {tissue}"
            yield Outside(
                f"day of the mouth: {name}", told, part, float(x[k]), float(low[k]), float(high[k]), "standard deviations"
            )
            return


def _genes(twin: ToothTwin) -> Iterator[Outside]:
    genotype = twin.case.genotype
    if genotype == UNKNOWN:
        return
    for symbol in dict.fromkeys(genotype_of_case(twin.case).handed.outside):
        yield Outside(f"gene {symbol}", f"{symbol} is not in the panel: what it does to teeth is not drawn", "tissue")


def widened(tooth: WholeTooth, parts: Iterable[str] = ()) -> WholeTooth:
    """Return the same members with what is drawn farther from its middle, by the factor ``wider`` of the set ``calibrated``.

    Arguments: tooth, as the patient comes; its first member is in the middle; parts of the twin in which the patient lies outside, none for all.
    Assumptions: what rests on a part that the patient lies outside of is known worse, the rest as well as ever, so that a dry mouth makes no hand
    heavier; what is positive goes farther on the scale of logarithms, shares end at 1; chances of which kind a member is stay as they are, and
    so does how much the mouth takes, whose error is wider already outside what was run; of a pulp only what says how it answers goes farther,
    because all of it at once is none that lives; residual dentine changes by the sound dentine under the lesion.
    """
    by = load_set("calibrated").value("wider")
    parts = tuple(parts)
    everything = not parts or any(part not in TOUCHED for part in parts)
    touched = tuple(name for part in parts for name in TOUCHED.get(part, ()))
    meant = lambda name: everything or name.startswith(touched)  # noqa: E731
    constants = tooth.constants
    values = dict(constants.values)
    for name in ("tooth", "steps"):
        for p in load_set(name):
            if p.low < p.high and p.name in values and meant(p.name):
                values[p.name] = _farther(values[p.name], in_si(p), by)
    pulps, drawn = constants.pulps, profile(constants.pulps.profile)
    changed = {key: _farther(pulps[key], drawn[key], by) for key in ANSWERS if meant(f"pulps: {key}")}
    if meant("pulps: inflammation.by_carriers"):
        gain = pulps["inflammation.by_carriers"].copy()
        for kind in (constants.reacts, ~constants.reacts):
            if kind.any():
                middle = np.exp(np.log(gain[kind]).mean())
                gain[kind] = middle * (gain[kind] / middle) ** by
        changed["inflammation.by_carriers"] = gain
    wide = replace(tooth, constants=replace(constants, values=values, pulps=pulps.changed(changed)))
    return _residual(wide, by) if meant("residual") else wide


def _farther(value: np.ndarray, p: Parameter, by: float) -> np.ndarray:
    """Return values (M,) farther from that of the first member; those of a share stay one."""
    middle = value[0]
    found = middle * (value / middle) ** by if p.low > 0.0 and middle > 0.0 else middle + by * (value - middle)
    if p.low >= 0.0:
        found = np.maximum(found, 0.0)
    return np.minimum(found, 1.0) if p.low >= 0.0 and p.high <= 1.0 else found


def _residual(tooth: WholeTooth, by: float) -> WholeTooth:
    """Return a tooth whose residual dentine lies farther from its middle."""
    sound = sound_below(tooth)
    below = np.where(sound, tooth.widths, 0.0).sum(axis=1)
    factor = np.maximum(1.0 + (by - 1.0) * (1.0 - np.median(below) / below), LEFT)
    return replace(tooth, widths=np.where(sound, factor[:, None] * tooth.widths, tooth.widths))


def sound_below(tooth: WholeTooth) -> np.ndarray:
    """Return which cells (M, N) are sound dentine that is there; the last is always among them."""
    first = tooth.constants.dentine_from
    sound = np.zeros(tooth.widths.shape, bool)
    sound[:, first:] = (tooth.total[:, first:] >= CARIOUS * own_dentine(tooth)[:, None]) & (tooth.left[:, first:] > 0.0)
    sound[:, -1] = True
    return sound


def both(plain: Certificate, wider: Certificate) -> Certificate:
    """Return a certificate that holds in scenarios as they are and in those drawn wider: the higher bounds, and certified only where both are."""
    verdicts = {plain.verdict, wider.verdict}
    verdict = False if False in verdicts else (True if verdicts == {True} else None)
    refused = plain.refused or wider.refused
    return replace(plain, upper=np.maximum(plain.upper, wider.upper), verdict=None if refused else verdict, refused=refused)
