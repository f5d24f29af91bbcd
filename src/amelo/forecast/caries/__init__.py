"""When caries begins in first permanent molars of children, from examinations a year apart."""

__all__: list[str] = []
