"""The picture of a mouth: its three panels are there, the same every time, in every format."""

from __future__ import annotations

import pytest

from amelo.report.plots import plot_mouth
from amelo.twin.mouth import Mouthful, mouth_course
from amelo.twin.saliva import saliva_profile


@pytest.fixture(scope="module")
def course():
    return mouth_course(
        [Mouthful("meal", 900, sugar=300), Mouthful("rest", 3600), Mouthful("brush", 120, fluoride=76)], saliva_profile()
    )


def test_a_day_in_the_mouth_has_three_panels_with_units(course, tmp_path):
    path = tmp_path / "day.svg"
    plot_mouth(course, path, name="Kira", start=7.5)
    text = path.read_text("utf-8")
    for words in ("The mouth of Kira", "sugar [mmol/L]", "fluoride [mg/L]", "pH of saliva", "time of day [h]"):
        assert words in text
    again = tmp_path / "again.svg"
    plot_mouth(course, again, name="Kira", start=7.5)
    assert again.read_bytes() == path.read_bytes()


@pytest.mark.parametrize("suffix", [".png", ".pdf"])
def test_other_formats(course, tmp_path, suffix):
    path = tmp_path / f"day{suffix}"
    plot_mouth(course, path, name="somebody")
    assert path.stat().st_size > 5000
