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
    "CommonTask": "common",
    "Field": "field",
    "Flow": "passage",
    "Passage": "passage",
    "Scene": "scenes",
    "State": "density",
    "Swarm": "swarm",
    "SwarmResult": "swarm_result",
    "SwarmState": "swarm_state",
    "apatite_equivalent": "supply",
    "by_densities": "common",
    "by_particles": "common",
    "carrier_names": "carrier",
    "carriers_for_deficit": "supply",
    "carry": "density",
    "carry_many": "density",
    "catalytic_kill": "kill",
    "choose": "tiers",
    "conduct": "heat",
    "conductance_left": "measures",
    "contact_kill": "kill",
    "dentine_warming": "heat",
    "depth_median": "measures",
    "depth_quantile": "measures",
    "fastest_refill": "supply",
    "flow": "passage",
    "free_diffusion": "particle_checks",
    "grown_layer": "supply",
    "imbalance": "density",
    "magnetic_drift": "particle_checks",
    "open_scene": "scenes",
    "steerability": "single",
    "steering": "single",
    "steering_table": "single",
    "tubule": "passage",
    "wall_equilibrium": "particle_checks",
    "write_movie": "swarm_movie",
}


def __getattr__(name: str) -> object:
    """Import a public name from its home when it is first used."""
    if name in _HOMES:
        value = globals()[name] = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
        return value
    raise AttributeError(f"module 'amelo.nano' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])
