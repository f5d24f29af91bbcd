"""Strength of a whole tooth over a sound one: what a cavity takes, what a restoration gives back, root treatment, tissue and mismatch.

The rule: a cavity leaves a share of strength; a restoration gives back a share of what the cavity took, in proportion to how well it holds;
root treatment, tissue and mismatch multiply.  So a sound tooth has 1, a restoration that does not hold leaves the bare cavity, and a crown
or onlay that holds covers the cusps whatever the cavity was.
"""

from __future__ import annotations

import numpy as np

from amelo.errors import ParameterError, nearest
from amelo.twin.structure.laws import Laws

__all__ = ["CAVITIES", "RESTORATIONS", "cavity_strength", "codes", "restored_strength", "tooth_strength"]

CAVITIES = ("none", "occlusal", "two_surface", "mod", "cusp_lost")
RESTORATIONS = ("none", "composite", "amalgam", "glass_ionomer", "inlay", "onlay", "crown")
SHALLOW, DEEP = 3e-3, 5e-3  # m, the preparations whose loads were measured


def codes(words: object, known: tuple[str, ...], what: str) -> np.ndarray:
    """Return numbers, any shape, of words of a list; numbers pass as they are.

    Arguments: words (a word, a sequence of words, or integers); known; what they are, for messages.
    Raises: ParameterError for a word or number that is none of them.
    """
    given = np.asarray(words)
    if given.dtype.kind in "iu":
        if given.size and not ((given >= 0) & (given < len(known))).all():
            raise ParameterError(f"there is no {what} with that number", why=f"0 to {len(known) - 1}: {', '.join(known)}")
        return given
    found = np.empty(given.shape, int)
    for word in {str(w) for w in given.ravel()}:
        if word not in known:
            raise ParameterError(f"'{word}' is not a {what}", fix=nearest(word, known))
        found[given.astype(str) == word] = known.index(word)
    return found


def cavity_strength(
    cavity: object, width: np.ndarray | float | None = None, depth: np.ndarray | float | None = None, laws: Laws | None = None
) -> np.ndarray:
    """Return what a cavity without a restoration leaves of strength.

    Arguments: cavity (of ``CAVITIES``, words or their numbers, one or (M,)); width of the isthmus over the distance of cusps, depth [m], None
    for that of the measured ones; laws.
    Raises: ParameterError for an unknown cavity, or a width or depth below 0 or not finite.
    Assumptions: stiffness of cusps stands for strength; the measured share is raised to width and depth over those of the measured cavities,
    so that no width or no depth is no cavity, up to a size at which cusps cannot lose more.  That wider and deeper is weaker was measured, which of the two counts more is disputed.
    Source: reeh1989, mondelli1980, larson1981, khera1991.
    """
    laws = laws or Laws.named()
    kind = codes(cavity, CAVITIES, "cavity")
    wide = np.asarray(laws["cavity.width"] if width is None else width, float)
    deep = np.asarray(1e-3 * laws["cavity.depth"] if depth is None else depth, float)
    if not (np.isfinite(wide) & (wide >= 0.0)).all() or not (np.isfinite(deep) & (deep >= 0.0)).all():
        raise ParameterError("the width or depth of a cavity is below 0 or not finite")
    left = _choose(kind, [np.asarray(1.0), *(laws[f"stiffness.{word}"] for word in CAVITIES[1:])])
    size = wide / laws["cavity.width"] * deep / (1e-3 * laws["cavity.depth"])
    return left ** np.minimum(size, laws["cavity.most"])


