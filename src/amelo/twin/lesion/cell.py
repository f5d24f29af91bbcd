"""What happens in one cell during one time step, written once for every kind of number.

Pieces, each a function of the numbers it loads and stores:

``foretell``  what a step holds of the fluid, as the two solutions before foretell it
``lag``       what is held during a step: activity coefficients, surfaces, pores as they will be half a step on, and the rates that a full
              drive would give
``evaluate``  balances of the basis and their derivatives, for Newton's method
``close``     what the solved step has done: minerals, fluxes, and what the next step's lag needs

The unknowns are ln of the free concentrations of Ca2+, HPO4 2-, F- and H+ [mol/L of pore water]; totals of families enter as known
numbers.  Minerals are eliminated in closed form: what dissolves is at most what is there, what grows at most what the pores hold.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from amelo.twin.lesion import matrix
from amelo.twin.lesion.dual import Dual
from amelo.twin.lesion.growth import BEND, FELT, TINY, foreseen, rooms, walls
from amelo.twin.lesion.metabolism import appetite
from amelo.twin.lesion.system import BASIS, CHARGES, LN10, Family, Member, System
from amelo.twin.phases import NOWHERE, Phase

__all__ = [
    "SIZE",
    "TRACE",
    "CellModel",
    "Conversion",
    "PhaseData",
    "close",
    "close_at",
    "conversions",
    "evaluate",
    "foretell",
    "foretold",
    "free_groups",
    "is_acid",
    "lag",
    "portray",
    "totals_of_basis",
]

Number = Any
SIZE = len(BASIS)
CALCIUM, PHOSPHATE, FLUORIDE, HYDROGEN = range(SIZE)
VANISHING = 1e-60
LEAST = 1e-30
TRACE = 1e-15  # mol/L of tissue
NEUTRAL = 1e-7  # activity of H+ that orders in it refer to
UNHYDRATED = ("CO2",)  # takes part in pH, and is an acid that meets a crystal only where water has joined it, one in some hundred


@dataclass(frozen=True)
class PhaseData:
    """A phase with the numbers that its solid brings: powers of the basis in its reaction, ions per formula, offset of ln IAP."""

    phase: Phase
    powers: tuple[float, ...]
    ions: int
    offset: float  # ln of the reaction constant in the twin's basis


@dataclass(frozen=True)
class CellModel:
    """Everything that decides what the equations are: system, phases, whether ions have their own diffusivities, and so on."""

    system: System
    phases: tuple[PhaseData, ...]
    species_diffusion: bool
    porosity_feedback: bool
    collagen: bool = False
    film: bool = False  # a film of saliva over a biofilm lets all through alike; only where species have their own diffusivities

    @property
    def living(self) -> bool:
        """Whether some cells are a biofilm that eats sugar."""
        return any(f.name == "Glc" for f in self.system.families)

    def family(self, name: str) -> int:
        """Return the number of a family."""
        return next(k for k, f in enumerate(self.system.families) if f.name == name)

    @property
    def growing(self) -> int:
        """Number of phases that may grow and share the room in the pores."""
        return sum(p.phase.growth is not None for p in self.phases)


Load = Callable[[str], Number]
Store = Callable[..., None]


def _powers(x: Number, low: int, high: int) -> dict[int, Number]:
    """Return x**n for n from low to high."""
    result: dict[int, Number] = {0: 1.0, 1: x}
    for n in range(2, high + 1):
        result[n] = result[n // 2] * result[n - n // 2]
    if low < 0:
        result[-1] = 1.0 / x
        for n in range(2, -low + 1):
            result[-n] = result[-(n // 2)] * result[-(n - n // 2)]
    return result


def _exponent(m: Member, family: Family | None) -> int:
    """Return the power of γ1 in a species' conditional constant; groups fixed in a biofilm answer to pH and to free calcium."""
    if family and family.fixed:
        return m.powers[HYDROGEN]
    own = m.charge**2
    return sum(p * z * z for p, z in zip(m.powers, CHARGES, strict=True)) + (m.count * family.charge**2 if family else 0) - own


