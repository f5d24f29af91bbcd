"""The compiled core: the equations recorded as text, run by Numba on several columns side by side.

Everything of a tile of columns lies in one flat array, cell by cell, field by field and lane by lane: with a single array the
compiler can prove that lanes do not disturb each other and puts them into vector registers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from amelo.twin.chemistry.recorder import Recorded, Recorder
from amelo.twin.compiled import CompiledModule, module_of
from amelo.twin.lesion import column_equations as column
from amelo.twin.lesion import matrix, metabolism
from amelo.twin.lesion.cell import SIZE, CellModel, close, evaluate, foretell, foretold, lag

__all__ = ["BATH", "PASSES", "Layout", "compiled", "kernel_text", "law_fields", "layout_of", "pass_text", "recorded"]

BATH = (
    "log_activity",
    "activity",
    "neutral",
    "strength",
    "current",
    "conductance",
    "resistance",
)  # beside c, totals and mobilities


@dataclass(frozen=True, eq=False)
class Layout:
    """Where every number stands: ``fields`` of a cell (state first), how many of them a step must restore, and those a bath sets.

    Parameters are fields too: what they cost in memory they give back, because the compiler can then prove that no two places are
    the same and puts sixteen lanes into vector registers; and a solubility may change with depth.
    """

    model: CellModel
    lanes: int
    fields: dict[str, int]
    state: int
    bath: tuple[str, ...] = field(default=())

    @property
    def stride(self) -> int:
        """Fields of a cell."""
        return len(self.fields)


def law_fields(model: CellModel) -> tuple[list[str], list[str], list[str]]:
    """Return the fields that ``lag`` and ``conversions`` need, for whatever engine calls them: parameters, tissue, and what they leave."""
    phases = range(len(model.phases))
    constants = ["porosity_exponent", "diffusivity_scale", "porosity_floor", "residual_mineral"]
    constants += ["acid_reference", "fluoride_half_inhibition", "fluoride_inhibition_order", "fluoride_half_uptake"]
    constants += [f"{name}.{k}" for name in ("molar_volume", "dissolution_rate", "growth_rate", "pk") for k in phases]
    tissue = ["width", "organic", "open_pores", "reach", "sound_apatite"]
    tissue += [f"{name}{k}" for name in ("sound", "own") for k in phases]
    found = ("dissolving", "loose", "growing", "room", "below", "above", "saturation", "formed", "forming", "taking")
    return constants, tissue, [f"{name}{k}" for name in found for k in phases]


@cache
def layout_of(model: CellModel, lanes: int) -> Layout:
    """Number the fields and parameters that a model needs."""
    families, phases = range(len(model.system.families)), range(len(model.phases))
    state = [f"c{j}" for j in range(SIZE)] + [f"total{f}" for f in families]  # all that a step changes before it has a solution
    state += [f"inventory{j}" for j in range(SIZE)] + [f"mineral{k}" for k in phases]
    state += [f"{name}{f}" for name in ("stock", "mobility", "drift") for f in families]
    state += [f"{name}{i}" for name in ("solved", "former") for i in range(len(foretold(model)))]
    state += ["strength", "current", "conductance", *(["opening"] * model.porosity_feedback)]
    state += [*metabolism.STATE] * model.living + [*matrix.STATE] * model.collagen
    constants, tissue, answers = law_fields(model)
    rest = [
        *tissue,
        "acid",
        "fluoride",
        "log_activity",
        "activity",
        "neutral",
        "porosity",
        "resistance",
        "face",
        "migration",
        "excess",
        "imbalance",
    ]
    rest += answers
    rest += [f"{name}{f}" for name in ("ahead", "behind") for f in families]
    rest += [f"{name}{j}" for name in ("residual", "left", "right", "delta", "converted") for j in range(SIZE)]
    rest += [f"{name}{j}{k}" for name in ("block", "to_left", "to_right") for j in range(SIZE) for k in range(SIZE)]
    rest += [f"through{j}" for j in range(SIZE + len(model.system.families))]
    rest += [*metabolism.FIELDS] * model.living + [*matrix.FIELDS] * model.collagen
    rest += ["film_face", "film_diffusivity"] * model.film
    bath = (
        [f"c{j}" for j in range(SIZE)]
        + [f"{name}{f}" for name in ("total", "behind", "mobility", "drift") for f in families]
        + list(BATH)
    )
    params = ["step", "onward", "inhibitor", "metabolism", "error", "damping", *constants]
    return Layout(
        model,
        lanes,
        {name: i for i, name in enumerate([*state, *params, *rest])},
        len(state),
        tuple(bath),
    )


class _Frame:
    """Loads and stores of one pass, as recorded text."""

    def __init__(self, layout: Layout) -> None:
        self.layout, self.math = layout, Recorder()

    def _place(self, name: str, cell: int) -> str:
        offset = (self.layout.fields[name] + cell * self.layout.stride) * self.layout.lanes
        return f"w[b + l + uint64({offset})]" if offset >= 0 else f"w[b + l - uint64({-offset})]"

    def load(self, name: str) -> Recorded:
        return self.math.value(self._place(name, 0))

    def left(self, name: str) -> Recorded:
        return self.math.value(self._place(name, -1))

    def right(self, name: str) -> Recorded:
        return self.math.value(self._place(name, 1))

    def store(self, **numbers: Recorded | float) -> None:
        for name, number in numbers.items():
            self.math.store(self._place(name, 0), number)


PASSES: dict[str, tuple[bool, Callable[[CellModel, _Frame], None]]] = {  # name: (from the outside inwards, what is recorded)
    "foretell": (True, lambda m, f: foretell(m, f.load, f.store)),
    "lag": (True, lambda m, f: lag(m, f.load, f.store, f.math)),
    "charge": (False, lambda m, f: column.charge(m, f.load, f.right, f.store)),
    "faces": (True, lambda m, f: column.faces(m, f.load, f.left, f.store, f.math)),
    "feed_down": (True, lambda m, f: metabolism.feed_down(m, f.load, f.left, f.right, f.store) if m.living else None),
    "feed_up": (False, lambda m, f: metabolism.feed_up(m, f.load, f.right, f.store) if m.living else None),
    "carry_down": (True, lambda m, f: column.carry_down(m, f.load, f.left, f.right, f.store)),
    "carry_up": (False, lambda m, f: column.carry_up(m, f.load, f.right, f.store)),
    "carry_through": (True, lambda m, f: column.carry_through(m, f.load, f.left, f.store)),
    "evaluate": (True, lambda m, f: evaluate(m, f.load, f.right, f.store, f.math)),
    "eliminate": (True, lambda m, f: column.eliminate(f.load, f.left, f.right, f.store)),
    "correct": (False, lambda m, f: column.correct(m, f.load, f.right, f.store, f.math)),
    "close": (True, lambda m, f: close(m, f.load, f.store, f.math)),
    "through": (True, lambda m, f: column.through(f.load, f.left, f.store)),
    "settle": (True, lambda m, f: column.settle(m, f.load, f.right, f.store)),
}


def recorded(layout: Layout, record: Callable[[CellModel, _Frame], None]) -> list[str]:
    """Return the lines that a pass leaves behind."""
    frame = _Frame(layout)
    record(layout.model, frame)
    return frame.math.lines


def pass_text(layout: Layout, name: str, lines: list[str], *, inwards: bool) -> str:
    """Return what makes the function that runs recorded lines over the cells ``first`` to ``last``, from the outside inwards or back."""
    text = "\n".join(lines)
    shape = f"stride={layout.stride * layout.lanes}, lanes={layout.lanes}, inwards={inwards}"
    return f'{name} = straight("{name}", """\n{text}\n""", {shape}, called=(fexp, flog))\n'


def kernel_text(layout: Layout) -> str:
    """Return the Python text of the kernel module of a model."""
    from amelo.twin.lanes import prelude

    functions = []
    for name, (inwards, record) in PASSES.items():
        functions.append(pass_text(layout, name, recorded(layout, record), inwards=inwards))
    driver = (Path(__file__).parent / "time_loop.txt").read_text("utf-8")
    constants = {
        "LANES": layout.lanes,
        "FIELDS": layout.stride,
        "STATE": layout.state,
        "SOLVED": SIZE + len(layout.model.system.families),
        "PHASES": len(layout.model.phases),
        "BALANCES": SIZE + len(layout.model.system.families),
    }
    constants |= {
        f"AT_{name.upper()}": layout.fields[name]
        for name in ("step", "onward", "inhibitor", "metabolism", "error", "damping", "width")
    }
    constants |= {
        f"AT_{name.upper()}": layout.fields.get(name, 0)
        for name in ("resistance", "c0", "through0", "block00", "residual0", "delta0", "forming0")
    }
    constants["AT_EATEN"] = layout.fields.get("eaten", -1)
    values = "\n".join(f"{name} = {value}" for name, value in constants.items())
    return (
        f"{prelude('The time loop of a tile of columns, written by amelo.')}\n\n{values}\nBATH_FIELDS = np.array({[layout.fields[n] for n in layout.bath]!r})\n\n\n"
        + "\n\n".join(functions)
        + "\n\n"
        + driver
    )


@cache
def compiled(layout: Layout) -> CompiledModule:
    """Return the compiled module of a layout."""
    return module_of(kernel_text(layout))
