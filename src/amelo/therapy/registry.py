"""Every kind of step that is done to a whole tooth, by the word that protocols call it; packages outside may add theirs.

A package adds one by an entry point of the group ``amelo.acts``: its name is the kind of the step, its object a subclass of
:class:`amelo.therapy.contract.Act`.
"""

from __future__ import annotations

from functools import cache
from importlib.metadata import entry_points

from amelo.errors import ParameterError
from amelo.therapy.contract import Act

__all__ = ["GROUP", "acts"]

GROUP = "amelo.acts"


@cache
def acts() -> dict[str, type[Act]]:
    """Return the acts by the kind of their step.

    Raises: ParameterError for an entry point that is no act, or that takes a word that is taken.
    """
    from amelo.therapy import operative, resilience

    found: dict[str, type[Act]] = {
        "isolate": operative.Isolate,
        "excavate": operative.Excavate,
        "etch": operative.Etch,
        "deproteinise": operative.Deproteinise,
        "line": operative.Line,
        "fill": operative.Fill,
        "seal": operative.Seal,
        "inlay": operative.Inlay,
        "onlay": operative.Onlay,
        "crown": operative.Crown,
        "splint": operative.Splint,
        "pulpotomy": operative.Pulpotomy,
        "cap": operative.Cap,
        "root treatment": operative.RootTreatment,
        "extract": operative.Extract,
        "take off": operative.TakeOff,
        "infiltrate": resilience.Infiltrate,
        "silver diamine fluoride": resilience.SilverDiamineFluoride,
        "peptide": resilience.Peptide,
        "brush daily": resilience.BrushDaily,
        "limit snacks": resilience.LimitSnacks,
        "review": resilience.Review,
    }
    for entry in entry_points(group=GROUP):
        made = entry.load()
        if not (isinstance(made, type) and issubclass(made, Act)):
            raise ParameterError(
                f"'{entry.value}' is not an act", where=f"entry point {entry.name}", fix="make it a subclass of Act"
            )
        if entry.name in found:
            raise ParameterError(
                f"the step '{entry.name}' is there already", where=f"entry point {entry.name}", fix="choose another word"
            )
        found[entry.name] = made
    return found
