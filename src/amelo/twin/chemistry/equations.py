"""The equations of a fluid at a given pH, written once for every kind of number.

The unknowns are few: the activities of the *centres* (calcium and magnesium, which all complexes share), the ionic strength and
the activity of water.  Given them, each other component's mass balance has one unknown and a closed solution, so the system
that Newton's method sees is 3 × 3 whatever the number of acids and salts.  The functions below use only ``+ - * /`` and the
``sqrt`` and ``exp`` of the module they are given: NumPy arrays, JAX tracers and the recorder that writes the compiled kernel all
run this same text.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from math import log
from typing import Any

from amelo.twin.chemistry.status import Status
from amelo.twin.chemistry.table import ReactionTable

__all__ = [
    "FLOOR",
    "TOLERANCE",
    "Balances",
    "Layout",
    "Member",
    "balances",
    "judge",
    "layout",
    "newton_step",
    "present",
    "start",
    "update",
]

Number = Any  # float, NumPy array, JAX tracer or recorded value
LN10 = log(10.0)
WATER_TOLERANCE = 1e-4  # largest change of the activity of water in the last step; 1e-4 moves SI by less than 1e-4
FLOOR = 1e-20  # mol/kgw that stands for "absent", far below anything that weighs in a balance
TOLERANCE = 3e-4  # largest relative Newton correction of the last step; the error left after it is about its square, 1e-7


@dataclass(frozen=True, slots=True)
class Member:
    """One species in its family: index in the table, charge, centres bound, stoichiometry of the family's component, water."""

    index: int
    charge: int
    centres: tuple[int, ...]
    count: int
    water: int


@dataclass(frozen=True, eq=False)
class Layout:
    """The reaction table seen as families: what is inert, what binds the centres, and where everything stands.

    ``families`` maps a component's index to its species; ``solvent`` are H+ and OH-; ``free`` are the bare centres.
    """

    centres: tuple[int, ...]
    inert: tuple[tuple[int, Member], ...]
    families: tuple[tuple[int, tuple[Member, ...]], ...]
    solvent: tuple[Member, ...]
    free: tuple[Member, ...]
    open_family: int  # component that may be held by a gas
    davies: tuple[float, float]  # A [(kg/mol)^0.5] and the linear term [kg/mol] of log10 γ of ions
    neutral_slope: float  # d log10 γ/dI of neutral species [kg/mol]
    water_slope: float  # -d a_w/dΣm [kg/mol]
    davies_limit: float  # ionic strength [mol/kgw] above which Davies coefficients are extrapolated
    refusal_limit: float  # and above which they are refused
    total_high: float  # largest total [mol/kgw]
    water_product: float  # Kw


@dataclass(frozen=True, slots=True)
class Balances:
    """Residuals and Jacobian of the balances, the activity of water they imply, and the concentration of every species."""

    residual: list[Number]
    jacobian: list[list[Number]]
    water_activity: Number
    charge: Number
    concentration: dict[int, Number]  # species index: mol/kgw
    activity: dict[int, Number]  # component index: activity of its master species


@cache
def layout(table: ReactionTable) -> Layout:
    """Arrange a reaction table for the equations."""
    names = table.names
    centres = tuple(names.index(name) for name in table.centres)

    def member(s: Any, component: str | None) -> Member:
        bound = tuple(s.components.get(name, 0) for name in table.centres)
        return Member(table.species.index(s), s.charge, bound, s.components.get(component, 0), s.water)

    families, inert = [], []
    for c in table.components:
        if c.name in table.centres:
            continue
        species = table.species_of(c.name)
        if len(species) == 1:
            inert.append((names.index(c.name), member(species[0], None)))
        else:
            families.append((names.index(c.name), tuple(member(s, c.name) for s in species)))
    constant = table.constants.value
    return Layout(
        centres=centres,
        inert=tuple(inert),
        families=tuple(families),
        solvent=tuple(member(s, None) for s in table.species if not s.components),
        free=tuple(member(s, None) for s in table.species if set(s.components) <= set(table.centres) and s.components),
        open_family=names.index("C(4)"),
        davies=(constant("activity.davies_a"), constant("activity.davies_b")),
        neutral_slope=constant("activity.neutral_slope"),
        water_slope=constant("activity.water_slope"),
        davies_limit=constant("activity.davies_limit"),
        refusal_limit=constant("activity.refusal_limit"),
        total_high=constant("range.total_high"),
        water_product=10.0 ** next(s.log_k for s in table.species if s.name == "OH-"),
    )


