"""A carrier: what it is made of, what it holds, how it answers to fields, surfaces and acid.  One TOML file each.

Shipped carriers stand in ``params/nano``; ``Carrier.read`` takes a file of the user's own with the same keys.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from functools import cache
from pathlib import Path

import numpy as np

from amelo.errors import FileError, ParameterError, nearest, shorten
from amelo.params import load_set, parse_set, set_names
from amelo.params.load import Parameter, ParameterSet
from amelo.therapy.nano import motion

__all__ = ["Carrier", "carrier_names"]

FOLDER, SCENE = "nano/", "nano/scene"
FORMS = ("sphere", "helix", "scaffold", "cluster")
KEYS = {  # field of a carrier: its name in the file
    "diameter": "diameter",
    "diameter_spread": "diameter_spread",
    "excess_density": "excess_density",
    "magnetisation": "magnetisation",
    "moment": "moment",
    "length": "length",
    "advance": "advance",
    "iron_fraction": "iron.fraction",
    "iron_absorption": "iron.absorption",
    "payload_fraction": "payload.fraction",
    "release_rate": "payload.release",
    "release_acid_order": "payload.acid_order",
    "stick_sound": "stick.sound",
    "stick_lesion": "stick.lesion",
    "stick_tubule": "stick.tubule",
    "stick_acid_factor": "stick.acid_factor",
    "detach_rate": "detach.rate",
    "gelation_fraction": "gelation.fraction",
    "gelation_time": "gelation.time",
    "mobility": "diffusiophoretic.mobility",
    "kill_rate": "kill.rate",
    "kill_ph": "kill.half_ph",
    "kill_steepness": "kill.steepness",
    "kill_peroxide": "kill.half_peroxide",
    "kill_contact": "kill.contact",
    "kill_ceiling": "kill.ceiling",
    "growth_rate": "growth.rate",
    "growth_half": "growth.half",
    "scaffold_rate": "scaffold.rate",
}
NEEDED = ("diameter", "excess_density")


@dataclass(frozen=True)
class Carrier:
    """One kind of carrier, in SI units.

    Fields: name and about; form ("sphere", "helix", "scaffold" or "cluster"); payload (name of a solid of the reaction table, "" for
    none); retrievable (whether a reversed field brings it home); diameter [m] of it or of the sphere of its volume, and its spread
    (coefficient of variation); excess_density over water [kg/m3]; magnetisation of the whole particle in a saturating field [A/m];
    moment [A m2], length [m] and advance (lengths per turn) of a helix; iron_fraction of its volume that is iron oxide and
    iron_absorption [W/kg of it]; payload_fraction of its volume; release_rate [1/s] at pH 7 and release_acid_order (decades per pH
    below); stick_sound, stick_lesion and stick_tubule, speeds [m/s] at which it sticks to sound enamel, to one that lacks all its
    mineral, and to the wall of a tubule, at pH 7, and stick_acid_factor (times per pH below); detach_rate [1/s]; gelation_fraction
    and gelation_time [s] of the density from which it turns into a plug; mobility [m2/s] in a gradient of ln concentration; kill_rate
    [m3/(kg s) per mol/m3 of hydrogen peroxide], kill_ph of half activity, kill_steepness and kill_peroxide [mol/m3] of half speed of a
    catalyst; kill_contact [decades/s] where it covers a surface, and kill_ceiling [decades] of either; growth_rate [m/s] of enamel under
    plenty of clusters and growth_half [mol/m3 of calcium in them] of half that; scaffold_rate [1/s] by which a white spot shrinks
    faster; parameters (constants they come from).
    """

    name: str
    about: str = ""
    form: str = "sphere"
    payload: str = ""
    retrievable: bool = False
    diameter: float = 0.0
    diameter_spread: float = 0.0
    excess_density: float = 0.0
    magnetisation: float = 0.0
    moment: float = 0.0
    length: float = 0.0
    advance: float = 0.0
    iron_fraction: float = 0.0
    iron_absorption: float = 0.0
    payload_fraction: float = 0.0
    release_rate: float = 0.0
    release_acid_order: float = 0.0
    stick_sound: float = 0.0
    stick_lesion: float = 0.0
    stick_tubule: float = 0.0
    stick_acid_factor: float = 1.0
    detach_rate: float = 0.0
    gelation_fraction: float = 1.0
    gelation_time: float = 1.0
    mobility: float = 0.0
    kill_rate: float = 0.0
    kill_ph: float = 0.0
    kill_steepness: float = 0.0
    kill_peroxide: float = 0.0
    kill_contact: float = 0.0
    kill_ceiling: float = 0.0
    growth_rate: float = 0.0
    growth_half: float = 0.0
    scaffold_rate: float = 0.0
    parameters: tuple[Parameter, ...] = ()

    @classmethod
    def named(cls, name: str) -> Carrier:
        """Return a carrier that ships with amelo.

        Raises: ParameterError for a name that is none, with the nearest one.
        """
        if name not in carrier_names():
            fix = nearest(name, carrier_names(), limit=0) or "'amelo params nano' lists them"
            raise ParameterError(f"{shorten(name)} is not a carrier amelo knows", fix=fix)
        return _shipped(name)

    @classmethod
    def read(cls, path: str | Path) -> Carrier:
        """Return the carrier that a TOML file describes.

        Raises: FileError when it cannot be read, ParameterError for what is missing, unknown, unsourced or impossible.
        """
        path = Path(path)
        try:
            text = path.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            why = getattr(error, "strerror", None) or "it is no text in UTF-8"
            raise FileError(f"cannot read {path.name}", why=why) from None
        return cls.of(parse_set(text, where=path.name), where=path.name)

    @classmethod
    def of(cls, constants: ParameterSet, *, where: str) -> Carrier:
        """Return the carrier that a set of constants describes."""
        head = dict(constants.structure.get("carrier", {}))
        for key in head.keys() - {"form", "payload", "retrievable"}:
            raise ParameterError(
                f"unknown key '{key}'", where=f"{where}: [carrier]", fix=nearest(key, ("form", "payload", "retrievable"))
            )
        names = {key: field for field, key in KEYS.items()}
        for key in constants.parameters.keys() - names.keys():
            raise ParameterError(f"'{key}' is no property of a carrier", where=where, fix=nearest(key, names))
        for key in NEEDED:
            if key not in constants.parameters:
                raise ParameterError(f"{key} is missing", where=where, why="a carrier has a size and a density")
        numbers = {names[p.name]: p.value for p in constants}
        name = constants.name.rpartition("/")[2]
        found = cls(name=name, about=constants.about, **head, **numbers, parameters=tuple(constants))
        return found.checked(where)

    def checked(self, where: str = "") -> Carrier:
        """Return the carrier itself after looking whether it can exist.

        Raises: ParameterError in a sentence.
        """
        where = where or self.name
        if self.form not in FORMS:
            raise ParameterError(f"'{self.form}' is no form of a carrier", where=where, fix=nearest(self.form, FORMS))
        for field in fields(self):
            value = getattr(self, field.name)
            if field.type == "float" and field.name not in ("mobility", "excess_density") and not 0.0 <= value < float("inf"):
                raise ParameterError(f"{KEYS[field.name]} = {value:g} is out of range", where=where, why="it is at least 0")
        if not 1e-10 <= self.diameter <= 1e-3:
            why = "allowed 0.1 nm, an ion, to 1 mm"
            raise ParameterError(f"a diameter of {self.diameter * 1e9:g} nm is out of range", where=where, why=why)
        filled = self.payload_fraction + self.iron_fraction
        if filled > 1.0:
            why = f"payload {self.payload_fraction:g} and iron oxide {self.iron_fraction:g} of the volume are {filled:g}"
            raise ParameterError("the carrier holds more than its volume", where=where, why=why, fix="lower one of them")
        if bool(self.payload) != bool(self.payload_fraction):
            raise ParameterError("payload and payload.fraction belong together", where=where, fix="give both or neither")
        if self.form == "helix" and not (self.length and self.moment and self.advance):
            raise ParameterError("a helix needs length, moment and advance", where=where)
        return self

    @property
    def volume(self) -> float:
        """Volume of one carrier [m3]."""
        return float(motion.sphere_volume(self.diameter))

    @property
    def payload_volume(self) -> float:
        """Volume of the payload of one full carrier [m3]."""
        return self.payload_fraction * self.volume

    @property
    def iron_oxide_mass(self) -> float:
        """Iron oxide in one carrier [kg]."""
        return self.iron_fraction * self.volume * load_set(SCENE).value("iron_oxide.density")

    def sticking(self, deficit: float | np.ndarray, ph: float | np.ndarray, tubule: bool = False) -> float | np.ndarray:
        """Return the speed [m/s] at which it sticks to a surface.

        Arguments: deficit (share of the mineral of the surface that is gone, 0 to 1); ph at the surface; tubule (whether it is the wall
        of a tubule).
        """
        open_surface = self.stick_sound + (self.stick_lesion - self.stick_sound) * deficit
        acid = self.stick_acid_factor ** np.maximum(7.0 - np.asarray(ph, float), 0.0)
        return (self.stick_tubule if tubule else open_surface) * acid

    def release(self, ph: float | np.ndarray) -> float | np.ndarray:
        """Return the rate [1/s] at which its payload leaves into a fluid without any of its ions.

        Arguments: ph of that fluid.
        """
        return self.release_rate * 10.0 ** (self.release_acid_order * (7.0 - np.asarray(ph, float)))

    def changed(self, **numbers: float) -> Carrier:
        """Return the carrier with some of its numbers replaced, checked.

        Raises: ParameterError for a name that it does not have.
        """
        for name in numbers.keys() - KEYS.keys():
            raise ParameterError(f"'{name}' is no property of a carrier", where=self.name, fix=nearest(name, KEYS))
        return replace(self, **numbers).checked()


def carrier_names() -> list[str]:
    """Return the names of the carriers that ship with amelo."""
    return [name.removeprefix(FOLDER) for name in set_names() if name.startswith(FOLDER) and name != SCENE]


@cache
def _shipped(name: str) -> Carrier:
    return Carrier.of(load_set(FOLDER + name), where=f"{name}.toml")
