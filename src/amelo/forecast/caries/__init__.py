"""When caries begins in first permanent molars of children, from examinations a year apart."""

from __future__ import annotations

from amelo.forecast.caries.evaluate import evaluate
from amelo.forecast.caries.train import train

__all__ = ["evaluate", "train"]
