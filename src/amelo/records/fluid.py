"""A fluid as a laboratory reports it: totals, pH, temperature, and how its charge is closed."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from amelo.errors import shorten

__all__ = ["Fluid"]


class Fluid(BaseModel):
    """Totals of a saliva, plaque fluid or bath.

    ``pH`` may be left out: it is then the one at which charges balance.  ``charge_balanced_by`` names the ion whose total is set
    so that charges balance at the given pH.  Results that a file brings along (``saturation_index`` and the like, as PHREEQC
    reference files do) are kept for comparison and never used in the calculation.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, strict=True)

    case: str | None = Field(None, max_length=200, description="name of the fluid")
    pH: Annotated[float, Field(ge=0, le=14)] | None = Field(None, description="-log10 of the activity of H+")
    temperature_C: float = Field(37.0, ge=0, le=100, json_schema_extra={"unit": "°C"})
    totals_mmol_per_kgw: dict[str, Annotated[float, Field(ge=0, le=10_000, json_schema_extra={"unit": "mmol/kgw"})]] = Field(
        min_length=1, description="total of each component per kilogram of water"
    )
    charge_balanced_by: str | None = Field(None, description="ion whose total closes the charge balance, or 'pH'")
    carbon_dioxide_kPa: Annotated[float, Field(gt=0, le=101.325)] | None = Field(
        None,
        description="partial pressure that holds the carbonate (open system); without it C(4) is closed",
        json_schema_extra={"unit": "kPa"},
    )
    ionic_strength: float | None = Field(None, description="result that came with the file")
    log_activity: dict[str, float] | None = Field(None, description="result that came with the file")
    saturation_index: dict[str, float | None] | None = Field(None, description="result that came with the file")
    DS_HAp: float | None = Field(None, description="result that came with the file")

    @model_validator(mode="before")
    @classmethod
    def _one_unknown(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        by, ph, totals = data.get("charge_balanced_by"), data.get("pH"), data.get("totals_mmol_per_kgw")
        if ph is not None and by in ("pH", "H", "H+"):
            raise ValueError("pH is given and charge_balanced_by asks for pH as well; leave one of them out")
        if ph is None and by not in (None, "pH", "H", "H+"):
            raise ValueError(
                f"pH is left out, so charge balance must find it, and cannot also set {shorten(by)}; give pH, or leave charge_balanced_by out"
            )
        if data.get("carbon_dioxide_kPa") is not None and isinstance(totals, dict) and "C(4)" in totals:
            raise ValueError("carbonate is given twice, as the total C(4) and as carbon_dioxide_kPa; leave one of them out")
        return data
