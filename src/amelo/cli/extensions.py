"""``--with file.py``: a user's own changes to the twin, loaded from a file of Python and run as what it is, a program of theirs."""

from __future__ import annotations

import hashlib
import importlib.util
import inspect
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from amelo.errors import AmeloError, CommandError, nearest
from amelo.records.read import read_plain

if TYPE_CHECKING:
    from types import ModuleType

    from amelo.twin.twin import Twin

__all__ = ["changed_by", "own_faults"]

PREFIX = "with_"  # of the functions that are changes
LIMIT = 1_000_000  # bytes of a file of Python


def changed_by(twin: Twin, file: str) -> Twin:
    """Return a twin with the changes that a file of Python defines.

    Arguments: twin; file (``file.py`` for every function in it whose name begins with ``with_`` and that takes a column alone, in the order
    in which they stand; ``file.py:name`` for one of any name).
    Raises: CommandError when there is none, or when the file cannot be run; FileError or FormatError when it cannot be read.
    Assumptions: the file is the user's own; it is run with all rights of the user.  Its name and the hash of its text stand among the
    assumptions of the result.
    """
    name, _, wanted = file.rpartition(":") if file.rpartition(":")[0].endswith(".py") else (file, "", "")
    path = Path(name)
    if path.suffix.lower() != ".py":
        raise CommandError(f"--with {file} is no file of Python", fix="name a .py file, for example examples/adding_a_phase.py")
    text = read_plain(path, limit=LIMIT, why="an extension is far smaller", fix="is it the right file?")
    changes = _changes_in(_loaded(path, text), path, wanted)
    mark = hashlib.sha256(text.encode()).hexdigest()[:12]
    words = ", ".join(change.__name__ for change in changes)
    said = f"changed by the user's own code: {words} of {path.name} (sha256 {mark})"
    twin = replace(twin, assumed=(*twin.assumed, said))
    for change in changes:
        twin = twin.changed(change)
    return twin


@contextmanager
def own_faults(files: list[str]) -> Iterator[None]:
    """Turn what goes wrong inside a user's own file into one sentence with its line; leave every other error as it is.

    Arguments: files (as given to :func:`changed_by`).
    Raises: CommandError naming file, line and the error of Python.
    """
    try:
        yield
    except AmeloError:
        raise
    except Exception as error:
        frames = traceback.extract_tb(error.__traceback__)
        names = {
            str(Path(file.rpartition(":")[0] if file.rpartition(":")[0].endswith(".py") else file).resolve()) for file in files
        }
        own = [frame for frame in frames if frame.filename in names]
        if not own:
            raise
        where, what = f"{Path(own[-1].filename).name}: line {own[-1].lineno}", f"{type(error).__name__}: {error}"
        raise CommandError(what, where=where, why="this file was given with --with", fix="add --debug for a traceback") from error


def _loaded(path: Path, text: str) -> ModuleType:
    """Return the module that a file makes; its folder is where it finds the modules beside it."""
    place = path.resolve()
    name = f"amelo_extension_{place.stem}"
    spec = importlib.util.spec_from_loader(name, loader=None, origin=str(place))
    module = importlib.util.module_from_spec(spec)
    module.__file__ = str(place)
    try:
        code = compile(text, str(place), "exec")
    except (SyntaxError, ValueError) as error:
        line = f": line {error.lineno}" if isinstance(error, SyntaxError) and error.lineno else ""
        raise CommandError(f"not valid Python ({getattr(error, 'msg', error)})", where=f"{path}{line}") from None
    sys.modules[name] = module  # dataclasses look for it there
    sys.path.insert(0, str(place.parent))
    with own_faults([str(path)]):
        exec(code, module.__dict__)
    return module


def _changes_in(module: ModuleType, path: Path, wanted: str) -> list[Callable]:
    own = {
        n: f for n, f in vars(module).items() if inspect.isfunction(f) and f.__module__ == module.__name__ and not n.startswith("_")
    }
    if wanted:
        if wanted not in own:
            raise CommandError(f"{path} has no function '{wanted}'", fix=nearest(wanted, own) or "define it with def")
        return [own[wanted]]
    found = [function for name, function in own.items() if name.startswith(PREFIX) and _takes_a_column(function)]
    if not found:
        there = ", ".join(own) or "none"
        why = f"a change is a function whose name begins with '{PREFIX}' and that takes a column and returns one; its functions: {there}"
        raise CommandError(f"{path} holds no change to a twin", why=why, fix=f"rename it, or name one as {path}:function")
    return found


def _takes_a_column(function: Callable) -> bool:
    needed = [p for p in inspect.signature(function).parameters.values() if p.default is p.empty and p.kind is not p.VAR_KEYWORD]
    return len(needed) == 1 and needed[0].kind is not needed[0].VAR_POSITIONAL