def start(
    shape: Layout, given: dict[int, Number], closing: Number, hydrogen: Number, math: Any
) -> tuple[dict[int, Number], list[Number], Number, Number]:
    """Return usable totals, a first guess of the centres and of ionic strength, and 1 where a total had to be refused, else 0.

    Arguments: shape; given (totals [mol/kgw] per component); closing (index of the component that is left out, or -1); hydrogen
    (activity of H+); math.
    Assumptions: the guess is the middle of plausible saliva, plaque fluid and laboratory baths; Newton forgives the rest.
    """
    totals, refused, everything = {}, 0.0, 0.0
    for c, amount in given.items():
        kept = math.where(closing == c, 0.0, amount)
        refused = math.where(kept >= 0.0, math.where(kept <= shape.total_high, refused, 1.0), 1.0)
        totals[c] = math.where(kept > FLOOR, kept, FLOOR)  # not-a-number goes to the floor
        everything = everything + totals[c]
    guess = 0.8 * everything + hydrogen + shape.water_product / hydrogen
    strength = math.where(guess < 1.0, guess, 1.0)
    spread = 1.0 + math.sqrt(strength)
    return totals, [0.5 * totals[c] / (spread * spread) for c in shape.centres], strength, refused


def update(centre: list[Number], strength: Number, correction: list[Number], math: Any) -> tuple[list[Number], Number, Number]:
    """Apply a Newton correction within bounds; return new centres, new ionic strength and the squared size of the largest change.

    Concentrations change by the factor 1 + δ rather than e^δ: while ligands are in excess the balance of a centre is linear in
    it, and the step is exact.
    """
    changed, worst = [], 0.0
    for value, delta in zip(centre, correction, strict=False):
        factor = _clip(1.0 + delta, 0.1, 10.0, math)
        worst = _largest(worst, (factor - 1.0) * (factor - 1.0), math)
        changed.append(value * factor)
    new = _clip(strength + correction[-1], 0.2 * strength, 5.0 * strength, math)
    relative = new / strength - 1.0
    return changed, new, _largest(worst, relative * relative, math)


def judge(
    shape: Layout,
    strength: Number,
    water: tuple[Number, Number],
    charge: Number,
    closing_charge: Number,
    error: Number,
    refused: Number,
    math: Any,
) -> Number:
    """Return the number of a fluid's :class:`Status`, the gravest last.

    Arguments: water (its activity as it was used, and as the balances then imply it); error (squared size of the last correction).
    """
    used, implied = water
    drift = implied - used
    status = math.where(strength > shape.davies_limit, float(Status.EXTRAPOLATED), float(Status.CONVERGED))
    status = math.where(strength > shape.refusal_limit, float(Status.TOO_CONCENTRATED), status)
    status = math.where(error <= TOLERANCE**2, status, float(Status.NOT_CONVERGED))
    status = math.where(drift * drift <= WATER_TOLERANCE**2, status, float(Status.NOT_CONVERGED))
    status = math.where(implied > 0.0, status, float(Status.NOT_CONVERGED))
    status = math.where(charge * closing_charge > 0.0, float(Status.CANNOT_CLOSE), status)
    return math.where(refused > 0.0, float(Status.INVALID), status)


def present(shape: Layout, totals: dict[int, Number], held: Number, activity: dict[int, Number], math: Any) -> dict[int, Number]:
    """Return the activities with an exact zero for every component that is not there at all."""
    known = {}
    for c, value in activity.items():
        known[c] = math.where(totals[c] > FLOOR, value, 0.0)
        if c == shape.open_family:
            known[c] = math.where(held > 0.0, value, known[c])
    return known


def _clip(x: Number, low: Number, high: Number, math: Any) -> Number:
    raised = math.where(x > low, x, low)  # not-a-number goes to low
    return math.where(raised < high, raised, high)


def _largest(a: Number, b: Number, math: Any) -> Number:
    return math.where(a > b, a, b)


