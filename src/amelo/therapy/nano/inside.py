"""Carriers inside the tubules of a tooth that stands in the twin: brought in by the acts of a visit, counted per area of tissue."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from amelo.therapy.nano.books import account
from amelo.therapy.nano.carrier import Carrier
from amelo.therapy.nano.passage import Passage, tubule
from amelo.twin.change import Standing

if TYPE_CHECKING:
    from amelo.therapy.nano.visit import Act, Ground

__all__ = ["CELLS", "Inside", "inside", "passage_of"]

CELLS = 400  # of a tubule: fewer widen the tail of depths (measures.grid_widening)


@dataclass(frozen=True, eq=False)
class Inside:
    """Carriers of M members in their tubules after a visit, per area of tissue [1/m2], loads in full carriers.

    Fields (M,): entered, held, held_load, plugged, retrieved and home (back through the mouth, the first while taken home), pulp;
    median and deepest, depths [m] that half and a tenth of them pass, not-a-number without any; conductance, relative
    to open tubules; imbalance, relative; carriers and loads (M, N) in the cells of the tissue; per_area (M, K) in the cells between edges
    (K + 1,) [m] of the tubules.
    """

    entered: np.ndarray
    held: np.ndarray
    held_load: np.ndarray
    plugged: np.ndarray
    retrieved: np.ndarray
    home: np.ndarray
    pulp: np.ndarray
    median: np.ndarray
    deepest: np.ndarray
    conductance: np.ndarray
    imbalance: np.ndarray
    carriers: np.ndarray
    loads: np.ndarray
    per_area: np.ndarray
    edges: np.ndarray

    @classmethod
    def nothing(cls, standing: Standing) -> Inside:
        """Return tissue without carriers in it."""
        members, cells = len(standing.members), standing.ph.shape[1] - standing.outside
        none = np.zeros(members)
        return cls(
            *(none for _ in range(7)),
            median=none,
            deepest=none,
            conductance=np.ones(members),
            imbalance=none,
            carriers=np.zeros((members, cells)),
            loads=np.zeros((members, cells)),
            per_area=np.zeros((members, 1)),
            edges=np.array([0.0, standing.edges[-1]]),
        )

    def between(self, low: float, high: float) -> np.ndarray:
        """Return the carriers (M,) [1/m2] that lie between two depths [m]."""
        summed = np.concatenate([np.zeros((len(self.per_area), 1)), np.cumsum(self.per_area, axis=1)], axis=1)
        return np.array([np.diff(np.interp((low, high), self.edges, row))[0] for row in summed])


def passage_of(ground: Ground) -> Passage:
    """Return the tubule, as the central member has it."""
    return tubule(ground.depth, CELLS, vital=ground.vital)


def inside(
    carrier: Carrier,
    acts: tuple[Act, ...],
    ground: Ground,
    before: Standing,
    own: Mapping[str, np.ndarray],
) -> Inside:
    """Return where carriers are in the tubules after a visit.

    Arguments: carrier; acts (what is outside being this carrier); ground; before; own (numbers (M,) of the members in place of the carrier's).
    Assumptions: payload stays aboard (it goes off in the twin); every tubule of a member is alike and straight; what is still free in them when the fluid outside is changed stays; plugs
    of earlier visits and acts hold water back, by as much as they had when an act begins, and do not stand in the way of carriers.
    """
    from amelo.therapy.nano.density import State, carry_many, imbalance
    from amelo.therapy.nano.measures import conductance_left, depth_quantile

    passage, members = passage_of(ground), len(before.members)
    spread = ground.of(before.members)
    counted = spread.get("tubule.density", np.full(members, passage.density))
    changed = {name: own[name] for name in ("magnetisation", "stick_tubule") if name in own}
    pressed = spread.get("outflow", np.ones(members)) * passage.density / counted  # fewer tubules, faster in each
    earlier = before.accounts.get(account(carrier, "conductance"), np.zeros(members))
    left = np.where(earlier > 0.0, earlier, 1.0)  # of what water passes, after plugs of earlier visits
    fluid = {"ph": _along(passage, before, before.ph), "saturation": 1.0}
    state = State(*(np.broadcast_to(x, (members, *np.shape(x))) for x in State.empty(passage)))
    entered, home, retrieved = np.zeros(members), np.zeros(members), np.zeros(members)
    for act in acts:
        if ground.vital:
            open_still = left * np.asarray(conductance_left(state, passage, carrier))
            changed["outflow"] = (pressed * open_still)[:, None] * passage.outflow
        state, done = carry_many(passage, carrier, act.field, state, outside=act.outside, duration=act.duration, **fluid, **changed)
        entered, home = entered + np.asarray(done.entered), home + np.asarray(done.left_by_mouth)
        retrieved = retrieved + (np.asarray(done.left_by_mouth) if act.home else 0.0)
    state = State(*(np.asarray(x) for x in state))
    size = np.diff(passage.edges)
    line = (state.free + state.stuck + state.plug) * size * counted[:, None]
    loads = (state.free_load + state.stuck_load + state.plug_load) * size * counted[:, None]
    wrong = [max(imbalance(passage, State(*(x[m] for x in state)))) for m in range(members)]
    deep = np.asarray(depth_quantile(state, passage, np.array([0.5, 0.9])))
    return Inside(
        entered=entered * counted,
        held=line.sum(axis=1),
        held_load=loads.sum(axis=1),
        plugged=(state.plug * size).sum(axis=1) * counted,
        retrieved=retrieved * counted,
        home=home * counted,
        pulp=state.pulp * counted,
        median=deep[:, 0],
        deepest=deep[:, 1],
        conductance=left * np.asarray(conductance_left(state, passage, carrier)),
        imbalance=np.array(wrong),
        carriers=_onto(passage, before, line),
        loads=_onto(passage, before, loads),
        per_area=line,
        edges=passage.edges,
    )


def _along(passage: Passage, standing: Standing, values: np.ndarray) -> np.ndarray:
    """Return values (M, N) of the tissue's cells at the middles of the cells of a passage (M, K)."""
    first = standing.outside
    depth = 0.5 * (standing.edges[first:-1] + standing.edges[first + 1 :])
    middle = 0.5 * (passage.edges[:-1] + passage.edges[1:])
    return np.stack([np.interp(middle, depth, row[first:]) for row in values])


def _onto(passage: Passage, standing: Standing, amounts: np.ndarray) -> np.ndarray:
    """Return amounts (M, K) of the cells of a passage in the cells of the tissue (M, N); what lies deeper is in the last."""
    edges = standing.edges[standing.outside :]
    summed = np.concatenate([np.zeros((len(amounts), 1)), np.cumsum(amounts, axis=1)], axis=1)
    at_edges = np.stack([np.interp(edges, passage.edges, row) for row in summed])
    at_edges[:, -1] = summed[:, -1]
    return np.diff(at_edges, axis=1)
