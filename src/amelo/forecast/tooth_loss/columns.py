"""The columns that the tooth-loss model knows: words, unit, range, level and sign, from ``columns.toml``."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

__all__ = ["COLUMNS", "OF_MOUTH", "columns"]


@cache
def columns() -> dict[str, dict[str, Any]]:
    """Return name: ``words``, ``unit``, ``low``, ``high``, ``level`` (tooth or mouth), and where they apply ``sign``, ``of``, ``note``."""
    return tomllib.loads((Path(__file__).parent / "columns.toml").read_text("utf-8"))


COLUMNS = tuple(columns())
OF_MOUTH = tuple(name for name, column in columns().items() if column["level"] == "mouth")
