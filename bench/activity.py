"""How fast tooth surfaces lose mineral in many mouths, by the ion-resolved twin: the design behind amelo.twin.activity.

    python bench/activity.py run TABLE [MINUTES]     solve the design, row by row; go on where TABLE ends
    python bench/activity.py mend TABLE              solve again what has no answer
    python bench/activity.py check TABLE             eight of its rows by a careful run
    python bench/activity.py spread TABLE            the same eight over plausible teeth
    python bench/activity.py fit TABLE               fit, score on mouths held out, and write the shipped table

A mouth of the design has three lives: as drawn, with fewer things eaten between meals, and with other fluoride. Each is solved on four
surfaces: sound enamel and exposed dentine, clean and under plaque. TABLE holds one JSON object a line, so that a run that was stopped goes on.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from amelo.errors import AmeloError
from amelo.protocol.activity import DAYS, daily_schedule, rate_of, surface_twin
from amelo.records.case import Case
from amelo.twin.activity import PER_DAY, with_snacks
from amelo.twin.schedule import Schedule
from amelo.twin.twin import Twin

SEED, BASES = 20261126, 150
CAREFUL = 8
"""Rows that ``check`` and ``spread`` solve again."""


def mouths(seed: int = SEED, count: int = BASES) -> Iterator[tuple[int, str, Case, float]]:
    """Yield (number of the mouth, which life, case, thickness of plaque [m]) of the whole design."""
    for base in range(count):
        rng = np.random.default_rng([seed, base])
        case, plaque = drawn(rng, base), float(np.exp(rng.uniform(np.log(50e-6), np.log(1000e-6))))
        yield base, "drawn", case, plaque
        between = sum(meal.what != "meal" for meal in case.diet.meals)
        yield base, "snacks", with_snacks(case, int(rng.integers(0, max(between, 1)))), plaque
        brushing = float(rng.integers(0, 4))
        paste = 0.0 if rng.random() < 0.25 else _log(rng, 250, 5000)
        changed = {"brushing_per_day": brushing, "toothpaste_fluoride": paste, "rinse_fluoride": _rinse(rng)}
        yield base, "fluoride", case.model_copy(update={"hygiene": case.hygiene.model_copy(update=changed)}), plaque


def drawn(rng: np.random.Generator, base: int) -> Case:
    """Return a plausible mouth."""
    rest = _log(rng, 0.05, 1.0)
    saliva = {
        "unstimulated_flow": rest,
        "stimulated_flow": min(max(rest * _log(rng, 2.5, 9.0), 0.2), 5.0),
        "pH": round(rng.uniform(6.0, 7.5), 2),
        "calcium": round(rng.uniform(0.7, 2.2), 3),
        "phosphate": round(rng.uniform(2.5, 8.5), 3),
        "fluoride": _log(rng, 0.0005, 0.005),
        "bicarbonate": _log(rng, 1.0, 10.0),
        "buffer_capacity": str(rng.choice(["low", "medium", "high"])),
    }
    paste = 0.0 if rng.random() < 0.15 else _log(rng, 250, 5000)
    hygiene = {
        "brushing_per_day": int(rng.integers(0, 4)),
        "toothpaste_fluoride": paste,
        "rinse_fluoride": _rinse(rng),
        "water_fluoride": round(rng.uniform(0.0, 1.5), 2),
    }
    return Case.model_validate(
        {
            "pseudonym": f"Design-{base:03d}",
            "origin": "synthetic",
            "recorded_on": "2026-01-01",
            "sex": str(rng.choice(["female", "male"])),
            "age_band": "8-11" if rng.random() < 0.2 else "30-34",
            "saliva": saliva,
            "hygiene": hygiene,
            "diet": {"meals": _meals(rng)},
        }
    )


def _meals(rng: np.random.Generator) -> list[dict]:
    """Return main meals and what is eaten and drunk between them, none within 20 minutes of another."""
    hours = [7.0 + rng.uniform(0, 1.5), 12.0 + rng.uniform(0, 1.5), 18.0 + rng.uniform(0, 1.5)]
    found, taken = [], []
    for hour in hours:
        minutes = round(rng.uniform(8, 40))
        found.append((hour, {"what": "meal", "duration": minutes, "sugar": round(rng.uniform(1, 15), 1)}))
        taken.append((hour, hour + minutes / 60))
    for _ in range(int(rng.integers(0, 8))):
        what = str(
            rng.choice(["snack", "sugared drink", "acidic drink", "sweet", "unsweetened drink"], p=[0.3, 0.25, 0.15, 0.2, 0.1])
        )
        minutes = round(_log(rng, 3, 45))
        hour = rng.uniform(7.2, 22.2)
        if any(hour < end + 1 / 3 and hour + minutes / 60 > start - 1 / 3 for start, end in taken):
            continue
        taken.append((hour, hour + minutes / 60))
        entry = {"what": what, "duration": minutes, "sugar": _sugar(rng, what)}
        if what in ("acidic drink", "sugared drink") and (what == "acidic drink" or rng.random() < 0.7):
            entry["pH"] = round(rng.uniform(2.4, 4.2), 2)
        found.append((hour, entry))
    found.sort(key=lambda pair: pair[0])
    return [{"at": f"{int(hour):02d}:{int(hour % 1 * 60):02d}", **entry} for hour, entry in found]


def _sugar(rng: np.random.Generator, what: str) -> float:
    low, high = {"snack": (2, 60), "sugared drink": (4, 13), "acidic drink": (0, 10), "sweet": (30, 95)}.get(what, (0, 0))
    return round(rng.uniform(low, high), 1)


def _log(rng: np.random.Generator, low: float, high: float) -> float:
    return float(f"{np.exp(rng.uniform(np.log(low), np.log(high))):.4g}")


def _rinse(rng: np.random.Generator) -> float:
    return 0.0 if rng.random() < 0.7 else _log(rng, 100, 1000)


def rows_of(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()] if path.exists() else []


def run(path: Path, minutes: float) -> None:
    done = {(row["base"], row["life"]) for row in rows_of(path)}
    started, total = time.time(), 3 * BASES
    with path.open("a", encoding="utf-8") as table:
        for number, (base, life, case, plaque) in enumerate(mouths()):
            if (base, life) in done:
                continue
            if time.time() - started > 60 * minutes:
                break
            try:
                schedule = daily_schedule(
                    case, DAYS, before=1
                )  # a third of the time; what is learned knows how much plaque that leaves
                found = {}
                for tissue in ("enamel", "dentine"):
                    for thickness in (0.0, plaque):
                        twin = surface_twin(case, tissue, thickness)
                        found[f"{tissue} {'plaque' if thickness else 'clean'}"] = answer(twin, schedule)
            except AmeloError as error:
                print(f"{base} {life}: {error}", flush=True)
                found = {}
            row = {"base": base, "life": life, "plaque": plaque, "rates": found, "case": json.loads(case.model_dump_json())}
            table.write(json.dumps(row) + "\n")
            table.flush()
            spent = time.time() - started
            rates = {key: f"{PER_DAY * value['rate'][0]:.2f}" for key, value in found.items()}
            print(f"{number + 1}/{total} {spent:.0f} s {base} {life} {rates}", flush=True)


def answer(twin: Twin, schedule: Schedule) -> dict[str, list[float]]:
    """Return the rate of a surface on the coarsest of three grids on which the run has an answer."""
    for parts in (1, 2, 4):
        found = rate_of(twin, schedule, parts=parts)
        if np.isfinite(found["rate"][0]):
            break
    return found | {"parts": parts}


def mend(path: Path) -> None:
    """Solve again, on finer grids, what has no answer in a table."""
    rows = rows_of(path)
    for row in rows:
        for site, found in row["rates"].items():
            if np.isfinite(found["rate"][0]) and found["days"][-1] != 0.0:
                continue
            case, (tissue, place) = Case.model_validate(row["case"]), site.split()
            twin = surface_twin(case, tissue, row["plaque"] if place == "plaque" else 0.0)
            row["rates"][site] = answer(twin, daily_schedule(case, DAYS, before=1))
            print(row["base"], row["life"], site, row["rates"][site], flush=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")


def careful_rows(path: Path) -> list[dict]:
    """Return the same eight rows of a table, spread evenly over it."""
    rows = [row for row in rows_of(path) if row["rates"]]
    return [rows[i] for i in np.linspace(0, len(rows) - 1, CAREFUL).round().astype(int)]


def check(path: Path, *, members: int = 1) -> None:
    """Print, for a few rows, the rate of the design beside that of a careful run, or with members the spread over plausible teeth."""
    for row in careful_rows(path):
        case = Case.model_validate(row["case"])
        schedule = daily_schedule(case, DAYS)
        for site, found in row["rates"].items():
            tissue, place = site.split()
            twin = surface_twin(case, tissue, row["plaque"] if place == "plaque" else 0.0)
            again = rate_of(twin, schedule, checked=members == 1, accuracy=0.01, members=members)["rate"]
            seen = np.quantile(np.array(again) * PER_DAY, [0.05, 0.5, 0.95]) if members > 1 else [again[0] * PER_DAY]
            line = {
                "base": row["base"],
                "life": row["life"],
                "site": site,
                "design": found["rate"][0] * PER_DAY,
                "again": list(seen),
            }
            print(json.dumps(line), flush=True)


if __name__ == "__main__":
    what, path = sys.argv[1], Path(sys.argv[2])
    if what == "run":
        run(path, float(sys.argv[3]) if len(sys.argv) > 3 else 25.0)
    elif what == "mend":
        mend(path)
    elif what == "check":
        check(path)
    elif what == "spread":
        check(path, members=16)
    elif what == "fit":
        from activity_fit import write

        write(rows_of(path), SEED)
    else:
        print(__doc__)
