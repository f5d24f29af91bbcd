"""The Jacobian of a fit by differences and by walking back, side by side: ``python bench/twin_jacobian.py``.

Prints processor seconds, best of several, of the ensemble that ``amelo fit`` uses for a Jacobian, and of the cheapest way to have it from the
adjoint: sixteen lanes of the same specimen, each walked back for a measured point of its own, as often as there are points.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from twin_gradient import best

from amelo.inference.fit import default_names
from amelo.inference.model import LANES, model_of
from amelo.inference.posterior import jacobian
from amelo.inference.priors import priors_of
from amelo.protocol.record import Protocol
from amelo.records.measured_profiles import read_profiles
from amelo.records.specimen import load_specimen
from amelo.twin.build import column_of
from amelo.twin.diffusivity import diffusivities
from amelo.twin.lesion.gradient import TIGHT, reverse

CASES = Path(__file__).resolve().parents[1] / "cases"


def main() -> None:
    """Measure and print."""
    specimen = load_specimen(CASES / "specimens/pressed-apatite.toml")
    data = read_profiles(CASES / "profiles/two-days.csv")
    names = default_names(specimen)
    priors = priors_of(specimen, names)
    model = model_of(specimen, Protocol.read(CASES / "protocols/two-days.protocol").schedule(), names, data)
    x = np.zeros((1, len(names)))
    by_differences, _ = best(lambda: jacobian(model, priors, x))
    column = column_of(specimen, members=LANES, values=dict(zip(names, priors.values(np.zeros(len(names))), strict=True)))
    settings = replace(TIGHT, saves=0)
    forwards, back = best(lambda: reverse(column, model.schedule, diffusivities(specimen.celsius), settings=settings))
    slopes = np.zeros_like(back.run.mineral)
    slopes[:, -1, 0] = np.eye(LANES, slopes.shape[3])
    backwards, _ = best(lambda: back.pull(slopes))
    times = -(-len(data.points) // LANES)
    print(f"{len(names)} parameters, {len(data.points)} points, {slopes.shape[3]} cells")
    print(f"differences, {2 * len(names) + 1} members in {LANES} lanes  {by_differences:8.4f} s")
    print(
        f"adjoint, a run of {LANES} lanes and {times} ways back   {forwards + times * backwards:8.4f} s  ({forwards:.4f} and {backwards:.4f} each)"
    )


if __name__ == "__main__":
    main()
