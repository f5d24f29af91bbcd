"""A first lesion: four days of acid on sound enamel, printed and drawn.

Run it with ``python examples/first_lesion.py``.
"""

from argparse import ArgumentParser
from pathlib import Path

import amelo

ROOT = Path(__file__).resolve().parents[1]


def main(out: Path) -> None:
    """Simulate, print the outcomes that a microradiograph would give, and draw them."""
    specimen = amelo.load_specimen(ROOT / "cases" / "specimens" / "human-enamel.toml")
    run = amelo.simulate(specimen, "demineralise in acetate 75 mM pH 4.5 with Ca 2.0 mM, PO4 2.0 mM for 4 d")
    print(run)
    for name in ("integrated_mineral_loss", "lesion_depth", "mean_mineral_loss"):
        outcome = run.outcomes()[name]
        print(f"{outcome.value:9.1f} {outcome.unit:10} {outcome.measure.label}")
    for depth in (0, 20, 100):
        inside = run.at_depth(depth)
        print(f"at {depth:3} µm: pH {inside['ph'].value:.2f}, {inside['mineral'].value:.0f} vol% of mineral")
    out.mkdir(parents=True, exist_ok=True)
    run.plot().savefig(out / "first_lesion.png")
    print("plot written to", out / "first_lesion.png")


if __name__ == "__main__":
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=ROOT / "out", help="folder for the plot")
    main(parser.parse_args().out)
