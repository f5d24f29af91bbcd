"""The bibliography: references that travel with results as keys, and are printed when asked for."""

from amelo.cite.references import Reference, bibliography, last_citations, remember_citations

__all__ = ["Reference", "bibliography", "last_citations", "remember_citations"]
