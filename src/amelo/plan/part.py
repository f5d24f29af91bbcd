"""What a search has found so far, kept on disk, so that a run that is killed loses none of it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

__all__ = ["Part", "part_path"]

ENDING = ".part.json"


def part_path(report: str | Path | None, tooth: int | None) -> Path:
    """Return where what was found is kept: beside the report, else in the working folder, named for the tooth.

    Arguments: report (None for none); tooth (None where it is chosen later).
    """
    if report is not None:
        return Path(report).with_suffix(ENDING)
    return Path(f"plan-{tooth}{ENDING}" if tooth is not None else f"plan{ENDING}")


@dataclass(eq=False)
class Part:
    """A file that always holds the latest that was found, whole: each is written beside it and put in its place at once.

    Fields: path; on_first (told once, with the path, when the first was written); on_failure (told once why none can be, the search goes on).
    """

    path: Path
    on_first: Callable[[Path], None] | None = None
    on_failure: Callable[[str], None] | None = None
    written: bool = field(default=False, init=False)
    failed: str = field(default="", init=False)

    def keep(self, found: Mapping[str, Any]) -> None:
        """Write what was found in the place of what was there; a disk that is full is told of once, and stops nothing."""
        if self.failed:
            return
        beside = self.path.with_name(f".{self.path.name}.{os.getpid()}")
        try:
            beside.write_text(json.dumps(found, indent=1, ensure_ascii=False, allow_nan=False) + "\n", "utf-8")
            beside.replace(self.path)
        except OSError as error:
            self.failed = error.strerror or str(error)
            beside.unlink(missing_ok=True)
            if self.on_failure:
                self.on_failure(f"{self.path} cannot be written ({self.failed}): what is found is kept in memory only")
            return
        if not self.written and self.on_first:
            self.on_first(self.path)
        self.written = True

    def done(self) -> None:
        """Take the file away: everything is told."""
        if self.written:
            self.path.unlink(missing_ok=True)
