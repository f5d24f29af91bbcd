"""Adding to a column what amelo does not ship: reactions, and a mineral phase with its laws.

The contract is in ``docs/extending.md``: a law is a frozen dataclass with ``drive`` and ``halfway``, a phase names its laws and a solid
of the reaction table, and every number is in SI units or comes from a TOML text with range, grade and source.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from amelo.errors import ParameterError, nearest, shorten
from amelo.params import Parameter
from amelo.twin.column import Column
from amelo.twin.phases import Phase

__all__ = ["with_phase", "with_reactions"]

UNITS = {"pk": "1", "molar_volume": "m3/mol", "dissolution_rate": "mol/(m3 s)", "growth_rate": "mol/(m3 s)"}
LIMITS = {"pk": (1.0, 200.0), "molar_volume": (1e-6, 1e-2), "dissolution_rate": (1e-30, 1e6), "growth_rate": (1e-30, 1e6)}
SHARED = {  # what a law needs of the column beside the constants of its phase
    "fluoride_inhibition": ("fluoride_half_inhibition", "fluoride_inhibition_order"),
    "fluoride_limited": ("fluoride_half_uptake",),
    "acid_order": ("acid_reference",),
}
STATED = "stated"


def with_reactions(column: Column, text: str, *, where: str = "added reactions") -> Column:
    """Return a column whose reaction table has what a TOML text adds.

    Arguments: column; text (as :func:`amelo.twin.chemistry.extension.extended_table` reads it); where (file name, for messages).
    Raises: ParameterError for what the text gets wrong, MixedSetError for constants of another temperature.
    """
    from amelo.twin.chemistry.extension import extended_table
    from amelo.twin.chemistry.table import reaction_table

    before = column.table or reaction_table(column.temperature)
    table = extended_table(before, text, where=where)
    new = [p for name, p in table.constants.parameters.items() if name not in before.constants.parameters]
    kept = tuple(p for p in new if p.name.startswith(("log_k.", "tracer_diffusivity.")))  # those of a phase follow with the phase
    sentence = f"reactions added: {table.constants.name.rpartition(' + ')[2]} ({', '.join(dict.fromkeys(p.name for p in new))})"
    return replace(column, table=table, added=(*column.added, *kept), changes=(*column.changes, sentence))


def with_phase(
    column: Column,
    phase: Phase,
    *,
    mineral: ArrayLike = 0.0,
    sound: ArrayLike = 0.0,
    parameters: Mapping[str, ArrayLike] | None = None,
    seed: int = 0,
) -> Column:
    """Return a column with one more mineral phase.

    Arguments: column (M members, N cells); phase; mineral, what is there at the start, and sound, what sound tissue has of it (volume
    fractions of tissue, one, (N,) or (M, N)); parameters, in SI units, one or (M,) each: ``pk``, ``molar_volume`` [m3/mol],
    ``dissolution_rate`` and ``growth_rate`` [mol/(m3 tissue s)], and those of the column that its laws need and it does not have; what
    is left out comes from the constants of the table, drawn from its range for every member but the first; seed of that draw.
    Raises: ParameterError for a phase that is there already, a solid that the table does not have or a column cannot hold, a parameter
    that is missing, unknown or out of range, or a volume that does not fit into the pores.
    Assumptions: rates per litre of pore water in the table's constants mean that of the sound tissue at the inner end.
    """
    from amelo.twin.chemistry.table import reaction_table
    from amelo.twin.lesion.system import solid_powers

    where = f"phase {phase.name}"
    if not phase.name.isidentifier():
        raise ParameterError(f"'{phase.name}' cannot name a phase", why="letters, digits and _ only, and no digit first")
    if phase.name in [p.name for p in column.phases]:
        raise ParameterError(f"the column has a phase '{phase.name}' already", fix="give it another name")
    table = column.table or reaction_table(column.temperature)
    solid = table.solid(phase.solid)
    solid_powers(table, phase.solid)  # raises when the solid holds what does not react with solids
    if phase.growth is not None and phase.growth.surface not in ("own", "apatite", "pore"):
        raise ParameterError(
            f"'{phase.growth.surface}' is no surface", where=where, fix=nearest(phase.growth.surface, ("own", "apatite", "pore"))
        )
    fractions = {name: _fractions(column, value, name, where) for name, value in (("mineral", mineral), ("sound", sound))}
    needed = ["pk", "molar_volume"]
    needed += ["dissolution_rate"] if phase.dissolution else []
    needed += ["growth_rate"] if phase.growth else []
    shared = _shared(column, phase)
    given = dict(parameters or {})
    for name in given.keys() - {*needed, *shared}:
        raise ParameterError(f"'{name}' is not a parameter of this phase", where=where, fix=nearest(name, (*needed, *shared)))
    values, added = {}, []
    for name in (*needed, *shared):
        own = name if name in shared else f"{name}.{phase.name}"
        if name in given:
            values[own], parameter = _stated(column, own, given[name], where)
        else:
            values[own], parameter = _from_table(column, table.constants.parameters, solid.name, name, own, where, seed)
        low, high = LIMITS.get(name, (1e-30, 1e30))
        if not (np.isfinite(values[own]) & (low <= values[own]) & (values[own] <= high)).all():
            raise ParameterError(f"{name} = {parameter.value:g} is out of range", where=where, why=f"allowed {low:g} to {high:g}")
        added.append(parameter)
    laws = "; ".join(f"{k} by {v}" for k, v in (("dissolves", phase.dissolution), ("grows", phase.growth)) if v)
    sentence = f"phase added: {phase.name}, {solid.formula}" + (f"; {laws}" if laws else "")
    return replace(
        column,
        phases=(*column.phases, phase),
        mineral=np.concatenate([column.mineral, fractions["mineral"][:, None]], axis=1),
        sound=np.concatenate([column.sound, fractions["sound"][:, None]], axis=1),
        parameters={**column.parameters, **values},
        added=(*column.added, *added),
        changes=(*column.changes, sentence),
    )


def _shared(column: Column, phase: Phase) -> list[str]:
    """Return the parameters that the laws of a phase need and the column does not have."""
    laws = [law for law in (phase.dissolution, phase.growth) if law is not None]
    wanted = [name for law in laws for switch, names in SHARED.items() if getattr(law, switch, False) for name in names]
    return [name for name in dict.fromkeys(wanted) if name not in column.parameters]


def _fractions(column: Column, value: ArrayLike, name: str, where: str) -> np.ndarray:
    """Return volume fractions (M, N) that fit beside what the column holds."""
    there = column.mineral if name == "mineral" else column.sound
    shape = (there.shape[0], there.shape[2])
    try:
        found = np.array(np.broadcast_to(np.asarray(value, dtype=float), shape))
    except ValueError:
        why = f"one number, ({shape[1]},) for the cells or {shape} for members and cells"
        raise ParameterError(f"{name} has the shape {np.shape(value)}", where=where, why=why) from None
    room = 1.0 - column.organic - there.sum(axis=1) - np.asarray(column.parameters["porosity_floor"])[:, None]
    if not (np.isfinite(found).all() and (found >= 0.0).all()):
        raise ParameterError(f"{name} = {shorten(value)} is out of range", where=where, why="a volume fraction of at least 0")
    over = np.argwhere((found > room) & (found > 0.0))
    if len(over):
        member, cell = over[0]
        depth = 0.5e6 * (column.edges[cell] + column.edges[cell + 1])
        why = f"room for {max(room[member, cell], 0.0):.3g} at a depth of {depth:.3g} µm"
        raise ParameterError(f"{name} of {found[member, cell]:.3g} does not fit into the pores", where=where, why=why)
    return found


def _stated(column: Column, name: str, value: ArrayLike, where: str) -> tuple[np.ndarray, Parameter]:
    try:
        values = np.array(np.broadcast_to(np.asarray(value, dtype=float), (column.members,)))
    except (TypeError, ValueError):
        what = f"{name} = {shorten(value)} is neither a number nor one for each of {column.members} members"
        raise ParameterError(what, where=where) from None
    unit = UNITS.get(name.partition(".")[0], "SI")
    return values, Parameter("python", name, float(values[0]), unit, float(values.min()), float(values.max()), STATED, "", "")


def _from_table(
    column: Column, constants: Mapping[str, Parameter], solid: str, name: str, own: str, where: str, seed: int
) -> tuple[np.ndarray, Parameter]:
    """Return the values (M,) in SI and the constant they come from."""
    from amelo.twin.ensemble import draw

    parameter = constants.get(f"{name}.{solid}")
    if parameter is None:
        fix = f"give parameters={{'{name}': …}} [{UNITS.get(name, 'SI')}]"
        raise ParameterError(f"{name} is missing", where=where, why="it has no default", fix=fix)
    pores = 1.0 - column.sound[:, :, -1].sum(axis=1) - column.organic[:, -1]
    factor = {"cm3/mol": 1e-6, "mol/(L s)": 1000.0 * pores}.get(parameter.unit, 1.0)
    return draw({own: parameter}, column.members, seed)[own] * factor, replace(parameter, name=own)
