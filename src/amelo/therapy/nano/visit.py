"""A visit: carriers brought to a tooth, driven, and taken away, as one change of the twin.

Steps that follow each other directly are one visit and share the carriers that are not bound yet; when the fluid is changed after the
last of them, those are washed away.  Where carriers stay, their payload is a phase of the twin, which gives its ions to the fluid around
it as the fluid lets it; the rest of a carrier takes up room.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise

import numpy as np

from amelo.errors import ParameterError
from amelo.params import load_set
from amelo.therapy.contract import Price
from amelo.therapy.nano.books import BOOKS, DEPTHS, account, books_of
from amelo.therapy.nano.carrier import SCENE, Carrier
from amelo.therapy.nano.docking import Docked, dock, wash
from amelo.therapy.nano.field import Field
from amelo.therapy.nano.inside import Inside, inside, passage_of
from amelo.therapy.nano.passage import flow
from amelo.twin.change import Standing
from amelo.twin.column import Column

__all__ = ["Act", "Ground", "Visit", "phase_of"]

BOILING = 100.0  # degC, by definition of that scale
MOST_OF_PORES = 0.9  # that carriers may fill; what does not fit stays in the fluid and is washed away


@dataclass(frozen=True)
class Act:
    """One step of a visit: carrier (None: a field alone), field, outside [1/m3], duration [s], layer of unstirred fluid [m] (None: the
    usual), temperature [degC], peroxide [mol/m3], and whether it takes carriers home."""

    carrier: Carrier | None
    field: Field
    outside: float
    duration: float
    layer: float | None = None
    temperature: float = 37.0
    peroxide: float = 0.0
    home: bool = False


@dataclass(frozen=True, eq=False)
class Ground:
    """What carriers find at a tooth beside what the twin holds.

    Fields: tubules (whether dentine with open tubules is exposed); vital (whether a pulp presses fluid out of them); depth [m], from the
    surface to the pulp; spread (by name (M,), how many times or what each member of the ensemble has in place of the central value).
    """

    tubules: bool = False
    vital: bool = False
    depth: float = 2e-3
    spread: Mapping[str, np.ndarray] = field(default_factory=dict)

    def of(self, members: np.ndarray) -> dict[str, np.ndarray]:
        """Return the spread of some members."""
        return {name: values[members] for name, values in self.spread.items()}


def phase_of(carrier: Carrier) -> str:
    """Return the name of the phase that a carrier's payload is in the twin."""
    return carrier.name.replace("-", "_").replace(".", "_")


