"""The compiled core of the fast tier: one unknown per cell for the apatites, one for fluoride, the laws recorded from the phases.

The unknown ``v`` is ln of the ion activity product of apatite, in nodes of the tables of paths (``paths.py``).  The flux between cells
is linear in s(v, q) and the pores hold what the table says; what minerals give and take follows from v itself.  Fluoride that minerals took,
q, is how much it differs from a fluoride that no mineral touches, followed beside it.  Reading the tables goes lane by lane, everything else is arithmetic that runs on sixteen columns side by side.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from amelo.twin.compiled import module_of
from amelo.twin.lesion.cell import FLUORIDE, SIZE, TRACE, CellModel, conversions, lag
from amelo.twin.lesion.kernel import law_fields, pass_text, recorded
from amelo.twin.lesion.system import LN10
from amelo.twin.reduced.paths import ACROSS, NODES

__all__ = ["BATH", "SHARES", "ReducedLayout", "compiled_reduced", "has_fluoride", "reduced_layout"]

LOOKED, SENSED = ACROSS[:3], ACROSS[3:]  # read in every iteration, with slopes, and once per step
FORETOLD = ("acid", "fluoride")  # what laws answer to, as the last two solutions foretell it
BATH = ("s", "potential", "mobility", "drift", "fluoride", "unreacted")  # of the ghost cell outside
SHARES = (
    0.0,
    0.01,
    0.04,
    0.1,
    0.2,
    0.32,
    0.44,
    0.56,
    0.68,
    0.8,
    0.9,
    0.96,
    0.99,
    1.0,
)  # of one bath in the other, at which a family of paths is tabulated
UNFELT = 1e-9  # mol/L of fluoride that changes nothing
FURTHEST = 100.0  # nodes that one correction may move


@dataclass(frozen=True, eq=False)
class ReducedLayout:
    """Where every number stands: as :class:`amelo.twin.lesion.kernel.Layout`, with what the fast tier needs."""

    model: CellModel
    lanes: int
    fields: dict[str, int]
    state: int

    @property
    def stride(self) -> int:
        """Fields of a cell."""
        return len(self.fields)

    @property
    def fluoride(self) -> bool:
        """Whether fluoride is solved for."""
        return has_fluoride(self.model)


def has_fluoride(model: CellModel) -> bool:
    """Return whether any phase holds fluoride or is slowed by it."""
    return any(p.powers[FLUORIDE] or (p.phase.dissolution and p.phase.dissolution.fluoride_inhibition) for p in model.phases)


@cache
def reduced_layout(model: CellModel, lanes: int) -> ReducedLayout:
    """Number the fields that a model needs."""
    phases = range(len(model.phases))
    state = ["v", "fluoride", "unreacted", "old", *(f"inventory{j}" for j in range(SIZE)), *(f"mineral{k}" for k in phases)]
    state += [f"former{i}" for i in range(len(FORETOLD))] + ["opening"] * model.porosity_feedback
    constants, rest, answers = law_fields(model)
    params = ["step", "inhibitor", "error", "damping", "lowest", "spacing", "old_mobility", *constants]
    rest += [*(f"{name}{kind}" for name in LOOKED for kind in ("", "_slope", "_fluoride")), *SENSED]
    rest += ["strength", "log_activity", "activity", "neutral", "porosity", "resistance", "face", "migration"]
    rest += answers
    rest += [
        *(f"ahead{i}{j}" for i in range(2) for j in range(2)),
        "behind0",
        "behind1",
        "delta0",
        "delta1",
        "ahead",
        "behind",
        "row",
        "part",
    ]
    rest += ["through0", "through1", "converted0", "converted1"]
    rest += [f"stock{f}" for f in range(len(model.system.families))]
    return ReducedLayout(model, lanes, {name: i for i, name in enumerate([*state, *params, *rest])}, len(state))


def _sum(values: Any) -> Any:
    total: Any = 0
    for value in values:
        total = total + value
    return total


def _laws(model: CellModel, frame: Any) -> tuple[list, list]:
    """Return what every phase precipitates, with derivatives, and its ln DS."""
    load, math = frame.load, frame.math
    product, saturation = load("lowest") + load("v") * load("spacing"), []
    exchange = load("log_exchange") + math.log(load("fluoride")) if any(p.powers[FLUORIDE] for p in model.phases) else 0.0
    for k, data in enumerate(model.phases):
        held = data.powers[FLUORIDE]
        whole = product + held * exchange if held else product
        saturation.append((whole + (LN10 * load(f"pk.{k}") + data.offset)) * (1.0 / data.ions))
    return conversions(model, saturation, load("free") * load("fluoride"), load, math), saturation


def _faces(frame: Any) -> None:
    frame.store(face=1.0 / (frame.left("resistance") + frame.load("resistance")))
    frame.store(migration=frame.load("potential") - frame.left("potential"))


def _old_down(frame: Any) -> None:
    """Eliminate the share of the old bath from the outside inwards; outside there is none."""
    load, left, right = frame.load, frame.left, frame.right
    storage = load("width") / load("step") * load("porosity")
    outer, inner = load("face") * load("old_mobility"), right("face") * load("old_mobility")
    inverse = 1.0 / (storage + outer + inner - outer * left("ahead"))
    frame.store(ahead=inner * inverse, behind=(storage * load("old") + outer * left("behind")) * inverse)


def _old_up(frame: Any) -> None:
    share = frame.load("behind") + frame.load("ahead") * frame.right("old")
    frame.store(old=frame.math.where(share > TRACE, share, 0.0))  # numbers too small to be normal are slow


def _unreacted_down(model: CellModel, frame: Any) -> None:
    """Eliminate the fluoride that there would be if no mineral took or gave any, from the outside inwards."""
    load, left, _right = frame.load, frame.left, frame.right
    storage = load("width") / load("step") * load("porosity")
    out_left, out_right, in_left, in_right = _fluoride_pushes(model, frame)
    inverse = 1.0 / (storage + out_left + out_right - in_left * left("ahead"))
    known = storage * load("unreacted") + in_left * (left("behind") + frame.math.where(left("width") > 0.0, 0.0, left("unreacted")))
    frame.store(ahead=in_right * inverse, behind=known * inverse)


def _unreacted_up(frame: Any) -> None:
    frame.store(unreacted=frame.load("behind") + frame.load("ahead") * frame.right("unreacted"))


def _fluoride_pushes(model: CellModel, frame: Any) -> tuple[Any, Any, Any, Any]:
    """Return what moves fluoride out of a cell to either side, per concentration of its own, and into it, per that of its neighbours."""
    load, left, right = frame.load, frame.left, frame.right
    outer, inner = load("face"), right("face")
    if not model.species_diffusion:
        return outer * load("mobility"), inner * load("mobility"), outer * left("mobility"), inner * right("mobility")
    half, other = 0.5 * load("migration"), 0.5 * right("migration")
    return (
        outer * (load("mobility") + half * load("drift")),
        inner * (load("mobility") - other * load("drift")),
        outer * (left("mobility") - half * left("drift")),
        inner * (right("mobility") + other * right("drift")),
    )


def _eliminate(layout: ReducedLayout, frame: Any) -> None:
    """One row of the elimination of Newton's method, from the outside inwards: residuals, block, and what the inner neighbour is owed."""
    model, load, left, right, store = layout.model, frame.load, frame.left, frame.right, frame.store
    rate = load("width") / load("step")
    found, saturation = _laws(model, frame)
    for k, (one, y) in enumerate(zip(found, saturation, strict=True)):
        store(**{f"saturation{k}": y, f"formed{k}": one.change} | {f"{name}{k}": x for name, x in one.answers.items()})
    outer, inner = load("face"), right("face")
    known = outer * (left("s") - load("s")) + inner * (right("s") - load("s"))
    known = known + rate * (load("inventory0") - load("porosity") * load("held") - _sum(one.change for one in found))
    own, exchange = load("spacing"), load("log_exchange_slope")
    by_v, by_f, by_v_f, by_f_f, taken = 0, 0, 0, 0, 0
    for data, one in zip(model.phases, found, strict=True):
        change, slope, by_fluoride = one.change, one.by_saturation, one.by_fluoride
        held = data.powers[FLUORIDE]
        along = slope * (own + held * exchange if held else own) * (1.0 / data.ions)
        by_v = by_v + along
        if layout.fluoride:
            across = slope * ((1.0 + load("log_exchange_fluoride")) * (held / data.ions)) if held else 0
            across = across + (by_fluoride if by_fluoride is not None else 0)
            by_f = by_f + across
        if held:
            by_v_f, by_f_f, taken = by_v_f + held * along, by_f_f + held * across, taken + held * change
    a = (outer + inner) * load("s_slope") + rate * (by_v + load("porosity") * load("held_slope"))
    from_left, to_inner = outer * left("s_slope"), inner * right("s_slope")
    if not layout.fluoride:
        inverse = 1.0 / (a - from_left * left("ahead00"))
        store(ahead00=to_inner * inverse, behind0=(known + from_left * left("behind0")) * inverse)
        return
    left_s, right_s = outer * left("s_fluoride"), inner * right("s_fluoride")
    a = a - from_left * left("ahead00") - left_s * left("ahead10")
    known = known + from_left * left("behind0") + left_s * left("behind1")
    out_left, out_right, in_left, in_right = _fluoride_pushes(model, frame)
    fluoride = load("fluoride")
    left_f, right_f = in_left * left("fluoride"), in_right * right("fluoride")
    stock = load("inventory2")  # the books keep Newton's remainder, the equations ask for a trace
    stock = frame.math.where(stock > TRACE, stock, TRACE)
    asked = left_f + right_f - (out_left + out_right) * fluoride + rate * (stock - load("porosity") * fluoride - taken)
    b = (outer + inner) * load("s_fluoride") + rate * (by_f + load("porosity") * load("held_fluoride"))
    b = b - from_left * left("ahead01") - left_s * left("ahead11")
    c = rate * by_v_f - left_f * left("ahead10")
    d = (out_left + out_right + rate * load("porosity")) * fluoride + rate * by_f_f - left_f * left("ahead11")
    asked = asked + left_f * left("behind1")
    inverse = 1.0 / (a * d - b * c)
    store(ahead00=d * to_inner * inverse, ahead01=(d * right_s - b * right_f) * inverse)
    store(ahead10=-(c * to_inner) * inverse, ahead11=(a * right_f - c * right_s) * inverse)
    store(behind0=(d * known - b * asked) * inverse, behind1=(a * asked - c * known) * inverse)


