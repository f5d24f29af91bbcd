"""What couples the cells of a column: faces, families carried by diffusion and charge, and the block elimination of Newton's method.

Each function is one pass over the cells.  ``load``, ``left`` and ``right`` read the cell and its neighbours.  Fluxes are positive inwards, in mol/L · m/s.
"""

from __future__ import annotations

from typing import Any

from amelo.twin.lesion.cell import FLUORIDE, HYDROGEN, SIZE, CellModel, Load, Number, Store, _sum
from amelo.twin.lesion.metabolism import sugar_faces
from amelo.twin.lesion.system import BASIS, CHARGES

STEEPEST = 2.3  # largest fall of ln c in one iteration
UNFELT = 1e-10  # mol/L of calcium, phosphate or fluoride whose relative error nobody feels
EVEN = 0.2  # share of a correction of fluoride that counts: its balance is all but linear, and Newton's method leaves little of an error
ONSET = (
    0.05  # ln DS beyond saturation at which a correction stops that comes from below: growth answers far steeper than dissolution
)
LEADING = 0.2  # largest share of kT/e per cell by which leftover charge is led away; what remains is led away in the next steps

__all__ = ["carry_down", "carry_through", "carry_up", "charge", "correct", "eliminate", "faces", "settle", "solved", "through"]


def charge(model: CellModel, load: Load, right: Load, store: Store) -> None:
    """Sum the charge left over in this cell and all cells further in."""
    density = _sum(z * load(f"inventory{j}") for j, z in enumerate(CHARGES))
    density = density + _sum(f.charge * load(f"stock{k}") for k, f in enumerate(model.system.families) if f.charge)
    if model.living:
        density = density + load("counter")
    store(excess=right("excess") + density * load("width"), imbalance=density / load("porosity"))


def faces(model: CellModel, load: Load, left: Load, store: Store, math: Any) -> None:
    """Fix conductance and electrical drift of the face between this cell and the one outside it.

    Assumptions: no current flows but the one that leads leftover charge away; the potential follows from the concentrations at the
    start of the step.  Ions that the step brings to rest answer to a potential by their own diffusion, so that zero current alone
    would leave the potential undetermined: the last term asks for it whose answer removes the charge that was left over.
    """
    conductance = 1.0 / (left("resistance") + load("resistance"))
    if not model.film:
        store(face=conductance)
    else:  # each place is stored once, so that the way back can be read off
        renewed = left("film_diffusivity") * left("resistance")  # nothing but in the cell outside
        store(
            face=math.where(renewed > 0.0, 0.0, conductance),
            film_face=math.where(renewed > 0.0, left("film_diffusivity") * conductance, 0.0),
        )
    if model.species_diffusion:
        inverse = -2.0 / (load("conductance") + left("conductance"))
        potential = (load("current") - left("current")) * inverse
        leading = load("excess") / (load("step") * conductance) * inverse
        leading = (load("imbalance") - left("imbalance")) / (load("strength") + left("strength")) - leading
        bounded = leading / math.sqrt(1.0 + leading * leading * (1.0 / LEADING**2))
        store(migration=potential + bounded)


def _pushes(model: CellModel, f: int, load: Load, right: Load) -> tuple[Number, Number]:
    """Return what a family's total is pushed with to the left and to the right, per total."""
    mobility = load(f"mobility{f}")
    if not model.species_diffusion:
        return load("face") * mobility, right("face") * mobility
    drift = load(f"drift{f}")
    to_left = load("face") * (mobility + 0.5 * load("migration") * drift)
    to_right = right("face") * (mobility - 0.5 * right("migration") * drift)
    if model.film and not model.system.families[f].fixed:
        to_left, to_right = to_left + load("film_face"), to_right + right("film_face")
    return to_left, to_right


def _carried(model: CellModel) -> list[int]:
    """Return the numbers of the families that are carried; sugar has been before."""
    return [k for k, f in enumerate(model.system.families) if f.name != "Glc"]


