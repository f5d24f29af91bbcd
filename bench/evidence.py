"""Make the posterior of the fluoride network again, and say whether it is the shipped one to the last byte.

    python bench/evidence.py FOLDER [--write]

FOLDER holds fluoride_nma_130_trials_arms.csv and fluoride_toothpaste_marinho_70.csv. With --write the new file takes the place of the shipped one.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

from amelo.errors import AmeloError
from amelo.therapy.resilience.fluoride import make_posterior
from amelo.therapy.resilience.posterior_file import POSTERIORS, fluoride_prior, read_posterior, save_posterior


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--write", action="store_true")
    chosen = parser.parse_args()
    began = time.perf_counter()
    try:
        made = make_posterior(chosen.folder, on_progress=lambda fraction, message: print(f"{fraction:4.0%} {message}", flush=True))
    except AmeloError as error:
        print(f"evidence: {error}", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as scratch:
        path = save_posterior(made, scratch)
        made, text = read_posterior(path), path.read_bytes()
    print(f"{path.name}, {len(text)} bytes, {time.perf_counter() - began:.0f} s")
    for name in ("plain", "adjusted"):
        print(name, made[name]["chains"])
        for treatment in made["treatments"][1:]:
            value, low, high = fluoride_prior(treatment, adjusted=name == "adjusted", posterior=made).prevented
            print(f"  {treatment:14s} prevented fraction against placebo {value:6.1f} % ({low:.1f} to {high:.1f})")
    shipped = sorted(POSTERIORS.glob("fluoride-network.*.json"))
    same = [p.name for p in shipped] == [path.name] and shipped[0].read_bytes() == text
    print(
        "the same as the shipped one" if same else f"not the shipped one ({', '.join(p.name for p in shipped) or 'there is none'})"
    )
    if chosen.write and not same:
        for old in shipped:
            old.unlink()
        (POSTERIORS / path.name).write_bytes(text)
        print(f"written: {path.name}")
    return 0 if same or chosen.write else 1


if __name__ == "__main__":
    raise SystemExit(main())
