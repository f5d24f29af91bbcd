"""The outlines of a tooth in a chart: five surfaces of the crown from above, and its roots from the side.

Lengths are in units of the drawing; y grows downwards.  The crown stands in a box; its biting surface is in the middle, the
mesial side towards the midline of the chart, the cheek side away from the tongue.
"""

from __future__ import annotations

from math import sqrt
from typing import NamedTuple

from amelo.records.teeth import arch, is_primary, mesial_on_right, position, surfaces, tooth_class

__all__ = ["HEIGHT", "ROOT", "Box", "crown", "implant", "neck_of_root", "roots", "width"]

WIDTHS = {"incisor": 34.0, "canine": 36.0, "premolar": 38.0, "molar": 48.0}
HEIGHT, ROOT = 42.0, 46.0  # of the crown seen from above, and of a root
TABLE = {"incisor": 4.0, "canine": 6.0, "premolar": 15.0, "molar": 17.0}  # height of the biting surface; an edge in front
MARGIN = 11.0  # between the outline and the biting surface
CORNER, INNER_CORNER = 12.0, 4.0
DIAGONAL = 1 - 1 / sqrt(2)  # of a corner's radius: where the diagonal cuts the arc
PRIMARY_SCALE = 0.86
NECK = 9.0  # how far root caries is drawn down the root
Point = tuple[float, float]


class Box(NamedTuple):
    """A rectangle: left, top, width, height."""

    x: float
    y: float
    w: float
    h: float

    def inset(self, dx: float, dy: float) -> Box:
        """Return the box that is smaller by dx on the left and right and by dy at the top and bottom."""
        return Box(self.x + dx, self.y + dy, self.w - 2 * dx, self.h - 2 * dy)


def width(fdi: int) -> float:
    """Return how wide a tooth is drawn; molars are the widest."""
    return WIDTHS[tooth_class(fdi)] * (PRIMARY_SCALE if is_primary(fdi) else 1.0)


def crown(fdi: int, box: Box) -> dict[str, str]:
    """Return the path of each surface, with the mesial one towards the midline and the tongue between the arches."""
    middle_box = box.inset(MARGIN * box.w / WIDTHS["molar"], (box.h - TABLE[tooth_class(fdi)]) / 2)
    outer, inner = _corners(box, CORNER), _corners(middle_box, min(INNER_CORNER, middle_box.h / 2))
    # sides in the order top, right, bottom, left; each between two diagonals
    sides = [_side(outer[i], outer[(i + 1) % 4], inner[i], inner[(i + 1) % 4]) for i in range(4)]
    top, right, bottom, left = sides
    table = "M" + "L".join(
        f"{_p(into)}A{corner.radius:g} {corner.radius:g} 0 0 1 {_p(out)}" for corner in inner for into, out in [corner.ends]
    )
    mesial, middle, distal, outward, inward = surfaces(fdi)
    cheek, tongue = (top, bottom) if arch(fdi) == "upper" else (bottom, top)
    near, far = (right, left) if mesial_on_right(fdi) else (left, right)
    return {mesial: near, middle: table + "Z", distal: far, outward: cheek, inward: tongue}


class _Corner(NamedTuple):
    """A rounded corner: where the arc begins and ends going clockwise, its middle, its radius."""

    ends: tuple[Point, Point]
    middle: Point
    radius: float


def _corners(box: Box, r: float) -> list[_Corner]:
    """Return the corners clockwise, from the upper left one."""
    x, y, w, h = box
    d = r * DIAGONAL
    return [
        _Corner(((x, y + r), (x + r, y)), (x + d, y + d), r),
        _Corner(((x + w - r, y), (x + w, y + r)), (x + w - d, y + d), r),
        _Corner(((x + w, y + h - r), (x + w - r, y + h)), (x + w - d, y + h - d), r),
        _Corner(((x + r, y + h), (x, y + h - r)), (x + d, y + h - d), r),
    ]