class _Solution:
    """Concentrations of every species at given free concentrations, and how families answer to them."""

    def __init__(self, model: CellModel, load: Load, math: Any, totals: list[Number]) -> None:
        self.model = model
        free = [load(f"c{j}") for j in range(SIZE)]
        activity, neutral = load("activity"), load("neutral")
        members = [*model.system.core, *(m for f in model.system.families for m in f.members)]
        family_of = {id(m): f for f in model.system.families for m in f.members}
        exponents = {id(m): _exponent(m, family_of.get(id(m))) for m in members}
        gammas = _powers(activity, min(exponents.values()), max(exponents.values()))
        ladder = [_powers(x, min(m.powers[j] for m in members), max(m.powers[j] for m in members)) for j, x in enumerate(free)]
        self.free = free

        def carrier(m: Member) -> Number:
            value: Number = 10.0**m.log_k
            if exponents[id(m)]:
                value = gammas[exponents[id(m)]] * value
            if m.charge == 0 and not (id(m) in family_of and family_of[id(m)].fixed):
                value = neutral * value
            for j, p in enumerate(m.powers):
                if p:
                    value = ladder[j][p] * value
            return value

        self.species: list[tuple[Member, Number]] = []  # core species and their concentrations
        for m in model.system.core:
            trivial = m.log_k == 0.0 and sum(map(abs, m.powers)) == 1 and not exponents[id(m)]
            self.species.append((m, free[m.powers.index(1)] if trivial else carrier(m)))
        self.family: list[list[tuple[Member, Number]]] = []
        self.unit: dict[int, list[tuple[Member, Number]]] = {}
        self.answers: list[dict[int, Number]] = []  # per family: -d ln(free ion)/d ln(basis)
        for f, total in zip(model.system.families, totals, strict=True):
            if f.inert:
                self.family.append([(f.members[0], total)])
                self.answers.append({})
                continue
            parts = [(m, carrier(m)) for m in f.members]
            single = _sum(v for m, v in parts if m.count == 1)
            double = _sum(v for m, v in parts if m.count == 2)
            if isinstance(double, int):
                q = total / single
            else:
                q = 2.0 * total / (single + math.sqrt(single * single + 8.0 * total * double))
            unit = [
                (m, v if m.count == 1 else v * q) for m, v in parts
            ]  # per free ion, so that it means something where there is none
            self.unit[len(self.family)] = unit
            found = [(m, v * q) for m, v in unit]
            weight = _sum(m.count**2 * v for m, v in found) + TINY * TINY
            inverse = 1.0 / weight
            answer = {}
            for j in range(SIZE):
                bound = _sum(m.count * m.powers[j] * v for m, v in found if m.powers[j])
                if not isinstance(bound, int):
                    answer[j] = bound * inverse
            self.family.append(found)
            self.answers.append(answer)

    def reacting(self) -> list[tuple[Member, Number]]:
        """Return every species that the basis moves, with its concentration."""
        bound = [pair for parts, answers in zip(self.family, self.answers, strict=True) if answers for pair in parts]
        return [*self.species, *bound]

    def everything(self) -> list[tuple[Member, Number]]:
        """Return all species with their concentrations."""
        return [*self.species, *(pair for parts in self.family for pair in parts)]

    def total(self, j: int, weight: Callable[[Member], float] = lambda m: 1.0) -> Number:
        """Return Σ weight · power_j · concentration over the species."""
        return _sum(weight(m) * m.powers[j] * v for m, v in self.everything() if m.powers[j] and weight(m))

    def slopes(self, weight: Callable[[Member], float] = lambda m: 1.0) -> list[list[Number]]:
        """Return d total(j, weight)/d ln c_k."""
        matrix: list[list[Number]] = [[0] * SIZE for _ in range(SIZE)]
        for m, v in self.reacting():
            w = weight(m)
            for j in range(SIZE):
                if not (m.powers[j] and w):
                    continue
                pulled = v * (w * m.powers[j])
                for k in range(SIZE):
                    if m.powers[k]:
                        matrix[j][k] = matrix[j][k] + pulled * m.powers[k]
        for parts, answers in zip(self.family, self.answers, strict=True):  # families pull back, together
            for j in range(SIZE):
                held = _sum(weight(m) * m.powers[j] * m.count * v for m, v in parts if m.powers[j] and weight(m))
                if isinstance(held, int):
                    continue
                for k, answer in answers.items():
                    matrix[j][k] = matrix[j][k] - held * answer
        return matrix


