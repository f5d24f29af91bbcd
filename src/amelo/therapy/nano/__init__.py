"""Carriers and microrobots: what they are, how they move, where they dock, what they leave, and how they come home.

The names below are loaded when they are first used::

    import amelo

    caps = amelo.nano.Carrier.named("caps-400")
    passage = amelo.nano.tubule(vital=False)
    print(amelo.nano.flow(passage, caps, amelo.nano.Field(gradient=1.0)).drift)
"""

from __future__ import annotations

from importlib import import_module

_HOMES = {
    "Account": "density",
    "Carrier": "carrier",
    "Field": "field",
    "Flow": "passage",
    "Passage": "passage",
    "State": "density",
    "carrier_names": "carrier",
    "carry": "density",
    "carry_many": "density",
    "choose": "tiers",
    "conductance_left": "measures",
    "depth_median": "measures",
    "depth_quantile": "measures",
    "flow": "passage",
    "grid_widening": "measures",
    "imbalance": "density",
    "tubule": "passage",
}


def __getattr__(name: str) -> object:
    """Import a public name from its home when it is first used."""
    if name in _HOMES:
        value = globals()[name] = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
        return value
    raise AttributeError(f"module 'amelo.nano' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])
