"""How heat goes through enamel and dentine to the pulp, which its blood cools: drilling, curing, hot and cold at the surface.

Pennes' equation in one dimension by finite volumes.  Temperatures are over that of the body.  While the surface meets one thing, time is
exact: the equations of the cells are solved by their eigenvectors.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from amelo.errors import ParameterError
from amelo.params import load_set

__all__ = ["Meeting", "Tooth", "Warmth", "warm"]

DENSITY_OF_FLOW = 1e-6 / 0.1 / 60.0  # m3/(kg s) in a mL per minute and 100 g


@dataclass(frozen=True)
class Meeting:
    """What the outer surface meets for a while.

    Fields: duration [s]; flux [W/m2] of heat that is put in, by friction or light; exchange [W/(m2 K)] with what flows past; fluid [K],
    how much warmer than the body that is.
    """

    duration: float
    flux: float = 0.0
    exchange: float = 0.0
    fluid: float = 0.0


@dataclass(frozen=True, eq=False)
class Tooth:
    """Cells from the outer surface to the far end of the pulp.

    Fields: edges (N + 1,) [m]; conductivity (N,) [W/(m K)]; capacity (N,) [J/(m3 K)]; clearance (N,) [W/(m3 K)], what blood takes away
    per warming; wall, number of cells outside the pulp.
    """

    edges: np.ndarray
    conductivity: np.ndarray
    capacity: np.ndarray
    clearance: np.ndarray
    wall: int

    @classmethod
    def layered(cls, enamel: float | None = None, dentine: float = 0.002, *, perfusion: float = 1.0, cell: float = 2.5e-5) -> Tooth:
        """Return enamel over dentine over a pulp.

        Arguments: enamel [m], None for that of the set ``pulp``, 0 under a cavity; dentine [m] that is left; perfusion, share of full
        perfusion, that of an inflamed pulp; cell [m], the widest.
        Raises: ParameterError for a thickness or perfusion below 0, no dentine, or cells without width.
        Assumptions: nothing passes the far end of the pulp; a plane, which overrates what reaches the pulp from a small spot.
        """
        value = load_set("pulp").value
        outer = value("bioheat.enamel.thickness") if enamel is None else enamel
        for name, given in (("enamel", outer), ("dentine", dentine), ("perfusion", perfusion)):
            if not (np.isfinite(given) and given >= 0.0):
                raise ParameterError(f"{name} = {given:g} is below 0 or not finite")
        if not (dentine > 0.0 and cell > 0.0):
            raise ParameterError(
                "there is no dentine, or cells have no width", fix="leave some; what meets a bare pulp is not conducted"
            )
        edges, parts, wall = [np.zeros(1)], [], 0
        for name, thickness in (("enamel", outer), ("dentine", dentine), ("pulp", value("bioheat.pulp.thickness"))):
            count = int(np.ceil(thickness / cell - 1e-9))
            if not count:
                continue
            edges.append(edges[-1][-1] + thickness * np.arange(1, count + 1) / count)
            parts += [name] * count
            wall += count if name != "pulp" else 0
        blood = (
            value("bioheat.pulp.perfusion") * DENSITY_OF_FLOW * value("bioheat.pulp.density") * value("bioheat.blood.heat_capacity")
        )
        return cls(
            np.concatenate(edges),
            np.array([value(f"bioheat.{name}.conductivity") for name in parts]),
            np.array([value(f"bioheat.{name}.heat_capacity") for name in parts]),
            np.array([perfusion * blood if name == "pulp" else 0.0 for name in parts]),
            wall,
        )


@dataclass(frozen=True, eq=False)
class Warmth:
    """How warm a tooth became.

    Fields: time (T,) [s]; warming (T, N) [K] of cells; pulp (T,) [K] at the wall of the pulp; entered, held and carried (T,) [J/m2]: heat
    that came through the surface since the start, that is in the tooth, and that blood took away.
    """

    time: np.ndarray
    warming: np.ndarray
    pulp: np.ndarray
    entered: np.ndarray
    held: np.ndarray
    carried: np.ndarray


def warm(tooth: Tooth, meetings: Sequence[Meeting], *, frames: int = 50) -> Warmth:
    """Return how warm a tooth becomes that was as warm as the body.

    Arguments: tooth; meetings, one after the other; frames, times that are kept of each.
    Returns: Warmth.
    Raises: ParameterError for meetings that cannot be.
    Source: lin2010.
    """
    from scipy.linalg import eigh_tridiagonal

    if not meetings or frames < 1:
        raise ParameterError("nothing is met, or no time is kept", fix="give one meeting and one frame or more")
    for number, m in enumerate(meetings, 1):
        if not np.isfinite([m.duration, m.flux, m.exchange, m.fluid]).all() or m.duration <= 0.0 or m.exchange < 0.0:
            raise ParameterError(f"meeting {number} cannot be", why="durations are above 0, exchanges not below, all finite")
    width = np.diff(tooth.edges)
    half = 0.5 * width / tooth.conductivity
    between = 1.0 / (half[:-1] + half[1:])
    root = np.sqrt(tooth.capacity * width)
    cells = len(width)
    state, clock = np.zeros(cells), 0.0
    times, states, entered, carried = [np.zeros(1)], [state[None]], [np.zeros(1)], [np.zeros(1)]
    for m in meetings:
        into = (
            1.0 / (half[0] + 1.0 / m.exchange) if m.exchange > 0.0 else 0.0
        )  # W/(m2 K) from the fluid to the middle of the first cell
        through = m.flux * (
            1.0 / (1.0 + half[0] * m.exchange)
        )  # of what is put in at the surface, what does not leave with the fluid
        own = tooth.clearance * width + np.append(between, 0.0) + np.insert(between, 0, into)
        decay, vectors = eigh_tridiagonal(own / root**2, -between / (root[:-1] * root[1:]))
        decay = np.maximum(decay, 1e-300)  # an insulated tooth without blood keeps its mean for ever
        force = np.zeros(cells)
        force[0] = through + into * m.fluid
        at, drive = vectors.T @ (state * root), vectors.T @ (force / root)
        t = m.duration * np.arange(1, frames + 1) / frames
        gone = decay[:, None] * t
        ramp = -np.expm1(-gone) / decay[:, None]  # integral of the decay
        now = at[:, None] * np.exp(-gone) + drive[:, None] * ramp
        small = gone < 1e-6
        double = np.where(small, 0.5 * t**2, (t - ramp) / decay[:, None])  # integral of the ramp
        summed = (vectors @ (at[:, None] * ramp + drive[:, None] * double)).T / root  # K s
        kept = (vectors @ now).T / root
        entered.append(entered[-1][-1] + force[0] * t - into * summed[:, 0])
        carried.append(carried[-1][-1] + summed @ (tooth.clearance * width))
        times.append(clock + t)
        states.append(kept)
        state, clock = kept[-1], clock + m.duration
    warming = np.concatenate(states)
    last, first = tooth.wall - 1, tooth.wall
    share = half[first] / (half[last] + half[first])
    wall = warming[:, last] * share + warming[:, first] * (1.0 - share)
    return Warmth(np.concatenate(times), warming, wall, np.concatenate(entered), warming @ root**2, np.concatenate(carried))