def foretold(model: CellModel) -> list[str]:
    """Return the fields that a step holds as the last two solutions foretell them: laws and families, and not what drives the charge.

    The electrical potential answers to the charge that the last step left over; foretold, it would answer twice and swing.
    """
    return ["strength", "acid", "fluoride"]


def foretell(model: CellModel, load: Load, store: Store) -> None:
    """Store what a step holds of the fluid, as the last two solutions foretell it for the next.

    Held as it was solved last it would be a whole step late, and the method of first order for that alone. The logarithm goes on by
    ``onward`` of its last change, and by no more than a factor of 3.
    """
    for i, name in enumerate(foretold(model)):
        now, before = load(f"solved{i}"), load(f"former{i}")
        change, both = now - before, now + before + LEAST
        half, whole = load("onward") * (change * both), both * both + change * change
        store(**{name: now * ((whole + half) / (whole - half))})


def portray(model: CellModel, load: Load, store: Store, math: Any) -> None:
    """Store what laws, faces and families need to know of a fluid, as :func:`_portrait` has it, and the diffusivity of inert ions."""
    solution = _Solution(model, load, math, [load(f"total{f}") for f in range(len(model.system.families))])
    store(**_portrait(model, solution))
    for f, family in enumerate(model.system.families):
        if family.inert:
            m = family.members[0]
            store(**{f"mobility{f}": m.diffusivity, f"drift{f}": m.diffusivity * m.charge})


def is_acid(m: Member) -> bool:
    """Return whether a species is an undissociated acid, which laws count beside free protons."""
    return not m.charge and m.powers[HYDROGEN] > 0 and not m.powers[CALCIUM] and m.name not in UNHYDRATED


def _portrait(model: CellModel, solution: _Solution) -> dict[str, Number]:
    """Return strength, acid, fluoride, current and conductance (Σ zDc and Σ z²Dc), and mobility{f} and drift{f} per total of each family that answers."""
    species = solution.everything()
    acids = (v for m, v in species if is_acid(m) and m.diffusivity)
    found = {"strength": 0.5 * _sum(m.charge**2 * v for m, v in species if m.charge)}
    found |= {"acid": solution.free[HYDROGEN] + _sum(acids), "fluoride": solution.total(FLUORIDE)}
    if model.species_diffusion:
        found["current"] = _sum(m.charge * m.diffusivity * v for m, v in species if m.charge)
        found["conductance"] = _sum(m.charge**2 * m.diffusivity * v for m, v in species if m.charge)
    for f, unit in solution.unit.items():
        inverse = 1.0 / _sum(m.count * v for m, v in unit)
        found[f"mobility{f}"] = _sum(m.count * m.diffusivity * v for m, v in unit) * inverse
        found[f"drift{f}"] = _sum(m.count * m.diffusivity * m.charge * v for m, v in unit if m.charge) * inverse
    return found


