"""The patient case: what a clinic knows of a mouth, and what it does not."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from datetime import date
from html import escape
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator

from amelo.errors import RecordError, shorten
from amelo.records.base import UNKNOWN, Day, Record, Text, Unknown
from amelo.records.check import build
from amelo.records.mouth import Diet, Hygiene, Saliva
from amelo.records.person import Consent, Genotype, Medical
from amelo.records.read import read_json, source_name
from amelo.records.teeth import ALL_TEETH, is_primary, successor, tooth, tooth_name
from amelo.records.tooth import Tooth, checked_tooth

__all__ = ["Case", "Event", "case_schema", "load_case", "notices"]

# white space as between names, the sign of an e-mail address, and dates in the usual orders
IDENTITY = re.compile(r"\s|@|(19|20)[0-9]{2}[-_]?[0-9]{2}[-_]?[0-9]{2}|[0-9]{1,2}[-._/][0-9]{1,2}[-._/][0-9]{2,4}")
OLDEST = 120  # years; the oldest person known died at 122
ADULT = 16  # years; the last primary tooth is usually lost at 12
EARLIEST_THIRD_MOLAR = 14  # years; usually 17 and later
THIRD_MOLARS = (18, 28, 38, 48)
WIDEST_BAND = 20  # years; a wider one says too little to forecast from
PROPERTY_NAMES = {"propertyNames": {"enum": [str(fdi) for fdi in ALL_TEETH]}}


class Event(Record):
    """Something that happened earlier: an extraction, a filling, an injury."""

    on: Day
    tooth: int | Unknown = Field(UNKNOWN, description="FDI number")
    what: Text

    @field_validator("tooth", mode="before")
    @classmethod
    def _real(cls, value: Any) -> Any:
        return value if value == UNKNOWN else tooth(value)


class Case(Record):
    """One patient under a pseudonym.

    What is left out is unknown; the history holds the events that were written down, and an empty one says nothing.
    """

    schema_version: Literal["1"] = "1"
    pseudonym: Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_-]{1,39}$", description="not the patient's name")]
    origin: Literal["synthetic", "clinical"]
    recorded_on: Day
    age_band: Annotated[str, Field(pattern=r"^[0-9]{1,3}-[0-9]{1,3}$", description="years, such as 30-34")] | Unknown = UNKNOWN
    sex: Literal["female", "male", "intersex", "unknown"] = UNKNOWN
    teeth: dict[str, Tooth] = Field(
        default_factory=dict,
        description="FDI number: tooth; a tooth left out is unknown, not sound",
        json_schema_extra=PROPERTY_NAMES,
    )
    saliva: Saliva = Saliva()
    diet: Diet = Diet()
    hygiene: Hygiene = Hygiene()
    medical: Medical = Medical()
    genotype: Genotype = Genotype()
    consent: Consent | Unknown = UNKNOWN
    history: tuple[Event, ...] = ()
    notes: Annotated[str, Field(max_length=10_000)] = ""

    @field_validator("pseudonym", mode="before")
    @classmethod
    def _no_identity(cls, value: Any) -> Any:
        if isinstance(value, str) and IDENTITY.search(value):
            what = "the pseudonym looks like a name, an address or a date of birth"
            raise RecordError(what, fix="use a made-up word such as Kira or P-0042")
        return value

    @field_validator("age_band")
    @classmethod
    def _ages(cls, value: str) -> str:
        if value != UNKNOWN:
            low, high = (int(part) for part in value.split("-"))
            if not (low <= high <= OLDEST):
                why = f"write low-high in years, allowed 0-{OLDEST}"
                raise RecordError(f"{shorten(value)} is not a band of ages", why=why)
            if high - low > WIDEST_BAND:
                why = f"allowed up to {WIDEST_BAND}"
                raise RecordError(f"'{value}' is {high - low} years wide", why=why, fix='use a narrower band, or "unknown"')
        return value

    @field_validator("teeth")
    @classmethod
    def _teeth(cls, value: dict[str, Tooth]) -> dict[str, Tooth]:
        checked: dict[str, Tooth] = {}
        for key, record in value.items():
            try:
                fdi = tooth(key)
                if str(fdi) in checked:
                    raise RecordError(f"tooth {fdi} is charted twice", fix="merge the two")
                checked[str(fdi)] = checked_tooth(fdi, record)
            except RecordError as error:
                raise error.at(key[:40]) from None  # a key may be of any length
        return {key: checked[key] for key in map(str, ALL_TEETH) if key in checked}

    def tooth(self, fdi: int | str) -> Tooth:
        """Return a tooth by its FDI number, an unknown one when it is not charted.

        Raises: RecordError when there is no such tooth.
        """
        return self.teeth.get(str(tooth(fdi)), Tooth())

    def to_json(self) -> str:
        """Return the case as JSON with every field written out, unknown ones as ``"unknown"``."""
        return json.dumps(self.model_dump(mode="json"), indent=1, ensure_ascii=False) + "\n"

    def summary(self) -> str:
        """Return one line that tells what kind of case this is, without notes."""
        states = Counter(t.status for t in self.teeth.values())
        carious = [key for key, t in self.teeth.items() if t.worst]
        parts = [f"{n} {status}" for status, n in states.most_common()] or ["no tooth charted"]
        if carious:
            parts.append(f"caries on {', '.join(carious[:8])}{' …' if len(carious) > 8 else ''}")
        if self.genotype.variants:
            parts.append("variant in " + ", ".join(v.gene for v in self.genotype.variants))
        return f"{self.pseudonym} ({self.origin}, {self.age_band} y, {self.sex}): {'; '.join(parts)}"

    def __repr__(self) -> str:
        return f"<Case {self.summary()}>"

    __str__ = __repr__

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><th>{key}</th><td>{tooth_name(int(key))}</td><td>{_in_short(t)}</td></tr>"
            for key, t in self.teeth.items()
            if t.worst
        )
        return f"<p>{escape(self.summary())}</p>" + f"<table>{rows}</table>" * bool(rows)


def _in_short(tooth: Tooth) -> str:
    """Return the carious findings of a tooth as surface, ICDAS code and depth on the radiograph."""
    return ", ".join(
        " ".join(
            [finding.surface]
            + [f"ICDAS {finding.icdas}"] * (finding.icdas not in (0, UNKNOWN))
            + [f"root code {finding.icdas_root}"] * (finding.icdas_root not in (0, UNKNOWN))
            + [finding.radiograph] * (finding.radiograph not in ("none", UNKNOWN))
        )
        for finding in tooth.findings
        if finding.is_carious
    )


def load_case(path: str | Path) -> Case:
    """Read and check a case.

    Arguments: path of a JSON file, ``"-"`` for standard input.
    Raises: FileError, FormatError or RecordError, each one sentence with the place and what to do.
    """
    return build(Case, read_json(path), source_name(path))


def case_schema() -> dict[str, Any]:
    """Return the JSON Schema of a case, as published in ``case.schema.json``."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **Case.model_json_schema()}


