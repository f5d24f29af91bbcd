"""Reactive transport in enamel and dentine: one set of equations, recorded, compiled, and run backwards."""
