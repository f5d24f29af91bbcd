"""The parts of a specimen: its solubility classes, its lesion, its grid, the laws and mechanisms at work in it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, StrictBool, Tag, model_validator

from amelo.errors import RecordError
from amelo.records.base import Text
from amelo.records.measure import measured, share

__all__ = [
    "APATITES",
    "BiofilmLayer",
    "Collagen",
    "Fluoridated",
    "Grid",
    "Kinetics",
    "KineticsOrEquilibrium",
    "Lesion",
    "Mechanisms",
    "Part",
    "Profile",
    "Range",
    "RangeOrNumber",
    "SolubilityClass",
]

Apatite = Literal["HAp", "enamel_main", "enamel_soluble", "dentine", "FAp", "FHAp_50", "Enamel_551", "Enamel_573", "Enamel_585"]
FluoridatedApatite = Literal["FHAp_50", "FAp"]
APATITES = ("HAp", "enamel_main", "enamel_soluble", "dentine", "FAp", "FHAp_50", "Enamel_551", "Enamel_573", "Enamel_585")


class Part(BaseModel):
    """A frozen part of a specimen, closed to unknown keys; what is left out is taken from the constants of its tissue."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, strict=True)


def bare(low: float, high: float, unit: str, about: str) -> Any:
    """Return the type of a bare number whose unit is fixed."""
    return Annotated[float, Field(ge=low, le=high, description=about, json_schema_extra={"unit": unit})]


class SolubilityClass(Part):
    """A part of the mineral with a solubility product of its own."""

    phase: Apatite = Field(description="solid of the reaction table")
    share: share(0, 1, "share of the sound mineral", "shares add up to 1")
    pk: bare(40, 70, "1", "-log10 of the solubility product per Ca5; default that of the constants") | None = None


class Fluoridated(Part):
    """Fluoridated apatite that is there from the start, taking the place of the classes."""

    phase: FluoridatedApatite = "FHAp_50"
    share: share(0, 1, "share of the mineral at the surface", "nothing to all")
    depth: (
        measured(
            "length", "0.1 um", "5 mm", "depth over which the share falls to 1/e; left out, it is the same everywhere", "a tooth"
        )
        | None
    ) = None


class Lesion(Part):
    """A lesion that is there at the start, as microradiography describes it."""

    depth: measured("length", "2 um", "5 mm", "where mineral is 95 % of sound", "softened surfaces to whole enamel")
    surface_layer: (
        measured("length", "1 um", "1 mm", "thickness of the surface layer, left out for none", "10 to 130 µm were seen") | None
    ) = None
    surface_mineral: share(0, 1, "mineral of the surface layer relative to sound", "nothing to sound") | None = None
    body_mineral: share(0, 0.949, "least mineral relative to sound", "below that of the edge of the lesion") | None = None
    integrated_mineral_loss: measured("mineral loss", "1 vol%·um", "100000 vol%·um", "ΔZ", "87 vol% over 1.1 mm") | None = None
    dissolves: Literal["most soluble first", "evenly"] = Field("most soluble first", description="which solubility class was lost")

    @model_validator(mode="after")
    def _one_of_two(self) -> Lesion:
        if (self.body_mineral is None) == (self.integrated_mineral_loss is None):
            what = "body_mineral and integrated_mineral_loss are both " + ("given" if self.body_mineral else "left out")
            raise RecordError(what, why="the one follows from the other", fix="give one of them")
        if (self.surface_layer is None) != (self.surface_mineral is None):
            missing = "surface_layer" if self.surface_layer is None else "surface_mineral"
            raise RecordError(
                f"{missing} is missing", why="a surface layer has a thickness and a mineral content", fix="give both, or none"
            )
        return self


class Profile(Part):
    """A measured profile of mineral against depth."""

    file: Text | None = Field(None, description="CSV file with the columns depth [µm] and mineral [vol%], beside the specimen")
    points: tuple[tuple[float, float], ...] = Field((), description="depth [µm] and mineral [vol%], read from the file")
    dissolves: Literal["most soluble first", "evenly"] = Field("most soluble first", description="which solubility class was lost")

    @model_validator(mode="after")
    def _something(self) -> Profile:
        if not self.points:
            raise RecordError("the profile is empty", fix='name a file: file = "profile.csv"')
        return self


