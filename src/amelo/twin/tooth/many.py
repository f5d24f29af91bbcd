"""Many teeth through the same span of time at once: treatments of the same members, side by side in one ensemble."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from amelo.twin.pulp.constants import Pulps
from amelo.twin.tooth.state import BY_CELL, BY_MEMBER, WholeTooth
from amelo.twin.tooth.waiting import Clock, forces, wait

__all__ = ["wait_many"]

NEEDED = (
    "carriers.life", "tertiary.delay", "tertiary.rate", "tertiary.most", "tertiary.reach", "template.thickening", "template.most",
)  # fmt: skip
UNSTIMULATED = -1e12


def wait_many(teeth: Sequence[WholeTooth], duration: float, clock: Clock, *, threads: int = 1) -> list[WholeTooth]:
    """Return teeth after a while, the very same as ``wait`` does one by one.

    Arguments: teeth, all on the same grid; duration [s]; clock; threads.
    """
    if duration == 0.0 or len(teeth) == 1:
        return [wait(tooth, duration, clock, threads=threads, watch=False)[0] for tooth in teeth]
    found: list[WholeTooth | None] = [None] * len(teeth)
    for rooted in (False, True):
        places = [k for k, tooth in enumerate(teeth) if tooth.rooted == rooted and tooth.present]
        if not places:
            continue
        group = [teeth[k] for k in places]
        after, _ = wait(_joined(group), duration, clock, threads=threads, given=_forces(group), watch=False)
        start = 0
        for k, tooth in zip(places, group, strict=True):
            part = slice(start, start + tooth.members)
            start += tooth.members
            changes = {name: getattr(after, name)[part] for name in (*BY_CELL, "carriers", "tertiary")}
            books = {**tooth.books, **{name: value[part] for name, value in after.books.items()}}
            found[k] = replace(tooth, time=tooth.time + duration, pulp=after.pulp[:, part], books=books, **changes)
    return [
        tooth if kept is None else kept
        for tooth, kept in zip((wait(t, duration, clock)[0] if not t.present else t for t in teeth), found, strict=True)
    ]


def _joined(teeth: Sequence[WholeTooth]) -> WholeTooth:
    """Return all members in one ensemble; only what time needs is right in it."""
    first = teeth[0]
    changes = {name: np.concatenate([getattr(tooth, name) for tooth in teeth]) for name in ("widths", *BY_CELL, *BY_MEMBER)}
    names = dict.fromkeys(name for tooth in teeth for name in tooth.books)
    books = {}
    for name in names:
        usual = UNSTIMULATED if name == "stimulated" else 0.0
        books[name] = np.concatenate([_whole(tooth.books.get(name, usual), tooth.members) for tooth in teeth])
    constants = replace(
        first.constants,
        values={
            name: np.concatenate([tooth.constants[name] for tooth in teeth]) for name in NEEDED if name in first.constants.values
        },
        pulps=Pulps(np.concatenate([tooth.constants.pulps.values for tooth in teeth], axis=1), first.constants.pulps.profile),
        reacts=np.concatenate([tooth.constants.reacts for tooth in teeth]),
    )
    return replace(first, **changes, pulp=np.concatenate([tooth.pulp for tooth in teeth], axis=1), books=books, constants=constants)


def _forces(teeth: Sequence[WholeTooth]) -> dict[str, np.ndarray]:
    each = [forces(tooth) for tooth in teeth]
    return {
        name: np.concatenate([_whole(given[name], tooth.members) for given, tooth in zip(each, teeth, strict=True)])
        for name in each[0]
    }


def _whole(value: np.ndarray | float, members: int) -> np.ndarray:
    """Return a value for every member (M,); one that has them is handed back as it is, for it is asked for very often."""
    if isinstance(value, np.ndarray) and value.shape == (members,):
        return value
    return np.broadcast_to(np.asarray(value, float), (members,))
