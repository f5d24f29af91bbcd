"""How the solution of a fluid ended."""

from __future__ import annotations

from enum import IntEnum

__all__ = ["Status"]


class Status(IntEnum):
    """How the solution of a fluid ended; each has its sentence."""

    CONVERGED = 0
    EXTRAPOLATED = 1
    CANNOT_CLOSE = 2
    TOO_CONCENTRATED = 3
    NOT_CONVERGED = 4
    NO_PH = 5
    INVALID = 6

    @property
    def sentence(self) -> str:
        """What the status means and what to do."""
        return _SENTENCES[self]

    @property
    def usable(self) -> bool:
        """Whether the numbers may be used."""
        return self <= Status.EXTRAPOLATED


_SENTENCES = {
    Status.CONVERGED: "converged",
    Status.EXTRAPOLATED: "converged, but the ionic strength is above the range of Davies activity coefficients (see 'amelo params --search davies')",
    Status.CANNOT_CLOSE: "the ion in charge_balanced_by would have to be negative; name an ion of the other charge, or check pH",
    Status.TOO_CONCENTRATED: "the ionic strength is so high that Davies activity coefficients mean nothing; dilute the fluid",
    Status.NOT_CONVERGED: "no solution was found; check totals, pH and the pressure of carbon dioxide, and report the fluid if they are plausible",
    Status.NO_PH: "no pH from 0 to 14 balances the charge at an ionic strength where activity coefficients hold; check the totals of Na, K and Cl, or give pH and charge_balanced_by",
    Status.INVALID: "a total is negative, too high or not a number, or pH is outside its range",
}
