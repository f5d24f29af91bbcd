"""A small specimen, a short protocol, and profiles that would have been measured on it with known parameters and noise."""

from __future__ import annotations

from functools import cache

import numpy as np

from amelo.inference.model import ProfileModel, model_of
from amelo.protocol.record import Protocol
from amelo.records.measured_profiles import MeasuredPoint, MeasuredProfiles
from amelo.records.specimen import Specimen, parse_specimen

NAMES = ("dissolution_rate", "diffusivity_scale", "growth_ratio")
TRUTH = (1.6e-4, 0.6, 0.006)
RANGES = {
    "dissolution_rate": {"value": 1e-4, "low": 2e-5, "high": 5e-4},
    "diffusivity_scale": {"value": 0.5, "low": 0.2, "high": 1.25},
    "growth_ratio": {"value": 0.003, "low": 0.0006, "high": 0.015},
    "free_diffusivity": {"value": 1.3e-9, "low": 4e-10, "high": 4e-9},
}
TEXT = """demineralise in acetate 75 mM pH 4.5 with Ca 2.0 mM, PO4 2.0 mM for 24 h
remineralise in Ca 1.5 mM, PO4 0.9 mM, KCl 130 mM pH 7.0 for 24 h
"""
HOUR = 3600.0
DEPTHS = tuple(np.arange(2.5, 140.0, 7.5))  # µm


@cache
def specimen() -> Specimen:
    """Pressed apatite in 20 cells with one diffusivity: a run takes milliseconds, and every test compiles the same equations."""
    return parse_specimen(
        {
            "name": "synthetic",
            "tissue": "pressed apatite",
            "thickness": "250 um",
            "diffusion": "single",
            "mechanisms": {"fluoride": False},
            "grid": {"cells": 20, "first_cell": "4 um"},
            "parameters": RANGES
            | {"sound_mineral": {"value": 0.8, "low": 0.79, "high": 0.8}, "porosity": {"value": 0.15, "low": 0.1, "high": 0.2}},
        },
        where="synthetic",
    )


@cache
def protocol() -> Protocol:
    return Protocol.parse(TEXT)


def places(times=(24.0, 48.0), depths=DEPTHS) -> MeasuredProfiles:
    """Points without a value."""
    points = [
        MeasuredPoint(float(d), 0.0, HOUR * t, None, "", 2 + i) for i, (t, d) in enumerate((t, d) for t in times for d in depths)
    ]
    return MeasuredProfiles(tuple(points), "synthetic.csv")


def model(names=NAMES, **options) -> ProfileModel:
    return model_of(specimen(), protocol().schedule(), names, places(**options))


def measured(seed: int, *, noise: float = 1.5, truth=TRUTH, sd: float | None = None, **options) -> MeasuredProfiles:
    """Profiles of a specimen with the parameters ``truth``, with normal noise [vol%]."""
    blank = places(**options)
    exact = model(**options).finer().finer()(np.array(truth))[0]
    scattered = exact + np.random.default_rng(seed).normal(0.0, noise, len(exact))
    points = tuple(p._replace(mineral=float(m), sd=sd) for p, m in zip(blank.points, scattered, strict=True))
    return MeasuredProfiles(points, blank.source)


def as_csv(data: MeasuredProfiles) -> str:
    rows = [f"{p.time / HOUR:g},{p.depth:g},{p.mineral!r}" for p in data.points]
    return "\n".join(["time [h],depth [µm],mineral [vol%]", *rows]) + "\n"
