"""Progression of caries by stage: a multi-state model of each surface, with what a mouth's own history says about its patient."""

__all__: list[str] = []
