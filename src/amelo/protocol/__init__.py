"""The protocol language: text to typed steps, steps to text, and both to the schedule that the twin is solved with."""

from __future__ import annotations

from importlib import import_module

__all__ = ["Protocol", "protocol_schema"]


def __getattr__(name: str) -> object:
    """Import a public name when it is first used, so that a command line that needs no protocol does not pay for one."""
    if name in __all__:
        return getattr(import_module("amelo.protocol.record"), name)
    raise AttributeError(f"module 'amelo.protocol' has no attribute '{name}'")
