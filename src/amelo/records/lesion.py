"""The shape of a lesion as microradiography shows it: mineral against depth, in straight pieces.

A surface layer (if there is one) falls to the body around its lower edge, the body keeps its mineral for half of what is left, then
mineral rises evenly to 95 % of sound at the depth of the lesion, which is how that depth is read from a profile, and soon to 100 %.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from amelo.errors import RecordError

__all__ = ["DEPTH_AT", "body_for_loss", "knots", "mineral_loss"]

DEPTH_AT = 0.95  # share of sound mineral at which the depth of a lesion is read
FALL = 0.5  # thickness over which the surface layer falls to the body, relative to the layer
LEVEL = 0.5  # part of the lesion below its surface layer where the body is level
TAIL = 0.1  # depth over which the last 5 % come back, relative to the rise


def knots(depth: float, body: float, *, layer: float = 0.0, surface: float = 1.0) -> tuple[tuple[float, float], ...]:
    """Return depth [m] and mineral relative to sound at the corners of a lesion.

    Arguments: depth of the lesion [m]; body, its least mineral relative to sound; layer, thickness of the surface layer [m], 0 for
    none; surface, mineral of that layer relative to sound.
    Raises: RecordError when the layer leaves no room for a body, or holds no more than the body.
    """
    if body >= DEPTH_AT:
        raise RecordError(f"a body with {100 * body:g} % of sound mineral is no lesion", why=f"allowed below {100 * DEPTH_AT:g} %")
    start = layer * (1 + FALL / 2)
    if start >= 0.9 * depth:
        why = f"the surface layer of {1e6 * layer:g} µm must end well before the lesion of {1e6 * depth:g} µm"
        raise RecordError("the surface layer leaves no room for the body of the lesion", why=why)
    if layer > 0 and surface <= body:
        what = f"the surface layer has {100 * surface:g} % and the body {100 * body:.3g} % of sound mineral"
        raise RecordError(what, why="a surface layer has more mineral than the body below it", fix="leave the layer out")
    level_end = start + LEVEL * (depth - start)
    top = ((0.0, surface), (layer * (1 - FALL / 2), surface), (start, body)) if layer > 0 else ((0.0, body),)
    return (*top, (level_end, body), (depth, DEPTH_AT), (depth + TAIL * (depth - level_end), 1.0))


def mineral_loss(points: Sequence[tuple[float, float]]) -> float:
    """Return the loss of mineral relative to sound, integrated over depth [m], of a profile in straight pieces."""
    pairs = itertools.pairwise(points)
    return sum((x1 - x0) * (1 - 0.5 * (m0 + m1)) for (x0, m0), (x1, m1) in pairs)


def body_for_loss(loss: float, depth: float, *, layer: float = 0.0, surface: float = 1.0) -> float:
    """Return the mineral of the body, relative to sound, at which a lesion has lost ``loss``.

    Arguments: loss, relative to sound and integrated over depth [m]; the rest as in :func:`knots`.
    Raises: RecordError naming the losses that a lesion of this depth can have.
    """
    from scipy.optimize import brentq

    most = min(surface, DEPTH_AT) - 1e-6 if layer > 0 else DEPTH_AT - 1e-6

    def excess(body: float) -> float:
        return mineral_loss(knots(depth, body, layer=layer, surface=surface)) - loss

    low, high = excess(most) + loss, excess(0.0) + loss
    if not low <= loss <= high:
        what = f"a lesion {1e6 * depth:g} µm deep cannot have lost what is given"
        why = f"with its surface layer it loses {1e6 * low:.3g} to {1e6 * high:.3g} µm of sound tissue, not {1e6 * loss:.3g} µm"
        raise RecordError(what, why=why, fix="check depth, mineral loss and their units")
    return float(brentq(excess, 0.0, most, xtol=1e-14))
