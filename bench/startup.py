"""Seconds from the shell to an answer: the promises are 0.5 s for --help and 2 s for a saturation with a warm cache."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
COMMANDS = {  # command line: seconds promised, None where nothing was
    "--help": 0.5,
    "saturation cases/fluids/resting-saliva.json": 2.0,
    "critical-ph cases/fluids/resting-saliva.json": None,
    "solubility --ph 4:8:0.1 --background NaCl=100": None,
    "case show cases/kira.json": None,
    "validate": None,
}


def main() -> None:
    empty = seconds([sys.executable, "-c", "pass"])
    print(f"{'python -c pass':50} {empty:5.2f} s")
    for line, promised in COMMANDS.items():
        spent = seconds([sys.executable, "-m", "amelo", *line.split()])
        verdict = "" if promised is None else f"  promised {promised:g} s: {'kept' if spent <= promised else 'BROKEN'}"
        print(f"amelo {line:44} {spent:5.2f} s, {spent / empty:4.0f} × an empty interpreter{verdict}")


def seconds(command: list[str], runs: int = 5) -> float:
    """Return the median of several runs after one that warms the cache."""
    spent = []
    for _ in range(runs + 1):
        begin = time.perf_counter()
        subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
        spent.append(time.perf_counter() - begin)
    return statistics.median(spent[1:])


if __name__ == "__main__":
    main()