def lag(model: CellModel, load: Load, store: Store, math: Any) -> None:
    """Fix for one step what follows from the state at its start, and from how fast the step before opened the pores."""
    strength = load("strength")
    root = math.sqrt(strength)
    a, b = model.system.davies
    log_activity = (root / (1.0 + root) - b * strength) * (-a * LN10)
    store(log_activity=log_activity, activity=math.exp_any(log_activity))
    store(neutral=math.exp_any(strength * (-model.system.neutral_slope * LN10)))

    solid: Number = load("organic")
    if model.collagen:
        solid = solid * load("collagen")
    moles = [load(f"mineral{k}") for k in range(len(model.phases))]
    for k, amount in enumerate(moles):
        solid = solid + amount * load(f"molar_volume.{k}")
    porosity = 1.0 - solid if model.porosity_feedback else load("open_pores")
    middle = porosity
    if model.porosity_feedback:  # half a step on, as the last step went: held at its start it would be the method's largest error
        left = 1.0 + (0.5 * (1.0 + BEND) ** 0.5) * load("step") * load("opening") / porosity
        middle = porosity * (left + math.sqrt(left * left + BEND)) * (1.0 / (1.0 + (1.0 + BEND) ** 0.5))  # smooth, and above 0
        middle = math.where(middle < 1.0, middle, 1.0)
    exponent = load("porosity_exponent")
    tortuosity = load("diffusivity_scale") * math.exp_any(exponent * math.log(middle))
    store(porosity=porosity, resistance=0.5 * load("width") / tortuosity)

    step = load("step")
    apatite = _sum(amount for p, amount in zip(model.phases, moles, strict=True) if p.phase.apatite)
    sound = load("sound_apatite")
    if model.growing:
        surface = _share(apatite, sound, 2.0 / 3.0, math)
        free, opened, sound_pores = rooms(model, load, porosity, moles, math)
        gap = foreseen(float(model.growing) * opened, sound_pores, load, math) if model.porosity_feedback else None
    for k, data in enumerate(model.phases):
        phase, amount = data.phase, moles[k]
        if phase.dissolution is not None:
            law = phase.dissolution
            reference = load(f"sound{k}")
            kept = load("residual_mineral") * load(f"own{k}")  # what sound tissue does not have may dissolve to nothing
            loose = amount - kept
            loose = math.where(loose > TINY, loose, TINY)
            inverse = 1.0 / (reference + TINY)
            rate = step * load(f"dissolution_rate.{k}") * inverse  # of the surface (m/m0)**a, per what is loose
            if law.surface_exponent != 1.0:
                rate = rate * math.exp_any((law.surface_exponent - 1.0) * math.log(loose * inverse + TINY))
            if law.acid_order:
                rate = rate * _quickened(law.acid_order, load, math)
            if law.hydrogen_order:
                rate = rate * math.exp_any(law.hydrogen_order * math.log(load(f"c{HYDROGEN}") * load("activity") * (1.0 / NEUTRAL)))
            if law.fluoride_inhibition:
                ratio = load("fluoride") / load("fluoride_half_inhibition")
                rate = rate * (1.0 / (1.0 + math.exp_any(load("fluoride_inhibition_order") * math.log(ratio + TINY))))
            if law.inhibited:
                rate = rate * (1.0 - load("inhibitor") * load("reach"))
            store(**{f"dissolving{k}": rate, f"loose{k}": math.where(amount > kept, amount - kept, 0.0)})
            stop = law.halfway(rate + TINY, math)
            store(**{f"below{k}": -stop - 0.5 * stop * stop})  # ln DS there
        if phase.growth is not None:
            law = phase.growth
            area = {"apatite": surface, "pore": porosity}.get(law.surface)
            if area is None:
                area = _share(amount, load(f"sound{k}"), 2.0 / 3.0, math)
            rate = step * load(f"growth_rate.{k}") * area
            if law.acid_order:
                rate = rate * _quickened(law.acid_order, load, math)
            if gap is not None and law.pore_exponent and law.surface != "pore":
                rate = rate * walls(gap, law.pore_exponent, math)
            if model.collagen:  # mineral grows on the matrix
                rate = rate * load("collagen")
            if law.inhibited:
                rate = rate * (1.0 - load("inhibitor") * load("reach"))
            store(**{f"growing{k}": rate})
            if model.porosity_feedback:
                space = (opened if phase.apatite else free) / load(f"molar_volume.{k}")
                stop = law.halfway((space + TINY) / (rate + TINY), math)
                stop = math.where(space > FELT, stop, NOWHERE)
                store(**{f"room{k}": space, f"above{k}": stop / (1.0 + 0.5 * stop)})


def _quickened(order: float, load: Load, math: Any) -> Number:
    """Return by how much acids quicken what passes between crystal and fluid, either way."""
    return math.exp_any(order * math.log(load("acid") / load("acid_reference") + TINY))


def _share(amount: Number, reference: Number, exponent: float, math: Any) -> Number:
    """Return (amount/reference)**exponent, small but not zero where there is nothing."""
    ratio = amount / (reference + TINY) + TINY
    return ratio if exponent == 1.0 else math.exp_any(exponent * math.log(ratio))


