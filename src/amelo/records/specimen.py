"""A specimen: what a piece of tooth is, as a laboratory or a microradiograph describes it, read from TOML."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, StrictBool, Tag, field_validator, model_validator

from amelo.errors import RecordError
from amelo.records.base import Text
from amelo.records.check import build
from amelo.records.fluid import Fluid
from amelo.records.lesion import DEPTH_AT, body_for_loss, knots
from amelo.records.measure import measured, share
from amelo.records.measured_profile import read_profile
from amelo.records.read import read_toml, source_name
from amelo.records.specimen_parameters import TEMPERATURES, catalogue, unused
from amelo.records.specimen_parts import (
    BiofilmLayer,
    Collagen,
    Fluoridated,
    Grid,
    KineticsOrEquilibrium,
    Lesion,
    Mechanisms,
    Part,
    Profile,
    RangeOrNumber,
    SolubilityClass,
)

__all__ = ["Specimen", "lesion_shape", "load_specimen", "notices", "parse_specimen", "profile_shape", "specimen_schema"]

Tissue = Literal["human enamel", "bovine enamel", "hypomineralised enamel", "dentine", "root", "pressed apatite"]
PROFILE_GAP = 10.0  # µm; microradiographs lose the outermost few
SCATTER = 3.0  # vol%; microradiographs scatter by 1 to 2, and what they show above sound is read as sound
SUM = 1e-6  # how far shares may be from adding up to 1


def _inner_kind(value: Any) -> str:
    return "word" if isinstance(value, str) else "fluid"


Inner = Annotated[Annotated[Literal["closed"], Tag("word")] | Annotated[Fluid, Tag("fluid")], Discriminator(_inner_kind)]


class Specimen(Part):
    """A flat piece of tooth tissue, one outer face in contact with its surroundings.

    A quantity is text with its unit ("150 um", "80 vol%"); a fraction may be a bare number.  What is left out is taken from the
    constants of its tissue, with their range; what is stated has no range unless ``parameters`` gives one.
    """

    name: Text
    tissue: Tissue
    about: str = Field("", max_length=4000, description="where it comes from, in words")
    temperature: measured(
        "temperature", "25 degC", "37 degC", "temperature of the constants", "sets of constants exist at 25 and 37 °C"
    ) = "37 degC"
    thickness: measured("length", "5 um", "10 mm", "from the outer face to the inner", "thin sections to whole crowns")
    window: measured("area", "0.01 mm2", "10 cm2", "exposed area; turns fluxes into amounts", "laboratory windows") | None = None
    porosity: share(0.001, 0.95, "water-filled pores that ions can enter, of the sound tissue", "dense enamel to gels") | None = (
        None
    )
    sound_mineral: share(0.01, 0.999, "mineral of the sound tissue, of its volume", "collagen with traces to crystal") | None = None
    organic: share(0, 0.95, "organic matter of the sound tissue; what is left is bound water", "none in apatite") | None = None
    classes: tuple[SolubilityClass, ...] = Field((), max_length=6, description="solubility classes; default those of the tissue")
    fluoridated: Fluoridated | None = None
    lesion: Lesion | None = None
    profile: Profile | None = None
    inner: Inner = "closed"
    pore_fluid: Fluid | None = Field(None, description="fluid in the pores at the start")
    grid: Grid = Grid()
    kinetics: KineticsOrEquilibrium | None = Field(None, description='"equilibrium", or rate constants')
    diffusion: Literal["single", "species"] = Field(
        "species", description="one diffusivity for all, or one for each coupled by charge"
    )
    pore_diffusivity: (
        measured(
            "diffusivity",
            "1e-16 m2/s",
            "3e-9 m2/s",
            "in the pores of the sound tissue; used when diffusion is single",
            "sound enamel to free water",
        )
        | None
    ) = None
    porosity_feedback: StrictBool = Field(True, description="pores open and close with the mineral")
    mechanisms: Mechanisms = Mechanisms()
    collagen: Collagen | None = None
    biofilm: BiofilmLayer | None = None
    parameters: dict[str, RangeOrNumber] = Field(default_factory=dict, description="values of parameters, or {value, low, high}")

    model_config = Part.model_config | {"validate_default": True}

    @field_validator("parameters", mode="before")
    @classmethod
    def _dotted(cls, value: Any) -> Any:
        return _flat(value) if isinstance(value, Mapping) else value

    @model_validator(mode="after")
    def _consistent(self) -> Specimen:
        for check in (_temperature, _volumes, _classes, _switches, _depths, _lesion_shape, _profile_range):
            check(self)
        catalogue(self)  # refuses unknown parameters and values outside their ranges
        return self

    @property
    def celsius(self) -> float:
        """Temperature of the constants [degrees Celsius]."""
        return round(self.temperature.value - 273.15, 6)

    @property
    def shape(self) -> tuple[tuple[float, float], ...]:
        """Depth [m] and mineral relative to sound at the corners of the initial profile; sound below the last one."""
        sound = catalogue(self)["sound_mineral"].value
        if self.profile is not None:
            return profile_shape(self.profile, sound)
        if self.lesion is None:
            return ((0.0, 1.0),)
        return lesion_shape(self.lesion, sound)

    @property
    def sources(self) -> tuple[str, ...]:
        """Citation keys behind the values that the specimen does not state itself."""
        return tuple(dict.fromkeys(key for p in catalogue(self).values() for key in p.source.split()))


def lesion_shape(lesion: Lesion, sound: float) -> tuple[tuple[float, float], ...]:
    """Return depth [m] and mineral relative to sound at the corners of a lesion.

    Arguments: lesion; sound, mineral of the sound tissue as a fraction of its volume.
    """
    layer = lesion.surface_layer.value if lesion.surface_layer else 0.0
    surface = lesion.surface_mineral.value if lesion.surface_mineral else 1.0
    if lesion.body_mineral is not None:
        body = lesion.body_mineral.value
    else:
        body = body_for_loss(lesion.integrated_mineral_loss.value / sound, lesion.depth.value, layer=layer, surface=surface)
    return knots(lesion.depth.value, body, layer=layer, surface=surface)


def profile_shape(profile: Profile, sound: float) -> tuple[tuple[float, float], ...]:
    """Return depth [m] and mineral relative to sound at the points of a measured profile.

    Arguments: profile; sound, mineral of the sound tissue as a fraction of its volume.
    Assumptions: what scatters above sound is sound.
    """
    return tuple((1e-6 * depth, min(1.0, mineral / 100.0 / sound)) for depth, mineral in profile.points)


def load_specimen(path: str | Path) -> Specimen:
    """Read and check a specimen.

    Arguments: path of a TOML file, ``"-"`` for standard input; a profile that it names lies beside it.
    Raises: FileError, FormatError or RecordError, each one sentence with the place and what to do.
    """
    return parse_specimen(read_toml(path), where=source_name(path), folder=Path(path).parent)


def parse_specimen(data: Mapping[str, Any], *, where: str, folder: Path = Path()) -> Specimen:
    """Return the specimen that parsed TOML describes.

    Arguments: data; where (name for messages); folder (where a profile that is named lies).
    """
    profile = data.get("profile")
    if isinstance(profile, Mapping) and isinstance(profile.get("file"), str) and "points" not in profile:
        data = dict(data) | {"profile": dict(profile) | {"points": read_profile(folder / profile["file"])}}
    return build(Specimen, _tuples(data), where)


def notices(specimen: Specimen) -> list[str]:
    """Return what is possible but unusual in a specimen, in sentences; none of it is an error."""
    found = [f"{name} does nothing while diffusion is {specimen.diffusion}" for name in unused(specimen)]
    if specimen.profile and specimen.profile.points[0][0] > PROFILE_GAP:
        found.append(f"the profile begins at {specimen.profile.points[0][0]:g} µm; mineral above is taken as there")
    sound = 100 * catalogue(specimen)["sound_mineral"].value
    if specimen.profile and any(mineral > sound for _, mineral in specimen.profile.points):
        found.append(f"what the profile has above {sound:g} vol% is read as sound")
    if specimen.kinetics == "equilibrium" and specimen.mechanisms.fluoride:
        found.append("at equilibrium fluoride acts through fluoridated apatite only, not on the rate")
    return found


def specimen_schema() -> dict[str, Any]:
    """Return the JSON Schema of a specimen, as published in ``specimen.schema.json``."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **Specimen.model_json_schema()}


