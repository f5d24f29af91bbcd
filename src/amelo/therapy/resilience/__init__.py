"""Resilience: what protects a tooth without touching it, and the evidence for that."""

__all__: list[str] = []
