"""A swarm as a moving picture: how many carriers are how deep, and the ways of the sampled ones.

An animated SVG of our own (no script, plays in any browser, shows the end where animation is off), an animated WebP, or numbered PNG
frames.  Only depths are computed: where across the passage a dot is drawn is chosen once and means nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path

import numpy as np

from amelo.errors import CommandError, FileError, nearest
from amelo.therapy.nano import kicks
from amelo.therapy.nano.particles import MODES
from amelo.therapy.nano.swarm_result import SwarmResult

__all__ = ["MOVIES", "check_movie", "movie_svg", "write_movie"]

MOVIES = (".svg", ".webp", ".png")
WIDTH, LEFT, RIGHT = 800, 60, 20
STRIP, STRIP_HEIGHT, CURVE, CURVE_HEIGHT, HEIGHT = 46, 70, 140, 130, 320
BINS, SHOWN = 100, 61  # bars of the curve, frames that are shown at most
SECONDS = 12.0  # of a loop
COLOURS = {"free": "#1f6f8b", "stuck": "#b5651d", "plugged": "#7b2d26", "left": "#999999", "pulp": "#999999"}


def check_movie(path: str | Path, *, force: bool = False) -> Path:
    """Return a place for a movie, refused when it could not be written.

    Raises: CommandError for another ending; FileError when the place is taken or has no folder.
    """
    path = Path(path)
    if path.suffix.lower() not in MOVIES:
        raise CommandError(f"{path} is no movie amelo can write", fix=nearest(path.suffix, MOVIES))
    if not path.parent.is_dir():
        raise FileError(f"{path} cannot be written", why=f"there is no folder {path.parent}")
    first = _frame_path(path, 0) if path.suffix.lower() == ".png" else path
    if first.exists() and not force:
        raise FileError(f"{first} is there already", why="nothing was changed", fix="name another file, or add --force")
    return path


def write_movie(result: SwarmResult, path: str | Path, *, force: bool = False) -> list[Path]:
    """Write a movie and return the files: one, or of ``.png`` one for each frame, numbered.

    Raises: CommandError for another ending; FileError when it cannot be written.
    """
    path = check_movie(path, force=force)
    try:
        if path.suffix.lower() == ".svg":
            path.write_text(movie_svg(result), "utf-8")
            return [path]
        images = [_image(result, frame) for frame in _shown(result)]
        if path.suffix.lower() == ".webp":
            pause = round(1000.0 * SECONDS / len(images))
            images[0].save(path, save_all=True, append_images=images[1:], duration=pause, loop=0)
            return [path]
        paths = [_frame_path(path, i) for i in range(len(images))]
        for image, place in zip(images, paths, strict=True):
            image.save(place)
        return paths
    except OSError as error:
        raise FileError(f"{path} cannot be written", why=error.strerror or str(error)) from None


def _frame_path(path: Path, number: int) -> Path:
    return path.with_name(f"{path.stem}-{number:03d}{path.suffix}")


def _shown(result: SwarmResult) -> list[int]:
    """Return the frames that are shown, the first and the last among them."""
    frames = len(result.history.time)
    return [int(f) for f in np.unique(np.linspace(0, frames - 1, min(frames, SHOWN)).round())]


def _deepest(result: SwarmResult) -> float:
    """Return the depth [m] that the picture ends at: a little below the deepest carrier of all frames."""
    edges = np.asarray(result.state.swarm.passage.edges)
    reached = result.history.carriers.sum((0, 1)) > 0.0
    far = float(edges[1:][reached].max()) if reached.any() else float(edges[-1])
    return min(1.1 * far, float(edges[-1]))


def _curve(result: SwarmResult, frame: int, deepest: float) -> np.ndarray:
    """Return carriers per depth (BINS, 2) [1/m], those that move and those that do not, each cell spread evenly."""
    edges = np.asarray(result.state.swarm.passage.edges)
    bins = np.linspace(0.0, deepest, BINS + 1)
    carriers = result.history.carriers[frame]
    columns = []
    for values in (carriers[0], carriers[1:].sum(0)):
        up_to = np.interp(bins, edges, np.concatenate([[0.0], np.cumsum(values)]))
        columns.append(np.diff(up_to) / np.diff(bins))
    return np.stack(columns, axis=1)


def _across(result: SwarmResult) -> np.ndarray:
    """Return where across the passage (S,) the sampled carriers are drawn, from 0 to 1."""
    return kicks.open_unit(kicks.word_of(result.history.sampled, kicks.step_words(1, 0, 1)[0]))


def _x(depth: np.ndarray | float, deepest: float) -> np.ndarray:
    return LEFT + (WIDTH - LEFT - RIGHT) * np.clip(np.asarray(depth) / deepest, 0.0, 1.0)


def _y(values: np.ndarray, top: float) -> np.ndarray:
    """Return heights of the curve: square roots, so that few carriers are seen beside many."""
    return CURVE + CURVE_HEIGHT * (1.0 - np.sqrt(np.clip(values / top, 0.0, 1.0)))


def _half_width(result: SwarmResult, deepest: float) -> np.ndarray:
    """Return half the drawn width (BINS + 1,) of the passage, as its own width goes."""
    passage = result.state.swarm.passage
    if not passage.tube:
        return np.full(BINS + 1, 0.5 * STRIP_HEIGHT)
    width = np.interp(np.linspace(0.0, deepest, BINS + 1), passage.edges, passage.width)
    return 0.5 * STRIP_HEIGHT * width / width.max()


def _ticks(deepest: float) -> list[tuple[float, str]]:
    """Return depths [m] and their words for the axis."""
    rough = deepest / 5.0
    unit = 10.0 ** np.floor(np.log10(rough))
    step = unit * min((s for s in (1.0, 2.0, 5.0, 10.0) if s * unit >= rough), default=10.0)
    return [(k * step, f"{k * step * 1e6:g}") for k in range(int(deepest / step) + 1)]


def _points(values: np.ndarray, top: float, deepest: float) -> str:
    """Return the corners of a stepped curve over its base line."""
    x = np.repeat(_x(np.linspace(0.0, deepest, BINS + 1), deepest), 2)[1:-1]
    y = np.repeat(_y(values, top), 2)
    base = CURVE + CURVE_HEIGHT
    corners = [(LEFT, base), *zip(x, y, strict=True), (x[-1], base)]
    return " ".join(f"{a:.0f},{b:.0f}" for a, b in corners)


def _animate(attribute: str, values: Sequence[str], *, discrete: bool = False) -> str:
    if len(set(values)) == 1:
        return ""
    mode = ' calcMode="discrete"' if discrete else ""
    return f'<animate attributeName="{attribute}" dur="{SECONDS:g}s" repeatCount="indefinite"{mode} values="{";".join(values)}"/>'


def movie_svg(result: SwarmResult) -> str:
    """Return the movie as an animated SVG."""
    history, swarm, frames, deepest = result.history, result.state.swarm, _shown(result), _deepest(result)
    curves = np.stack([_curve(result, frame, deepest) for frame in frames])
    top = max(float(curves[1:].sum(2).max()) if len(curves) > 1 else 0.0, 1e-300)
    base = CURVE + CURVE_HEIGHT
    minutes = [f"{history.time[frame] / 60.0:.1f} min" for frame in frames]
    title = f"{swarm.count} carriers of {swarm.carrier.name} at {swarm.field.gradient:g} T/m, {minutes[0]} to {minutes[-1]}"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" font-family="sans-serif" font-size="13">',
        f"<title>{escape(title)}</title><desc>Above, the passage from its mouth on the left, with sampled carriers; where across it they are "
        "drawn means nothing. Below, carriers per depth, as square roots: free ones in blue, stuck and plugged ones in brown.</desc>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/><text x="{LEFT}" y="24" font-weight="bold">{escape(title)}</text>',
    ]
    half, middle = _half_width(result, deepest), STRIP + 0.5 * STRIP_HEIGHT
    x = _x(np.linspace(0.0, deepest, BINS + 1), deepest)
    wall = [f"{a:.0f},{middle - h:.1f}" for a, h in zip(x, half, strict=True)]
    wall += [f"{a:.0f},{middle + h:.1f}" for a, h in zip(x[::-1], half[::-1], strict=True)]
    parts.append(f'<polygon points="{" ".join(wall)}" fill="#f1ece2" stroke="#8a7f6a"/>')
    names = [*MODES, "free"]
    for i, across in enumerate(_across(result)):
        depth, mode = history.depth[frames, i], history.mode[frames, i]
        xs = [f"{value:.0f}" for value in _x(depth, deepest)]
        width = np.interp(_x(depth[-1], deepest), x, half)
        y = middle + (2.0 * across - 1.0) * 0.85 * float(width)
        colours = [COLOURS[names[m]] for m in mode]
        parts.append(
            f'<circle r="3" cx="{xs[-1]}" cy="{y:.1f}" fill="{colours[-1]}" fill-opacity="0.8">'
            f"{_animate('cx', xs)}{_animate('fill', colours, discrete=True)}</circle>"
        )
    for which, colour in ((0, COLOURS["free"]), (1, COLOURS["stuck"])):
        points = [_points(curve[:, which], top, deepest) for curve in curves]
        parts.append(f'<polygon points="{points[-1]}" fill="{colour}" fill-opacity="0.55">{_animate("points", points)}</polygon>')
    parts.append(f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{base}" y2="{base}" stroke="#333333"/>')
    for depth, word in _ticks(deepest):
        at = float(_x(depth, deepest))
        parts.append(f'<line x1="{at:.0f}" x2="{at:.0f}" y1="{base}" y2="{base + 5}" stroke="#333333"/>')
        parts.append(f'<text x="{at:.0f}" y="{base + 19}" text-anchor="middle">{word}</text>')
    parts.append(
        f'<text x="{WIDTH - RIGHT}" y="{base + 36}" text-anchor="end">depth [µm]; carriers per depth below, as square roots</text>'
    )
    for k, word in enumerate(minutes):  # one word at a time, the last where nothing moves
        seen = ["1" if i == k else "0" for i in range(len(minutes))]
        parts.append(
            f'<text x="{LEFT}" y="{base + 36}" opacity="{seen[-1]}">{word}{_animate("opacity", seen, discrete=True)}</text>'
        )
    parts.append("</svg>")
    return "\n".join(part for part in parts if part) + "\n"


def _image(result: SwarmResult, frame: int):
    """Return one frame as an image."""
    from PIL import Image, ImageDraw

    history, swarm, deepest = result.history, result.state.swarm, _deepest(result)
    top = max(float(np.stack([_curve(result, f, deepest) for f in _shown(result)[1:]]).sum(2).max()), 1e-300)
    image = Image.new("RGB", (WIDTH, HEIGHT), "#ffffff")
    draw = ImageDraw.Draw(image, "RGBA")
    draw.text(
        (LEFT, 12), f"{swarm.carrier.name}, {swarm.field.gradient:g} T/m, {history.time[frame] / 60.0:.1f} min", fill="#000000"
    )
    half, middle = _half_width(result, deepest), STRIP + 0.5 * STRIP_HEIGHT
    x = _x(np.linspace(0.0, deepest, BINS + 1), deepest)
    outline = [(a, middle - h) for a, h in zip(x, half, strict=True)] + [
        (a, middle + h) for a, h in zip(x[::-1], half[::-1], strict=True)
    ]
    draw.polygon([(float(a), float(b)) for a, b in outline], fill="#f1ece2", outline="#8a7f6a")
    for i, across in enumerate(_across(result)):
        at = float(_x(history.depth[frame, i], deepest))
        y = middle + (2.0 * across - 1.0) * 0.85 * float(np.interp(at, x, half))
        draw.ellipse((at - 3, y - 3, at + 3, y + 3), fill=COLOURS[[*MODES, "free"][history.mode[frame, i]]])
    curve = _curve(result, frame, deepest)
    for which, colour in ((0, "#1f6f8b8c"), (1, "#b5651d8c")):
        corners = [tuple(map(float, corner.split(","))) for corner in _points(curve[:, which], top, deepest).split()]
        draw.polygon(corners, fill=colour)
    base = CURVE + CURVE_HEIGHT
    draw.line((LEFT, base, WIDTH - RIGHT, base), fill="#333333")
    for depth, word in _ticks(deepest):
        at = float(_x(depth, deepest))
        draw.line((at, base, at, base + 5), fill="#333333")
        draw.text((at - 3 * len(word), base + 8), word, fill="#000000")
    draw.text((WIDTH - RIGHT - 110, base + 26), "depth [micrometres]", fill="#000000")
    return image
