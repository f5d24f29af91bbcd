"""The fast tier: a column whose pore fluid follows one path of compositions per bath, so that one number per cell tells its chemistry."""

__all__: list[str] = []
