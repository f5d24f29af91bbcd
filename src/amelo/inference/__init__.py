"""What measurements say of the parameters of a twin, and what its outcomes depend on."""

from __future__ import annotations

__all__: list[str] = []
