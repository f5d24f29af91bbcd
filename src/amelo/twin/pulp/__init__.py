"""The living pulp of a tooth: inflammation that may tip over, what drives it, and what a test tells of it."""

from amelo.twin.pulp.constants import Pulps, profile
from amelo.twin.pulp.course import Course, Segment, follow
from amelo.twin.pulp.dentine import cutting, influx_through, odontoblast_loss
from amelo.twin.pulp.equilibria import Branch, Fold, branch, equilibrium, fold, slowest
from amelo.twin.pulp.observation import PulpTest
from amelo.twin.pulp.thresholds import heat_threshold, influx_threshold, rescued

__all__ = [
    "Branch",
    "Course",
    "Fold",
    "PulpTest",
    "Pulps",
    "Segment",
    "branch",
    "cutting",
    "equilibrium",
    "fold",
    "follow",
    "heat_threshold",
    "influx_threshold",
    "influx_through",
    "odontoblast_loss",
    "profile",
    "rescued",
    "slowest",
]