@dataclass(frozen=True, eq=False)
class Visit:
    """Acts that follow each other, as a change of the twin; see :class:`amelo.therapy.contract.Therapy`."""

    label: str
    acts: tuple[Act, ...]
    ground: Ground = Ground()

    @property
    def carriers(self) -> tuple[Carrier, ...]:
        """The carriers it brings, each once."""
        return tuple({act.carrier.name: act.carrier for act in self.acts if act.carrier}.values())

    @property
    def accounts(self) -> tuple[str, ...]:
        """The books it keeps."""
        heated = any(act.field.heating for act in self.acts)
        return tuple(name for c in self.carriers for name in books_of(c, tubules=self.ground.tubules, heated=heated))

    def check(self, column: Column) -> None:
        """Refuse what cannot be done to a column.

        Raises: ParameterError for a carrier that does not fit into the tubules it is brought to, or holds what it never gives off.
        """
        for carrier in self.carriers:
            if self.ground.tubules:
                flow(passage_of(self.ground), carrier, Field())  # raises where it does not fit
            if carrier.payload and not carrier.release_rate:
                what = f"{carrier.name} never gives its payload off"
                raise ParameterError(what, why="payload.release is 0", fix="give it a rate")

    def account(self) -> Price:
        """Return its price: minutes in the chair, no tissue, and the consent that research needs."""
        return Price(duration=sum(act.duration for act in self.acts), consent="research")

    def apply(self, before: Standing) -> Standing:
        """Return what stands when the visit is over."""
        after = before
        for carrier in self.carriers:
            after = self._one(carrier, after)
        return after

    def _one(self, carrier: Carrier, before: Standing) -> Standing:
        """Return what stands when one carrier has been brought, with its books."""
        members, acts = len(before.members), self._acts_on(carrier)
        spread = self.ground.of(before.members)
        mine = {name.partition(" ")[2]: values for name, values in spread.items() if name.startswith(f"{carrier.name} ")}
        at, retrieved = _docked(carrier, acts, before, mine)
        within = inside(carrier, acts, self.ground, before, mine) if self.ground.tubules else Inside.nothing(before)
        after, crowded_outside, crowded, crowded_load = _laid(carrier, before, at, within)
        wrong = np.maximum(np.full(members, at.imbalance), within.imbalance)
        entries = {
            "arrived": at.arrived + within.entered,
            "docked": at.stuck - crowded_outside,
            "inside": within.held - (crowded - crowded_outside),
            **{f"inside_{low:g}": within.between(1e-6 * low, 1e-6 * high) for low, high in pairwise(DEPTHS)},
            "plugged": within.plugged,
            "retrieved": retrieved + within.retrieved,
            "washed": at.left - retrieved + crowded + within.home - within.retrieved,
            "pulp": within.pulp,
            "payload": (at.stuck_load - crowded_load + within.held_load) * carrier.payload_volume,
            "iron": (at.stuck - crowded + within.held) * carrier.iron_oxide_mass,
            "depth": within.median,
            "depth90": within.deepest,
            "conductance": within.conductance,
            "wrong": wrong,
        }
        entries |= self._effects(carrier, acts, before, at, within)
        accounts = dict(after.accounts)
        for name, values in entries.items():
            key = account(carrier, name)
            if key in accounts:
                accounts[key] = BOOKS[name].joined(accounts[key], np.broadcast_to(values, (members,)) * BOOKS[name].scale)
        return replace(after, accounts=accounts)

    def _acts_on(self, carrier: Carrier) -> tuple[Act, ...]:
        """Return the acts as one carrier sees them: what is outside is its own, or nothing."""
        return tuple(act if act.carrier == carrier else replace(act, outside=0.0) for act in self.acts)

    def _effects(
        self, carrier: Carrier, acts: tuple[Act, ...], before: Standing, at: Docked, within: Inside
    ) -> dict[str, np.ndarray]:
        """Return what carriers did beside carrying: decades of bacteria killed, and how warm it became."""
        from amelo.therapy.nano.heat import conduct, heat_of
        from amelo.therapy.nano.kill import catalytic_kill, contact_kill

        members, found = len(before.members), {}
        if carrier.kill_rate or carrier.kill_contact:
            kill = np.zeros(members)
            ph = before.ph[:, 0]
            covered = np.clip(at.stuck * np.pi / 4.0 * carrier.diameter**2, 0.0, 1.0)
            for act in acts:
                if carrier.kill_rate and act.outside and act.peroxide:
                    kill = kill + catalytic_kill(carrier, act.outside * carrier.iron_oxide_mass, act.peroxide, ph, act.duration)
                if carrier.kill_contact:
                    kill = kill + contact_kill(carrier, covered, act.duration)
            found["kill"] = kill
        heated = sum(act.duration for act in acts if act.field.heating)
        if carrier.iron_fraction and heated:
            peak, pulp = np.zeros(members), np.zeros(members)
            edges = np.linspace(0.0, self.ground.depth, 101)
            for m in range(members):
                per_area = np.interp(edges, within.edges, np.insert(np.cumsum(within.per_area[m]), 0, 0.0))
                density = np.diff(per_area) / np.diff(edges)
                density[0] += at.stuck[m] / np.diff(edges)[0]
                warm = conduct(edges, heat_of(carrier, density), np.linspace(0.0, heated, 13)[1:])
                peak[m], pulp[m] = warm.warming.max(), warm.far.max()
            _refuse_boiling(carrier, float(peak.max()), max(act.temperature for act in acts))
            found |= {"warming": peak, "pulp_warming": pulp}
        return found


def _refuse_boiling(carrier: Carrier, warming: float, start: float) -> None:
    """Refuse heat that would boil water, of which nothing here holds any longer.

    Arguments: carrier; warming [K] of the warmest place; start [degC].
    Raises: ParameterError.
    """
    if start + warming > BOILING:
        why = f"the warmest place would be {start + warming:.4g} degC, and water boils at {BOILING:g}"
        fix = "bring fewer carriers, or heat them for a shorter time"
        raise ParameterError(f"{carrier.name} cannot be heated like this", why=why, fix=fix)


