"""The patient case: what a clinic knows of a mouth, and what it does not."""

from __future__ import annotations

import json
import re
from collections import Counter
from datetime import date
from html import escape
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from amelo.errors import RecordError
from amelo.records.base import UNKNOWN, Record, Text, Unknown
from amelo.records.check import build
from amelo.records.mouth import Diet, Hygiene, Saliva
from amelo.records.person import Consent, Genotype, Medical
from amelo.records.read import read_json, source_name
from amelo.records.teeth import is_primary, successor, tooth, tooth_name
from amelo.records.tooth import Tooth, checked_tooth

__all__ = ["Case", "Event", "case_schema", "load_case", "notices"]


class Event(Record):
    """Something that happened earlier: an extraction, a filling, an injury."""

    on: date
    tooth: Annotated[int, Field(strict=True)] | Unknown = UNKNOWN
    what: Text

    @model_validator(mode="after")
    def _real(self) -> Event:
        if self.on > date.today():
            raise RecordError(f"{self.on} is in the future", where="on", why=f"allowed up to today, {date.today()}")
        if self.tooth != UNKNOWN:
            tooth(self.tooth)
        return self


class Case(Record):
    """One patient under a pseudonym."""

    schema_version: Literal["1"] = "1"
    pseudonym: Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_-]{1,39}$", description="not the patient's name")]
    origin: Literal["synthetic", "clinical"]
    recorded_on: date
    age_band: Annotated[str, Field(pattern=r"^\d{1,3}-\d{1,3}$", description="years, such as 30-34")] | Unknown = UNKNOWN
    sex: Literal["female", "male", "intersex", "unknown"] = UNKNOWN
    teeth: dict[str, Tooth] = Field(default_factory=dict, description="FDI number: tooth; a tooth left out is unknown, not sound")
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
        if isinstance(value, str) and re.search(r"@|\d{4}-?\d{2}-?\d{2}|\d{2}[./]\d{2}[./]\d{2,4}|\s", value):
            raise ValueError(
                "the pseudonym looks like a name, an address or a date of birth; use a made-up word such as Kira or P-0042"
            )
        return value

    @field_validator("recorded_on")
    @classmethod
    def _not_future(cls, value: date) -> date:
        if value > date.today():
            raise ValueError(f"{value} is in the future; allowed up to today, {date.today()}")
        return value

    @field_validator("age_band")
    @classmethod
    def _ages(cls, value: str) -> str:
        if value != UNKNOWN:
            low, high = (int(part) for part in value.split("-"))
            if not (0 <= low <= high <= 120):
                raise ValueError(f"'{value}' is not a band of ages; write low-high in years, allowed 0-120")
            if high - low > 20:
                raise ValueError(f"'{value}' is wider than 20 years; use a narrower band, or \"unknown\"")
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
                raise error.at(key) from None
        return checked

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
        return f"<p>{escape(self.summary())}</p>"


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
    low = None if case.age_band == UNKNOWN else int(case.age_band.split("-")[0])
    for key, record in case.teeth.items():
        fdi = int(key)
        there = record.status in ("present", "partially erupted")
        if is_primary(fdi) and there and low is not None and low >= 16:
            found.append(f"{tooth_name(fdi)} {fdi} is present at {case.age_band} years")
        if is_primary(fdi) and there and case.tooth(successor(fdi)).status == "present":
            found.append(f"{fdi} and its successor {successor(fdi)} are both present")
        if not is_primary(fdi) and there and low is not None and fdi % 10 == 8 and low < 14:
            found.append(f"third molar {fdi} is present at {case.age_band} years")
        if record.status == "missing" and record.missing_cause == UNKNOWN:
            found.append(f"{fdi} is missing for an unknown reason")
    if (
        case.saliva.unstimulated_flow != UNKNOWN
        and case.saliva.stimulated_flow != UNKNOWN
        and case.saliva.unstimulated_flow > case.saliva.stimulated_flow
    ):
        found.append("saliva flows faster at rest than stimulated")
    if case.consent == UNKNOWN and case.origin == "clinical":
        found.append("no consent is referred to")
    if case.consent != UNKNOWN and isinstance(case.consent.withdrawn_on, date):
        found.append(f"consent was withdrawn on {case.consent.withdrawn_on}")
    return found