def _conversions(model: CellModel, solution: _Solution, load: Load, math: Any) -> tuple[list[Conversion], list[Number]]:
    """Return what :func:`conversions` says of a solution, and ln DS of every phase."""
    logs = [math.log(x) for x in solution.free]
    log_activity = load("log_activity")
    saturation = []
    products: dict[tuple[float, ...], Number] = {}
    for k, data in enumerate(model.phases):
        if data.powers not in products:
            squares = sum(n * z * z for n, z in zip(data.powers, CHARGES, strict=True))
            products[data.powers] = _sum(n * logs[j] for j, n in enumerate(data.powers) if n) + squares * log_activity
        saturation.append((products[data.powers] + (data.offset + LN10 * load(f"pk.{k}"))) * (1.0 / data.ions))
    return conversions(model, saturation, solution.free[FLUORIDE], load, math), saturation


@dataclass(frozen=True)
class Conversion:
    """What a step makes of a phase [mol/L tissue], and how that answers.

    Fields: change (what is precipitated); by_saturation and by_fluoride (its derivative with respect to ln DS of the phase, and to ln F or
    None where there is no such answer).
    """

    change: Number
    by_saturation: Number
    by_fluoride: Number | None = None

    @property
    def answers(self) -> dict[str, Number]:
        """The answers that there are, by the fields that hold them."""
        return {"forming": self.by_saturation} | ({} if self.by_fluoride is None else {"taking": self.by_fluoride})


def conversions(model: CellModel, saturation: list[Number], free_fluoride: Number, load: Load, math: Any) -> list[Conversion]:
    """Return what becomes of every phase in the step.

    What dissolves while a surface (m/m0)^a shrinks is right to second order in the length of the step, and never more than is loose.  What
    grows is what the law asks for, to second order, and never more than its part of the room in the pores.

    Arguments: model; saturation (ln DS of every phase); free_fluoride [mol/L]; load; math.
    """
    pushes: dict[int, tuple[Dual, Number | None]] = {}  # mol/L of tissue, and its derivative by ln F
    drives = [Dual(value, value) for value in (math.exp_any(log_ds) for log_ds in saturation)]
    for k, (data, ds) in enumerate(zip(model.phases, drives, strict=True)):
        if data.phase.growth is None:
            continue
        push, fluoride = data.phase.growth.drive(ds, math) * load(f"growing{k}"), None
        if data.phase.growth.fluoride_limited:
            share = free_fluoride / (free_fluoride + load("fluoride_half_uptake"))
            push = push * share
            fluoride = push.value * (1.0 - share)
        pushes[k] = push, fluoride
    limited = bool(pushes) and model.porosity_feedback
    found = []
    for k, (data, ds) in enumerate(zip(model.phases, drives, strict=True)):
        change, slope, by_fluoride = 0.0, 0.0, None
        if data.phase.dissolution is not None:
            law = data.phase.dissolution
            pull = law.drive(ds, math) * load(f"dissolving{k}")
            pull = pull * (pull * (1.0 - 0.5 * law.surface_exponent) + 1.0)
            gone = pull / (pull + 1.0) * load(f"loose{k}")
            change, slope = change - gone.value, slope - gone.slope
        if k in pushes:
            push, fluoride = pushes[k]
            if limited:
                room, asked = load(f"room{k}"), push.value
                whole = 1.0 / (room * room + asked * (room + asked) + VANISHING)
                kept = room * (room + asked) * whole  # (1 + x)/(1 + x + x²) of x = asked/room
                answer = room * room * room * (room + asked + asked) * (whole * whole)
                push, fluoride = Dual(asked * kept, answer * push.slope), answer * fluoride if fluoride is not None else None
            change, slope, by_fluoride = change + push.value, slope + push.slope, fluoride
        found.append(Conversion(change, slope, by_fluoride))
    return found