def carry_down(model: CellModel, load: Load, left: Load, right: Load, store: Store) -> None:
    """Eliminate the totals of the families from the outside inwards."""
    rate = load("width") / load("step")
    for f in _carried(model):
        to_left, to_right = _pushes(model, f, load, right)
        # what the neighbours push into this cell, per total of theirs
        from_left = load("face") * left(f"mobility{f}")
        from_right = right("face") * right(f"mobility{f}")
        if model.species_diffusion:
            from_left = from_left - load("face") * (0.5 * load("migration") * left(f"drift{f}"))
            from_right = from_right + right("face") * (0.5 * right("migration") * right(f"drift{f}"))
            if model.film and not model.system.families[f].fixed:
                from_left, from_right = from_left + load("film_face"), from_right + right("film_face")
        inverse = 1.0 / (rate * load("porosity") + to_left + to_right - from_left * left(f"ahead{f}"))
        held = load(f"stock{f}")
        if model.living and f == model.family("Lac"):
            held = held + load("soured")
        given = rate * held + from_left * left(f"behind{f}")
        store(**{f"ahead{f}": from_right * inverse, f"behind{f}": given * inverse})


def carry_up(model: CellModel, load: Load, right: Load, store: Store) -> None:
    """Substitute the totals of the families from the inside outwards."""
    for f in _carried(model):
        store(**{f"total{f}": load(f"behind{f}") + load(f"ahead{f}") * right(f"total{f}")})


def carry_through(model: CellModel, load: Load, left: Load, store: Store) -> None:
    """Flux of each family through the left face."""
    if model.living:
        f, (face,) = model.family("Glc"), sugar_faces(load, left)
        store(**{f"through{SIZE + f}": face * (left(f"total{f}") - load(f"total{f}"))})
    for f in _carried(model):
        mine = load("face") * load(f"mobility{f}")
        other = load("face") * left(f"mobility{f}")
        if model.species_diffusion:
            half = 0.5 * (load("face") * load("migration"))
            mine, other = mine + half * load(f"drift{f}"), other - half * left(f"drift{f}")
            if model.film and not model.system.families[f].fixed:
                mine, other = mine + load("film_face"), other + load("film_face")
        store(**{f"through{SIZE + f}": other * left(f"total{f}") - mine * load(f"total{f}")})


def through(load: Load, left: Load, store: Store) -> None:
    """Flux of each balance of the basis through the left face."""
    for j in range(SIZE):
        store(**{f"through{j}": left(f"right{j}") - load(f"left{j}")})


def settle(model: CellModel, load: Load, right: Load, store: Store) -> None:
    """Book the fluxes and what minerals and metabolism took or gave: inventories change by exactly that."""
    per_width = load("step") / load("width")
    made: dict[str, Number] = {}
    if model.living:
        made = {"Glc": -load("eaten"), "Lac": load("soured"), "H": load("soured"), "K": load("released")}
    for j in range(SIZE):
        gained = per_width * (load(f"through{j}") - right(f"through{j}"))
        store(**{f"inventory{j}": load(f"inventory{j}") + gained - load(f"converted{j}") + made.get(BASIS[j], 0)})
    for f, family in enumerate(model.system.families):
        gained = per_width * (load(f"through{SIZE + f}") - right(f"through{SIZE + f}"))
        store(**{f"stock{f}": load(f"stock{f}") + gained + made.get(family.name, 0)})


def eliminate(load: Load, left: Load, right: Load, store: Store) -> None:
    """One row of the block-tridiagonal elimination, without pivoting; block and residual turn into what the cell owes its inner neighbour."""
    pull = [[left(f"to_right{j}{k}") for k in range(SIZE)] for j in range(SIZE)]
    before = [[left(f"block{j}{k}") for k in range(SIZE)] for j in range(SIZE)]
    shift = [left(f"residual{j}") for j in range(SIZE)]
    rows = []
    for j in range(SIZE):
        row = [load(f"block{j}{k}") - _sum(pull[j][i] * before[i][k] for i in range(SIZE)) for k in range(SIZE)]
        row += [right(f"to_left{j}{k}") for k in range(SIZE)]
        known = left(f"right{j}") + right(f"left{j}") - load(f"left{j}") - load(f"right{j}") - load(f"residual{j}")
        rows.append([*row, known + _sum(pull[j][i] * shift[i] for i in range(SIZE))])
    rows = solved(rows)
    for j in range(SIZE):
        store(**{f"block{j}{k}": rows[j][SIZE + k] for k in range(SIZE)})
        store(**{f"residual{j}": rows[j][-1]})


