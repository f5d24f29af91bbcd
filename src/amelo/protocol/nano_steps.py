"""Steps that bring carriers to a tooth, move them, and take them away again.

Carriers come in a fluid, which is a bath like any other.  One external field acts on all of them.  Steps that follow each other
directly share the carriers that are not yet bound; any other step washes those away.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from amelo.errors import AmeloError, RecordError
from amelo.protocol.step_parts import DAY, Bath, Contents, Ingredient, lasting, measure

__all__ = ["FieldAlone", "NanoStep", "Nanobots", "Probe", "Retrieve", "Steered", "carrier_of", "field_of", "oversized_probe"]

MEDIUM = (Ingredient(substance="NaCl", amount=150.0),)  # isotonic, and nothing that reacts with carriers or tooth
FACING = {"up": 1.0, "level": 0.0, "down": -1.0}  # cosine between straight down and into the tooth

Gradient = measure(-100, 100, "T/m", "gradient of the field, positive where it pulls into the tooth", "magnets that exist")


class Steered(Bath):
    """What all steps share in which carriers lie under a field."""

    contents: Contents = MEDIUM
    duration: lasting(DAY, "a moment to a day")
    gradient: Gradient = 0.0
    flux_density: measure(0, 1.4, "T", "flux density of a rotating field", "magnets that exist") = 0.0
    frequency: measure(0, 1000, "Hz", "turns per second of a rotating field", "coils that exist") = 0.0
    facing: Annotated[
        Literal["up", "level", "down"], Field(description="which way the surface faces; carriers sink onto one that faces up")
    ] = "level"
    ultrasound: Annotated[bool, Field(strict=True, description="whether ultrasound stirs the fluid")] = False
    peroxide: measure(0, 0.4, "kg/kg", "hydrogen peroxide by mass", "none to the strongest bleach") = 0.0
    heated: Annotated[bool, Field(strict=True, description="whether an alternating field heats iron oxide")] = False

    @model_validator(mode="after")
    def _turning(self) -> Steered:
        if bool(self.flux_density) != bool(self.frequency):
            raise RecordError("a rotating field needs a flux density and a frequency", fix="write 'rotate 5 mT at 50 Hz'")
        return self


class Nanobots(Steered):
    """Bathe the surface in carriers."""

    kind: Literal["nanobots"] = "nanobots"
    carrier: str = Field(max_length=200, description="name of a carrier, or a TOML file with one")
    number_density: measure(1e6, 1e22, "1/m3", "carriers per volume of fluid", "one per millilitre to 1e16 per millilitre")

    @field_validator("carrier")
    @classmethod
    def _known(cls, value: str) -> str:
        carrier_of(value)
        return value

    @model_validator(mode="after")
    def _fits(self) -> Nanobots:
        from amelo.params import load_set

        carrier, most = carrier_of(self.carrier), load_set("nano/scene").value("packing.close")
        share = self.number_density * carrier.volume
        if share > most:
            why = f"they would fill {100 * share:.3g} % of the fluid; even packed they fill {100 * most:g} %"
            fix = f"at most {1e-6 * most / carrier.volume:.2g} per mL"
            raise RecordError(f"{self.number_density * 1e-6:.3g} {carrier.name} per mL do not fit", why=why, fix=fix)
        if self.heated and not carrier.iron_fraction:
            raise RecordError(f"{carrier.name} cannot be heated", why="it holds no iron oxide", fix="leave out 'heated'")
        return self


class Probe(Nanobots):
    """Bathe the surface in a trace of carriers, to see how this tooth answers before it is treated."""

    kind: Literal["probe"] = "probe"


class FieldAlone(Steered):
    """Hold a field on carriers that are there already, in a fluid without new ones."""

    kind: Literal["field"] = "field"

    @model_validator(mode="after")
    def _acts(self) -> FieldAlone:
        if not (self.gradient or self.frequency or self.ultrasound or self.heated):
            raise RecordError("the step has no field", fix="write for example 'pull 5 T/m for 5 min'")
        return self


class Retrieve(Steered):
    """Take carriers away again with the field reversed, in a fluid without new ones; where none is said, the last one before it."""

    kind: Literal["retrieve"] = "retrieve"
    gradient: measure(0, 100, "T/m", "gradient that pulls out of the tooth", "magnets that exist") = 0.0


NanoStep = (Nanobots, Probe, FieldAlone, Retrieve)


def carrier_of(name: str) -> Any:
    """Return a carrier that ships with amelo, or the one in a TOML file.

    Raises: RecordError for a name that is none, with the nearest one, or a file that is none.
    """
    from amelo.therapy.nano.carrier import Carrier

    try:
        return Carrier.read(name) if name.lower().endswith(".toml") else Carrier.named(name)
    except AmeloError as error:
        raise RecordError(error.what, where=error.where, why=error.why, fix=error.fix) from None


def field_of(step: Steered, *before: Steered) -> Any:
    """Return the field of a step as carriers feel it.

    Arguments: step; before (the steps before it in the same visit, in order).
    Assumptions: a ``retrieve`` pulls out of the tooth and turns helices back; one that says neither turns round the last field before it
    that was no ``retrieve`` itself.
    """
    from amelo.therapy.nano.field import Field as External

    gradient, flux_density, frequency = step.gradient, step.flux_density, step.frequency
    if isinstance(step, Retrieve):
        driving = (s for s in reversed(before) if _drives(s) and not isinstance(s, Retrieve))
        turned = step if _drives(step) else next(driving, step)
        gradient, flux_density, frequency = -abs(turned.gradient), turned.flux_density, -turned.frequency
    return External(gradient, flux_density, frequency, step.heated, step.ultrasound, FACING[step.facing])


def _drives(step: Steered) -> bool:
    return bool(step.gradient or step.frequency)


def oversized_probe(steps: Sequence[Any], path: tuple[int, ...] = ()) -> tuple[tuple[int, ...], RecordError] | None:
    """Return the place of a probe that is no smaller than the treatment that follows it, and what is wrong; None when all is well."""
    leaves = list(_leaves(steps, path))
    for k, (place, probe) in enumerate(leaves):
        if not isinstance(probe, Probe):
            continue
        later = [
            s for _, s in leaves[k + 1 :] if isinstance(s, Nanobots) and not isinstance(s, Probe) and s.carrier == probe.carrier
        ]
        if later and probe.number_density * probe.duration >= max(s.number_density * s.duration for s in later):
            why = "what is dosed times how long is no less than in the treatment after it"
            return place, RecordError("the probe is as large as its treatment", why=why, fix="lower its number, or shorten it")
    return None


def _leaves(steps: Sequence[Any], path: tuple[int, ...]) -> Iterator[tuple[tuple[int, ...], Any]]:
    for i, step in enumerate(steps):
        inner = getattr(step, "steps", None)
        if inner is None:
            yield (*path, i), step
        else:
            yield from _leaves(inner, (*path, i))