def _tuples(value: Any) -> Any:
    """Return TOML with its arrays as tuples, which is what strict records hold."""
    if isinstance(value, Mapping):
        return {key: _tuples(item) for key, item in value.items()}
    return tuple(_tuples(item) for item in value) if isinstance(value, list | tuple) else value


def _flat(tree: Mapping[str, Any], path: str = "") -> dict[str, Any]:
    """Return names with dots for nested tables, because TOML reads ``pk.HAp = 58.6`` as a table ``pk``."""
    flat: dict[str, Any] = {}
    for key, item in tree.items():
        nested = isinstance(item, Mapping) and not item.keys() & {"value", "low", "high"}
        flat |= _flat(item, f"{path}{key}.") if nested else {f"{path}{key}": item}
    return flat


def _temperature(specimen: Specimen) -> None:
    if specimen.celsius not in TEMPERATURES:
        raise RecordError(f"{specimen.temperature.text} has no set of constants", where="temperature", fix="use 37 degC or 25 degC")


def _volumes(specimen: Specimen) -> None:
    found = catalogue(specimen, check=False)
    mineral, porosity = found["sound_mineral"], found["porosity"]
    organic = specimen.organic.value if specimen.organic else 0.0
    if mineral.value + porosity.value + organic > 1 + 1e-9:
        parts = f"sound_mineral {mineral.value:g}, porosity {porosity.value:g}" + f" and organic {organic:g}" * bool(organic)
        what = f"{parts} add up to {mineral.value + porosity.value + organic:.4g}"
        raise RecordError(what, where="sound_mineral", why="parts of a volume are at most 1", fix="state all of them")
    floor = found["porosity_floor"].value
    if porosity.value <= floor:
        raise RecordError(f"{porosity.value:g} is not above the porosity that nothing may fill, {floor:g}", where="porosity")