def _docked(carrier: Carrier, acts: tuple[Act, ...], before: Standing, mine: Mapping[str, np.ndarray]) -> tuple[Docked, np.ndarray]:
    """Return what stays on the surface after all acts and a change of fluid, and the carriers that were taken home [1/m2].

    Arguments: carrier; acts (as it sees them); before; mine (numbers (M,) of the members in place of its own).
    """
    members, first = len(before.members), before.outside
    sound = before.sound[:, :, first].sum(axis=1)
    deficit = 1.0 - np.clip(before.mineral[:, :, first].sum(axis=1) / np.where(sound > 0.0, sound, 1.0), 0.0, 1.0)
    at, retrieved = Docked.nothing(members), np.zeros(members)
    stick = mine["stick_lesion"] / carrier.stick_lesion if carrier.stick_lesion and "stick_lesion" in mine else 1.0
    for act in acts:
        gone = at.left
        at = dock(
            carrier,
            act.field,
            at,
            outside=act.outside,
            duration=act.duration,
            deficit=deficit,
            ph=before.ph[:, first],
            saturation=1.0,  # what they hold goes off in the twin, from the middle of the visit on
            layer=act.layer,
            temperature=act.temperature,
            magnetisation=mine.get("magnetisation"),
            stick=stick,
        )
        retrieved = retrieved + (at.left - gone if act.home else 0.0)
    return wash(at), retrieved


def _laid(carrier: Carrier, before: Standing, at: Docked, within: Inside) -> tuple[Standing, np.ndarray, np.ndarray, np.ndarray]:
    """Lay docked carriers outside the tissue and those inside into it.

    Arguments: carrier; before; at (the surface); within (the tubules).
    Returns: what stands; carriers without room outside; carriers, and loads, without room anywhere.
    """
    first, widths = before.outside, np.diff(before.edges)
    mineral, organic, ease = before.mineral.copy(), before.organic.copy(), before.ease.copy()
    k = before.phases.index(phase_of(carrier)) if phase_of(carrier) in before.phases else None
    crowded, crowded_load = np.zeros_like(at.stuck), np.zeros_like(at.stuck)
    shell = carrier.volume - carrier.payload_volume
    if first:
        room = MOST_OF_PORES * (before.porosity[:, :first] * widths[:first]).sum(axis=1)
        share = np.minimum(1.0, room / np.maximum(at.stuck * carrier.volume, 1e-300))
        laid, load = at.stuck * share, at.stuck_load * share
        crowded, crowded_load = at.stuck - laid, at.stuck_load - load
        thick = widths[:first].sum()
        organic[:, :first] += (laid * shell / thick)[:, None]
        if k is not None:
            mineral[:, k, :first] += (load * carrier.payload_volume / thick)[:, None]
        ease[:, :first] = _ease_of_bed(before, organic, mineral, thick)
    outside = crowded
    if within.held.any():
        room = MOST_OF_PORES * before.porosity[:, first:] * widths[first:]
        share = np.minimum(1.0, room / np.maximum(within.carriers * carrier.volume, 1e-300))
        crowded = crowded + ((1.0 - share) * within.carriers).sum(axis=1)
        crowded_load = crowded_load + ((1.0 - share) * within.loads).sum(axis=1)
        organic[:, first:] += share * within.carriers * shell / widths[first:]
        if k is not None:
            mineral[:, k, first:] += share * within.loads * carrier.payload_volume / widths[first:]
    return replace(before, mineral=mineral, organic=organic, ease=ease), outside, crowded, crowded_load


def _ease_of_bed(before: Standing, organic: np.ndarray, mineral: np.ndarray, thick: float) -> np.ndarray:
    """Return how easily ions cross the room outside the tissue (M, cells), so that it resists as the packed bed in it would.

    The bed is thinner than the room; what resists is its own thickness, with the pores of a random packing.
    """
    first = before.outside
    if not (before.ease[:, :first] > 1.0).any():
        return before.ease[:, :first]  # a biofilm resists by itself
    close, order = (load_set(SCENE).value(f"packing.{name}") for name in ("close", "pore_exponent"))
    filled = (organic[:, :first] + mineral[:, :, :first].sum(axis=1)).mean(axis=1)
    bed = np.maximum(filled * thick / close, 1e-12)
    eased = (thick / bed) * (1.0 - close) ** order / np.maximum(1.0 - filled, 1.0 - close)
    return np.minimum(before.ease[:, :first], eased[:, None])
