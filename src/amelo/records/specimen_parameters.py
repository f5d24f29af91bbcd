"""The parameters of a specimen: each with value, unit, range, grade and source, whether it is stated or taken from its tissue.

Names: ``porosity``, ``sound_mineral``, ``molar_volume``; ``share.<class>`` of every solubility class but the first, ``pk.<phase>``;
``dissolution_rate`` [mol per litre of pore water and second] and ``growth_ratio``; rates of the precursor and of calcium fluoride;
``free_diffusivity``, ``diffusivity_scale``, ``porosity_exponent`` (or ``pore_diffusivity`` when stated), ``porosity_floor``,
``residual_mineral``; fluoride, acid, gradient, lesion, biofilm, collagen and enzyme where the specimen has them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

from amelo.errors import RecordError, nearest
from amelo.params import Parameter, load_set
from amelo.records.specimen_parts import Kinetics, Range

if TYPE_CHECKING:
    from amelo.records.specimen import Specimen

__all__ = [
    "STATED",
    "TEMPERATURES",
    "acid_order_of",
    "catalogue",
    "class_names",
    "fluoridated_names",
    "other_names",
    "parameter_ranges",
    "tissue_entry",
    "unused",
]

TEMPERATURES = (37.0, 25.0)  # degrees Celsius at which sets of constants exist
STATED = "stated"  # grade of what the specimen says itself
FRACTIONS = ("porosity", "fluoridated_share", "sound_mineral", "share", "residual_mineral", "porosity_floor", "gradient.fluoridated_share",
             "gradient.soluble_share", "lesion.body_mineral", "lesion.surface_mineral", "collagen.protected_above",
             "enzyme.initial_activity", "biofilm.water")  # fmt: skip
BIOFILM = ("acid_production", "biomass", "half_saturation", "lactate_yield", "ph_minimum", "ph_optimum", "ph_maximum", "fixed_buffer",
           "water", "diffusivity_ions", "diffusivity_sugar")  # fmt: skip
COUPLED = ("porosity", "sound_mineral")  # parts of one volume


def parameter_ranges(specimen: Specimen) -> dict[str, tuple[float, float, float, str, str]]:
    """Return value, low, high, unit and source of every parameter of a specimen, by name, for fitting and for ensembles."""
    without = unused(specimen)
    return {name: (p.value, p.low, p.high, p.unit, p.source) for name, p in catalogue(specimen).items() if name not in without}


def unused(specimen: Specimen) -> tuple[str, ...]:
    """Return the parameters that do nothing under the options of a specimen, though the other option would use them."""
    if specimen.pore_diffusivity is None:
        return ()
    frozen = ("porosity_exponent",) if not specimen.porosity_feedback else ()
    return ("diffusivity_scale", *frozen) if specimen.diffusion == "single" else ("pore_diffusivity",)


def catalogue(specimen: Specimen, *, check: bool = True) -> dict[str, Parameter]:
    """Return every parameter of a specimen by name, those that it states with the grade ``stated``.

    Arguments: specimen; check, whether the values in ``specimen.parameters`` are checked against their ranges.
    Raises: RecordError for an unknown parameter or a value outside its range.
    """
    found = _defaults(specimen)
    for name, value in specimen.parameters.items():
        where = f"parameters.{name}"
        if name not in found:
            if check:
                raise RecordError(f"'{name}' is not a parameter of this specimen", where=where, fix=nearest(name, found, limit=40))
            continue
        if check:
            _check(name, found[name], value, where)
        low, middle, high = (value.low, value.value, value.high) if isinstance(value, Range) else (value,) * 3
        found[name] = _stated(found[name], middle, low, high)
    return _coupled(found)


def class_names(specimen: Specimen) -> tuple[str, ...]:
    """Return the solubility classes of a specimen, the main one first."""
    return tuple(part.phase for part in specimen.classes) or tuple(tissue_entry(specimen.tissue)["classes"])


def fluoridated_names(specimen: Specimen) -> tuple[str, ...]:
    """Return the fluoridated apatite that is there or may form, unless it is a solubility class; none when neither is so."""
    mechanisms = specimen.mechanisms
    if specimen.fluoridated is not None:
        return (specimen.fluoridated.phase,)
    possible = mechanisms.fluoride or mechanisms.solubility_gradient
    return (mechanisms.fluoridated_phase,) if possible and mechanisms.fluoridated_phase not in class_names(specimen) else ()


def other_names(specimen: Specimen) -> tuple[str, ...]:
    """Return the phases that are no apatite and may form: a precursor, calcium fluoride."""
    precursor = specimen.mechanisms.precursor
    return (*([precursor] if precursor != "none" else []), *(["CaF2"] if specimen.mechanisms.calcium_fluoride else []))


@cache
def tissue_entry(tissue: str) -> Mapping[str, Any]:
    """Return what a tissue is in words: classes, which rates it has, whether it has collagen."""
    return load_set("tissues").structure["tissue"][tissue.replace(" ", "_")]


def acid_order_of(specimen: Specimen) -> float:
    """Return the order in the activity of acids: what is stated, else that of the tissue; none at equilibrium."""
    law = specimen.kinetics if isinstance(specimen.kinetics, Kinetics) else Kinetics()
    if law.acid_order is not None:
        return law.acid_order
    answers = specimen.kinetics != "equilibrium" and tissue_entry(specimen.tissue)["acids"]
    return load_set("kinetics").value("acid_order") if answers else 0.0


def _defaults(specimen: Specimen) -> dict[str, Parameter]:
    tissues, kinetics, transport = load_set("tissues"), load_set("kinetics"), load_set("transport")
    tissue, entry, mechanisms = specimen.tissue.replace(" ", "_"), tissue_entry(specimen.tissue), specimen.mechanisms
    found: dict[str, Parameter] = {}

    def take(name: str, parameter: Parameter, stated: float | None = None) -> None:
        named = replace(parameter, name=name)
        found[name] = named if stated is None else _stated(named, stated, stated, stated)

    for name in COUPLED:
        given = getattr(specimen, name)
        take(name, tissues[f"{tissue}.{name}"], given.value if given else None)
    _solubility(specimen, take)
    take("molar_volume", tissues["molar_volume.apatite"])
    equilibrium = specimen.kinetics == "equilibrium"
    law = specimen.kinetics if isinstance(specimen.kinetics, Kinetics) else Kinetics()
    if equilibrium:
        fast = kinetics["dissolution_rate.equilibrium"]
        take("dissolution_rate", fast, fast.value)
        take("growth_ratio", kinetics["growth_ratio"], 1.0)
    else:
        take("dissolution_rate", kinetics[f"dissolution_rate.{entry['rates']}"], law.k)
        own = "growth_ratio" if acid_order_of(specimen) else "growth_ratio_without_acids"
        take("growth_ratio", kinetics[own], law.growth_ratio)
    if not mechanisms.precipitation:
        del found["growth_ratio"]
    for extra in other_names(specimen):
        take(f"growth_rate.{extra}", kinetics[f"growth_rate.{extra}"])
        take(f"dissolution_rate.{extra}", kinetics[f"dissolution_rate.{extra}"])
    if specimen.pore_diffusivity is not None:
        take("pore_diffusivity", transport["free_diffusivity"], specimen.pore_diffusivity.value)
    elif specimen.diffusion == "single":
        take("free_diffusivity", transport["free_diffusivity"])
    take("diffusivity_scale", transport[f"diffusivity_scale.{'dentine' if entry['collagen'] else 'enamel'}"])
    take("porosity_exponent", transport["porosity_exponent"])
    take("porosity_floor", tissues["porosity_floor"])
    residual = kinetics["residual_mineral"]
    take("residual_mineral", replace(residual, value=0.0, high=0.0, note="equilibrium dissolves all") if equilibrium else residual)
    if mechanisms.fluoride:
        for name in ("fluoride_half_inhibition", "fluoride_inhibition_order", "fluoride_half_uptake"):
            take(name, kinetics[name])
    if mechanisms.inhibitors:
        take("inhibitor_depth", kinetics["inhibitor_depth"])
    if acid_order_of(specimen):
        take("acid_reference", kinetics["acid_reference"])
    _structure(specimen, take)
    return found


def _solubility(specimen: Specimen, take: Any) -> None:
    """Take shares and solubility products of the classes and of every other phase."""
    constants, tissues = load_set(f"dental-{specimen.celsius:g}C"), load_set("tissues")
    stated = {part.phase: part for part in specimen.classes}
    for place, phase in enumerate(class_names(specimen)):
        if place > 0:
            own = f"{specimen.tissue.replace(' ', '_')}.share.{phase}"
            default = tissues[own] if own in tissues.parameters else constants.parameters.get(f"share.{phase}")
            if phase in stated:
                default = default or replace(constants["share.enamel_soluble"], name=f"share.{phase}")
            take(f"share.{phase}", default, stated[phase].share.value if phase in stated else None)
        take(f"pk.{phase}", constants[f"pk.{phase}"], stated[phase].pk if phase in stated else None)
    for phase in (*fluoridated_names(specimen), *other_names(specimen)):
        take(f"pk.{phase}", constants[f"pk.{phase}"])


def _structure(specimen: Specimen, take: Any) -> None:
    """Take the gradient, the lesion, the biofilm and the collagen, where there are any."""
    tissues, kinetics = load_set("tissues"), load_set("kinetics")
    if specimen.mechanisms.solubility_gradient:
        given = specimen.fluoridated
        take("gradient.fluoridated_share", tissues["gradient.fluoridated_share"], given.share.value if given else None)
        take("gradient.depth", tissues["gradient.depth"], 1e6 * given.depth.value if given and given.depth else None)
        if len(class_names(specimen)) > 1:
            take("gradient.soluble_share", tissues["gradient.soluble_share"])
    elif specimen.fluoridated:
        take("fluoridated_share", tissues["gradient.fluoridated_share"], specimen.fluoridated.share.value)
    if specimen.lesion:
        depth = replace(tissues["lesion.surface_layer"], note="depth of the lesion")
        take("lesion.depth", depth, 1e6 * specimen.lesion.depth.value)
        if specimen.lesion.body_mineral is not None:
            take("lesion.body_mineral", tissues["lesion.body_mineral"], specimen.lesion.body_mineral.value)
        if specimen.lesion.surface_layer is not None:
            take("lesion.surface_layer", tissues["lesion.surface_layer"], 1e6 * specimen.lesion.surface_layer.value)
            take("lesion.surface_mineral", tissues["lesion.surface_mineral"], specimen.lesion.surface_mineral.value)
    if specimen.biofilm:
        for name in BIOFILM:
            take(f"biofilm.{name}", load_set("mouth")[f"plaque.{name}"])
    if tissue_entry(specimen.tissue)["collagen"] and (specimen.collagen is None or specimen.collagen.decays):
        for name in (p.name for p in kinetics if p.name.startswith(("collagen.", "enzyme."))):
            take(name, kinetics[name])
        active = specimen.collagen.active_enzyme.value if specimen.collagen else None
        take("enzyme.initial_activity", kinetics["enzyme.initial_activity"], active)


def _stated(parameter: Parameter, value: float, low: float, high: float) -> Parameter:
    return replace(parameter, set="specimen", value=value, low=low, high=high, grade=STATED, source="", note="")


def _coupled(found: dict[str, Parameter]) -> dict[str, Parameter]:
    """Keep the range of porosity within what the sound mineral leaves, so that no draw exceeds the volume there is."""
    porosity, mineral = (found[name] for name in COUPLED)
    room = 1.0 - mineral.high
    if porosity.value <= room < porosity.high:
        found["porosity"] = replace(porosity, high=room, note=f"{porosity.note}; at most what the mineral leaves")
    elif room < porosity.value:
        high = max(mineral.value, 1.0 - porosity.high)
        found["sound_mineral"] = replace(mineral, high=high)
        found["porosity"] = replace(porosity, high=max(porosity.value, 1.0 - high))
    return found


def _check(name: str, known: Parameter, value: float | Range, where: str) -> None:
    middle = value.value if isinstance(value, Range) else value
    if known.grade == STATED and (not isinstance(value, Range) or abs(middle - known.value) > 1e-9 * abs(known.value)):
        what = f"{name} is given twice, as {known.value:.6g} and as {middle:g}"
        raise RecordError(what, where=where, fix="keep one of them; a range around what is stated has the same value")
    bottom, top = _bounds(name)
    for number in (value.low, value.value, value.high) if isinstance(value, Range) else (value,):
        if not bottom <= number <= top:
            why = f"allowed {bottom:g} to {top:g} {known.unit}" if top < 1e30 else "it must be above 0"
            raise RecordError(f"{number:g} is out of range", where=where, why=why)
    if isinstance(value, float | int) and not known.low <= value <= known.high:
        unit = "" if known.unit == "1" else f" {known.unit}"
        why = f"allowed {known.low:g} to {known.high:g}{unit} ({known.source or 'stated'})"
        fix = "if it was measured, write {value = …, low = …, high = …}"
        raise RecordError(f"{value:g} is out of range", where=where, why=why, fix=fix)


def _bounds(name: str) -> tuple[float, float]:
    """Return what is possible at all."""
    if name.startswith("pk."):
        return 1.0, 80.0
    if name == "porosity_exponent":
        return 0.5, 5.0
    if name.startswith(FRACTIONS):
        return 0.0, 1.0
    if name.endswith("_ph"):
        return 0.0, 14.0
    return (0.0, 1e30) if name in ("growth_ratio",) else (1e-30, 1e30)