def evaluate(model: CellModel, load: Load, right: Load, store: Store, math: Any) -> None:
    """Store residual and Jacobian of the four balances of a cell, and what its neighbours need of them.

    Stores: residual{j}, left{j} and right{j} (what the cell pushes through its left and right face [mol/(m2 s) · 1e3]), block{j}{k},
    to_left{j}{k}, to_right{j}{k}.
    """
    totals = [load(f"total{f}") for f in range(len(model.system.families))]
    solution = _Solution(model, load, math, totals)
    rate = load("width") / load("step")
    changes, saturation = _conversions(model, solution, load, math)
    for k, (found, y) in enumerate(zip(changes, saturation, strict=True)):
        store(**{f"saturation{k}": y, f"formed{k}": found.change} | {f"{name}{k}": x for name, x in found.answers.items()})
    storage = rate * load("porosity")
    slope = solution.slopes()
    amounts = [solution.total(j) for j in range(SIZE)]
    (push_left, push_right), (pull_left, pull_right) = _mobility(model, solution, load, right)
    block: list[list[Number]] = [[storage * slope[j][k] for k in range(SIZE)] for j in range(SIZE)]
    for j in range(SIZE):
        held = load(f"inventory{j}")
        if (
            j != HYDROGEN
        ):  # the last step's Newton remainder can outweigh what little there is; the books keep it, the equations ask for a trace
            held = math.where(held > TRACE, held, TRACE)
        residual = storage * amounts[j] - rate * held
        if j == HYDROGEN and model.living:
            residual = residual - rate * load("soured")
        for data, found in zip(model.phases, changes, strict=True):
            n = data.powers[j]
            if not n:
                continue
            residual = residual + rate * (n * found.change)
            weighted = rate * (n / data.ions) * found.by_saturation
            for k, power in enumerate(data.powers):
                if power:
                    block[j][k] = block[j][k] + weighted * power
            if found.by_fluoride is not None:
                block[j][FLUORIDE] = block[j][FLUORIDE] + rate * (n * found.by_fluoride)
        store(**{f"residual{j}": residual, f"left{j}": push_left[j], f"right{j}": push_right[j]})
        for k in range(SIZE):
            to_left, to_right = pull_left[j][k], pull_right[j][k]
            store(**{f"block{j}{k}": block[j][k] + to_left + to_right, f"to_left{j}{k}": to_left, f"to_right{j}{k}": to_right})


def _mobility(model: CellModel, solution: _Solution, load: Load, right: Load) -> tuple[tuple, tuple]:
    """Return what a cell pushes of each component through its faces, Σ νDc with half of the migration; and the derivatives of both.

    Assumptions: a film of saliva over a biofilm is renewed rather than crossed by diffusion, and lets every species through alike; a film
    on the bare specimen is a layer of water that species cross as they do pores.
    """

    def mobile(m: Member) -> float:
        return m.diffusivity

    def charged(m: Member) -> float:
        return m.diffusivity * m.charge

    def loose(m: Member) -> float:
        return 1.0 if m.diffusivity else 0.0

    push, pull = [solution.total(j, mobile) for j in range(SIZE)], solution.slopes(mobile)
    face_left, face_right = load("face"), right("face")
    if not model.species_diffusion:
        sides = [([face * g for g in push], [[face * g for g in row] for row in pull]) for face in (face_left, face_right)]
        return tuple(zip(*sides, strict=True))
    drift, drift_slope = [solution.total(j, charged) for j in range(SIZE)], solution.slopes(charged)
    left, other = 0.5 * load("migration"), -0.5 * right("migration")
    sides = []
    for face, half, frame in ((face_left, left, load), (face_right, other, right)):
        pushed = [face * (g + half * z) for g, z in zip(push, drift, strict=True)]
        pulled = [[face * (g + half * z) for g, z in zip(a, b, strict=True)] for a, b in zip(pull, drift_slope, strict=True)]
        if model.film:
            film = frame("film_face")
            pushed = [p + film * solution.total(j, loose) for j, p in enumerate(pushed)]
            pulled = [
                [p + film * g for p, g in zip(a, b, strict=True)] for a, b in zip(pulled, solution.slopes(loose), strict=True)
            ]
        sides.append((pushed, pulled))
    return tuple(zip(*sides, strict=True))


