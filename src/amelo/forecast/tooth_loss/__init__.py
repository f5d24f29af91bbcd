"""Loss of natural permanent teeth: boosted trees on one examination, with what a mouth lost since."""

__all__: list[str] = []
