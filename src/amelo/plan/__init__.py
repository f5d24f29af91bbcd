"""Plan: the timed protocol that helps a patient most while harm is certified below its limits, and its reasons.

The package can be called: ``amelo.plan(case, tooth=36)`` is :func:`amelo.plan.plan.plan`, with the tooth chosen where none is named; see
docs/decisions/0022.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from amelo.plan.goals import Goals, Limits
    from amelo.plan.record import Plan
    from amelo.records.case import Case

__all__: list[str] = []


class _Callable(ModuleType):
    """A package and the verb of the same name: importing a part of it must not take the verb away."""

    def __call__(
        self,
        case: Case,
        tooth: int | str | None = None,
        surface: str | None = None,
        *,
        seconds: float = 10.0,
        goals: Goals | str = "balanced",
        limits: Limits | None = None,
        arms: Sequence[str] = ("wait", "nano", "operative", "combined"),
        seed: int = 0,
        rollouts: int | None = None,
        years: float = 10.0,
        threads: int = 2,
        on_progress: Callable[[float, str], None] | None = None,
        on_found: Callable[[Mapping[str, Any]], None] | None = None,
    ) -> Plan:
        """Plan for a tooth, of those with a lesion the one that the forecast worries about most where none is named; see
        :func:`amelo.plan.plan.plan`.
        """
        from amelo.plan.choose import tooth_to_plan
        from amelo.plan.plan import plan

        chosen = tooth_to_plan(case, seed=seed).tooth if tooth is None else tooth
        return plan(
            case, chosen, surface, seconds=seconds, goals=goals, limits=limits, arms=arms, seed=seed, rollouts=rollouts, years=years,
            threads=threads, on_progress=on_progress, on_found=on_found,
        )  # fmt: skip


sys.modules[__name__].__class__ = _Callable
