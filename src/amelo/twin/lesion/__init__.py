"""Reactive transport in enamel and dentine: one set of equations, recorded, compiled, and solved for many columns at once."""