def _side(a: _Corner, b: _Corner, inner_a: _Corner, inner_b: _Corner) -> str:
    """Return one side of the crown: along the outline clockwise, and back along the biting surface."""
    r, s = a.radius, inner_a.radius
    return (
        f"M{_p(a.middle)}A{r:g} {r:g} 0 0 1 {_p(a.ends[1])}L{_p(b.ends[0])}A{r:g} {r:g} 0 0 1 {_p(b.middle)}"
        f"L{_p(inner_b.middle)}A{s:g} {s:g} 0 0 0 {_p(inner_b.ends[0])}"
        f"L{_p(inner_a.ends[1])}A{s:g} {s:g} 0 0 0 {_p(inner_a.middle)}Z"
    )


def _p(point: Point) -> str:
    return f"{point[0]:.5g} {point[1]:.5g}"


def _count_of_roots(fdi: int) -> int:
    """Return how many roots a tooth has as a rule: molars three above and two below, upper first premolars two."""
    if tooth_class(fdi) == "molar":
        return 3 if arch(fdi) == "upper" else 2
    return 2 if tooth_class(fdi) == "premolar" and position(fdi) == 4 and arch(fdi) == "upper" else 1


def roots(fdi: int, x: float, y: float) -> tuple[str, list[str]]:
    """Return the outline of the roots, and the line of the canal in each.

    Arguments: fdi; x (left of the crown); y (where crown and root meet); roots point up in the upper jaw.
    """
    n, w = _count_of_roots(fdi), width(fdi)
    length = ROOT * (PRIMARY_SCALE if is_primary(fdi) else 1.0) * (1.0 if tooth_class(fdi) == "canine" else 0.88)
    up = -1.0 if arch(fdi) == "upper" else 1.0
    margin = _root_margin(fdi)
    step = (w - 2 * margin) / n
    outline, canals = f"M{_p((x + margin, y))}", []
    for i in range(n):
        left, right = x + margin + i * step, x + margin + (i + 1) * step
        lean = (i - (n - 1) / 2) * 2.5  # outer roots spread
        tip = ((left + right) / 2 + lean, y + up * length)
        fork = y + up * (length * 0.28 if i < n - 1 else 0.0)  # where the next root parts from this one
        start = y + up * (length * 0.28 if i > 0 else 0.0)
        half = step * 0.16
        outline += (
            f"C{_p((left, start + up * length * 0.5))} {_p((tip[0] - half * 2, tip[1]))} {_p(tip)}"
            f"C{_p((tip[0] + half * 2, tip[1]))} {_p((right, fork + up * length * 0.5))} {_p((right, fork))}"
        )
        canals.append(f"M{_p(((left + right) / 2, y + up * 4))}L{_p((tip[0], tip[1] - up * 5))}")
    return outline + f"L{_p((x + w - margin, y))}Z", canals


def neck_of_root(fdi: int, x: float, y: float) -> str:
    """Return the outline of the part of the root next to the crown, where root caries is."""
    up = -1.0 if arch(fdi) == "upper" else 1.0
    margin = _root_margin(fdi)
    left, right = x + margin, x + width(fdi) - margin
    return (
        f"M{_p((left, y))}L{_p((left + 0.6, y + up * NECK))}"
        f"C{_p((left + 6, y + up * (NECK + 4)))} {_p((right - 6, y + up * (NECK + 4)))} {_p((right - 0.6, y + up * NECK))}"
        f"L{_p((right, y))}Z"
    )


def _root_margin(fdi: int) -> float:
    return 3.0 if _count_of_roots(fdi) > 1 else width(fdi) * 0.22


def implant(fdi: int, x: float, y: float) -> str:
    """Return the outline of an implant in place of the roots: a screw with its threads."""
    up = -1.0 if arch(fdi) == "upper" else 1.0
    middle, half = x + width(fdi) / 2, 6.0
    path = f"M{_p((middle - half, y))}L{_p((middle - half + 2, y + up * 36))}L{_p((middle + half - 2, y + up * 36))}L{_p((middle + half, y))}Z"
    for i in range(5):
        at = y + up * (8 + 6 * i)
        path += f"M{_p((middle - half - 2, at))}L{_p((middle + half + 2, at + up * 2.5))}"
    return path
