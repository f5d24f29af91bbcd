"""Numbers that carry their derivative along, so that a law is written once, as its value."""

from __future__ import annotations

from typing import Any

__all__ = ["Dual", "power", "ramp"]

Number = Any


class Dual:
    """A value and its derivative with respect to one variable; works over floats, arrays and recorded numbers."""

    __slots__ = ("slope", "value")

    def __init__(self, value: Number, slope: Number) -> None:
        self.value, self.slope = value, slope

    def __add__(self, other: Number) -> Dual:
        if isinstance(other, Dual):
            return Dual(self.value + other.value, self.slope + other.slope)
        return Dual(self.value + other, self.slope)

    __radd__ = __add__

    def __neg__(self) -> Dual:
        return Dual(-self.value, -self.slope)

    def __sub__(self, other: Number) -> Dual:
        if isinstance(other, Dual):
            return Dual(self.value - other.value, self.slope - other.slope)
        return Dual(self.value - other, self.slope)

    def __rsub__(self, other: Number) -> Dual:
        return Dual(other - self.value, -self.slope)

    def __mul__(self, other: Number) -> Dual:
        if isinstance(other, Dual):
            return Dual(self.value * other.value, self.slope * other.value + self.value * other.slope)
        return Dual(self.value * other, self.slope * other)

    __rmul__ = __mul__

    def reciprocal(self) -> Dual:
        """Return 1/x."""
        inverse = 1.0 / self.value
        return Dual(inverse, -(inverse * inverse * self.slope))

    def __truediv__(self, other: Number) -> Dual:
        return self * (other.reciprocal() if isinstance(other, Dual) else 1.0 / other)

    def __rtruediv__(self, other: Number) -> Dual:
        return self.reciprocal() * other

    def positive(self, math: Any) -> Dual:
        """Return max(x, 0)."""
        return Dual(math.where(self.value > 0.0, self.value, 0.0), math.where(self.value > 0.0, self.slope, 0.0))


def ramp(x: Dual, width: float, math: Any) -> Dual:
    """Return max(x, 0) with its corner rounded over ``2 width``, exactly zero for x ≤ 0: Newton's method needs the slope continuous."""
    x = x.positive(math)
    inside = x.value < 2.0 * width
    value = math.where(inside, x.value * x.value * (0.25 / width), x.value - width)
    slope = math.where(inside, x.value * (0.5 / width), 1.0)
    return Dual(value, slope * x.slope)


def power(x: Dual, order: float, math: Any) -> Dual:
    """Return x**order for x ≥ 0; whole orders by multiplication, others through the logarithm."""
    if order == int(order) and order >= 1:
        result = x
        for _ in range(int(order) - 1):
            result = result * x
        return result
    safe = math.where(x.value > 1e-30, x.value, 1e-30)
    value = math.exp_any(order * math.log(safe))
    return Dual(value, order * value / safe * x.slope)
