"""Amorphous calcium phosphate as a precursor: a mineral that no tissue of amelo has, added in one small file.

Run it with ``python examples/adding_a_phase.py``.  A lesion is held for six hours in a fluid as rich in calcium and phosphate as one
that casein keeps from precipitating, and then for two days in an ordinary remineralising fluid, once without the new mineral and
once with it.  What the extension needs are the two things below: a TOML text with the reaction and its numbers, and a function
that adds the phase with its laws to a column.
"""

from argparse import ArgumentParser
from pathlib import Path

import amelo
from amelo.twin.extension import with_phase, with_reactions
from amelo.twin.phases import Dissolution, Growth, Phase

ROOT = Path(__file__).resolve().parents[1]

ACP = """
[set]
name = "amorphous calcium phosphate"
version = "1"
about = "the second, less soluble of two amorphous calcium phosphates"
temperature_C = 37

[solid.ACP2]
formula = "Ca(PO4)0.74H0.22"
ions = 2
reaction = {"Ca+2" = 1, "PO4-3" = 0.74, "H+" = 0.22}
about = "amorphous calcium phosphate, counted per calcium"
names = ["second amorphous calcium phosphate"]

[solid.ACP2.pk]
value = 11.49
unit = "1"
low = 10.64
high = 11.6
grade = "B"
source = "doi:10.1016/0022-0248(90)90079-Z doi:10.3390/membranes10050081"
note = "3.2e-12, as table 4 of the second source quotes the first, which was not read; 2.3e-11 is the phase that forms first"

[solid.ACP2.molar_volume]
value = 61.0
unit = "cm3/mol"
low = 55.0
high = 75.0
grade = "assumption"
source = "doi:10.1016/j.actbio.2010.02.017"
note = "110.6 g/mol with about 15 % by mass of water, at a density of 2.1 g/cm3; both are ours, the source reviews the substance"

[solid.ACP2.growth_rate]
value = 1e-3
unit = "mol/(L s)"
low = 1e-4
high = 1e-2
grade = "assumption"
source = "doi:10.1016/0022-0248(90)90079-Z"
note = "it comes first where it can form at all, so it must be faster than brushite; the rate is ours"

[solid.ACP2.dissolution_rate]
value = 1e-2
unit = "mol/(L s)"
low = 1e-3
high = 1e-1
grade = "assumption"
source = "doi:10.1016/0022-0248(90)90079-Z"
note = "gone within hours when apatite takes what it releases; the rate is ours"
"""


def with_precursor(column):
    """Return a column in whose pores amorphous calcium phosphate may form, and dissolve again."""
    column = with_reactions(column, ACP, where="adding_a_phase.py")
    laws = Dissolution(order=1.0, surface_exponent=1.0), Growth(order=1.0, surface="pore", inhibited=False)
    return with_phase(column, Phase("ACP", "ACP2", *laws, apatite=False))


PROTOCOL = """
remineralise in Ca 6.0 mM, PO4 3.6 mM, KCl 100 mM pH 7.0 for 6 h
remineralise in Ca 1.0 mM, PO4 0.6 mM, KCl 130 mM pH 7.0 for 42 h
"""


def main(out: Path) -> None:
    """Simulate both, print what the precursor changed, and draw it."""
    specimen = amelo.load_specimen(ROOT / "cases" / "specimens" / "enamel-high-r-lesion.toml")
    twin = amelo.Twin.of(specimen)
    without, with_it = (amelo.simulate(t, PROTOCOL) for t in (twin, twin.changed(with_precursor)))
    print("                        without ACP   with ACP")
    for name in ("integrated_mineral_loss", "surface_layer_mineral", "calcium_release"):
        before, after = (t.outcomes()[name] for t in (without, with_it))
        print(f"{name:24}{before.value:11.4g}{after.value:11.4g} {after.unit}")
    precursor = [with_it.phases(t)["ACP"].value for t in range(len(with_it.hours))]
    most = max(range(len(precursor)), key=precursor.__getitem__)
    print(f"ACP: at most {precursor[most]:.1f} vol%·µm after {with_it.hours[most]:.1f} h, {precursor[-1]:.2g} at the end")
    print("in the provenance:", *with_it.provenance.assumptions, sep="\n  ")
    out.mkdir(parents=True, exist_ok=True)
    with_it.plot("phases").savefig(out / "adding_a_phase.png")
    print("plot written to", out / "adding_a_phase.png")


if __name__ == "__main__":
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=ROOT / "out", help="folder for the plot")
    main(parser.parse_args().out)