def restored_strength(
    cavity: object,
    restoration: object,
    bond: np.ndarray | float = 1.0,
    *,
    width: np.ndarray | float | None = None,
    depth: np.ndarray | float | None = None,
    laws: Laws | None = None,
) -> np.ndarray:
    """Return the strength of a restored tooth over that of a sound one.

    Arguments: cavity (of ``CAVITIES``); restoration (of ``RESTORATIONS``); bond, how well it holds, 0 to 1 (plain amalgam does not: 0);
    width, depth, laws as for ``cavity_strength``; one each or (M,).
    Raises: ParameterError for unknown words, or a bond outside 0 to 1.
    Assumptions: loads of premolars, between the two depths that were measured by a line; a smaller cavity loses in proportion to what it
    weakens; never above sound, from which no group above it differed; a crown holds by its form, mostly.
    Source: operdent2021, reeh1989, oz2018, bondedamalgam2010.
    """
    laws = laws or Laws.named()
    kind, hold = codes(restoration, RESTORATIONS, "restoration"), np.asarray(bond, float)
    if not ((hold >= 0.0) & (hold <= 1.0)).all():
        raise ParameterError("a bond is outside 0 to 1")
    bare = cavity_strength(cavity, width, depth, laws)
    worst = cavity_strength("mod", None, depth, laws)
    deep = np.asarray(1e-3 * laws["cavity.depth"] if depth is None else depth, float)

    def measured(what: str) -> np.ndarray:
        """Return the strength of premolars so restored at this depth."""
        three, five = (
            np.minimum(laws[f"fracture.{p}"] / laws["fracture.sound"], 1.0)
            for p in (f"{what[0]}_3mm_{what[1]}", f"{what[0]}_5mm_{what[1]}")
        )
        near = 1.0 + (three - 1.0) * np.minimum(deep / SHALLOW, 1.0)
        return near + (five - three) * np.clip((deep - SHALLOW) / (DEEP - SHALLOW), 0.0, 1.0)

    def scaled(whole: np.ndarray) -> np.ndarray:
        """Return what is restored of this cavity, from what is of the measured one."""
        weakened = (1.0 - bare) / np.maximum(1.0 - worst, 1e-12)
        return np.maximum(1.0 - (1.0 - whole) * weakened, bare)

    composite, ceramic = scaled(measured(("inlay", "composite"))), scaled(measured(("inlay", "ceramic")))
    onlay = measured(("onlay", "ceramic"))
    weak = bare + laws["restoration.glass_ionomer"] * (composite - bare)
    options = [bare, composite, composite, weak, ceramic, onlay, np.ones(())]
    best = _choose(kind, options)
    crown = kind == RESTORATIONS.index("crown")
    hold = np.where(crown, np.maximum(hold, laws["restoration.crown_by_form"]), hold)
    return bare + np.maximum(best - bare, 0.0) * hold


def tooth_strength(
    cavity: object = "none",
    restoration: object = "none",
    bond: np.ndarray | float = 1.0,
    *,
    width: np.ndarray | float | None = None,
    depth: np.ndarray | float | None = None,
    root_treated: np.ndarray | bool = False,
    tissue: np.ndarray | float = 1.0,
    mismatch: np.ndarray | float = 1.0,
    lesion: np.ndarray | float = 1.0,
    laws: Laws | None = None,
) -> np.ndarray:
    """Return the strength of a whole tooth over that of a sound one.

    Arguments: cavity, restoration, bond, width, depth, laws as for ``restored_strength``; root_treated; tissue and mismatch (factors of a
    column); lesion (share of the crown that is as the column is, 0 to 1); one each or (M,).
    Raises: ParameterError for what cannot be.
    Assumptions: the parts multiply; the rest of the crown is sound.
    Source: reeh1989 (root treatment takes a twentieth of stiffness).
    """
    laws = laws or Laws.named()
    part, bad, share = (np.asarray(x, float) for x in (tissue, mismatch, lesion))
    if not ((part >= 0.0).all() and ((bad >= 0.0) & (bad <= 1.0)).all() and ((share >= 0.0) & (share <= 1.0)).all()):
        raise ParameterError("a factor of tissue is below 0, or one of mismatch or a share of the crown outside 0 to 1")
    whole = restored_strength(cavity, restoration, bond, width=width, depth=depth, laws=laws)
    whole = whole * np.where(np.asarray(root_treated, bool), laws["restoration.root_treated"], 1.0)
    return whole * (1.0 - share * (1.0 - part * bad))


def _choose(kind: np.ndarray, options: list[np.ndarray]) -> np.ndarray:
    """Return option by number, all of them () or (M,)."""
    if kind.ndim == 0:
        return np.asarray(options[int(kind)])
    return np.choose(kind, np.broadcast_arrays(*options)) if any(o.ndim for o in options) else np.asarray(options)[kind]