def _correct(layout: ReducedLayout, frame: Any) -> None:
    """Correct a cell, from the inside outwards, stopping halfway up where a law would jump from one flat to the other."""
    model, load, right, store, math = layout.model, frame.load, frame.right, frame.store, frame.math
    delta = load("behind0") + load("ahead00") * right("delta0")
    if layout.fluoride:
        delta = delta + load("ahead01") * right("delta1")
        fluoride = load("behind1") + load("ahead10") * right("delta0") + load("ahead11") * right("delta1")
        store(delta1=fluoride)
    store(delta0=delta)
    delta = math.where(delta < FURTHEST, math.where(delta > -FURTHEST, delta, -FURTHEST), FURTHEST)
    move = delta * load("spacing")
    size = move * (1.0 / 9.0) * (move * (1.0 / 9.0))
    change: Any = 0
    if layout.fluoride:
        amount = load("fluoride")
        felt = fluoride * amount / (amount + UNFELT)  # a trace that stays one moves nothing, one that rises to more does
        square = felt * felt
        size = math.where(square < size, size, square)
        factor = 1.0 + fluoride
        factor = math.where(factor > 0.1, factor, 0.1)
        factor = math.where(factor < 1e4, factor, 1e4)
        change = math.log(factor) * (1.0 + load("log_exchange_fluoride")) + delta * load("log_exchange_slope")
    store(error=size)
    share = load("damping")
    for k, data in enumerate(model.phases):
        held = data.powers[FLUORIDE]
        goes = (move + held * change if held else move) * (1.0 / data.ions)
        stops = ["below"] * (data.phase.dissolution is not None)
        stops += ["above"] * (data.phase.growth is not None and model.porosity_feedback)
        for stop in stops:
            distance = load(f"{stop}{k}") - load(f"saturation{k}")
            near = load(f"{stop}{k}") * 0.25
            part = distance / math.where(goes * goes > 1e-24, goes, 1e-12)
            crossing = math.where(part > 0.0, part, 1.0)
            share = math.where(distance * distance > near * near, math.where(crossing < share, crossing, share), share)
    store(v=load("v") + share * delta)
    if layout.fluoride:
        store(fluoride=load("fluoride") * math.exp_any(share * math.log(factor)))