def balances(
    shape: Layout,
    formation: dict[int, Number],
    totals: dict[int, Number],
    closing_charge: Number,
    held: tuple[Number, Number],
    state: tuple[list[Number], Number, Number],
    math: Any,
) -> Balances:
    """Evaluate mass balances of the centres and the definition of ionic strength, with their Jacobian.

    Arguments: shape (the table's layout); formation (K·aH^h per species); totals [mol/kgw] per component; closing_charge (charge,
    +1 or -1, of the inert ion that closes the charge balance, 0 for none); held (1 where a gas holds the open family, else 0, and
    the activity of its master species there, per activity of water); state (activities of the centres, ionic strength [mol/kgw],
    activity of water); math (module with sqrt and exp).
    Returns: the balances, differentiated with respect to ln activity of each centre and ionic strength.
    Assumptions: Davies activity coefficients for ions, log γ linear in I for neutral species, a_w linear in Σm [parkhurst2013].
    """
    centre, ionic_strength, water = state
    size = len(centre)
    inverse_gamma, slope, inverse_water = _activity_coefficients(shape, ionic_strength, water, math)
    groups: dict[tuple[int, tuple[int, ...]], Number] = {}  # (charge, centres bound): mol/kgw
    concentration: dict[int, Number] = {}
    activity: dict[int, Number] = dict(zip(shape.centres, centre, strict=True))
    levers: list[tuple[Number, list[Number], list[Number]]] = []

    def coefficient(s: Member) -> Number:
        carrier = inverse_gamma[abs(s.charge)]
        for j, power in enumerate(s.centres):
            for _ in range(power):
                carrier = carrier * centre[j]
        value = formation[s.index] * carrier
        if s.water:
            value = value * (water if s.water > 0 else inverse_water)
        return value

    def count(s: Member, amount: Number) -> None:
        concentration[s.index] = amount
        key = (s.charge, s.centres)
        groups[key] = groups.get(key, 0) + amount

    def weight(charge: Number, square: Number) -> Number:  # what an ion adds to ionic strength, with the ion that closes its charge
        return 0.5 * square - 0.5 * (charge * closing_charge)

    for s in (*shape.solvent, *shape.free):
        count(s, coefficient(s))
    for c, s in shape.inert:  # what does not react does not answer to the unknowns either
        concentration[s.index] = totals[c]
        activity[c] = totals[c] / inverse_gamma[abs(s.charge)]
    parts = [{s: coefficient(s) for s in members} for _, members in shape.families]
    shares, roots = _shares(shape, parts, totals, math)
    for (c, members), part, share, root in zip(shape.families, parts, shares, roots, strict=True):
        total, freedom = totals[c], 1.0
        if c == shape.open_family:  # held by a gas: the activity is given and the total follows
            total = held[0] * (held[1] * water * _sum(part.values())) + (1.0 - held[0]) * total
            freedom = 1.0 - held[0]
        free = activity[c] = total * share
        for s in members:
            if s.count == 2:
                part[s] = part[s] * free
            count(s, part[s] * free)
        # how ln(free) answers to ln(centres) and ionic strength, and how hard it pulls at their balances
        charge = _sum((s.count * s.charge) * part[s] for s in members if s.charge)
        square = _sum((s.count * s.charge * s.charge) * part[s] for s in members if s.charge)
        neutral = _sum(s.count * part[s] for s in members if not s.charge)
        bound = [_sum((s.count * s.centres[i]) * part[s] for s in members if s.centres[i]) for i in range(size)]
        lever = freedom * free * (share if root is None else root)
        levers.append((lever, [*bound, slope[1] * square + slope[0] * neutral], [*bound, weight(charge, square)]))

    return _assemble(shape, groups, levers, slope, weight, totals, closing_charge, ionic_strength, concentration, activity)


def _assemble(
    shape: Layout,
    groups: dict[tuple[int, tuple[int, ...]], Number],
    levers: list[tuple[Number, list[Number], list[Number]]],
    slope: dict[int, Number],
    weight: Callable[[Number, Number], Number],
    totals: dict[int, Number],
    closing_charge: Number,
    ionic_strength: Number,
    concentration: dict[int, Number],
    activity: dict[int, Number],
) -> Balances:
    """Sum species of equal charge and centres into residuals and Jacobian, and add how each family answers and pulls.

    A group answers to ln(centre) by how many it binds, and to ionic strength by z²; a family moves by ``lever * answer`` and takes
    ``pull`` with it, a correction of rank one.
    """
    size = len(shape.centres)
    inert_charge = _sum(s.charge * totals[c] for c, s in shape.inert)
    inert_square = _sum(s.charge**2 * totals[c] for c, s in shape.inert)
    charge = _sum(z * amount for (z, _), amount in groups.items() if z) + inert_charge
    square = _sum((z * z) * amount for (z, _), amount in groups.items() if z) + inert_square
    cube = _sum(z**3 * amount for (z, _), amount in groups.items() if z)
    quartic = _sum(z**4 * amount for (z, _), amount in groups.items() if z)
    residual = []
    jacobian: list[list[Number]] = [[0] * (size + 1) for _ in range(size + 1)]
    for i, c in enumerate(shape.centres):
        mine = {key: amount for key, amount in groups.items() if key[1] and key[1][i]}
        residual.append(_sum(key[1][i] * amount for key, amount in mine.items()) - totals[c])
        for j in range(size):
            jacobian[i][j] = _sum((key[1][i] * key[1][j]) * amount for key, amount in mine.items() if key[1][j])
        z1 = _sum((key[0] * key[1][i]) * amount for key, amount in mine.items() if key[0])
        z2 = _sum((key[0] ** 2 * key[1][i]) * amount for key, amount in mine.items() if key[0])
        z0 = _sum(key[1][i] * amount for key, amount in mine.items() if not key[0])
        jacobian[i][size] = slope[1] * z2 + slope[0] * z0
        jacobian[size][i] = weight(z1, z2)
    residual.append(weight(charge, square) - ionic_strength)
    jacobian[size][size] = slope[1] * weight(cube, quartic) - 1.0
    for lever, answer, pull in levers:
        for j in range(size + 1):
            if isinstance(answer[j], int):
                continue
            moved = lever * answer[j]
            for i in range(size + 1):
                if not isinstance(pull[i], int):
                    jacobian[i][j] = jacobian[i][j] - moved * pull[i]
    particles = _sum(groups.values()) + _sum(totals[c] for c, _ in shape.inert) - closing_charge * charge  # with the closing ion
    return Balances(residual, jacobian, 1.0 - shape.water_slope * particles, charge, concentration, activity)


