"""What a tooth and its owner allow, before anything is searched."""

from __future__ import annotations

from amelo.errors import RecordError
from amelo.plan.choose import plannable
from amelo.plan.design import ARMS, Situation
from amelo.records.case import Case
from amelo.twin.tooth.feel import lesion_depth
from amelo.twin.tooth.state import WholeTooth

__all__ = ["agreed", "situation_of"]

ENAMEL = 0.98  # mineral over sound enamel below which there is a lesion


def situation_of(case: Case, tooth: WholeTooth, arms: tuple[str, ...] = ARMS) -> Situation:
    """Return what a tooth allows, by the middle of its ensemble.

    Raises: RecordError for a tooth with nothing to plan for.
    """
    first = tooth.constants.dentine_from
    enamel = (tooth.total[:, :first] < ENAMEL * tooth.constants["enamel.sound_mineral"][:, None]) & (tooth.left[:, :first] > 0.0)
    found = Situation(
        carious=bool((lesion_depth(tooth) > 0.0).mean() > 0.5),
        open_floor=bool(tooth.open_floor.mean() > 0.5),
        enamel_lesion=bool(enamel.any(axis=1).mean() > 0.5),
        restored=tooth.restored is not None,
        vital=not tooth.rooted,
        primary=tooth.constants.owner.primary,
        arms=arms,
        dead=tooth.constants.owner.facts.get("diagnosis") == "necrosis",
    )
    if not (found.carious or found.enamel_lesion or found.open_floor):
        fdi = tooth.constants.owner.tooth
        what = f"tooth {fdi} has no lesion on surface {tooth.constants.owner.surface}"
        with_one = plannable(case)
        fix = f"name a tooth with one: {', '.join(map(str, with_one))}" if with_one else "record the lesion in the case"
        if fdi in with_one:
            fix = f"its lesions are on {', '.join(dict.fromkeys(f.surface for f in case.tooth(fdi).findings))}"
        raise RecordError(what, why="there is nothing to plan for", fix=fix)
    return found


def agreed(case: Case) -> bool:
    """Return whether a probe may be planned: the patient agreed to one, or nobody asked yet."""
    return case.consent == "unknown" or "probe dose" in case.consent.purposes