def _close(layout: ReducedLayout, frame: Any) -> None:
    """Book a solved step: minerals, and what passed the left face, both of the last linear system, which balances to round-off."""
    model, load, left, store = layout.model, frame.load, frame.left, frame.store
    along, grown = load("delta0"), []
    for k, data in enumerate(model.phases):
        held = data.powers[FLUORIDE]
        move = load("spacing") * along
        if held:
            felt = 1.0 + load("log_exchange_fluoride")
            move = move + held * (load("log_exchange_slope") * along + felt * load("delta1"))
        change = load(f"formed{k}") + load(f"forming{k}") * (move * (1.0 / data.ions))
        if data.phase.growth is not None and data.phase.growth.fluoride_limited:
            change = change + load(f"taking{k}") * load("delta1")
        store(**{f"mineral{k}": load(f"mineral{k}") + change})
        grown.append(change)
    store(converted0=_sum(grown))
    if model.porosity_feedback:
        store(opening=-_sum(change * load(f"molar_volume.{k}") for k, change in enumerate(grown)) / load("step"))
    outside = left("s") + left("s_slope") * left("delta0")
    inside = load("s") + load("s_slope") * along
    if layout.fluoride:
        outside = outside + left("s_fluoride") * left("delta1")
        inside = inside + load("s_fluoride") * load("delta1")
    store(through0=load("face") * (outside - inside))
    if layout.fluoride:
        taken = _sum(d.powers[FLUORIDE] * change for d, change in zip(model.phases, grown, strict=True) if d.powers[FLUORIDE])
        out_left, _, in_left, _ = _fluoride_pushes(model, frame)
        store(converted1=taken, through1=in_left * left("fluoride") - out_left * load("fluoride"))


