"""What is known of the world: constants with value, unit, range, grade and source, in one TOML file per subject."""

from amelo.params.load import Parameter, ParameterSet, load_set, parse_set, set_names

__all__ = ["Parameter", "ParameterSet", "load_set", "parse_set", "set_names"]
