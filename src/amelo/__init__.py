"""amelo: predictive, minimally invasive and nano-dentistry.

Research and teaching software, not a medical device.  The names below are loaded when they are first used::

    import amelo

    print(amelo.saturation("cases/fluids/resting-saliva.json"))
    case = amelo.load_case("cases/kira.json")
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from amelo.forecast.record import Forecast
    from amelo.forecast.run import forecast
    from amelo.inference.fit import Fit, fit
    from amelo.inference.sensitivity import Sensitivity, sensitivity
    from amelo.plan.plan import plan
    from amelo.plan.record import Plan
    from amelo.protocol.record import Protocol
    from amelo.records.case import Case, load_case
    from amelo.records.fluid import Fluid
    from amelo.records.genotype import Genotype, genotype
    from amelo.records.specimen import Specimen, load_specimen
    from amelo.twin.chemistry.fluids import saliva_of
    from amelo.twin.chemistry.saturation import Saturation, saturation
    from amelo.twin.chemistry.thresholds import critical_ph, solubility
    from amelo.twin.tooth.trajectory import ToothTrajectory
    from amelo.twin.tooth.twin import ToothTwin
    from amelo.twin.trajectory import Trajectory
    from amelo.twin.twin import Twin
    from amelo.units import Quantity, quantity

__version__ = "0.1.0"

_HOMES = {
    "Case": "amelo.records.case",
    "Fit": "amelo.inference.fit",
    "Fluid": "amelo.records.fluid",
    "Forecast": "amelo.forecast.record",
    "Genotype": "amelo.records.genotype",
    "Plan": "amelo.plan.record",
    "Protocol": "amelo.protocol.record",
    "Quantity": "amelo.units",
    "Saturation": "amelo.twin.chemistry.saturation",
    "Sensitivity": "amelo.inference.sensitivity",
    "ToothTrajectory": "amelo.twin.tooth.trajectory",
    "ToothTwin": "amelo.twin.tooth.twin",
    "Trajectory": "amelo.twin.trajectory",
    "Twin": "amelo.twin.twin",
    "Specimen": "amelo.records.specimen",
    "critical_ph": "amelo.twin.chemistry.thresholds",
    "fit": "amelo.inference.fit",
    "forecast": "amelo.forecast",  # the package itself, which can be called
    "genotype": "amelo.records.genotype",
    "load_case": "amelo.records.case",
    "load_specimen": "amelo.records.specimen",
    "nano": "amelo.therapy.nano",  # the package itself
    "plan": "amelo.plan",  # the package itself, which can be called
    "quantity": "amelo.units",
    "saliva_of": "amelo.twin.chemistry.fluids",
    "saturation": "amelo.twin.chemistry.saturation",
    "sensitivity": "amelo.inference.sensitivity",
    "simulate": "amelo.protocol.simulate",
    "solubility": "amelo.twin.chemistry.thresholds",
}

__all__ = [
    "Case",
    "Fit",
    "Fluid",
    "Forecast",
    "Genotype",
    "Plan",
    "Protocol",
    "Quantity",
    "Saturation",
    "Sensitivity",
    "Specimen",
    "ToothTrajectory",
    "ToothTwin",
    "Trajectory",
    "Twin",
    "critical_ph",
    "fit",
    "forecast",
    "genotype",
    "load_case",
    "load_specimen",
    "nano",
    "plan",
    "quantity",
    "saliva_of",
    "saturation",
    "sensitivity",
    "simulate",
    "solubility",
]


def __getattr__(name: str) -> object:
    """Import a public name from its home when it is first used."""
    if name in _HOMES:
        home = import_module(_HOMES[name])
        value = globals()[name] = (
            home if home.__name__.rpartition(".")[2] == name and hasattr(home, "__path__") else getattr(home, name)
        )
        return value
    raise AttributeError(f"module 'amelo' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])
