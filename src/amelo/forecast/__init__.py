"""What is likely to go wrong with each tooth and surface, when, how sure that is, and why.

The package can be called: ``amelo.forecast(case)`` is :func:`amelo.forecast.run.forecast`; see docs/decisions/0022.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from amelo.forecast.record import Forecast
    from amelo.records.case import Case


class _Callable(ModuleType):
    """A package and the verb of the same name: importing a part of it must not take the verb away."""

    def __call__(
        self,
        case: Case,
        *,
        horizons: Sequence[float] = (1.0, 2.0, 5.0),
        models: Sequence[str] = (),
        draws: int = 200,
        seed: int = 0,
        on_progress: Callable[[float, str], None] | None = None,
    ) -> Forecast:
        """Forecast every tooth of a case; see :func:`amelo.forecast.run.forecast`."""
        from amelo.forecast.run import forecast

        return forecast(case, horizons=horizons, models=models, draws=draws, seed=seed, on_progress=on_progress)


sys.modules[__name__].__class__ = _Callable
