"""What a dentist does to a tooth with instruments: open, cut, bond, cover, and treat the pulp."""

from amelo.therapy.operative.access import Isolate, TakeOff
from amelo.therapy.operative.cover import Fill, Seal
from amelo.therapy.operative.excavate import Excavate
from amelo.therapy.operative.indirect import Crown, Inlay, Onlay
from amelo.therapy.operative.pulp import Cap, Line, Pulpotomy, RootTreatment
from amelo.therapy.operative.surface import Deproteinise, Etch
from amelo.therapy.operative.whole import Extract, Splint

__all__ = ["Cap", "Crown", "Deproteinise", "Etch", "Excavate", "Extract", "Fill", "Inlay", "Isolate", "Line", "Onlay", "Pulpotomy", "RootTreatment", "Seal", "Splint", "TakeOff"]  # fmt: skip
