"""The exact discrete adjoint of a run: every pass of the forward kernel reversed, and Newton's solve by the implicit function theorem.

A step solves F(ln c; p) = 0 and then books what c implies.  With c̄ what the rest of the run makes of ln c, the step's share in the
derivatives is -μᵀ ∂F/∂p with Jᵀ μ = c̄: one transposed block elimination, whatever number of iterations the step took, and whatever
guards they needed.  Its reverse reads only converged values, so that what a step solved for, the fluxes it booked and the rest of the
state at its start are all that is kept.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from types import ModuleType

from amelo.twin.compiled import module_of
from amelo.twin.lesion.cell import SIZE, Load, Store, close_at
from amelo.twin.lesion.column_equations import _sum, solved
from amelo.twin.lesion.kernel import PASSES, Layout, kernel_text, pass_text, recorded
from amelo.twin.lesion.reverse import Meanings, is_dear, needed, offset_of, place_at, reverse_sweep

__all__ = ["BAR", "adjoint_layout", "adjoint_module", "adjoint_text", "kept_state"]

BAR = "~"  # before the name of a field: its adjoint
SCRATCH = "+"  # before a number: a field that holds what is dear to compute again
UNMOVED = ("block", "to_left", "to_right", "delta", "error", "damping", "below", "above", "saturation")  # fields without an adjoint
AGAIN = {  # passes that a step's reverse runs again, and what it does not need of them
    "foretell": (),
    "lag": ("below", "above"),
    "faces": (),
    "carry_down": (),
    "evaluate": ("residual", "saturation", "formed", "forming", "taking"),
}
READ_AGAIN = (*AGAIN, "close")  # passes whose reverse reads what those have left; nothing they load changes in between
FLUXES = ("left", "right")
CLOSE_AT = lambda m, f: close_at(m, f.load, f.right, f.store, f.math)  # noqa: E731 - as in PASSES
BALANCE = ("residual", *FLUXES)
PASSES_FED = 3  # times that ``step`` of the time loop passes over the sugar of a biofilm


@cache
def adjoint_layout(layout: Layout) -> Layout:
    """Return a layout with the adjoints of fields behind the fields of a cell, and room for what is dear to compute again."""
    names = [BAR + name for name in layout.fields if _stem(name) not in UNMOVED]
    bare = _extended(layout, names)
    return _extended(bare, [f"{SCRATCH}{i}" for i in range(len(_dear(bare)))])


def kept_state(layout: Layout) -> list[str]:
    """Return the fields that are kept of the state a step starts from: not what it solves for, nor what never changes of inert ions.

    A biofilm's appetite depends on the sugar that it starts with, which is kept.
    """
    system = layout.model.system
    left_out = {f"c{j}" for j in range(SIZE)} | {"strength"}
    for f, family in enumerate(system.families):
        left_out |= {f"total{f}"} if family.name != "Glc" else set()
        left_out |= {f"mobility{f}", f"drift{f}"} if family.inert else set()
    return [name for name, at in layout.fields.items() if at < layout.state and name not in left_out]


def _runs(places: list[int]) -> list[list[int]]:
    """Return the beginnings and lengths of runs of places that follow each other."""
    runs: list[list[int]] = []
    for place in places:
        if runs and sum(runs[-1]) == place:
            runs[-1][1] += 1
        else:
            runs.append([place, 1])
    return runs


def _extended(layout: Layout, names: list[str]) -> Layout:
    return replace(layout, fields=layout.fields | {name: len(layout.fields) + i for i, name in enumerate(names)})


def _stem(name: str) -> str:
    return name.rstrip("0123456789")


class _Sweeps:
    """The passes of a layout and their reverse sweeps."""

    def __init__(self, layout: Layout) -> None:
        self.layout, self.names = layout, list(layout.fields)
        self.lines = {
            name: recorded(layout, record) for name, (_, record) in PASSES.items() if name not in ("eliminate", "correct")
        }
        self.lines["close"] = recorded(layout, CLOSE_AT)
        inert = [f for f, family in enumerate(layout.model.system.families) if family.inert]
        self.constant = {f"{name}{f}" for name in ("mobility", "drift") for f in inert}  # of an ion that reacts with nothing

    def field_at(self, offset: int) -> str:
        """Name of the field at an offset."""
        return self.names[offset // self.layout.lanes % self.layout.stride]

    def behind(self, offset: int) -> int:
        """Offset of the adjoint."""
        name = self.field_at(offset)
        return offset + (self.layout.fields[BAR + name] - self.layout.fields[name]) * self.layout.lanes

    def of(self, name: str, *, ghost: bool = False, left: dict[str, str] | None = None) -> list[str]:
        """Reverse sweep of a pass; of Newton's balances without the free concentrations, which the theorem answers for, except in a ghost."""

        def stem(offset: int) -> str:
            return _stem(self.field_at(offset))

        def moves(offset: int) -> bool:
            return self.field_at(offset) not in self.constant

        if name == "evaluate":
            seeds = FLUXES if ghost else BALANCE
            still = () if ghost else ("c", "step")  # for the length of the step see ``lengthen``
            return reverse_sweep(
                self.lines[name], self.behind, seeded=lambda o: stem(o) in seeds, moved=lambda o: stem(o) not in still, left=left
            )
        return reverse_sweep(
            self.lines[name], self.behind, seeded=lambda o: stem(o) not in UNMOVED and moves(o), moved=moves, left=left
        )


