"""Medical factors, genotype and consent."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, model_validator

from amelo.errors import RecordError
from amelo.records.base import UNKNOWN, Record, Text, Unknown, YesNo, amount

__all__ = ["Consent", "Genotype", "Medical", "Variant", "VcfReference"]

Names = tuple[Text, ...] | Unknown


class Medical(Record):
    """What bears on teeth and on treating them; an empty list means asked and none, unknown means not asked."""

    conditions: Names = UNKNOWN
    medicines: Names = UNKNOWN
    hyposalivatory_medicines: Names = UNKNOWN
    allergies: Names = UNKNOWN
    smoking: Literal["never", "former", "current", "unknown"] = UNKNOWN
    cigarettes_per_day: amount(0, 150, "1/day", "cigarettes") = UNKNOWN
    diabetes: Literal["none", "type 1", "type 2", "gestational", "unknown"] = UNKNOWN
    hba1c: amount(15, 200, "mmol/mol", "glycated haemoglobin") = UNKNOWN
    radiotherapy_head_neck: YesNo = UNKNOWN
    reflux: YesNo = UNKNOWN
    pregnancy: YesNo = UNKNOWN


class Variant(Record):
    """One variant and what is believed of it; a response of the tooth that nobody has measured is unknown, not normal."""

    gene: Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9orf-]{1,19}$", description="HGNC symbol")]
    coding: Annotated[str, Field(pattern=r"^[cgnm]\..+", max_length=120, description="HGVS coding or genomic change")] | Unknown = (
        UNKNOWN
    )
    protein: Annotated[str, Field(pattern=r"^p\..+", max_length=120, description="HGVS protein change")] | Unknown = UNKNOWN
    zygosity: Literal["heterozygous", "homozygous", "hemizygous", "compound heterozygous", "unknown"] = UNKNOWN
    significance: Literal["pathogenic", "likely pathogenic", "uncertain", "likely benign", "benign", "unknown"] = UNKNOWN
    response: Literal["responder", "reactor", "unknown"] = Field(UNKNOWN, description="response of the tissue to mineral delivery")
    grade: Literal["published", "assumption", "hypothetical", "unknown"] = Field(UNKNOWN, description="what the statement rests on")
    note: Text | Unknown = UNKNOWN


class VcfReference(Record):
    """Where the variant file is, and its fingerprint; the file itself stays outside the record."""

    path: Text
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    assembly: Literal["GRCh37", "GRCh38", "T2T-CHM13", "unknown"] = UNKNOWN


class Genotype(Record):
    """Variants found; none found is not no risk."""

    tested: YesNo = UNKNOWN
    variants: tuple[Variant, ...] = ()
    vcf: VcfReference | Unknown = UNKNOWN

    @model_validator(mode="after")
    def _tested_when_found(self) -> Genotype:
        if self.tested is False and (self.variants or self.vcf != UNKNOWN):
            raise RecordError("tested is false but variants are given", where="tested", fix="set tested to true, or remove them")
        return self


class Consent(Record):
    """A reference to the consent given, by purpose; the document itself is kept elsewhere."""

    reference: Text
    version: Text | Unknown = UNKNOWN
    purposes: tuple[Literal["care", "simulation", "planning", "probe dose", "research", "teaching", "publication"], ...] = Field(
        min_length=1
    )
    given_on: date | Unknown = UNKNOWN
    withdrawn_on: date | Literal["not withdrawn"] | Unknown = "not withdrawn"

    @model_validator(mode="after")
    def _in_order(self) -> Consent:
        today = date.today()
        for name in ("given_on", "withdrawn_on"):
            when = getattr(self, name)
            if isinstance(when, date) and when > today:
                raise RecordError(f"{when} is in the future", where=name, why=f"allowed up to today, {today}")
        if isinstance(self.given_on, date) and isinstance(self.withdrawn_on, date) and self.withdrawn_on < self.given_on:
            raise RecordError(f"withdrawn on {self.withdrawn_on}, before it was given on {self.given_on}", where="withdrawn_on")
        if len(set(self.purposes)) < len(self.purposes):
            raise RecordError("a purpose is named twice", where="purposes", fix="name each purpose once")
        return self