def _classes(specimen: Specimen) -> None:
    phases = [part.phase for part in specimen.classes]
    for i, phase in enumerate(phases):
        if phase in phases[:i]:
            raise RecordError(f"the class {phase} is given twice", where=f"classes[{i}].phase", fix="add up their shares")
    total = sum(part.share.value for part in specimen.classes)
    if specimen.classes and abs(total - 1) > SUM:
        raise RecordError(f"the shares add up to {total:.6g}", where="classes", why="they must add up to 1")
    if specimen.fluoridated and specimen.fluoridated.phase in phases:
        fix = "give it in one place"
        raise RecordError(f"{specimen.fluoridated.phase} is also a solubility class", where="fluoridated.phase", fix=fix)


def _switches(specimen: Specimen) -> None:
    enamel = specimen.tissue not in ("dentine", "root")
    if enamel and specimen.collagen is not None:
        raise RecordError(
            f"{specimen.tissue} has no collagen", where="collagen", fix="remove it, or make the tissue dentine or root"
        )
    if not enamel and specimen.mechanisms.solubility_gradient:
        what = f"the gradient of surface enamel does not belong to {specimen.tissue}"
        raise RecordError(what, where="mechanisms.solubility_gradient", fix="set it to false")
    if specimen.fluoridated and specimen.fluoridated.depth and not specimen.mechanisms.solubility_gradient:
        what = "a share that falls with depth is a gradient, and gradients are off"
        raise RecordError(what, where="fluoridated.depth", fix="set mechanisms.solubility_gradient to true, or leave the depth out")
    if specimen.lesion and specimen.profile:
        raise RecordError("a lesion and a measured profile are given", where="profile", fix="keep one of them")
    grid, thickness = specimen.grid, specimen.thickness
    if not grid.uniform and grid.first_cell.value * grid.cells > thickness.value * (1 + 1e-9):
        what = f"{grid.cells} cells of at least {grid.first_cell.text} are more than {thickness.text}"
        raise RecordError(what, where="grid.first_cell", fix="make it smaller, take fewer cells, or set uniform = true")


def _depths(specimen: Specimen) -> None:
    thickness = specimen.thickness
    lesion = specimen.lesion
    if lesion and lesion.depth.value > thickness.value * (1 + 1e-9):
        what = f"the specimen of {thickness.text} is thinner than its lesion of {lesion.depth.text}"
        raise RecordError(what, where="lesion.depth", fix="check both, and their units")
    if specimen.profile and specimen.profile.points[-1][0] * 1e-6 > thickness.value * (1 + 1e-9):
        what = f"the specimen of {thickness.text} is thinner than its profile, which reaches {specimen.profile.points[-1][0]:g} µm"
        raise RecordError(what, where="profile", fix="check the thickness, and the unit of depth")
    if specimen.fluoridated and specimen.fluoridated.depth and specimen.fluoridated.depth.value > thickness.value:
        what = f"{specimen.fluoridated.depth.text} is more than the thickness of {thickness.text}"
        raise RecordError(what, where="fluoridated.depth", fix="leave it out when the share is the same everywhere")


def _lesion_shape(specimen: Specimen) -> None:
    if specimen.lesion:
        try:
            lesion_shape(specimen.lesion, catalogue(specimen, check=False)["sound_mineral"].value)
        except RecordError as error:
            raise error.at("lesion") from None


def _profile_range(specimen: Specimen) -> None:
    if not specimen.profile:
        return
    sound = catalogue(specimen, check=False)["sound_mineral"].value
    deepest, last = specimen.profile.points[-1]
    if last < 100 * DEPTH_AT * sound:
        what = f"the profile ends at {deepest:g} µm with {last:g} vol%, before it reaches sound tissue of {100 * sound:g} vol%"
        raise RecordError(what, where="profile", fix="measure deeper, or state the sound_mineral of this specimen")
    depth, most = max(specimen.profile.points, key=lambda point: point[1])
    if most > 100 * sound + SCATTER:
        what = f"the profile has {most:g} vol% at {depth:g} µm, more than sound tissue of {100 * sound:g} vol%"
        raise RecordError(what, where="profile", fix="state the sound_mineral of this specimen")
