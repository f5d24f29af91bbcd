"""The whole tooth: one axis from its outer surface over a lesion to its pulp, as an ensemble, through hours and weeks."""

from amelo.twin.tooth.build import Built, whole_tooth
from amelo.twin.tooth.constants import Constants, Owner
from amelo.twin.tooth.draws import Draws
from amelo.twin.tooth.state import Restored, WholeTooth
from amelo.twin.tooth.waiting import COARSE, FINE, Clock, Frames, wait

__all__ = [
    "COARSE",
    "FINE",
    "Built",
    "Clock",
    "Constants",
    "Draws",
    "Frames",
    "Owner",
    "Restored",
    "WholeTooth",
    "wait",
    "whole_tooth",
]
