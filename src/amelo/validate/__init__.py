"""Published results beside amelo's own: bands stated beforehand, misses shown as misses."""

from amelo.validate.claim import SUBJECTS, Claim, run_subject

__all__ = ["SUBJECTS", "Claim", "run_subject"]
