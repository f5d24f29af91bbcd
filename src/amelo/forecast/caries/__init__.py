"""When caries begins in first permanent molars of children, from examinations a year apart."""

from __future__ import annotations

from amelo.forecast.caries.outlook import outlooks
from amelo.forecast.caries.scoring import evaluate
from amelo.forecast.caries.training import train

__all__ = ["evaluate", "outlooks", "train"]
