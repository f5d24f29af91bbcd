"""Whatever a chart holds, both models answer: hazards that rise from nothing, or a reason."""

from __future__ import annotations

import random

import numpy as np
import pytest

from amelo.errors import RecordError
from amelo.forecast.artefact import find_model
from amelo.forecast.restorations.outlooks import outlooks as of_restorations
from amelo.forecast.stages.outlooks import outlooks as of_surfaces
from amelo.records.case import Case
from amelo.records.teeth import ALL_TEETH, surfaces

TIMES = np.array([0.0, 1.0, 5.0])


def chart(seed: int) -> Case:
    """Return a random case: any teeth, findings, restorations and gaps in knowledge."""
    r = random.Random(seed)
    teeth = {}
    for fdi in r.sample(ALL_TEETH, r.randint(0, 32)):
        letters = surfaces(fdi)
        tooth: dict = {
            "status": r.choice(
                ["present", "present", "present", "partially erupted", "missing", "implant", "unerupted", "root remnant", "unknown"]
            )
        }
        if tooth["status"] in ("present", "partially erupted"):
            tooth["other_surfaces"] = r.choice(["sound", "unknown"])
            tooth["root_treated"] = r.choice([True, False, "unknown"])
            tooth["findings"] = [
                {
                    "surface": letter,
                    "icdas": r.choice(["unknown", *range(7)]),
                    "radiograph": r.choice(["none", "E1", "E2", "D1", "D2", "D3", "unknown"]),
                    "activity": r.choice(["active", "inactive", "unknown"]),
                    "defect": r.choice(["none", "unknown", "unknown", "unknown", "hypoplasia"]),
                }
                for letter in r.sample(letters, r.randint(0, 3))
            ]
        elif tooth["status"] == "missing":
            tooth["missing_cause"] = r.choice(["caries", "trauma", "unknown"])
        if tooth["status"] in ("present", "implant"):
            tooth["restorations"] = [
                {
                    "surfaces": r.sample(letters, r.randint(1, 5)),
                    "kind": r.choice(
                        ["filling", "sealant", "infiltration", "inlay", "onlay", "crown", "veneer", "temporary", "unknown"]
                    ),
                    "material": r.choice(
                        [
                            "composite",
                            "amalgam",
                            "glass ionomer",
                            "compomer",
                            "ceramic",
                            "zirconia",
                            "gold",
                            "stainless steel",
                            "resin",
                            "other",
                            "unknown",
                        ]
                    ),
                    "age": r.choice(["unknown", 0, 0.5, 12, 60]),
                    "condition": r.choice(["intact", "worn", "marginal gap", "secondary caries", "fractured", "lost", "unknown"]),
                }
                for _ in range(r.randint(0, 2))
            ]
        teeth[str(fdi)] = tooth
    band = r.choice(["unknown", "0-1", "6-7", "12-12", "40-49", "100-120"])
    return Case.model_validate(
        {"pseudonym": "Chance", "origin": "synthetic", "recorded_on": "2026-01-01", "age_band": band, "teeth": teeth}
    )


@pytest.mark.parametrize("seed", range(60))
def test_any_chart_is_answered(seed):
    try:
        case = chart(seed)
    except RecordError:
        pytest.skip("this draw of the dice contradicts itself")
    found = of_surfaces(case, TIMES, draws=50, seed=seed, model=find_model("progression"))
    found += of_restorations(case, TIMES, draws=50, seed=seed, model=find_model("restorations"))
    for o in found:
        if o.abstained:
            assert o.hazard is None
            continue
        assert o.hazard.shape == (50, 3) and np.isfinite(o.hazard).all()
        assert np.all(o.hazard[:, 0] == 0) and np.all(np.diff(o.hazard, axis=1) >= -1e-12)
        assert all(np.isfinite(d.effect) for d in o.drivers) and all(0 <= m.share <= 1 for m in o.missing)
    present = {int(key) for key, tooth in case.teeth.items() if tooth.status in ("present", "partially erupted")}
    assert present <= {o.tooth for o in found} | {
        fdi for fdi in present if not case.tooth(fdi).findings and case.tooth(fdi).restorations
    }
