"""Tables of numbers that take seconds to compute, kept in the cache folder by everything they depend on.

A table that cannot be read or written is computed; nothing ever depends on it being there.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from amelo.cite.references import cache_folder

__all__ = ["kept"]


def kept(kind: str, key: object, make: Callable[[], Mapping[str, np.ndarray]]) -> Mapping[str, np.ndarray]:
    """Return the arrays that ``make`` makes, from the cache folder where they are there.

    Arguments: kind (word in the name of the file); key (whose ``repr`` tells apart everything the arrays depend on); make.
    """
    name = hashlib.sha256(repr(key).encode()).hexdigest()[:24]
    path = cache_folder() / "tables" / f"{kind}-{name}.npz"
    with suppress(OSError, ValueError, KeyError, BadZipFile, EOFError), np.load(path, allow_pickle=False) as found:
        return {part: found[part] for part in found.files}
    made = make()
    with suppress(OSError):
        _write(path, made)
    return made


def _write(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, beside = tempfile.mkstemp(dir=path.parent, suffix=".npz")
    try:
        with os.fdopen(handle, "wb") as file:
            np.savez(file, **arrays)
        Path(beside).replace(path)
    finally:
        Path(beside).unlink(missing_ok=True)
