"""The exact discrete adjoint of a run: every pass of the forward kernel reversed, and Newton's solve by the implicit function theorem.

A step solves F(ln c; p) = 0 and then books what c implies.  With c̄ what the rest of the run makes of ln c, the step's share in the
derivatives is -μᵀ ∂F/∂p with Jᵀ μ = c̄: one transposed block elimination, whatever number of iterations the step took, and whatever
guards they needed.  Its reverse reads only converged values, so that only the state at the start of each step is kept.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from types import ModuleType

from amelo.twin.lesion.cell import SIZE, Load, Store
from amelo.twin.lesion.column_equations import _sum, solved
from amelo.twin.lesion.kernel import PASSES, Layout, kernel_text, module_of, pass_text, recorded
from amelo.twin.lesion.reverse import reverse_sweep

__all__ = ["BAR", "adjoint_layout", "adjoint_module", "adjoint_text"]

BAR = "~"  # before the name of a field: its adjoint
SOLVE = ("eliminate", "correct", "evaluate")  # passes of Newton's method: reversed together by the theorem
FLUXES = ("left", "right")
BALANCE = ("residual", *FLUXES)


@cache
def adjoint_layout(layout: Layout) -> Layout:
    """Return a layout with the adjoint of every field behind the fields of a cell."""
    count = len(layout.fields)
    return replace(layout, fields=layout.fields | {BAR + name: count + at for name, at in layout.fields.items()})


def transposed_down(load: Load, left: Load, right: Load, store: Store) -> None:
    """One row of the elimination of Jᵀ μ = c̄, from the outside inwards; what is left in block and residual is for the way back."""
    pull = [[load(f"to_left{k}{j}") for k in range(SIZE)] for j in range(SIZE)]
    before = [[left(f"block{j}{k}") for k in range(SIZE)] for j in range(SIZE)]
    shift = [left(f"residual{j}") for j in range(SIZE)]
    rows = []
    for j in range(SIZE):
        row = [load(f"block{k}{j}") - _sum(pull[j][i] * before[i][k] for i in range(SIZE)) for k in range(SIZE)]
        row += [load(f"to_right{k}{j}") for k in range(SIZE)]
        rows.append([*row, load(f"c{j}") * load(f"{BAR}c{j}") + _sum(pull[j][i] * shift[i] for i in range(SIZE))])
    rows = solved(rows)
    for j in range(SIZE):
        store(**{f"block{j}{k}": rows[j][SIZE + k] for k in range(SIZE)})
        store(**{f"residual{j}": rows[j][-1], f"{BAR}c{j}": 0.0})


def transposed_up(load: Load, right: Load, store: Store) -> None:
    """Substitute from the inside outwards; μ stands in delta."""
    after = [right(f"delta{j}") for j in range(SIZE)]
    for j in range(SIZE):
        store(**{f"delta{j}": load(f"residual{j}") + _sum(load(f"block{j}{k}") * after[k] for k in range(SIZE))})


def seed_residuals(load: Load, left: Load, right: Load, store: Store) -> None:
    """Put -μᵀ F in place: F is a cell's residual and what it pushes out, less what its neighbours push in."""
    for j in range(SIZE):
        own = load(f"delta{j}")
        store(**{f"{BAR}residual{j}": -own, f"{BAR}left{j}": left(f"delta{j}") - own, f"{BAR}right{j}": right(f"delta{j}") - own})


def seed_outer(load: Load, right: Load, store: Store) -> None:
    """Put in place what the outer ghost pushes into its neighbour."""
    for j in range(SIZE):
        store(**{f"{BAR}right{j}": load(f"{BAR}right{j}") + right(f"delta{j}")})


def seed_inner(load: Load, left: Load, store: Store) -> None:
    """Put in place what the inner ghost pushes into its neighbour."""
    for j in range(SIZE):
        store(**{f"{BAR}left{j}": load(f"{BAR}left{j}") + left(f"delta{j}")})


SOLVING: dict[str, tuple[bool, Callable]] = {
    "transposed_down": (True, lambda m, f: transposed_down(f.load, f.left, f.right, f.store)),
    "transposed_up": (False, lambda m, f: transposed_up(f.load, f.right, f.store)),
    "seed_residuals": (True, lambda m, f: seed_residuals(f.load, f.left, f.right, f.store)),
    "seed_outer": (True, lambda m, f: seed_outer(f.load, f.right, f.store)),
    "seed_inner": (True, lambda m, f: seed_inner(f.load, f.left, f.store)),
}


def adjoint_text(layout: Layout) -> str:
    """Return the Python text of the module that runs a model forwards with a tape, and back.

    Arguments: layout (of :func:`adjoint_layout`).
    """
    names = [name for name in layout.fields if not name.startswith(BAR)]
    shift = len(names) * layout.lanes

    def field_at(offset: int) -> str:
        return names[offset // layout.lanes % layout.stride]

    def stem(offset: int) -> str:
        return field_at(offset).rstrip("0123456789")

    def free(offset: int) -> bool:
        return stem(offset) == "c"

    functions = []
    for name, (inwards, record) in PASSES.items():
        if name not in SOLVE:
            functions.append(pass_text(layout, f"{name}_back", reverse_sweep(recorded(layout, record), shift), inwards=not inwards))
    lines = recorded(layout, PASSES["evaluate"][1])
    cells = reverse_sweep(lines, shift, seeded=lambda o: stem(o) in BALANCE, moved=lambda o: not free(o))
    ghost = reverse_sweep(lines, shift, seeded=lambda o: stem(o) in FLUXES)
    functions += [pass_text(layout, "evaluate_back", cells, inwards=True), pass_text(layout, "ghost_back", ghost, inwards=True)]
    functions += [pass_text(layout, name, recorded(layout, record), inwards=inwards) for name, (inwards, record) in SOLVING.items()]
    places = {f"BAR_{name.upper()}": layout.fields[BAR + name] for name in ("step", "inhibitor", "resistance")}
    places |= {"BARS": len(names)}
    constants = "\n".join(f"{name} = {at}" for name, at in places.items())
    loop = (Path(__file__).parent / "reverse_loop.txt").read_text("utf-8")
    return "\n\n".join([kernel_text(layout), constants, *functions, loop])


@cache
def adjoint_module(layout: Layout) -> ModuleType:
    """Return the compiled module of a layout of :func:`adjoint_layout`."""
    return module_of(adjoint_text(layout))