def solved(rows: list[list[Number]]) -> list[list[Number]]:
    """Return rows [A | B] with B replaced by A^-1 B, by elimination without pivoting."""
    rows, size, width = list(rows), len(rows), len(rows[0])
    for k in range(size):
        inverse = 1.0 / rows[k][k]
        rows[k] = [rows[k][c] * inverse if c > k else rows[k][c] for c in range(width)]
        for i in range(k + 1, size):
            rows[i] = [rows[i][c] - rows[i][k] * rows[k][c] if c > k else rows[i][c] for c in range(width)]
    for k in reversed(range(size)):
        for i in range(k):
            rows[i] = [rows[i][c] - rows[i][k] * rows[k][c] if c >= size else rows[i][c] for c in range(width)]
    return rows


def correct(model: CellModel, load: Load, right: Load, store: Store, math: Any) -> None:
    """Correct the free concentrations of a cell and remember the largest correction.

    What rises changes by the factor 1 + δ rather than e^δ, up to ten thousand: a bath spans decades.  What falls does so by e^δ, since
    the supply that minerals answer is a sum of exponentials and 1 + δ would fall below saturation and circle; fluoride, of which
    minerals take up little, falls by 1 + δ as well.  Traces that nobody feels do not hold up the others.  What
    a phase gives or takes in a long step is flat far from saturation on both sides and steep between; where a correction would jump
    from one flat to the other, it stops halfway up, from where Newton's method cannot circle.  From below saturation nothing is seen of
    the growth beyond it, so that a correction stops where that has begun.
    """
    worst, share = 0.0, load("damping")
    after = [right(f"delta{j}") for j in range(SIZE)]
    logs = []
    for j in range(SIZE):
        delta = load(f"residual{j}") + _sum(load(f"block{j}{k}") * after[k] for k in range(SIZE))
        store(**{f"delta{j}": delta})
        felt = delta
        if j != HYDROGEN:
            amount = load(f"c{j}")
            felt = delta * amount / (amount + UNFELT)
            felt = felt * EVEN if j == FLUORIDE else felt
        size = felt * felt
        worst = math.where(size < worst, worst, size)  # not-a-number becomes the worst
        factor = 1.0 + delta
        if j == FLUORIDE:
            logs.append(math.log(math.where(factor > 0.1, math.where(factor < 1e4, factor, 1e4), 0.1)))
            continue
        up = math.log(math.where(factor > 1.0, math.where(factor < 1e4, factor, 1e4), 1.0))
        down = math.where(delta > -STEEPEST, delta, -STEEPEST)
        logs.append(math.where(delta > 0.0, up, down))
    store(error=worst)
    for k, data in enumerate(model.phases):
        now = load(f"saturation{k}")
        move = _sum(n * logs[j] for j, n in enumerate(data.powers) if n) * (1.0 / data.ions)
        inverse = 1.0 / math.where(move * move > 1e-24, move, 1e-12)
        stops = ["below"] * (data.phase.dissolution is not None)
        stops += ["above"] * (data.phase.growth is not None and model.porosity_feedback)
        for stop in stops:
            distance = load(f"{stop}{k}") - now
            near = load(f"{stop}{k}") * 0.25
            far = distance * distance > near * near
            part = distance * inverse
            crossing = math.where(part > 0.0, part, 1.0)
            share = math.where(far, math.where(crossing < share, crossing, share), share)
        if data.phase.growth is not None and not data.phase.growth.fluoride_limited:
            part = (ONSET - now) * inverse
            crossing = math.where(part > 0.0, part, 1.0)
            share = math.where(now < 0.0, math.where(crossing < share, crossing, share), share)
    for j, change in enumerate(logs):
        store(**{f"c{j}": load(f"c{j}") * math.exp_any(share * change)})