def notices(case: Case) -> list[str]:
    """Return what is possible but unusual in a case, in sentences; none of it is an error."""
    found = []
    if not case.teeth:
        found.append("no tooth is charted, so every tooth is unknown")
    elif all(record.status == UNKNOWN for record in case.teeth.values()):
        found.append("every charted tooth is unknown")
    youngest = None if case.age_band == UNKNOWN else int(case.age_band.split("-")[0])
    for key, record in case.teeth.items():
        found += _unusual(case, int(key), record, youngest)
    rest, chewing = case.saliva.unstimulated_flow, case.saliva.stimulated_flow
    if UNKNOWN not in (rest, chewing) and rest > chewing:
        found.append("saliva flows faster at rest than stimulated")
    if case.consent == UNKNOWN:
        found += ["no consent is referred to"] * (case.origin == "clinical")
    elif isinstance(case.consent.withdrawn_on, date):
        found.append(f"consent was withdrawn on {case.consent.withdrawn_on}")
    elif case.consent.withdrawn_on == UNKNOWN:
        found.append("nobody knows whether the consent was withdrawn")
    found += [f"the event of {event.on} is later than the record" for event in case.history if event.on > case.recorded_on]
    return found


def _unusual(case: Case, fdi: int, record: Tooth, youngest: int | None) -> Iterator[str]:
    there = record.status in ("present", "partially erupted")
    if is_primary(fdi) and there:
        if youngest is not None and youngest >= ADULT:
            yield f"{tooth_name(fdi)} {fdi} is present at {case.age_band} years"
        after = successor(fdi)
        if case.tooth(after).status == "present":
            yield f"{fdi} and its successor {after} are both present"
    if fdi in THIRD_MOLARS and there and youngest is not None and youngest < EARLIEST_THIRD_MOLAR:
        yield f"third molar {fdi} is present at {case.age_band} years"
    if record.status == "missing" and record.missing_cause == UNKNOWN:
        yield f"{fdi} is missing for an unknown reason"
    if record.status == UNKNOWN and (record.findings or record.restorations):
        yield f"{fdi} has findings although nobody says that it is there"
