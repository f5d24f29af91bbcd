"""Movies of a swarm: SVG that is whole, shows what is true and ends at the end; WebP and PNG frames; places that are refused."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

from amelo import nano
from amelo.errors import CommandError, FileError
from amelo.therapy.nano.swarm_movie import (
    BINS,
    HEIGHT,
    LEFT,
    RIGHT,
    WIDTH,
    _curve,
    _deepest,
    _shown,
    check_movie,
    movie_svg,
    write_movie,
)

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def result():
    swarm = nano.Swarm(
        nano.tubule(1e-4, 30),
        nano.Carrier.named("caps-400").changed(stick_tubule=1e-9),
        nano.Field(gradient=2.0),
        300,
        crowding=False,
    )
    return swarm.run(1, 200.0, step=0.05, frames=80, sampled=12)


def test_the_svg_is_whole_and_tells_what_it_shows(result):
    root = ElementTree.fromstring(movie_svg(result))
    assert "300 carriers of caps-400 at 2 T/m" in root.find(f"{SVG}title").text
    assert "means nothing" in root.find(f"{SVG}desc").text
    assert len(root.findall(f"{SVG}circle")) == 12
    assert "script" not in movie_svg(result)
    frames = len(_shown(result))
    assert frames <= 61
    for animation in root.iter(f"{SVG}animate"):
        assert len(animation.attrib["values"].split(";")) == frames
        assert animation.attrib["repeatCount"] == "indefinite"


def test_dots_stand_where_carriers_are_and_the_still_picture_is_the_end(result):
    root = ElementTree.fromstring(movie_svg(result))
    deepest = _deepest(result)
    for i, circle in enumerate(root.findall(f"{SVG}circle")):
        depth = result.history.depth[-1, i]
        assert float(circle.attrib["cx"]) == pytest.approx(LEFT + (WIDTH - LEFT - RIGHT) * depth / deepest, abs=0.51)
        values = circle.find(f"{SVG}animate").attrib["values"].split(";")
        assert values[-1] == circle.attrib["cx"]
        assert float(values[0]) == LEFT  # all start at the mouth
    shown = [text for text in root.findall(f"{SVG}text") if text.attrib.get("opacity") == "1"]
    assert [text.text for text in shown] == ["3.3 min"]


def test_the_curve_has_all_carriers_in_it(result):
    deepest = _deepest(result)
    for frame in _shown(result):
        curve = _curve(result, frame, deepest)
        assert curve.shape == (BINS, 2)
        assert curve.sum() * deepest / BINS == pytest.approx(result.history.carriers[frame].sum(), rel=1e-9)
    assert curve[:, 1].sum() > 0.0  # some are stuck


def test_numbers_in_the_svg_are_numbers(result):
    assert not re.search(r"nan|inf", movie_svg(result))


def test_images_move(result, tmp_path):
    from PIL import Image

    (webp,) = write_movie(result, tmp_path / "a.webp")
    with Image.open(webp) as image:
        assert image.size == (WIDTH, HEIGHT)
        assert image.n_frames == len(_shown(result))
    frames = write_movie(result, tmp_path / "a.png")
    assert [path.name for path in frames[:2]] == ["a-000.png", "a-001.png"]
    first, last = (np.asarray(Image.open(path)) for path in (frames[0], frames[-1]))
    assert (first != last).any()
    with pytest.raises(FileError, match="there already"):
        write_movie(result, tmp_path / "a.png")
    assert write_movie(result, tmp_path / "a.png", force=True) == frames


def test_a_swarm_in_the_open_and_one_that_does_not_move_are_drawn():
    from amelo.therapy.nano.particle_checks import open_slab

    caps = nano.Carrier.named("caps-400")
    still = nano.Swarm(open_slab(1e-4), caps, nano.Field(), 1, crowding=False).run(1, 1e-3, frames=1, sampled=1)
    assert ElementTree.fromstring(movie_svg(still)).findall(f"{SVG}circle")


def test_places_that_cannot_be_written_are_refused(result, tmp_path):
    with pytest.raises(CommandError, match="no movie"):
        check_movie(tmp_path / "a.gif")
    with pytest.raises(FileError, match="there is no folder"):
        check_movie(tmp_path / "none" / "a.svg")