class Grid(Part):
    """How the specimen is cut into cells."""

    cells: Annotated[int, Field(ge=4, le=2000, description="number of cells")] = 64
    first_cell: measured(
        "length", "0.05 um", "200 um", "thickness of the outermost cell; each next one is larger by a factor", "fine to coarse"
    ) = "0.25 um"
    uniform: StrictBool = Field(False, description="all cells the same; first_cell is then not used")

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, strict=True, validate_default=True)


class Kinetics(Part):
    """Rate laws: R = k (m/m0)^a (1 - DS)^n when undersaturated and -k·growth_ratio (m/m0)^a (φ/φ0 - 1)^b (DS - 1)^growth_order above."""

    k: bare(1e-9, 100, "mol/(L s)", "rate constant per litre of pore water of the sound tissue") | None = None
    n: bare(0.5, 8, "1", "order of undersaturation") | None = None
    surface_exponent: bare(0, 2, "1", "a, how the surface falls with the mineral") | None = None
    acid_order: bare(0, 2, "1", "order in the activity of undissociated acids, 0 for none") | None = None
    growth_ratio: bare(0, 10, "1", "constant of growth over that of dissolution") | None = None
    growth_order: bare(0.5, 8, "1", "order of supersaturation") | None = None
    pore_exponent: (
        bare(0, 2, "1", "b, how the walls to grow on fall as pores fill to what sound tissue keeps, 0 for not at all") | None
    ) = None
    growth_surface: Literal["own", "apatite", "pore"] | None = Field(
        None, description="what it grows on; own for one solubility class, all apatite for several"
    )


def _kind(value: Any) -> str:
    return "word" if isinstance(value, str) else "table"


KineticsOrEquilibrium = Annotated[
    Annotated[Literal["equilibrium"], Tag("word")] | Annotated[Kinetics, Tag("table")], Discriminator(_kind)
]


class Mechanisms(Part):
    """Switches of the mechanisms behind a surface layer; each can be off."""

    precipitation: StrictBool = Field(
        True, description="mineral grows where the fluid is supersaturated (alternation, reprecipitation bands)"
    )
    fluoride: StrictBool = Field(True, description="fluoridated apatite forms, and fluoride slows dissolution")
    fluoridated_phase: FluoridatedApatite = Field("FHAp_50", description="which fluoridated apatite forms")
    solubility_gradient: StrictBool = Field(
        False, description="surface enamel has more fluoride and less of the very soluble class"
    )
    inhibitors: StrictBool = Field(
        False,
        description="adsorbed inhibitors cover the share of the surface that the surroundings name, which neither dissolves nor grows",
    )
    precursor: Literal["none", "DCPD", "OCP"] = Field("none", description="phase that may form before apatite and dissolve again")
    calcium_fluoride: StrictBool = Field(False, description="calcium fluoride may form, as under concentrated fluoride")


class Collagen(Part):
    """The matrix of dentine and root."""

    decays: StrictBool = Field(True, description="enzymes of the tissue, activated by acid, degrade it where mineral is lost")
    active_enzyme: share(0, 1, "share of the enzyme that is active at the start", "none to all") = 0.0

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, strict=True, validate_default=True)


class BiofilmLayer(Part):
    """A biofilm on the outer face."""

    thickness: measured("length", "1 um", "2 mm", "thickness", "a day of plaque is 100 to 300 µm")
    cells: Annotated[int, Field(ge=1, le=200, description="number of cells")] = 8


class Range(Part):
    """A parameter with a range of its own."""

    value: float
    low: float
    high: float

    @model_validator(mode="after")
    def _in_order(self) -> Range:
        if not self.low <= self.value <= self.high:
            raise RecordError(
                f"{self.value:g} is not between {self.low:g} and {self.high:g}", fix="write low, value and high in order"
            )
        return self


def _number_kind(value: Any) -> str:
    return "table" if isinstance(value, dict | Range) else "number"


RangeOrNumber = Annotated[Annotated[float, Tag("number")] | Annotated[Range, Tag("table")], Discriminator(_number_kind)]
