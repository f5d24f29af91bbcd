"""How good a forecast is: discrimination, calibration, benefit, with intervals that respect the mouth as the unit."""

__all__: list[str] = []
