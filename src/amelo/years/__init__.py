"""Years: from the state of a tooth after treatment to what becomes of it, with competing events, costs and quality."""

from amelo.years.charted import start_of
from amelo.years.hazards import surviving_frailty
from amelo.years.history import Histories, sample
from amelo.years.outside import MECHANISMS
from amelo.years.project import project
from amelo.years.projection import Projection
from amelo.years.pulp import success_after
from amelo.years.start import Policy, Start, Surface
from amelo.years.states import EVENTS, STATES, Weights

__all__ = [
    "EVENTS", "MECHANISMS", "STATES", "Histories", "Policy", "Projection", "Start", "Surface", "Weights", "project", "sample", "start_of", "success_after", "surviving_frailty",
]  # fmt: skip
