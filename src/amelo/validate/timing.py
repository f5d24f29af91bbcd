"""How long a calculation takes, for the rows of validation that tell it."""

from __future__ import annotations

import time
from collections.abc import Callable

__all__ = ["best_time"]

TRIED = 5  # runs, of which the shortest is told


def best_time(run: Callable[[], object]) -> float:
    """Return the shortest CPU time [s] of a few runs after one that compiles; what else the machine does is not counted."""
    run()
    times = []
    for _ in range(TRIED):
        began = time.process_time()
        run()
        times.append(time.process_time() - began)
    return min(times)
