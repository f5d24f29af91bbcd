"""How saturated a fluid is with each mineral of the tooth: the first answer amelo gives."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from amelo import __version__
from amelo.errors import RecordError
from amelo.records.check import build
from amelo.records.fluid import Fluid
from amelo.records.read import read_json, source_name
from amelo.twin.chemistry.fluids import speciate_fluids
from amelo.twin.chemistry.solve import Speciation
from amelo.twin.chemistry.status import Status
from amelo.twin.chemistry.table import ReactionTable

__all__ = ["ABSENT", "FluidFile", "FluidSaturation", "Saturation", "enamel_classes", "read_fluids", "saturation", "saturation_of"]

ABSENT = -99.99  # how JSON says "an ion of this phase is not there at all", as PHREEQC does; Python has -inf
SHOWN = ("Ca+2", "PO4-3", "HPO4-2", "F-", "H+", "OH-", "CO3-2", "Mg+2")
HISTORIC = ("Enamel_551", "Enamel_573", "Enamel_585", "FHAp_50", "Calcite")  # in JSON and Python, not in the short table


@dataclass(frozen=True)
class FluidSaturation:
    """The answer for one fluid.

    Fields: name; pH; temperature [degrees Celsius]; ionic_strength [mol/kgw]; water_activity; totals [mol/kgw] with the closing
    ion; charge_error, the charge left over as a fraction of all charge; log_activity by species; saturation_index log10(IAP/Ksp)
    and degree_of_saturation (IAP/Ksp)^(1/ions) by phase; enamel, one row per solubility class; status; sources (citation keys);
    constants (name and version of the set).
    """

    name: str
    pH: float
    temperature: float
    ionic_strength: float
    water_activity: float
    totals: Mapping[str, float]
    charge_error: float
    log_activity: Mapping[str, float]
    saturation_index: Mapping[str, float]
    degree_of_saturation: Mapping[str, float]
    enamel: tuple[Mapping[str, float | str], ...]
    status: Status
    sources: tuple[str, ...]
    constants: str

    @property
    def undersaturated_enamel(self) -> float:
        """Share of enamel mineral in classes that this fluid dissolves, not-a-number where the fluid has no answer."""
        if not self.status.usable:
            return math.nan
        return sum(float(row["share"]) for row in self.enamel if float(row["saturation_index"]) < 0)

    def to_dict(self) -> dict[str, object]:
        """Return the answer as plain JSON values; SI of a phase with an absent ion is -99.99, as in PHREEQC."""

        def plain(values: Mapping[str, float], absent: float) -> dict[str, float | None]:
            return {k: None if math.isnan(v) else absent if math.isinf(v) else float(v) for k, v in values.items()}

        return {
            "case": self.name,
            "pH": None if math.isnan(self.pH) else float(self.pH),
            "temperature_C": self.temperature,
            "totals_mmol_per_kgw": {k: v if v is None else v * 1000.0 for k, v in plain(self.totals, 0.0).items()},
            "ionic_strength": plain({"I": self.ionic_strength}, 0.0)["I"],
            "water_activity": plain({"a": self.water_activity}, 0.0)["a"],
            "charge_error_percent": plain({"e": 100.0 * self.charge_error}, 0.0)["e"],
            "log_activity": plain(self.log_activity, ABSENT),
            "saturation_index": plain(self.saturation_index, ABSENT),
            "degree_of_saturation": plain(self.degree_of_saturation, 0.0),
            "enamel_classes": [dict(row) | plain({"saturation_index": row["saturation_index"]}, ABSENT) for row in self.enamel],
            "undersaturated_share_of_enamel": plain({"share": self.undersaturated_enamel}, 0.0)["share"],
            "status": self.status.name.lower(),
            "status_sentence": self.status.sentence,
            "amelo": __version__,
            "constants": self.constants,
            "sources": list(self.sources),
        }


@dataclass(frozen=True)
class Saturation(Sequence):
    """Answers for one or more fluids, in their order."""

    fluids: tuple[FluidSaturation, ...]

    def __len__(self) -> int:
        return len(self.fluids)

    def __getitem__(self, index: int) -> FluidSaturation:
        return self.fluids[index]

    def __iter__(self) -> Iterator[FluidSaturation]:
        return iter(self.fluids)

    @property
    def sources(self) -> tuple[str, ...]:
        """Citation keys of every constant used."""
        return tuple(dict.fromkeys(key for fluid in self.fluids for key in fluid.sources))

    def __repr__(self) -> str:
        lines = [
            f"{f.name}: pH {f.pH:.2f}, I {f.ionic_strength:.4g} mol/kgw, SI HAp {f.saturation_index['HAp']:+.2f}, "
            f"enamel {f.saturation_index['enamel']:+.2f}, FAp {f.saturation_index['FAp']:+.2f} ({f.status.name.lower()})"
            if f.status.usable
            else f"{f.name}: no answer: {f.status.sentence}"
            for f in self.fluids[:12]
        ]
        more = [f"… and {len(self) - 12} more fluids"] if len(self) > 12 else []
        return "\n".join([f"<Saturation of {len(self)} fluid{'s' if len(self) != 1 else ''}>", *lines, *more])

    def _repr_html_(self) -> str:
        from html import escape

        phases = [p for p in self.fluids[0].saturation_index if p not in HISTORIC] if self.fluids else []
        head = "".join(f"<th>{escape(text)}</th>" for text in ("fluid", "pH", "I [mol/kgw]", *phases))
        body = "".join(
            f"<tr><td>{escape(f.name)}</td><td>{f.pH:.2f}</td><td>{f.ionic_strength:.4g}</td>"
            + "".join(f"<td>{f.saturation_index[p]:+.2f}</td>" for p in phases)
            + "</tr>"
            for f in self.fluids
        )
        return (
            f"<table><caption>Saturation index log10(IAP/Ksp)</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        )


def saturation(fluid: Fluid | Mapping | Sequence | str | Path) -> Saturation:
    """Return how saturated one or more fluids are with the minerals of enamel, dentine and calculus.

    Arguments: fluid, a :class:`~amelo.records.fluid.Fluid`, a mapping of the same form, a sequence of either, or the path of a
    JSON file (``"-"`` for standard input).
    Returns: a sequence of answers, one per fluid; a fluid without an answer has a status that says why and not-a-number values.
    Raises: RecordError, FileError or FormatError when the input is not a fluid.
    Assumptions: Davies activities; binding of calcium by salivary proteins is ignored, so that SI of saliva is an upper bound.
    Source: the set of constants, see ``.sources``.
    """
    if isinstance(fluid, str | Path):
        return saturation_of(*read_fluids(fluid).labelled(fluid))
    items = [fluid] if isinstance(fluid, Fluid | Mapping) else list(fluid)
    return saturation_of([item if isinstance(item, Fluid) else build(Fluid, item, f"fluid[{i}]") for i, item in enumerate(items)])


def saturation_of(fluids: Sequence[Fluid], labels: Sequence[str] | None = None) -> Saturation:
    """Return the answers for fluid records.

    Arguments: fluids; labels (what to call each in messages).
    Raises: RecordError for a component or a closing ion that amelo does not know, ParameterError for a temperature.
    """
    answers = speciate_fluids(fluids, labels)
    tables = {id(batch): _columns(batch) for batch, _ in answers}
    return Saturation(
        tuple(_answer(f, i, batch, row, tables[id(batch)]) for i, (f, (batch, row)) in enumerate(zip(fluids, answers, strict=True)))
    )


class FluidFile(NamedTuple):
    """What a file held: its fluids, and whether they came as a list."""

    fluids: list[Fluid]
    is_list: bool

    def labelled(self, source: str | Path) -> tuple[list[Fluid], list[str]]:
        """Return the fluids and what to call each in messages."""
        name = source_name(source)
        return self.fluids, [f"{name}[{i}]" if self.is_list else name for i in range(len(self.fluids))]


def read_fluids(source: str | Path) -> FluidFile:
    """Read one fluid, a list of fluids, or an object with a ``fluids`` list from a JSON file, ``"-"`` for standard input.

    Raises: FileError, FormatError, RecordError.
    """
    name = source_name(source)
    data = read_json(source)
    if isinstance(data, dict) and set(data) == {"fluids"}:
        data = data["fluids"]
    if not isinstance(data, list):
        return FluidFile([build(Fluid, data, name)], False)
    if not data:
        raise RecordError("the list holds no fluid", where=name, fix="put at least one fluid in it")
    return FluidFile([build(Fluid, item, f"{name}[{i}]") for i, item in enumerate(data)], True)


def enamel_classes(table: ReactionTable) -> list[tuple[str, float, float, float, float]]:
    """Return (solid, share of mineral, pK, pK low, pK high) of each solubility class of enamel."""
    shares = [p for p in table.constants if p.name.startswith("share.")]
    return [
        (p.name.removeprefix("share."), p.value, (k := table.constants[f"pk.{p.name.removeprefix('share.')}"]).value, k.low, k.high)
        for p in shares
    ]


def _columns(batch: Speciation) -> dict[str, np.ndarray]:
    """Compute, once per batch, every column that answers are cut from."""
    columns = {f"log {s}": batch.log_activity(s) for s in SHOWN}
    index = batch.saturation_index
    for k, solid in enumerate(batch.table.solids):
        columns[f"SI {solid.name}"] = index[:, k]
        columns[f"DS {solid.name}"] = 10.0 ** (index[:, k] / solid.ions)
    ions = [(batch.species(s.name), batch.concentration(s.name)) for s in batch.table.species]
    columns["charges"] = sum(abs(s.charge) * concentration for s, concentration in ions)
    return columns


def _answer(fluid: Fluid, i: int, batch: Speciation, row: int, columns: dict[str, np.ndarray]) -> FluidSaturation:
    table, status = batch.table, Status(int(batch.status[row]))
    usable = status.usable

    def cell(column: np.ndarray) -> float:
        return float(column[row]) if usable else math.nan

    index = {s.name: cell(columns[f"SI {s.name}"]) for s in table.solids}
    degree = {s.name: cell(columns[f"DS {s.name}"]) for s in table.solids}
    enamel = tuple(
        {
            "class": name,
            "share": share,
            "pK": pk,
            "pK_low": low,
            "pK_high": high,
            "saturation_index": index[name],
            "saturation_index_low": index[name] + low - pk if math.isfinite(index[name]) else None,
            "saturation_index_high": index[name] + high - pk if math.isfinite(index[name]) else None,
        }
        for name, share, pk, low, high in enamel_classes(table)
    )
    index["enamel"], degree["enamel"] = index["enamel_main"], degree["enamel_main"]  # in short: the class most of it is in
    charges = cell(columns["charges"])
    return FluidSaturation(
        name=fluid.case or f"fluid {i + 1}",
        pH=cell(batch.ph),
        temperature=fluid.temperature_C,
        ionic_strength=cell(batch.ionic_strength),
        water_activity=cell(batch.water_activity),
        totals={name: cell(batch.totals[:, c]) for c, name in enumerate(table.names)},
        charge_error=cell(batch.charge) / charges if charges else 0.0,
        log_activity={s: cell(columns[f"log {s}"]) for s in SHOWN},
        saturation_index=index,
        degree_of_saturation=degree,
        enamel=enamel,
        status=status,
        sources=table.sources,
        constants=f"{table.constants.name} {table.constants.version}",
    )