def _dear(layout: Layout) -> list[int]:
    """Return the meanings of what is worth keeping: dear, made by a pass that runs again, and read by a reverse sweep."""
    sweeps, meanings = _Sweeps(layout), Meanings()
    made: dict[int, None] = {}
    for name in AGAIN:
        known = meanings.of(sweeps.lines[name])
        made |= {known[t]: None for t, _, text in (x.partition(" = ") for x in sweeps.lines[name]) if t in known and is_dear(text)}
    read: set[int] = set()
    for name in READ_AGAIN:
        known = meanings.of(sweeps.lines[name])
        read |= {known[line.partition(" = ")[0]] for line in sweeps.of(name) if line.partition(" = ")[0] in known}
    return [meaning for meaning in made if meaning in read]


def transposed_down(load: Load, left: Load, store: Store) -> None:
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


def lengthen(load: Load, right: Load, store: Store) -> None:
    """Add what a longer step does to the balances: what they gain over it, divided by it, is F's own share in the fluxes.

    What a cell gains is a small difference of what passes its faces.  Taken from the free concentrations it would magnify what Newton's
    method has left of their error a thousandfold; the fluxes that the step has booked are those of a system that balances to round-off.
    """
    gained = _sum(load(f"delta{j}") * (load(f"through{j}") - right(f"through{j}")) for j in range(SIZE))
    store(**{f"{BAR}step": load(f"{BAR}step") + gained / load("step")})


def seed_outer(load: Load, right: Load, store: Store) -> None:
    """Put in place what the outer ghost pushes into its neighbour."""
    for j in range(SIZE):
        store(**{f"{BAR}right{j}": load(f"{BAR}right{j}") + right(f"delta{j}")})


def seed_inner(load: Load, left: Load, store: Store) -> None:
    """Put in place what the inner ghost pushes into its neighbour."""
    for j in range(SIZE):
        store(**{f"{BAR}left{j}": load(f"{BAR}left{j}") + left(f"delta{j}")})


SOLVING: dict[str, tuple[bool, Callable]] = {
    "transposed_down": (True, lambda m, f: transposed_down(f.load, f.left, f.store)),
    "transposed_up": (False, lambda m, f: transposed_up(f.load, f.right, f.store)),
    "seed_residuals": (True, lambda m, f: seed_residuals(f.load, f.left, f.right, f.store)),
    "lengthen": (True, lambda m, f: lengthen(f.load, f.right, f.store)),
    "seed_outer": (True, lambda m, f: seed_outer(f.load, f.right, f.store)),
    "seed_inner": (True, lambda m, f: seed_inner(f.load, f.left, f.store)),
}


def adjoint_text(layout: Layout) -> str:
    """Return the Python text of the module that runs a model forwards with a tape, and back.

    Arguments: layout (of :func:`adjoint_layout`).
    """
    sweeps, meanings = _Sweeps(layout), Meanings()
    lines = sweeps.lines
    known = {name: meanings.of(lines[name]) for name in READ_AGAIN}
    places = {m: place_at(layout.fields[f"{SCRATCH}{i}"] * layout.lanes) for i, m in enumerate(_dear(layout))}
    left = {name: {value: places[m] for value, m in known[name].items() if m in places} for name in known}
    functions, scratched = [], set()
    for name, unneeded in AGAIN.items():
        stores = [
            line
            for line in lines[name]
            if (at := offset_of(line.partition(" = ")[0])) is not None and _stem(sweeps.field_at(at)) not in unneeded
        ]
        stores += [f"{places[m]} = {value}" for value, m in known[name].items() if m in places and m not in scratched]
        functions.append(pass_text(layout, f"{name}_again", [*needed(lines[name], stores, {}), *stores], inwards=PASSES[name][0]))
        scratched |= {m for m in known[name].values() if m in places}
    for name, (inwards, _) in PASSES.items():
        if name in lines:
            functions.append(pass_text(layout, f"{name}_back", sweeps.of(name, left=left.get(name)), inwards=not inwards))
    functions.append(pass_text(layout, "ghost_back", sweeps.of("evaluate", ghost=True), inwards=True))
    functions += [pass_text(layout, name, recorded(layout, record), inwards=inwards) for name, (inwards, record) in SOLVING.items()]
    numbers = {
        f"BAR_{name.upper()}": layout.fields[BAR + name] for name in ("step", "inhibitor", "metabolism", "resistance", "through0")
    }
    numbers |= {"AT_SUGAR": layout.fields[f"total{layout.model.family('Glc')}"] if layout.model.living else -1, "FED": PASSES_FED}
    numbers |= {"BARS": min(at for name, at in layout.fields.items() if name.startswith(BAR))}
    constants = "\n".join(f"{name} = {at}" for name, at in numbers.items())
    constants += f"\nBATH_BARS = np.array({[layout.fields[BAR + name] for name in layout.bath]!r})"
    kept = [layout.fields[name] for name in kept_state(layout)]
    constants += f"\nKEPT_STATE = {len(kept)}\nKEPT_RUNS = np.array({_runs(kept)!r})"
    loop = (Path(__file__).parent / "reverse_loop.txt").read_text("utf-8")
    return "\n\n".join([kernel_text(layout), constants, *functions, loop])


@cache
def adjoint_module(layout: Layout) -> ModuleType:
    """Return the compiled module of a layout of :func:`adjoint_layout`."""
    return module_of(adjoint_text(layout))
