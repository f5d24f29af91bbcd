"""Modules of compiled code that amelo has written itself: kept in the cache folder by what they say, and made anew when damaged.

Numba keeps the machine code of a module beside its text.  A full disk or a crash may cut off either.
"""

from __future__ import annotations

import ast
import atexit
import hashlib
import importlib.util
import os
import pickle
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from threading import Lock
from types import ModuleType
from typing import Any

from amelo.cite.references import cache_folder

__all__ = ["CompiledModule", "joined", "module_of"]

LOCK = Lock()  # tiles are solved side by side
MAKER = """
import importlib.util, pickle, sys
path, stem, name, types = pickle.load(sys.stdin.buffer)
spec = importlib.util.spec_from_file_location(stem, path)
module = sys.modules[stem] = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
getattr(module, name).compile(types)
"""


def module_of(text: str, kind: str = "lesion") -> CompiledModule:
    """Return the module that a text makes, writing it to the cache folder when it is not there yet.

    Arguments: text (Python, with functions that Numba compiles and keeps); kind (word in the name of its file).
    """
    name = f"amelo_{kind}_{hashlib.sha256(text.encode()).hexdigest()[:16]}"
    return CompiledModule(text, _folder() / f"{name}.py")


def joined(kind: str, *modules: ModuleType) -> CompiledModule:
    """Return one module of what several say, so that its machine code belongs to all of their text: what Numba keeps beside a file it
    would go on using when only another file, that it was compiled with, has changed.

    Arguments: kind; modules, whose compiled functions use those of the ones before; nothing else of amelo is used by them.
    """
    lines, known = ['"""Joined by amelo from modules of its own."""', "", "from __future__ import annotations", ""], set()
    for module in modules:
        text = Path(str(module.__file__)).read_text("utf-8")
        own = text.splitlines()
        for node in reversed(ast.parse(text).body):
            targets = node.targets if isinstance(node, ast.Assign) else []
            names = {n.id for target in targets for n in ast.walk(target) if isinstance(n, ast.Name)}
            left_out = isinstance(node, ast.Expr) or names == {"__all__"}
            if isinstance(node, ast.ImportFrom):
                left_out = node.module == "__future__" or str(node.module).split(".")[0] == "amelo"
            if left_out:
                del own[node.lineno - 1 : node.end_lineno]
            elif isinstance(node, ast.Assign | ast.FunctionDef):
                defined = {node.name} if isinstance(node, ast.FunctionDef) else names
                if defined & known:
                    raise ValueError(f"{module.__name__} defines {sorted(defined & known)} anew")
                known |= defined
        lines += own
    return module_of("\n".join(lines) + "\n", kind)


class CompiledModule:
    """A module whose functions are called as usual.

    A function fails before it has touched its arguments when its machine code cannot be read, so that it is called once more, after
    the module was written and compiled again.  Whatever fails twice is an error.

    What is not in the cache yet is compiled by a process of its own and loaded from there, so that the first run gives the bits of every
    later one: beside what it was just compiled from, a function may use another copy of those that it calls, whose products and sums are
    rounded together in other places.
    """

    def __init__(self, text: str, path: Path) -> None:
        self.text, self.path = text, path
        self.module = _load(text, path)
        self.sought: set[str] = set()  # functions that were looked for in the cache

    def __getattr__(self, name: str) -> Any:
        """Return what the module calls ``name``; a function calls the module that is in use by then."""
        found = getattr(self.module, name)
        return partial(self._call, name) if callable(found) else found

    def _call(self, name: str, *arguments: Any) -> Any:
        module = self.module
        try:
            if name not in self.sought:
                with LOCK:
                    _make(self.path, _function(module, name), arguments)
                    self.sought.add(name)
            return _function(module, name)(*arguments)
        except Exception as error:
            if isinstance(error, MemoryError) or _is_ours(error):
                raise
            with LOCK:
                if self.module is module:  # else another thread has been here
                    _forget(self.path)
                    self.module = _load(self.text, self.path)
            return _function(self.module, name)(*arguments)


def _function(module: ModuleType, name: str) -> Callable:
    return getattr(module, name)


def _make(path: Path, function: Any, arguments: tuple[Any, ...]) -> None:
    """Let another process compile a function for some arguments and keep it, if nothing of it is in the cache; it does not matter if it cannot."""
    from numba import typeof
    from numba.core.event import trigger_event

    name = function.__name__
    if not hasattr(function, "stats"):  # not one that Numba compiles
        return
    folder = Path(function.stats.cache_path or path.parent)

    def kept() -> bool:
        return any(folder.glob(f"{path.stem}.{name}-*.nbi"))

    if kept():
        return
    with suppress(OSError, ValueError), trigger_event("numba:compile"), _alone(path):  # a bar says that it compiles
        if not kept():
            wanted = pickle.dumps((str(path), path.stem, name, tuple(typeof(a) for a in arguments)))
            subprocess.run([sys.executable, "-c", MAKER], input=wanted, capture_output=True, check=False)


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Wait, where a system has such locks, until no other process compiles the same module; whoever dies lets go of it."""
    try:
        import fcntl
    except ImportError:
        yield
        return
    with path.with_suffix(".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _is_ours(error: Exception) -> bool:
    """Tell whether an error says that the text or the arguments are wrong, which no new copy would cure."""
    from numba.core.errors import NumbaError

    return isinstance(error, NumbaError)


def _load(text: str, path: Path) -> ModuleType:
    """Return the module at ``path``, written first when it is not there or does not say what it should."""
    if not path.exists() or path.read_bytes() != text.encode():
        handle, draft = tempfile.mkstemp(dir=path.parent, suffix=".py")
        with os.fdopen(handle, "wb") as file:
            file.write(text.encode())
        Path(draft).replace(path)  # all or nothing, whoever else is writing the same file
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = sys.modules[path.stem] = importlib.util.module_from_spec(spec)  # Numba looks a cached function's module up by name
    spec.loader.exec_module(module)
    return module


def _forget(path: Path) -> None:
    """Remove a module and its machine code from the cache."""
    for file in [path, *(path.parent / "__pycache__").glob(f"{path.stem}.*")]:
        file.unlink(missing_ok=True)


def _folder() -> Path:
    folder = cache_folder() / "kernels"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return folder
    except OSError:
        own = Path(tempfile.mkdtemp(prefix="amelo-kernels-"))
        atexit.register(shutil.rmtree, own, ignore_errors=True)
        return own
