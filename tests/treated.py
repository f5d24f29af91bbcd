"""Treated teeth for tests: cases of the folder, with a mouth that takes a constant amount, so that nothing has to be learned first."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from amelo.protocol.record import Protocol
from amelo.protocol.simulate_tooth import simulate_tooth
from amelo.records.case import load_case
from amelo.twin.tooth.trajectory import ToothTrajectory
from amelo.twin.tooth.twin import ToothTwin

ROOT = Path(__file__).resolve().parents[1]
DAY = 86400.0
SELECTIVE = (ROOT / "cases/protocols/selective-excavation.protocol").read_text("utf-8")
HARSH = "excavate to hard dentine with 0 mL/min water\nfill with composite\nrest 60 d"


@dataclass(frozen=True)
class ConstantMouth:
    """Takes 0.5 µm a day of mineral from bare dentine and a tenth of it from enamel, whatever the habits."""

    assumed: tuple[str, ...] = ("a mouth that takes a constant amount",)

    def rates(self, habits, draws) -> dict[str, np.ndarray]:
        one = np.ones(len(draws.members))
        return {"enamel": 5e-8 / DAY * one, "dentine": 5e-7 / DAY * one}


def constant_mouth(patch: pytest.MonkeyPatch) -> None:
    """Put the constant mouth in the place of the learned one."""
    patch.setattr("amelo.twin.tooth.twin.mouth_of", lambda case, tooth, surface: ConstantMouth())


def treated(text: str = SELECTIVE, *, case: str = "kira", tooth: int = 36, members: int = 24, seed: int = 1) -> ToothTrajectory:
    """Return a tooth of a case after a protocol, without the years after."""
    with pytest.MonkeyPatch.context() as patch:
        constant_mouth(patch)
        twin = ToothTwin.of(load_case(ROOT / f"cases/{case}.json"), tooth)
        return simulate_tooth(twin, Protocol.parse(text), members=members, seed=seed, years=0)


class InventedProjection:
    """Two years that look like a projection: chances that fall, with the methods that faces call."""

    years = 2.0

    def __init__(self, members: int = 8) -> None:
        self.members = members
        self.times = np.array([0.0, 1.0, 2.0])

    def outcomes(self) -> dict[str, object]:
        from amelo.twin.tooth.ahead import FarOutcome

        told = {
            "tooth kept": (0.91, 0.80, 0.99, "1"),
            "cost": (1.25, 0.5, 2.5, "two-surface composite"),
            "fracture": (0.031, 0.01, 0.07, "1"),
            "implant lost": (0.0, 0.0, 0.0, "1"),
        }
        return {name: FarOutcome(name, *v, f"what {name} is", "opdam2014 laske2016") for name, v in told.items()}

    def to_xarray(self):
        import xarray

        filled = np.repeat(np.array([1.0, 0.9, 0.8])[:, None, None], self.members, axis=2)
        chance = np.concatenate([filled, 1.0 - filled], axis=1)
        coordinates = {"time": ("time", self.times), "state": ["filled", "gap"]}
        return xarray.Dataset({"occupancy": (("time", "state", "member"), chance)}, coordinates)

    def plot(self):
        from matplotlib.figure import Figure

        figure = Figure(figsize=(3, 2))
        figure.subplots().plot(self.times, [1.0, 0.9, 0.8])
        return figure
