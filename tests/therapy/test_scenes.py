"""Scenes: the ones that ship, and a table of files that are refused in one sentence each."""

from __future__ import annotations

import numpy as np
import pytest

from amelo.errors import AmeloError
from amelo.therapy.nano.scenes import COMMON, bench_names, open_scene

GOOD = """
name = "mine"
carrier = "caps-400"
count = 10
time = "2 min"
gradient = "1 T/m"
frequency = "5 Hz"
crowding = false
[passage]
kind = "tubule"
"""
CANAL = GOOD.replace('kind = "tubule"', 'kind = "canal"\nlength = "5 mm"\ndiameters = ["0.5 mm", "0.3 mm"]')
CHANNEL = GOOD.replace('kind = "tubule"', 'kind = "channel"\nlength = "1 mm"\nstream = "2 um/s"')

BAD = {  # what is wrong: (text, words of the sentence)
    "no TOML": ("a = = 1", ["is no TOML"]),
    "no carrier": (GOOD.replace('carrier = "caps-400"', ""), ["'carrier' is missing"]),
    "no passage": (GOOD.partition("[passage]")[0], ["'passage' is missing"]),
    "a misspelt carrier": (GOOD.replace("caps-400", "caps-40"), ["caps-40", "did you mean 'caps-400'?"]),
    "a misspelt key": (GOOD.replace("gradient", "gradent"), ["unknown key 'gradent'", "did you mean 'gradient'?"]),
    "a misspelt key of the passage": (GOOD + 'lenght = "1 mm"\n', ["[passage]", "did you mean 'length'?"]),
    "a key of another passage": (GOOD + 'stream = "1 um/s"\n', ["unknown key 'stream'"]),
    "enamel": (GOOD.replace('"tubule"', '"enamel"'), ["caps-400 cannot enter enamel", "400 nm", "let it dock at the surface"]),
    "enamel for clusters": (
        GOOD.replace('"tubule"', '"enamel"').replace("caps-400", "ion-clusters"),
        ["enamel is no passage for a swarm", "amelo simulate"],
    ),
    "an unknown passage": (GOOD.replace('"tubule"', '"tube"'), ["passage.kind", "tubule, canal, slab, channel"]),
    "a gradient without unit": (GOOD.replace('"1 T/m"', "1"), ["gradient"]),
    "a gradient as a field": (GOOD.replace("1 T/m", "1 T"), ["is a magnetic field, not a magnetic gradient"]),
    "a field no magnet gives": (GOOD.replace("1 T/m", "1000 T/m"), ["a gradient of 1000 T/m is out of range"]),
    "half a carrier": (GOOD.replace("= 10", "= 10.5"), ["count = 10.5 is no whole number"]),
    "no carriers": (GOOD.replace("= 10", "= 0"), ["0 carriers are out of range"]),
    "a negative weight": ("weight = -1\n" + GOOD, ["a weight of -1"]),
    "a weight in words": ('weight = "many"\n' + GOOD, ["weight = 'many' is no number"]),
    "one depth": ('release = ["1 um"]\n' + GOOD, ["release is no pair"]),
    "a start beyond the end": ('release = ["1 um", "5 mm"]\n' + GOOD, ["cannot start between 1 and 5000"]),
    "more than fits": (GOOD.replace("crowding = false", "").replace("= 10", "= 4000"), ["do not fit", "closest packing"]),
    "two diameters of a tubule": (GOOD + 'diameters = ["1 um", "2 um"]\n', ["three diameters"]),
    "a tubule too narrow": (GOOD + 'diameters = ["0.3 um", "1 um", "2 um"]\n', ["does not fit into the passage"]),
    "a canal without length": (CANAL.replace('length = "5 mm"', ""), ["passage.length is missing"]),
    "a canal without diameters": (CANAL.replace('diameters = ["0.5 mm", "0.3 mm"]', ""), ["two diameters"]),
    "a length of nothing": (CANAL.replace("5 mm", "0 mm"), ["passage.length is out of range"]),
    "one cell": (GOOD + "cells = 1\n", ["passage.cells = 1", "2 to 10,000"]),
    "a stream that is no speed": (CHANNEL.replace("2 um/s", "2 um"), ["stream", "is no speed"]),
    "a mouth that is none": ('mouth = "opne"\n' + GOOD, ["'opne' is no mouth", "did you mean 'open'?"]),
}


@pytest.mark.parametrize("name", [name for name in bench_names() if name != COMMON])
def test_what_ships_runs_and_says_what_it_is(name):
    scene = open_scene(name)
    assert scene.name == name
    assert scene.about
    assert 30.0 <= scene.time <= 3600.0
    result = scene.changed(count=200).swarm.run(1, 0.05 * scene.time, step=scene.swarm.longest_step(), frames=3)
    assert sum(result.totals().values()) == pytest.approx(200 * scene.swarm.weight, rel=1e-12)


def test_a_file_says_what_it_says(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text('ph = 5.5\nmouth = "open"\nrelease = ["10 um", "0.02 mm"]\n' + CANAL)
    scene = open_scene(path)
    swarm = scene.swarm
    assert (scene.name, scene.time, swarm.count, swarm.ph, swarm.mouth) == ("mine", 120.0, 10, 5.5, "open")
    assert (swarm.field.gradient, swarm.field.frequency) == (1.0, 5.0)
    assert swarm.release == pytest.approx((1e-5, 2e-5))
    assert swarm.passage.width[[0, -1]] == pytest.approx([5e-4, 3e-4])
    path.write_text(CHANNEL)
    assert (open_scene(path).swarm.passage.outflow == 2e-6).all()
    assert np.isinf(open_scene(path).swarm.passage.width).all()


def test_a_carrier_of_ones_own_stands_beside_the_scene(tmp_path):
    (tmp_path / "own.toml").write_text(
        '[set]\nname = "own"\nversion = "1"\nabout = "mine"\n'
        + "".join(
            f'[{key}]\nvalue = {value}\nunit = "{unit}"\nlow = 0.0\nhigh = 1e9\ngrade = "assumption"\nsource = "pankhurst2003"\nnote = "a test"\n'
            for key, value, unit in (("diameter", 2e-7, "m"), ("excess_density", 500.0, "kg/m3"))
        )
    )
    (tmp_path / "scene.toml").write_text(GOOD.replace("caps-400", "own.toml"))
    assert open_scene(tmp_path / "scene.toml").swarm.carrier.diameter == 2e-7


def test_numbers_can_be_replaced():
    scene = open_scene("tubule")
    other = scene.changed(count=7, time=3.0, gradient=2.0, crowding=False)
    assert (other.swarm.count, other.time, other.swarm.field.gradient) == (7, 3.0, 2.0)
    assert scene.changed().time == scene.time


@pytest.mark.parametrize("what", BAD)
def test_bad_scenes_are_refused_in_one_sentence(what, tmp_path):
    text, words = BAD[what]
    path = tmp_path / "bad.toml"
    path.write_text(text)
    with pytest.raises(AmeloError) as caught:
        open_scene(path)
    sentence = str(caught.value)
    assert "bad.toml" in sentence
    assert "\n" not in sentence
    for word in words:
        assert word in sentence, sentence


def test_names_and_files_that_are_not_there():
    with pytest.raises(AmeloError, match="did you mean 'tubule'"):
        open_scene("tubul")
    with pytest.raises(AmeloError, match=r"cannot read none\.toml; No such file"):
        open_scene("none.toml")
