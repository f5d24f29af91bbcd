"""Make the shipped models of the forecast again from the data, and say whether they are the same to the last byte.

    python bench/forecast_models.py FOLDER [--write]

FOLDER holds the cohorts (teeth_public.parquet). Without --write nothing of the project is touched.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from amelo.forecast.artefact import MODELS, save_model
from amelo.forecast.cohort import read_table
from forecast import LOOKS

DRAWS = 200


def tooth_loss(folder: Path) -> dict:
    from amelo.forecast.tooth_loss.card import CREIGHTON
    from amelo.forecast.tooth_loss.evaluate import evaluate
    from amelo.forecast.tooth_loss.train import train

    table = read_table(folder / "teeth_public.parquet")
    model = train(table, data=CREIGHTON, on_progress=told)
    seen = evaluate(model | {"hash": ""}, table, draws=DRAWS, on_progress=told)
    dev = {"teeth": seen.rows, "patients": seen.patients, "losses": seen.events, "figures": plain(seen.figures)}
    model["card"]["dev"] = dev | {"subgroups": {name: plain(figures) for name, figures in seen.subgroups.items()}}
    model["card"]["looks_at_dev"] = list(LOOKS)
    return model


def plain(figures: dict) -> dict:
    return {key: {part: float(f"{getattr(f, part):.4g}") for part in ("value", "low", "high")} for key, f in figures.items()}


def told(fraction: float, words: str) -> None:
    print(f"\r{100 * fraction:3.0f} % {words:50}", end="", flush=True)


MAKERS = {"tooth-loss": tooth_loss}


def main(folder: str, *options: str) -> None:
    for kind, make in MAKERS.items():
        start = time.perf_counter()
        with tempfile.TemporaryDirectory() as place:
            made = save_model(make(Path(folder)), place)
            shipped = sorted(MODELS.glob(f"{kind}.*.json"))
            same = [path.name for path in shipped] == [made.name]
            print(
                f"\r{kind}: {made.name}, {made.stat().st_size / 1e3:.0f} kB, {time.perf_counter() - start:.0f} s; shipped: {'the same' if same else 'another'}"
            )
            if "--write" in options and not same:
                for path in shipped:
                    path.unlink()
                (MODELS / made.name).write_bytes(made.read_bytes())


if __name__ == "__main__":
    main(*sys.argv[1:])
