"""Numbers that write down what is done to them.

The equations are ordinary Python over numbers.  Fed with :class:`Recorded` numbers they leave behind straight-line text, one
operation a line, without loops, calls or branches: the form in which a compiler can run sixteen fluids side by side in vector
registers.  ``exp`` is written out as a polynomial, because a call would break the vector loop.
"""

from __future__ import annotations

from math import factorial

__all__ = ["Recorded", "Recorder"]


class Recorder:
    """Collects the lines; offers ``sqrt``, ``exp`` and ``where`` to the equations as a math module would."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._known: dict[str, str] = {}

    def value(self, text: str) -> Recorded:
        """Return the number that ``text`` computes, recording each distinct text once."""
        name = self._known.get(text)
        if name is None:
            name = self._known[text] = f"v{len(self._known)}"
            self.lines.append(f"{name} = {text}")
        return Recorded(self, name)

    def store(self, place: str, number: Recorded | float) -> None:
        """Record that ``number`` goes to ``place``."""
        self.lines.append(f"{place} = {_text(number)}")

    def sqrt(self, x: Recorded) -> Recorded:
        """Square root."""
        return self.value(f"sqrt({x.name})")

    def exp(self, x: Recorded) -> Recorded:
        """Return e**x by a Taylor polynomial of x/16, squared four times: to 1e-15 for x within ±1, 1e-12 within ±2."""
        y = x * (1.0 / 16.0)
        p = self.value(repr(1.0 / factorial(8)))
        for k in range(7, -1, -1):
            p = p * y + 1.0 / factorial(k)
        for _ in range(4):
            p = p * p
        return p

    def exp_any(self, x: Recorded) -> Recorded:
        """Return e**x for any x, through a function that the compiler can put into vector registers."""
        return self.value(f"fexp({x.name})")

    def log(self, x: Recorded) -> Recorded:
        """Return the natural logarithm."""
        return self.value(f"flog({x.name})")

    def where(self, condition: Condition, yes: Recorded | float, no: Recorded | float) -> Recorded:
        """Return ``yes`` where the condition holds, else ``no``: a choice without a branch."""
        return self.value(f"{_text(yes)} if {condition.text} else {_text(no)}")


class Condition:
    """A recorded comparison."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text


def _text(x: Recorded | float) -> str:
    return x.name if isinstance(x, Recorded) else repr(float(x))


class Recorded:
    """A number known by its name in the recorded text."""

    __slots__ = ("name", "recorder")

    def __init__(self, recorder: Recorder, name: str) -> None:
        self.recorder, self.name = recorder, name

    def _binary(self, other: Recorded | float, sign: str, *, swap: bool = False) -> Recorded:
        text = _text(other)
        left, right = (text, self.name) if swap else (self.name, text)
        return self.recorder.value(f"{left} {sign} {right}")

    def __eq__(self, other: object) -> Condition:  # type: ignore[override]
        return Condition(f"{self.name} == {_text(other)}")

    __hash__ = None  # type: ignore[assignment]

    def __gt__(self, other: Recorded | float) -> Condition:
        return Condition(f"{self.name} > {_text(other)}")

    def __ge__(self, other: Recorded | float) -> Condition:
        return Condition(f"{self.name} >= {_text(other)}")

    def __lt__(self, other: Recorded | float) -> Condition:
        return Condition(f"{self.name} < {_text(other)}")

    def __le__(self, other: Recorded | float) -> Condition:
        return Condition(f"{self.name} <= {_text(other)}")

    def __add__(self, other: Recorded | float) -> Recorded:
        return self if not isinstance(other, Recorded) and other == 0 else self._binary(other, "+")

    __radd__ = __add__

    def __sub__(self, other: Recorded | float) -> Recorded:
        return self if not isinstance(other, Recorded) and other == 0 else self._binary(other, "-")

    def __rsub__(self, other: float) -> Recorded:
        return -self if other == 0 else self._binary(other, "-", swap=True)

    def __mul__(self, other: Recorded | float) -> Recorded | float:
        if not isinstance(other, Recorded):
            if other == 0:
                return 0
            if abs(other) == 1:
                return self if other == 1 else -self
        return self._binary(other, "*")

    __rmul__ = __mul__

    def __truediv__(self, other: Recorded | float) -> Recorded:
        return self._binary(other, "/")

    def __rtruediv__(self, other: float) -> Recorded:
        return self._binary(other, "/", swap=True)

    def __neg__(self) -> Recorded:
        return self.recorder.value(f"-{self.name}")
