"""One claim of the validation table, and the subjects that make claims."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from importlib import import_module

from amelo.params import load_set

__all__ = ["SUBJECTS", "Claim", "claim", "run_subject"]

SUBJECTS = {
    "thermo": "amelo.validate.thermo",
    "mouth": "amelo.validate.mouth",
    "twin": "amelo.validate.twin",
    "forecast": "amelo.validate.forecast",
    "nano": "amelo.validate.nano",
    "evidence": "amelo.validate.evidence",
    "living": "amelo.validate.living",
}  # subject: module with claims(full) -> list[Claim] and IDS

_told: ContextVar[Callable[[str], None] | None] = ContextVar(
    "told", default=None
)  # who wants to hear of each row before it is computed


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
    name = id or parameter.rpartition(".")[2]
    if told := _told.get():
        told(name)
    p = load_set("validation")[parameter]
    try:
        ours, why = float(compute()), note
    except Exception as error:  # a claim that fails to run is shown as missing, whatever the reason
        ours, why = None, f"could not be computed: {error}"
    return Claim(name, what, p.value, ours, p.low, p.high, p.unit, p.source, why or p.note)


def run_subject(
    subject: str, *, full: bool = False, on_progress: Callable[[float, str], None] | None = None
) -> tuple[list[Claim], list[str]]:
    """Return the claims of a subject and the ids that its module promises but did not deliver.

    Arguments: subject; full (the long rows as well); on_progress (fraction and message, told before each row).
    """
    module = import_module(SUBJECTS[subject])
    count, done = len(module.IDS) + (len(getattr(module, "FULL", ())) if full else 0), 0

    def told(row: str) -> None:
        nonlocal done
        on_progress(min(done / count, 1.0), f"computing {subject}: {row}")
        done += 1

    mark = _told.set(told if on_progress else None)
    try:
        claims = module.claims(full=full)
    finally:
        _told.reset(mark)
    found = {c.id for c in claims}
    return claims, [name for name in module.IDS if name not in found]
