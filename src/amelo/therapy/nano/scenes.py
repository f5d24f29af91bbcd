"""Scenes for swarms, from files in TOML: a carrier, a field and one of four passages.  Some ship with amelo as benches.

::

    name = "my tubule"
    carrier = "caps-400"            # one that amelo knows, or a file beside this one
    count = 4000
    time = "20 min"
    gradient = "1 T/m"              # also flux_density = "5 mT", frequency = "50 Hz", gravity = 0.0, ultrasound = false
    release = ["0 um", "10 um"]     # where carriers start; also weight, mouth, ph, saturation, crowding, sizes

    [passage]
    kind = "tubule"                 # length, cells, vital, diameters (mouth, middle, pulp)
                                    # or "canal" (length, cells, diameters of orifice and apex), "slab" (length, cells),
                                    # or "channel" (length, cells, stream towards the mouth)
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from amelo.errors import FileError, FormatError, ParameterError, nearest, shorten
from amelo.therapy.nano.carrier import Carrier, carrier_names
from amelo.therapy.nano.docking import refuse_enamel
from amelo.therapy.nano.field import Field
from amelo.therapy.nano.passage import Passage, tubule
from amelo.therapy.nano.swarm import Swarm
from amelo.units import quantity

__all__ = ["COMMON", "Scene", "bench_names", "open_scene"]

BENCHES = Path(__file__).parent / "benches"
COMMON = "common"  # the benchmark that other programs have run as well
KEYS = {
    "": (
        "name",
        "about",
        "carrier",
        "count",
        "weight",
        "time",
        "release",
        "mouth",
        "ph",
        "saturation",
        "crowding",
        "sizes",
        "passage",
    ),
    "field": ("gradient", "flux_density", "frequency", "gravity", "ultrasound", "heating"),
    "tubule": ("kind", "length", "cells", "vital", "diameters", "temperature"),
    "canal": ("kind", "length", "cells", "diameters", "temperature"),
    "slab": ("kind", "length", "cells", "temperature"),
    "channel": ("kind", "length", "cells", "stream", "temperature"),
}
FIELDS = {"gradient": "magnetic gradient", "flux_density": "magnetic field", "frequency": "frequency"}
KINDS = ("tubule", "canal", "slab", "channel")


@dataclass(frozen=True, eq=False)
class Scene:
    """A swarm with a time [s], a name and a line about it."""

    name: str
    about: str
    swarm: Swarm
    time: float

    def changed(
        self, *, count: int | None = None, time: float | None = None, gradient: float | None = None, crowding: bool | None = None
    ):
        """Return the scene with some of its numbers replaced, checked."""
        swarm = self.swarm
        if count is not None:
            swarm = swarm.changed(count=count)
        if gradient is not None:
            swarm = swarm.changed(field=replace(swarm.field, gradient=gradient))
        if crowding is not None:
            swarm = swarm.changed(crowding=crowding)
        return Scene(self.name, self.about, swarm, self.time if time is None else time)


def bench_names() -> list[str]:
    """Return the names of the scenes that ship with amelo, and of the common benchmark."""
    return [*sorted(path.stem for path in BENCHES.glob("*.toml")), COMMON]


def open_scene(name: str | Path) -> Scene:
    """Return a scene that ships with amelo, or the one that a file describes.

    Raises: FileError, FormatError or ParameterError in a sentence.
    """
    path = BENCHES / f"{name}.toml" if str(name) in bench_names() else Path(name)
    if path.suffix.lower() != ".toml":
        fix = (
            nearest(str(name), bench_names(), limit=0)
            or "use one of " + ", ".join(bench_names()) + ", or a file that ends in .toml"
        )
        raise ParameterError(f"{shorten(str(name))} is no bench", fix=fix)
    try:
        data = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is no text in UTF-8"
        raise FileError(f"cannot read {path}", why=why) from None
    except tomllib.TOMLDecodeError as error:
        raise FormatError("is no TOML", where=path.name, why=str(error)) from None
    return _scene(data, path)


def _scene(data: dict[str, Any], path: Path) -> Scene:
    where = path.name
    _known(data, (*KEYS[""], *KEYS["field"]), where)
    for key in ("carrier", "count", "time", "passage"):
        if key not in data:
            raise ParameterError(f"'{key}' is missing", where=where)
    field = {}
    for key in KEYS["field"]:
        if key in data:
            field[key] = _quantity(data[key], FIELDS[key], key, where) if key in FIELDS else data[key]
    settings = {key: data[key] for key in ("weight", "mouth", "ph", "saturation", "crowding", "sizes") if key in data}
    for key in ("weight", "ph", "saturation"):
        _number(settings.get(key, 0.0), key, where)
    for key, value in (("count", data["count"]), ("sizes", settings.get("sizes", 1))):
        if not isinstance(value, int) or isinstance(value, bool):
            raise ParameterError(f"{key} = {value!r} is no whole number", where=where)
    release = data.get("release", ["0 um", "0 um"])
    if not isinstance(release, list) or len(release) != 2:
        raise ParameterError("release is no pair of depths", where=where, fix='write for example ["0 um", "10 um"]')
    settings["release"] = tuple(_quantity(text, "length", "release", where) for text in release)
    try:
        if isinstance(data["passage"], dict) and data["passage"].get("kind") == "enamel":
            refuse_enamel(_carrier(data["carrier"], path))
            why = "what is so small is carried by the ions' own diffusion"
            raise ParameterError("enamel is no passage for a swarm", why=why, fix="use 'amelo simulate'")
        passage = _passage(data["passage"], where)
        swarm = Swarm(passage, _carrier(data["carrier"], path), Field(**field), data["count"], **settings)
    except ParameterError as error:
        raise (error if error.where else error.at(where)) from None
    return Scene(data.get("name", path.stem), data.get("about", ""), swarm, _quantity(data["time"], "time", "time", where))


def _passage(data: Any, where: str) -> Passage:
    if not isinstance(data, dict) or data.get("kind") not in KINDS:
        raise ParameterError("passage.kind is missing or unknown", where=where, fix="use one of " + ", ".join(KINDS))
    kind = data["kind"]
    _known(data, KEYS[kind], f"{where}: [passage]")
    length = _quantity(data["length"], "length", "length", where) if "length" in data else None
    if length is None and kind != "tubule":
        raise ParameterError("passage.length is missing", where=where)
    if length is not None and not length > 0.0:
        raise ParameterError("passage.length is out of range", where=where, why="it is above 0")
    cells, temperature = data.get("cells", 200), float(data.get("temperature", 37.0))
    if not isinstance(cells, int) or not 2 <= cells <= 10_000:
        raise ParameterError(f"passage.cells = {cells!r} is out of range", where=where, why="a whole number from 2 to 10,000")
    places = tuple(_quantity(text, "length", "diameters", where) for text in data.get("diameters", ()))
    if kind == "tubule":
        if len(places) not in (0, 3):
            raise ParameterError("a tubule has three diameters: at the mouth, half way and at the pulp", where=where)
        return tubule(length, cells, vital=bool(data.get("vital", False)), temperature=temperature, diameters=places or None)
    edges = np.linspace(0.0, length, cells + 1)
    if kind == "canal":
        if len(places) != 2:
            raise ParameterError("a canal has two diameters: at its orifice and at the apex", where=where)
        return Passage(edges, np.interp(edges, (0.0, length), places), np.zeros(cells + 1), "closed", temperature)
    stream = _speed(data.get("stream", "0 um/s"), where)
    far = "pulp" if kind == "channel" else "closed"
    return Passage(edges, np.full(cells + 1, np.inf), np.full(cells + 1, stream), far, temperature, density=1.0)


def _carrier(name: Any, path: Path) -> Carrier:
    if str(name) in carrier_names() or not str(name).lower().endswith(".toml"):
        return Carrier.named(str(name))
    return Carrier.read(path.parent / str(name))


def _known(data: dict[str, Any], known: tuple[str, ...], where: str) -> None:
    for key in data:
        if key not in known:
            raise ParameterError(f"unknown key '{key}'", where=where, fix=nearest(key, known))


def _quantity(text: Any, dimension: str, key: str, where: str) -> float:
    return float(quantity(str(text), dimension=dimension, where=f"{where}: {key}").value)


def _speed(text: Any, where: str) -> float:
    """Return a speed [m/s], a length by the second."""
    head, slash, tail = str(text).rpartition("/")
    if not slash or tail.strip() != "s":
        raise ParameterError(f"stream: {shorten(text)} is no speed", where=where, fix="write for example '2 um/s'")
    return _quantity(head.strip(), "length", "stream", where)


def _number(value: Any, key: str, where: str) -> None:
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise ParameterError(f"{key} = {value!r} is no number", where=where)
