"""What acts on all carriers at once: a magnet's gradient, a rotating field, an alternating one that heats, ultrasound.

There is one field for all carriers; none is steered on its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite

from amelo.errors import ParameterError
from amelo.params import load_set

__all__ = ["Field"]


@dataclass(frozen=True)
class Field:
    """An external field, the same everywhere in a passage.

    Fields: gradient of the flux density along the passage [T/m], positive where it pulls inwards; flux_density [T] of a rotating
    field and its frequency [Hz], positive where it screws helices inwards; heating (whether an alternating field heats iron oxide);
    ultrasound (whether the fluid is stirred by it); gravity (cosine between straight down and inwards: 1 where the passage leads down,
    0 where it lies, -1 where it leads up).
    Raises: ParameterError for a field that no magnet gives.
    """

    gradient: float = 0.0
    flux_density: float = 0.0
    frequency: float = 0.0
    heating: bool = False
    ultrasound: bool = False
    gravity: float = 0.0

    def __post_init__(self) -> None:
        value = load_set("nano/scene").value
        bounds = {
            "gradient": (value("magnet.gradient_close"), "T/m", "the steepest field of a permanent magnet, 1 to 3 mm from it"),
            "flux_density": (value("magnet.flux_density"), "T", "the strongest permanent magnets"),
            "frequency": (value("magnet.rotation"), "Hz", "the fastest rotation of coils"),
            "gravity": (1.0, "", "a cosine"),
        }
        for name, (most, unit, about) in bounds.items():
            number = getattr(self, name)
            if not isfinite(number) or abs(number) > most:
                what = f"a {name.replace('_', ' ')} of {number:g} {unit}".rstrip()
                raise ParameterError(f"{what} is out of range", why=f"allowed up to {most:g} {unit}".rstrip() + f", {about}")
        if self.flux_density < 0.0:
            raise ParameterError(
                f"a flux density of {self.flux_density:g} T is out of range", why="its sign is that of the frequency"
            )

    def reversed(self) -> Field:
        """Return the field that pulls the other way."""
        return Field(-self.gradient, self.flux_density, -self.frequency, self.heating, self.ultrasound, self.gravity)
