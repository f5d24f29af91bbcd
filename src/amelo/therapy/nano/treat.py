"""What a twin needs before carriers come: phases for their payloads, room for them outside, and how members differ."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from amelo.errors import ParameterError
from amelo.params import load_set
from amelo.params.load import Parameter
from amelo.therapy.nano.carrier import SCENE, Carrier
from amelo.therapy.nano.docking import most_arriving
from amelo.therapy.nano.inside import passage_of
from amelo.therapy.nano.tiers import choose
from amelo.therapy.nano.visit import Ground, Visit, phase_of
from amelo.twin.column import Bed, Column
from amelo.twin.ensemble import draw
from amelo.twin.phases import Dissolution, Phase
from amelo.twin.schedule import Schedule, unrolled

__all__ = ["treated", "visits_of"]

MOMENT = 1.0  # s
THINNEST = 1e-7  # m, of the room for carriers
SPREAD = {  # numbers of a carrier that members have of their own: name in its file, attribute
    "magnetisation": "magnetisation",
    "stick.lesion": "stick_lesion",
    "stick.tubule": "stick_tubule",
    "payload.release": "release_rate",
}


def visits_of(schedule: Schedule) -> tuple[Visit, ...]:
    """Return the visits of a schedule in order."""
    return tuple(part for part in schedule if isinstance(part, Visit))


def treated(
    column: Column, schedule: Schedule, *, tubules: bool = False, vital: bool = False, depth: float | None = None, seed: int = 0
) -> tuple[Column, Schedule]:
    """Return the column and the schedule, ready to be solved together; both as they are when nobody brings carriers.

    Arguments: column (M members); schedule; tubules (whether open ones lie bare); vital (whether a pulp presses fluid out of them); depth
    from the surface to the pulp [m] (None: the thickness of dentine, or of the column where that is more); seed of how members differ.
    Raises: ParameterError for a carrier that does not fit where it is brought.
    Assumptions: a visit at the end is followed by a second of its fluid, without carriers.
    """
    visits = visits_of(schedule)
    if not visits:
        return column, schedule
    value = load_set(SCENE).value
    thickness = float(column.edges[-1])
    ground = Ground(tubules, vital, max(depth or value("dentine.thickness"), thickness))
    carriers = _each(visits)
    for visit in visits:
        replace(visit, ground=ground).check(column)
    spread = _spread(carriers, ground, column.members, seed)
    ground = replace(ground, spread=spread)
    for carrier in carriers:
        if carrier.payload:
            column = _with_payload(column, carrier, spread)
    if column.biofilm is None:
        column = replace(column, bed=Bed(max(THINNEST, _room(visits, value("packing.close")))))
    known = {p for carrier in carriers for p in carrier.parameters} | set(load_set(SCENE))
    tiers = _tiers(visits, ground) if tubules else ()
    words = "carriers: " + ", ".join(carrier.name for carrier in carriers)
    words += "; tubules of dentine are open" + (", and a vital pulp presses fluid out of them" if vital else "") if tubules else ""
    column = replace(column, added=(*column.added, *known), changes=(*column.changes, words, *tiers))
    return column, tuple(replace(part, ground=ground) if isinstance(part, Visit) else part for part in _seen(schedule))


def _seen(schedule: Schedule) -> Schedule:
    """Return the schedule, with a moment more of its last fluid where it ends in a visit: states are kept at the ends of segments."""
    segments = list(unrolled(schedule)) if isinstance(schedule[-1], Visit) else []
    return (*schedule, *(replace(last, duration=MOMENT, label="the fluid is changed") for last in segments[-1:]))


def _each(visits: tuple[Visit, ...]) -> tuple[Carrier, ...]:
    """Return the carriers of visits, each once.

    Raises: ParameterError for two that cannot be told apart by their names.
    """
    found: dict[str, Carrier] = {}
    for carrier in (act.carrier for visit in visits for act in visit.acts if act.carrier):
        other = found.setdefault(phase_of(carrier), carrier)
        if other != carrier:
            names = carrier.name if other.name == carrier.name else f"{other.name} and {carrier.name}"
            raise ParameterError(
                f"two different carriers are called {names}",
                why="their books would be one",
                fix="give one another name in its [set]",
            )
    return tuple(found.values())


def _tiers(visits: tuple[Visit, ...], ground: Ground) -> tuple[str, ...]:
    """Return for each carrier why its density is followed in tubules, and which tier would be chosen if all could follow a visit."""
    passage, found = passage_of(ground), {}
    for act in (act for visit in visits for act in visit.acts if act.carrier):
        per_mm2 = passage.density * 1e-6
        _, reason = choose(passage, act.carrier, act.outside, passages=per_mm2, forced="density")
        found[act.carrier.name] = f"{act.carrier.name} in tubules, all those of 1 mm2 together: {reason}"
    return tuple(found.values())


def _spread(carriers: tuple[Carrier, ...], ground: Ground, members: int, seed: int) -> dict[str, np.ndarray]:
    """Return how members differ, by name."""
    scene = load_set(SCENE)
    wanted: dict[str, Parameter] = {}
    if ground.tubules:
        wanted["tubule.density"] = scene["tubule.density.junction"]
    if ground.vital:
        wanted |= {"outflow.conductance": scene["outflow.conductance"], "outflow.pressure": scene["outflow.pressure"]}
    for carrier in carriers:
        by_name = {p.name: p for p in carrier.parameters}
        wanted |= {f"{carrier.name} {attribute}": by_name[name] for name, attribute in SPREAD.items() if name in by_name}
    drawn = draw(wanted, members, seed)
    if ground.vital:
        usual = scene.value("outflow.conductance") * scene.value("outflow.pressure")
        drawn["outflow"] = drawn.pop("outflow.conductance") * drawn.pop("outflow.pressure") / usual
    return drawn


def _with_payload(column: Column, carrier: Carrier, spread: dict[str, np.ndarray]) -> Column:
    """Return the column with the phase of a carrier's payload: it goes off in proportion to what is left, and does not grow."""
    from amelo.twin.extension import with_phase

    name = phase_of(carrier)
    tissues = load_set("tissues")
    key = f"molar_volume.{carrier.payload}"
    volume = tissues.value(key if key in tissues.parameters else "molar_volume.apatite") * 1e-6
    rate = spread.get(f"{carrier.name} release_rate", np.full(column.members, carrier.release_rate))
    law = Dissolution(order=1.0, surface_exponent=1.0, hydrogen_order=carrier.release_acid_order)
    phase = Phase(name, carrier.payload, law, None, apatite=False, alone=True)
    return with_phase(column, phase, parameters={"molar_volume": volume, "dissolution_rate": rate / volume})


def _room(visits: tuple[Visit, ...], close: float) -> float:
    """Return how thick [m] all carriers would lie if every one that can arrive at the surface stayed there."""
    return sum(
        1.05 * most_arriving(act.carrier, act.field, act.outside, act.duration, act.temperature) * act.carrier.volume / close
        for visit in visits
        for act in visit.acts
        if act.carrier
    )
