"""Model files: plain JSON under the hash of its own content, so that a file with one byte changed is refused.

A file is one canonical JSON document (sorted keys, no white space, ASCII) with ``sha256`` over the canonical text of ``model``.
"""

from __future__ import annotations

import hashlib
import json
import re
from functools import cache
from pathlib import Path
from typing import Any

from amelo.errors import FileError, FormatError, nearest

__all__ = ["HASH", "MODELS", "SHORT", "check_parts", "find_model", "load_model", "model_files", "save_model"]

MODELS = Path(__file__).parent / "models"  # the shipped ones
SHORT = 12  # characters of the hash in a file's name
LEAST = 6  # characters of a hash that a model may be named by
HASH = re.compile(r"[0-9a-fA-F]{3,64}")


def _canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def save_model(model: dict[str, Any], folder: str | Path) -> Path:
    """Write a model and return the path, ``KIND.HASH.json``.

    Arguments: model (JSON values only; ``kind`` names what it forecasts), folder.
    """
    body = _canonical(model)
    digest = hashlib.sha256(body.encode()).hexdigest()
    path = Path(folder) / f"{model['kind']}.{digest[:SHORT]}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f'{{"model":{body},"sha256":"{digest}"}}\n', "ascii")
    return path


@cache
def load_model(path: str | Path) -> dict[str, Any]:
    """Read a model file and check it against its hash; the hash stands under ``hash`` in what is returned.

    Raises: FileError when it is not there, FormatError when it is not a model file or was changed.
    """
    path = Path(path)
    try:
        text = path.read_bytes().decode("ascii")  # not as text, which would take one kind of line end for another
    except OSError as error:
        raise FileError(
            f"cannot read the model {path.name or path}", why=error.strerror or str(error), fix="see: amelo models"
        ) from None
    except UnicodeDecodeError:
        raise _changed(path) from None
    start, end = '{"model":', ',"sha256":"'
    body, separator, tail = text.removeprefix(start).rpartition(end)
    if not text.startswith(start) or not separator:
        raise FormatError(
            f"{path.name} is not a model file of amelo", fix="models are made by: amelo train; see also: amelo models"
        )
    digest = hashlib.sha256(body.encode()).hexdigest()
    if tail != f'{digest}"}}\n':
        raise _changed(path)
    return {**json.loads(body), "hash": digest}


def _changed(path: Path) -> FormatError:
    why = "its content does not have the hash that it was saved under, so it was changed or damaged"
    return FormatError(f"the model {path.name} is refused", why=why, fix="take the original again, or train anew: amelo train")


def model_files(folder: Path | None = None) -> list[Path]:
    """Return the model files of a folder, by default of the shipped ones, by name."""
    return sorted((folder or MODELS).glob("*.json"))


def find_model(name: str | Path) -> dict[str, Any]:
    """Load a model by path, by kind (such as ``tooth-loss``) or by at least six characters of its hash.

    Raises: FileError when there is none, with the nearest name.
    """
    name = str(name)
    if name.endswith(".json") or "/" in name:
        return load_model(name)
    shipped = {path: path.name.removesuffix(".json").rpartition(".")[::2] for path in model_files()}
    found = [path for path, (kind, digest) in shipped.items() if name == kind or (len(name) >= LEAST and _same(name, digest))]
    if len(found) == 1:
        model = load_model(found[0])
        if name == model["kind"] or model["hash"].startswith(name.lower()):
            return model
    kinds = sorted({kind for kind, _ in shipped.values()})
    if len(found) > 1:
        raise FileError(f"'{name}' names {len(found)} models", fix=f"give more of the hash: {', '.join(p.name for p in found)}")
    fix = nearest(name, kinds) or "see: amelo models"
    if HASH.fullmatch(name):
        fix = f"give at least {LEAST} characters of a hash" if len(name) < LEAST else "shipped hashes: amelo models"
    raise FileError(f"there is no model '{name}'", fix=fix)


def check_parts(model: dict[str, Any], name: str | Path) -> None:
    """Refuse a model that lacks what the shipped one of its kind is made of, such as one that another version of amelo saved.

    Arguments: model (as :func:`find_model` returns it), name (as it was given, for the message).
    Raises: FormatError naming the parts.
    """
    lacking = sorted(set(find_model(model["kind"])) - set(model))
    if lacking:
        what = f"the model {Path(name).name} cannot be used: it lacks {', '.join(lacking)}"
        raise FormatError(
            what, why="another version of amelo saved it, or it was not made by amelo", fix="train it anew: amelo train"
        )


def _same(name: str, digest: str) -> bool:
    return digest.startswith(name[:SHORT].lower())