def close(model: CellModel, load: Load, store: Store, math: Any) -> None:
    """Store what a solved step has done to the cell: minerals, final fluxes, and what the next steps foretell theirs from.

    Stores: mineral{k}, converted{j} (what minerals have taken from each balance [mol/L tissue]), left{j}, right{j}, opening (change of the
    pores [1/s]), strength, current and conductance, solved{i} (what :func:`foretold` names) and former{i} (the same of the step before).
    Assumptions: fluxes and minerals are those of the last linear system that Newton's method solved, which balances to round-off.
    Taken from the corrected concentrations instead, they would leave a remainder of the square of the last correction times what
    diffuses through a cell in the step, which is thousands of times what its pores hold.
    """
    solution = _Solution(model, load, math, [load(f"total{f}") for f in range(len(model.system.families))])
    delta = [load(f"delta{j}") for j in range(SIZE)]
    changes = []
    moves = [_sum(n * delta[j] for j, n in enumerate(data.powers) if n) * (1.0 / data.ions) for data in model.phases]
    for k, (data, move) in enumerate(zip(model.phases, moves, strict=True)):
        change = load(f"formed{k}") + load(f"forming{k}") * move
        if data.phase.growth is not None and data.phase.growth.fluoride_limited:
            change = change + load(f"taking{k}") * delta[FLUORIDE]
        changes.append(change)
    for j in range(SIZE):
        for side in ("left", "right"):
            store(**{f"{side}{j}": load(f"{side}{j}") + _sum(load(f"to_{side}{j}{k}") * delta[k] for k in range(SIZE))})
    _book(model, solution, changes, load, store, math)


def close_at(model: CellModel, load: Load, right: Load, store: Store, math: Any) -> None:
    """Store the same from the free concentrations themselves: what the tangent of ``close`` comes to as the last correction vanishes.

    Derivatives are taken of this one, because the tangent's own slopes are multiplied by a correction that is nothing.
    """
    solution = _Solution(model, load, math, [load(f"total{f}") for f in range(len(model.system.families))])
    changes, _ = _conversions(model, solution, load, math)
    (push_left, push_right), _ = _mobility(model, solution, load, right)
    for j in range(SIZE):
        store(**{f"left{j}": push_left[j], f"right{j}": push_right[j]})
    _book(model, solution, [found.change for found in changes], load, store, math)


def _book(model: CellModel, solution: _Solution, changes: list[Number], load: Load, store: Store, math: Any) -> None:
    """Store minerals, what they took, and what the next steps foretell theirs from."""
    taken: list[Number] = [0.0] * SIZE
    apatite: Number = 0.0
    filled: Number = 0.0
    for k, (data, asked) in enumerate(zip(model.phases, changes, strict=True)):
        there = load(f"mineral{k}")
        change = math.where(there + asked > 0.0, asked, -there)  # a tangent can ask for a little more than there is
        store(**{f"mineral{k}": there + change})
        filled = filled + change * load(f"molar_volume.{k}")
        if data.phase.apatite:
            apatite = apatite + there + change
        for j, n in enumerate(data.powers):
            if n:
                taken[j] = taken[j] + n * change
    for j in range(SIZE):
        store(**{f"converted{j}": taken[j]})
    if model.porosity_feedback and changes:
        store(opening=-filled / load("step"))
    portrait = _portrait(model, solution)
    names = foretold(model)
    store(strength=portrait["strength"], **{name: value for name, value in portrait.items() if name not in names})
    for i, name in enumerate(foretold(model)):
        store(**{f"former{i}": load(f"solved{i}"), f"solved{i}": portrait[name]})
    if model.living:
        counter = load("porosity") * solution.family[model.family("Fix")][0][1]  # one potassium for each free group
        store(appetite=appetite(load, solution.free[HYDROGEN], math), released=load("counter") - counter, counter=counter)
    if model.collagen:
        matrix.decay(load, solution.free[HYDROGEN], apatite, store, math)


def totals_of_basis(model: CellModel, load: Load, math: Any) -> list[Number]:
    """Return the totals of Ca, P, F and H [mol/L] of a solution given by its free concentrations and family totals."""
    totals = [load(f"total{f}") for f in range(len(model.system.families))]
    solution = _Solution(model, load, math, totals)
    return [solution.total(j) for j in range(SIZE)]


def free_groups(model: CellModel, load: Load, math: Any) -> Number:
    """Return the groups of a biofilm that hold neither proton nor calcium [mol/L of water]."""
    totals = [load(f"total{f}") for f in range(len(model.system.families))]
    return _Solution(model, load, math, totals).family[model.family("Fix")][0][1]


def _sum(values: Any) -> Number:
    total = 0
    for value in values:
        total = total + value
    return total
