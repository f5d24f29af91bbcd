"""Failure of restorations: time to failure by material, tooth, patient and setting, updated by how this mouth's restorations have
fared."""

__all__: list[str] = []
