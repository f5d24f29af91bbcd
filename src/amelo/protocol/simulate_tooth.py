"""The verb ``simulate`` for a whole tooth: steps are done one after the other, and time passes between them."""

from __future__ import annotations

import time as clock_time
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from amelo.params import Parameter, load_set
from amelo.protocol.operations import operations
from amelo.protocol.record import Protocol
from amelo.protocol.values import time_text
from amelo.therapy.contract import Price
from amelo.therapy.nano.on_tooth import NanoVisit
from amelo.twin.provenance import Provenance
from amelo.twin.tooth.look import looked
from amelo.twin.tooth.state import WholeTooth
from amelo.twin.tooth.trajectory import Event, ToothTrajectory
from amelo.twin.tooth.twin import TIERS, ToothTwin
from amelo.twin.tooth.waiting import Clock, wait

__all__ = ["Followed", "followed", "simulate_tooth"]


@dataclass(frozen=True, eq=False)
class Followed:
    """What became of a tooth under steps: the tooth at the end; times (S,) [s] and what was seen (S, M) by name; events."""

    tooth: WholeTooth
    time: np.ndarray
    seen: dict[str, np.ndarray]
    events: tuple[Event, ...]


def simulate_tooth(
    twin: ToothTwin,
    protocol: Protocol,
    *,
    members: int = 1,
    tier: str = "reduced",
    seed: int = 0,
    years: float = 10.0,
    on_progress: Callable[[float, str], None] | None = None,
) -> ToothTrajectory:
    """Simulate what a protocol does to a whole tooth, and what follows over years.

    Arguments: twin; protocol; members; tier, ``reduced`` or ``full``; seed; years of the projection, 0 for none; on_progress.
    Returns: ToothTrajectory.
    Raises: ParameterError or RecordError with the place of a step that cannot be done; nothing is half applied.
    Assumptions: those of the twin; what a step does to a pulp within minutes counts as a dose at its start.
    """
    started = clock_time.perf_counter()
    built = twin.whole(members=members, seed=seed, tier=tier)
    found = followed(built.tooth, protocol, TIERS[tier][1], on_progress=on_progress)
    origin = Provenance.of(
        twin.name,
        specimen=twin.case.to_json(),
        protocol=str(protocol),
        seed=seed if members > 1 else None,
        parameters=_parameters(protocol),
        assumptions=tuple(built.assumed),
        options={"tier": tier, "years": years},
    )
    projection = None
    if years:
        if on_progress:
            on_progress(0.95, f"looking {years:g} years ahead")
        from amelo.protocol.years import projected

        projection = projected(twin, found.tooth, years=years, seed=seed)
    origin = replace(origin, wall_time=clock_time.perf_counter() - started)
    return ToothTrajectory(found.time, found.seen, built.tooth, found.tooth, found.events, origin, projection)


def followed(
    tooth: WholeTooth,
    protocol: Protocol,
    clock: Clock,
    *,
    on_progress: Callable[[float, str], None] | None = None,
    watch: bool = True,
) -> Followed:
    """Return what becomes of a tooth under the steps of a protocol.

    Arguments: tooth; protocol; clock (how finely time is cut); on_progress; watch (whether to measure after every step, or only at the end).
    Raises: ParameterError or RecordError with the place of a step that cannot be done.
    """
    row = operations(protocol)
    whole = max(sum(each.duration for each in row), 1.0)
    start = tooth
    times, seen, events = [tooth.time], [looked(tooth)] if watch else [], []
    for each in row:
        before, tooth = tooth, each.begin(tooth)
        price = each.act.account(before) if watch and each.act is not None else Price(0.0, consent="none")
        events.append(Event(before.time, each.label, price.duration, each.price, price.consent, each.step.kind))
        tooth, frames = wait(tooth, each.duration, clock, watch=watch)
        if watch:
            for k in range(len(frames.time) - 1):
                times.append(float(frames.time[k]))
                seen.append({**{name: np.full(tooth.members, np.nan) for name in seen[0]}, **_seen_on_the_way(frames.values, k)})
            times.append(tooth.time)
            seen.append(looked(tooth))
        if on_progress:
            on_progress(0.9 * (tooth.time - start.time) / whole, f"{each.label}, after {time_text(tooth.time)}")
    if not watch:
        times, seen = [tooth.time], [looked(tooth)]
    return Followed(tooth, np.array(times), {name: np.stack([s[name] for s in seen]) for name in seen[0]}, tuple(events))


def _seen_on_the_way(values: dict[str, np.ndarray], k: int) -> dict[str, np.ndarray]:
    """Return what is known between two looks at a tooth: its pulp."""
    from amelo.twin.pulp.course import MMHG

    found = {}
    if "damage" in values:
        found = {
            "pulp_inflammation": values["inflammation"][k],
            "pulp_damage": values["damage"][k],
            "pulp_perfusion": values["perfusion"][k],
        }
        found["pulp_pressure"] = values["pressure"][k] / MMHG
    return found


def _parameters(protocol: Protocol) -> list[Parameter]:
    """Return every constant that a run may have used, those of its carriers included."""
    sets = ["tooth", "steps", "pulp", "structure", "structure-tissue", "procedures", "years"]
    visits = [each.act for each in operations(protocol) if isinstance(each.act, NanoVisit)]
    carriers = {p: None for visit in visits for carrier in visit.carriers for p in carrier.parameters}
    return [*(p for name in [*sets, *(["nano/scene"] if visits else [])] for p in load_set(name)), *carriers]
