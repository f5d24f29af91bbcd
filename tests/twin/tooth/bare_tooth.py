"""Teeth as simple as closed forms need them: one sound or lost layer, one mouth, nothing else."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np

import amelo
from amelo.params import load_set
from amelo.twin.tooth import Clock, WholeTooth, whole_tooth
from amelo.twin.tooth.constants import MOLAR_VOLUME

__all__ = ["DAY", "EVENLY", "HOUR", "RATE", "bare_dentine", "case_of", "diffusivity", "moved", "residual_mineral", "stock"]

HOUR, DAY = 3600.0, 86400.0
RATE = 0.8e-6 / DAY  # m/s of mineral that a mouth takes from bare dentine


def EVENLY(step: float) -> Clock:  # noqa: N802
    """A clock of equal steps [s]."""
    return Clock(step, 1.0, step, 1e-3)


@cache
def case_of(name: str) -> amelo.Case:
    """A shipped case."""
    return amelo.load_case(Path(__file__).resolve().parents[3] / "cases" / f"{name}.json")


def bare_dentine(
    *, cells: int = 15, rate: float = RATE, lost: float = 0.0, dentine: float = 3e-3, members: int = 1, **values: float
) -> WholeTooth:
    """Sound dentine without bacteria under no enamel, of which a layer [m] has lost its mineral; constants by name in SI.

    Collagen lasts, and the pulp gives nothing.
    """
    tooth = whole_tooth(case_of("felix-healthy"), 36, members=members, cells=(1, cells)).tooth
    constants = tooth.constants
    own = {"collagen.decay_rate": 0.0, "pulp.supersaturation": 0.0} | {n.replace("__", "."): v for n, v in values.items()}
    filled = {name: np.full(members, value) for name, value in own.items()}
    widths, left = tooth.widths.copy(), tooth.left.copy()
    widths[:, 1:] = dentine / cells
    left[:, 0] = 0.0
    bottom = np.cumsum(widths[:, 1:], axis=1)
    share = np.clip((lost - (bottom - widths[:, 1:])) / widths[:, 1:], 0.0, 1.0)
    mineral, residual = np.ones_like(left), residual_mineral()
    mineral[:, 1:] = 1.0 - share * (1.0 - residual)
    return replace(
        tooth,
        widths=widths,
        left=left,
        mineral=mineral,
        inner=mineral.copy(),
        organic=np.where(np.arange(cells + 1) >= 1, 1.0, 0.0) * np.ones_like(left),
        bacteria=np.zeros_like(left),
        attack_dentine=np.full(members, rate),
        constants=replace(constants, values={**constants.values, **filled}),
    )


def residual_mineral() -> float:
    """Mineral that no acid takes, over that of sound tissue."""
    return load_set("kinetics").value("residual_mineral")


def diffusivity(tooth: WholeTooth, mineral: float) -> float:
    """Diffusivity of ions [m2/s] in dentine of member 0 with so much mineral and all its collagen."""
    c = tooth.constants
    return float(c["free_diffusivity"][0] * (c.pores[-1] + c.sound[-1] * (1.0 - mineral)) ** c["porosity_exponent"][0])


def stock(tooth: WholeTooth) -> np.ndarray:
    """Mineral in tissue (M,) [mol/m2]."""
    return (tooth.total * tooth.constants.sound * tooth.thickness).sum(axis=1) / MOLAR_VOLUME


def moved(tooth: WholeTooth, name: str) -> np.ndarray:
    """What the ledger says (M,) [mol/m2]."""
    return tooth.books[f"ledger_{name}"]
