"""From a step of a protocol to the act that does it on a whole tooth."""

from __future__ import annotations

from typing import Any

from amelo.therapy.contract import Act

__all__ = ["act_of"]


def act_of(step: Any) -> Act | None:
    """Return the act of a step, None for one in which nothing is done to the tooth and time passes.

    Arguments: step (a record of the protocol).
    Raises: ParameterError for a step that an installed package claims and does not make.
    """
    from amelo.therapy.registry import acts

    made = acts().get(step.kind)
    if made is None:
        return None
    given = {name: getattr(step, name) for name in type(step).model_fields if name != "kind"}
    return made(**{own: value for own, value in given.items() if own in made.__dataclass_fields__})
