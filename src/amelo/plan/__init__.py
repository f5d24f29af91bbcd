"""Plan: the timed protocol that helps a patient most while harm is certified below its limits, and its reasons."""

__all__: list[str] = []
