"""What a patient does every day from now on: brushing and snacks.  The mouth answers, by what it takes from bare tissue."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from amelo.therapy.contract import Act
from amelo.twin.tooth.state import WholeTooth

__all__ = ["BrushDaily", "LimitSnacks"]


def _lived(tooth: WholeTooth, **habits: float) -> WholeTooth:
    """Return a tooth in a mouth with other habits."""
    changed = {**tooth.habits, **habits}
    taken = tooth.constants.mouth(changed, tooth.constants.draws)
    return replace(
        tooth,
        habits=changed,
        attack_enamel=np.asarray(taken["enamel"], float),
        attack_dentine=np.asarray(taken["dentine"], float),
    )


@dataclass(frozen=True)
class BrushDaily(Act):
    """Brush as often as this every day from now on.

    Fields: times a day, None for as before; fluoride by mass of F.
    """

    times: float | None = None
    fluoride: float = 0.0
    NOTHING: ClassVar[dict[str, object]] = {"times": None}
    consent = "none"

    @property
    def label(self) -> str:
        """What it is called."""
        return "brush daily"

    def done(self, tooth: WholeTooth) -> WholeTooth:
        """Return the tooth in the mouth of someone who brushes so."""
        return _lived(tooth, brushing=float(self.times), fluoride=self.fluoride)


@dataclass(frozen=True)
class LimitSnacks(Act):
    """Have no more snacks and sugared drinks a day than this, from now on.

    Fields: most a day, None for as before.
    """

    most: float | None = None
    NOTHING: ClassVar[dict[str, object]] = {"most": None}
    consent = "none"

    @property
    def label(self) -> str:
        """What it is called."""
        return "limit snacks"

    def done(self, tooth: WholeTooth) -> WholeTooth:
        """Return the tooth in the mouth of someone who eats so."""
        return _lived(tooth, snacks=float(self.most))
