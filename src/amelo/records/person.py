"""Medical factors, genotype and consent."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, model_validator

from amelo.errors import RecordError
from amelo.records.base import UNKNOWN, Day, Record, Text, Unknown, YesNo, amount

__all__ = ["Consent", "Genotype", "Medical", "Variant", "VcfReference"]

Names = tuple[Text, ...] | Unknown
Purpose = Literal["care", "simulation", "planning", "probe dose", "research", "teaching", "publication"]


class Medical(Record):
    """What bears on teeth and on treating them; an empty list means asked and none, unknown means not asked."""

    conditions: Names = UNKNOWN
    medicines: Names = UNKNOWN
    hyposalivatory_medicines: Names = UNKNOWN
    allergies: Names = UNKNOWN
    smoking: Literal["never", "former", "current", "unknown"] = UNKNOWN
    cigarettes_per_day: amount(0, 150, "1/day", "cigarettes", "seven packets") = UNKNOWN
    diabetes: Literal["none", "type 1", "type 2", "gestational", "unknown"] = UNKNOWN
    hba1c: amount(15, 200, "mmol/mol", "glycated haemoglobin HbA1c", "healthy below 42; a value in % is a slip") = UNKNOWN
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
    """A reference to the consent given, by purpose; the document itself is kept elsewhere.

    Left out, ``withdrawn_on`` is unknown: nobody may take it for granted that a consent still holds.
    """

    reference: Text
    version: Text | Unknown = UNKNOWN
    purposes: tuple[Purpose, ...] = Field(min_length=1)
    given_on: Day | Unknown = UNKNOWN
    withdrawn_on: Day | Literal["not withdrawn", "unknown"] = UNKNOWN

    @model_validator(mode="after")
    def _in_order(self) -> Consent:
        given, withdrawn = self.given_on, self.withdrawn_on
        if isinstance(given, date) and isinstance(withdrawn, date) and withdrawn < given:
            raise RecordError(f"withdrawn on {withdrawn}, before it was given on {given}", where="withdrawn_on")
        if len(set(self.purposes)) < len(self.purposes):
            raise RecordError("a purpose is named twice", where="purposes", fix="name each purpose once")
        return self
