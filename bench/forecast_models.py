"""Make the shipped models of the forecast again, and say whether they are the same to the last byte.

    python bench/forecast_models.py FOLDER [--only KIND] [--write]     needs: uv sync --group bench

FOLDER holds the cohorts (teeth_public.parquet, caries_public.parquet); progression and restorations are made from published figures and need
none. ``--only`` makes one kind and may be given several times. Where a model differs from the shipped one, the keys that differ are named and
by how much. Without ``--write`` nothing of the project is touched; with it the new file takes the place of the shipped one.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from amelo.forecast.artefact import MODELS, load_model, save_model

DRAWS = 200  # of the bootstrap behind the figures of tooth loss on dev
REPLICATES = 400  # the same of caries onset
NAMED = 5  # keys that differ
Told = Callable[[float, str], None]
ON_DEV = ("teeth", "teeth_scored", "children_scored", "events", "undetermined_2y", "undetermined_3y", "undetermined_4y", "subgroups", "history")  # fmt: skip


def tooth_loss(folder: Path, told: Told) -> dict[str, Any]:
    """Train on the teeth of Creighton, score dev for the card."""
    from amelo.forecast.cohort import read_table
    from amelo.forecast.tooth_loss.card import CREIGHTON
    from amelo.forecast.tooth_loss.evaluate import evaluate
    from amelo.forecast.tooth_loss.train import train
    from forecast import LOOKS

    table = read_table(folder / "teeth_public.parquet")
    model = train(table, data=CREIGHTON, on_progress=told)
    seen = evaluate(model | {"hash": ""}, table, draws=DRAWS, on_progress=told)
    dev = {"teeth": seen.rows, "patients": seen.patients, "losses": seen.events, "figures": plain(seen.figures)}
    model["card"]["dev"] = dev | {"subgroups": {name: plain(figures) for name, figures in seen.subgroups.items()}}
    model["card"]["looks_at_dev"] = list(LOOKS)
    return model


def plain(figures: dict) -> dict:
    return {key: {part: float(f"{getattr(f, part):.4g}") for part in ("value", "low", "high")} for key, f in figures.items()}


def caries_onset(folder: Path, told: Told) -> dict[str, Any]:
    """Train on the children of Signal Tandmobiel, score dev for the card."""
    from forecast_caries import LOOKS

    from amelo.forecast.caries.card import CARRIED, TANDMOBIEL
    from amelo.forecast.caries.cohort import read_cohort
    from amelo.forecast.caries.evaluate import evaluate, for_card
    from amelo.forecast.caries.train import train
    from amelo.forecast.cohort import read_table

    data = folder / "caries_public.parquet"
    model = train(data, data=TANDMOBIEL, on_progress=told)
    told(0.99, "scoring dev")
    dev = for_card(model, read_cohort(data, split="dev"), replicates=REPLICATES)
    judged = plain(evaluate(model | {"hash": ""}, read_table(data), draws=REPLICATES).figures)
    figures = judged | {name: row for name, row in dev["figures"].items() if name in CARRIED or name.startswith("coverage_")}
    model["card"]["dev"] = {key: dev[key] for key in ON_DEV} | {"figures": figures}
    model["card"]["looks_at_dev"] = list(LOOKS)
    return json.loads(json.dumps(model))


def progression(_: Path, told: Told) -> dict[str, Any]:
    """Fit the published figures of lesions."""
    from amelo.forecast.stages.fit import train

    told(0.0, "sampling the posterior given the published figures")
    return train()


def restorations(_: Path, told: Told) -> dict[str, Any]:
    """Fit the published figures of restorations."""
    from amelo.forecast.restorations.fit import train

    told(0.0, "sampling the posterior given the published figures")
    return train()


MAKERS: dict[str, Callable[[Path, Told], dict[str, Any]]] = {
    "tooth-loss": tooth_loss,
    "caries-onset": caries_onset,
    "progression": progression,
    "restorations": restorations,
}


def differences(ours: Any, theirs: Any, at: str = "") -> Iterator[tuple[str, float]]:
    """Return the keys in which two models differ, and by how much relative to the larger: infinite where one is no number or is missing."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for key in sorted(ours.keys() | theirs.keys()):
            yield from differences(ours.get(key), theirs.get(key), f"{at}.{key}".lstrip("."))
    elif isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        for k, (a, b) in enumerate(zip(ours, theirs, strict=True)):
            yield from differences(a, b, f"{at}[{k}]")
    elif ours != theirs:
        numbers = all(isinstance(v, int | float) and not isinstance(v, bool) for v in (ours, theirs))
        yield at, abs(ours - theirs) / max(abs(ours), abs(theirs)) if numbers else float("inf")


def verdict(made: Path, shipped: list[Path]) -> str:
    """Return whether a model file is the shipped one, and else where it differs."""
    if not shipped:
        return "none is shipped"
    if [path.read_bytes() for path in shipped] == [made.read_bytes()]:
        return "the shipped file, byte for byte"
    ours, theirs = ({k: v for k, v in load_model(path).items() if k != "hash"} for path in (made, shipped[0]))
    found = list(differences(ours, theirs))
    numbers = [by for _, by in found if by < float("inf")]
    first = ", ".join(key for key, _ in islice(found, NAMED))
    more = f" and {len(found) - NAMED} more" if len(found) > NAMED else ""
    other = len(found) - len(numbers)
    largest = f"; numbers differ by {max(numbers):.2g} at most, relative" if numbers else ""
    return f"not the shipped {shipped[0].name}: {first}{more}{largest}" + (
        f"; {other} differ in more than a number" if other else ""
    )


class Progress:
    """One line that says what is made, how far it is and for how long, on the terminal."""

    def __init__(self, kind: str) -> None:
        self.kind, self.start, self.said, self.over = kind, time.perf_counter(), "", threading.Event()
        self.thread = threading.Thread(target=self._tick, daemon=True)

    def __enter__(self) -> Progress:
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        self.thread.join()
        print("\r" + " " * 110 + "\r", end="", file=sys.stderr, flush=True)

    def told(self, fraction: float, words: str) -> None:
        self.said = f"{100 * fraction:3.0f} % {words}"

    @property
    def seconds(self) -> float:
        return time.perf_counter() - self.start

    def _tick(self) -> None:
        while not self.over.wait(0.5):
            print(f"\r{self.kind}: {self.seconds:4.0f} s {self.said:80.80}", end="", file=sys.stderr, flush=True)


def main(arguments: list[str] | None = None) -> int:
    """Make the models that are asked for; return 0 when all are the shipped ones or were written."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", action="append", choices=list(MAKERS), metavar="KIND", help=", ".join(MAKERS))
    parser.add_argument("--write", action="store_true", help="put what differs in the place of the shipped file")
    chosen = parser.parse_args(arguments)
    same = True
    for kind in chosen.only or MAKERS:
        with Progress(kind) as progress, tempfile.TemporaryDirectory() as place:
            made = save_model(MAKERS[kind](chosen.folder, progress.told), place)
            shipped = sorted(MODELS.glob(f"{kind}.*.json"))
            said, seconds, size = verdict(made, shipped), progress.seconds, made.stat().st_size / 1e3
            equal = [path.name for path in shipped] == [made.name]
            if chosen.write and not equal:
                for path in shipped:
                    path.unlink()
                (MODELS / made.name).write_bytes(made.read_bytes())
        print(f"{kind}: {made.name}, {size:.0f} kB, {seconds:.0f} s: {said}{', written' if chosen.write and not equal else ''}")
        same &= equal or chosen.write
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
