"""Our network meta-analysis of 130 fluoride trials beside the medians of the trials and the published Cochrane values.

Rows C7, C8 and cochrane take the posterior without adjustment for bias, as the published values are; the rows adjusted take the one that
``amelo evidence`` shows.
"""

from __future__ import annotations

from collections.abc import Callable

from amelo.therapy.resilience.posterior_file import fluoride_prior
from amelo.validate.claim import Claim, claim

__all__ = ["IDS", "claims"]


def _prevented(treatment: str, adjusted: bool) -> Callable[[], float]:
    return lambda: fluoride_prior(treatment, adjusted=adjusted).prevented[0]


ROWS: dict[str, tuple[str, Callable[[], float]]] = {
    "C7_toothpaste": ("toothpaste against placebo, prevented fraction", _prevented("toothpaste", False)),
    "C7_rinse": ("rinse against placebo", _prevented("rinse", False)),
    "C7_gel": ("gel against placebo", _prevented("gel", False)),
    "C7_varnish": ("varnish against placebo", _prevented("varnish", False)),
    "C8_toothpaste": ("toothpaste, beside Cochrane", _prevented("toothpaste", False)),
    "cochrane_rinse": ("rinse, beside Cochrane", _prevented("rinse", False)),
    "cochrane_gel": ("gel, beside Cochrane", _prevented("gel", False)),
    "cochrane_varnish": ("varnish, beside Cochrane", _prevented("varnish", False)),
    "adjusted_toothpaste": ("toothpaste, adjusted for bias", _prevented("toothpaste", True)),
    "adjusted_rinse": ("rinse, adjusted for bias", _prevented("rinse", True)),
    "adjusted_gel": ("gel, adjusted for bias", _prevented("gel", True)),
    "adjusted_varnish": ("varnish, adjusted for bias", _prevented("varnish", True)),
}
IDS = tuple(ROWS)


def claims(*, full: bool = False) -> list[Claim]:
    """Return the rows of the evidence; there are no long ones."""
    return [claim(f"evidence.{name}", what, compute, id=name) for name, (what, compute) in ROWS.items()]
