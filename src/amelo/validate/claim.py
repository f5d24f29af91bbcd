"""One claim of the validation table, and the subjects that make claims."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module

from amelo.params import load_set

__all__ = ["SUBJECTS", "Claim", "claim", "run_subject"]

SUBJECTS = {
    "thermo": "amelo.validate.thermo",
    "mouth": "amelo.validate.mouth",
    "twin": "amelo.validate.twin",
}  # subject: module with claims(full) -> list[Claim] and IDS


@dataclass(frozen=True)
class Claim:
    """One row: what was published, what amelo gets, the band claimed beforehand, and whether it hit.

    A claim that could not be computed has ``ours`` None and the reason in ``note``; it is missing, which is not a miss.
    """

    id: str
    what: str
    published: float
    ours: float | None
    low: float
    high: float
    unit: str
    source: str
    note: str

    @property
    def verdict(self) -> str:
        """``hit``, ``miss`` or ``missing``."""
        if self.ours is None or self.ours != self.ours:
            return "missing"
        return "hit" if self.low <= self.ours <= self.high else "miss"

    def to_dict(self) -> dict[str, object]:
        """Return the row as plain values."""
        return {**self.__dict__, "verdict": self.verdict}


def claim(parameter: str, what: str, compute: Callable[[], float], note: str = "", *, id: str = "") -> Claim:  # noqa: A002
    """Compute one claim about a parameter of the ``validation`` set; a failure is recorded, never raised."""
    p = load_set("validation")[parameter]
    try:
        ours, why = float(compute()), note
    except Exception as error:  # a claim that fails to run is shown as missing, whatever the reason
        ours, why = None, f"could not be computed: {error}"
    return Claim(id or parameter.rpartition(".")[2], what, p.value, ours, p.low, p.high, p.unit, p.source, why or p.note)


def run_subject(subject: str, *, full: bool = False) -> tuple[list[Claim], list[str]]:
    """Return the claims of a subject and the ids that its module promises but did not deliver."""
    module = import_module(SUBJECTS[subject])
    claims = module.claims(full=full)
    found = {c.id for c in claims}
    return claims, [name for name in module.IDS if name not in found]