def _settle(layout: ReducedLayout, frame: Any) -> None:
    """Change inventories by exactly what passed: the remainder of Newton's method is carried to the next step, not lost."""
    load, right, store = frame.load, frame.right, frame.store
    per_width = load("step") / load("width")
    for which, held in ((0, "inventory0"), (1, "inventory2"))[: 1 + layout.fluoride]:
        gained = per_width * (load(f"through{which}") - right(f"through{which}"))
        store(**{held: load(held) + gained - load(f"converted{which}")})


PASSES: dict[str, tuple[bool, Callable[[ReducedLayout, Any], None]]] = {
    "lag": (True, lambda g, f: lag(g.model, f.load, f.store, f.math)),
    "faces": (True, lambda g, f: _faces(f)),
    "old_down": (True, lambda g, f: _old_down(f)),
    "old_up": (False, lambda g, f: _old_up(f)),
    "unreacted_down": (True, lambda g, f: _unreacted_down(g.model, f)),
    "unreacted_up": (False, lambda g, f: _unreacted_up(f)),
    "eliminate": (True, _eliminate),
    "correct": (False, _correct),
    "close": (True, _close),
    "settle": (True, _settle),
}


@cache
def compiled_reduced(layout: ReducedLayout) -> ModuleType:
    """Return the compiled module of a layout."""
    constants = {"LANES": layout.lanes, "FIELDS": layout.stride, "STATE": layout.state, "NODES": NODES, "COLUMNS": len(ACROSS)}
    constants |= {"WITH_FLUORIDE": layout.fluoride}
    names = ["step", "unreacted", "inhibitor", "error", "damping", "v", "fluoride", "resistance", "through0", "through1"]
    names += ["old", "old_mobility", "former1", "row", "part", "width", "porosity", "s", "potential", "mobility", "drift"]
    constants |= {f"AT_{name.upper()}": layout.fields[name] for name in names}
    values = "\n".join(f"{name} = {value}" for name, value in constants.items()) + f"\nSHARES = np.array({SHARES!r})"
    for name, fields in (
        ("LEVELS", LOOKED),
        ("SLOPES", [f"{n}_slope" for n in LOOKED]),
        ("ANSWERS", [f"{n}_fluoride" for n in LOOKED]),
        ("HELD", SENSED),
        ("FORETOLD", FORETOLD),
        ("FORMER", [f"former{i}" for i in range(len(FORETOLD))]),
    ):
        values += f"\n{name} = np.array({[layout.fields[n] for n in fields]!r})"
    from amelo.twin.lanes import prelude

    driver = (Path(__file__).parent / "time_loop.txt").read_text("utf-8")
    functions = []
    for name, (inwards, record) in PASSES.items():
        lines = recorded(layout, lambda _, frame, record=record: record(layout, frame))
        functions.append(pass_text(layout, name, lines, inwards=inwards))
    return module_of(
        "\n\n".join([prelude("The time loop of a tile of reduced columns, written by amelo."), values, *functions, driver])
    )