def _shares(shape: Layout, parts: list[dict[Member, Number]], totals: dict[int, Number], math: Any) -> tuple[list, list]:
    """Return, per family, the activity of its master species per total, and 1/√discriminant where two of it sit in one complex.

    The balance is c1·a = T, or c1·a + 2·c2·a² = T, whose root is written in the form that does not cancel.
    """
    denominators, discriminants = [], []
    for (c, _), part in zip(shape.families, parts, strict=True):
        single = _sum(value for s, value in part.items() if s.count == 1)
        double = _sum(value for s, value in part.items() if s.count == 2)
        if isinstance(double, int):
            denominators.append(single)
            discriminants.append(None)
        else:
            discriminants.append(math.sqrt(single * single + 8.0 * totals[c] * double))
            denominators.append(0.5 * (single + discriminants[-1]))
    inverse = _inverses([*denominators, *(d for d in discriminants if d is not None)])
    rest = iter(inverse[len(denominators) :])
    return inverse[: len(denominators)], [None if d is None else next(rest) for d in discriminants]


def _inverses(values: list[Number]) -> list[Number]:
    """Return the reciprocals of positive numbers with a single division, the slowest thing a vector unit does."""
    products = [values[0]]
    for value in values[1:]:
        products.append(products[-1] * value)
    inverse = 1.0 / products[-1]
    result = []
    for k in range(len(values) - 1, 0, -1):
        result.append(inverse * products[k - 1])
        inverse = inverse * values[k]
    return [inverse, *reversed(result)]


def _activity_coefficients(shape: Layout, ionic_strength: Number, water: Number, math: Any) -> tuple[dict, dict, Number]:
    """Return 1/γ by absolute charge, d ln(1/γ)/dI of a neutral and of a univalent species, and 1/a_w."""
    root = math.sqrt(ionic_strength)
    plus = 1.0 + root
    inverse, inverse_water = _inverses([root * plus * plus, water])
    scale, linear = shape.davies[0] * LN10, shape.davies[1]
    univalent = math.exp(scale * (ionic_strength * plus * inverse - linear * ionic_strength))
    square = univalent * univalent
    fourth = square * square
    neutral_slope = -shape.neutral_slope * LN10
    neutral = math.exp(neutral_slope * ionic_strength)
    slopes = {0: neutral_slope, 1: scale * (0.5 * inverse - linear)}
    return {0: neutral, 1: univalent, 2: fourth, 3: fourth * fourth * univalent}, slopes, inverse_water


def newton_step(b: Balances) -> list[Number]:
    """Return the Newton correction of (ln activity of each centre, ionic strength) by elimination without pivoting.

    The block of the centres is a Gram matrix, hence positive definite, and the last row is dominated by its diagonal.  Rows are
    cross-multiplied on the way down, so that one division serves all pivots.
    """
    rows = [[*row, -value] for row, value in zip(b.jacobian, b.residual, strict=True)]
    size = len(rows)
    for k in range(size):
        for i in range(k + 1, size):
            rows[i] = [rows[k][k] * rows[i][j] - rows[i][k] * rows[k][j] if j > k else 0 for j in range(size + 1)]
    inverse = _inverses([rows[k][k] for k in range(size)])
    step: list[Number] = [0.0] * size
    for k in reversed(range(size)):
        step[k] = (rows[k][size] - _sum(rows[k][j] * step[j] for j in range(k + 1, size))) * inverse[k]
    return step


def _sum(values: Any) -> Number:
    total = 0
    for value in values:
        total = total + value
    return total
