"""amelo: predictive, minimally invasive and nano-dentistry."""

__version__ = "0.1.0"
