"""Resilience: what protects a tooth without cutting it, and the evidence for that."""

from amelo.therapy.resilience.habits import BrushDaily, LimitSnacks
from amelo.therapy.resilience.pores import Infiltrate, Peptide, SilverDiamineFluoride
from amelo.therapy.resilience.review import Review

__all__ = ["BrushDaily", "Infiltrate", "LimitSnacks", "Peptide", "Review", "SilverDiamineFluoride"]
