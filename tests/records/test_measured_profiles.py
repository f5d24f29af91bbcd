"""Tables of measured profiles: times, specimens and noise are read with their units, and what cannot be meant is refused."""

from __future__ import annotations

import pytest

from amelo.errors import InputError
from amelo.records.measured_profiles import read_profiles

GOOD = "time [h],depth [µm],mineral [vol%]"
ROWS = "24,2.5,40\n24,20,60\n24,60,80\n"


def read(folder, text):
    path = folder / "profiles.csv"
    path.write_text(text, "utf-8")
    return read_profiles(path)


@pytest.mark.parametrize(("unit", "seconds"), [("s", 1), ("min", 60), ("h", 3600), ("d", 86400), ("weeks", 604800)])
def test_times_have_units(tmp_path, unit, seconds):
    assert [p.time for p in read(tmp_path, f"time [{unit}],depth [µm],mineral [vol%]\n" + ROWS).points] == [24.0 * seconds] * 3


def test_without_times_and_sd_they_are_unknown(tmp_path):
    points = read(tmp_path, "depth [mm],mineral [fraction]\n0.0025,0.4\n0.02,0.6\n").points
    assert [(p.depth, p.mineral, p.time, p.sd, p.label) for p in points] == [
        (pytest.approx(2.5), pytest.approx(40), None, None, ""),
        (pytest.approx(20), pytest.approx(60), None, None, ""),
    ]


def test_profiles_are_told_apart_by_time_specimen_and_replicate(tmp_path):
    text = "specimen;replicate;time [d];depth [µm];mineral [vol%];sd [fraction];operator\n"
    text += "A;1;1;5;70;0.02;x\nA;1;1;10;80;0.03;x\nB;1;1;5;60;0.02;y\nA;2;1;5;71;0.02;x\nA;1;2;5;50;0.02;x\n"
    found = read(tmp_path, text)
    assert list(found.profiles) == [("A 1", 86400.0), ("B 1", 86400.0), ("A 2", 86400.0), ("A 1", 172800.0)]
    assert [p.sd for p in found.points][:2] == [pytest.approx(2.0), pytest.approx(3.0)]
    assert found.notes == ("the column 'operator' is not used",)


def test_a_column_that_is_misspelt_is_said(tmp_path):
    assert read(tmp_path, "tiem [h],depth [µm],mineral [vol%]\n" + ROWS).notes == (
        "the column 'tiem [h]' is not used; did you mean 'time'?",
    )


REFUSE = {
    "no file": (None, ["does not exist"]),
    "nothing": ("", ["empty"]),
    "only a header": (GOOD + "\n", ["a header but no row"]),
    "no unit of time": ("time,depth [µm],mineral [vol%]\n" + ROWS, ["the column time has no unit", "time [h]"]),
    "a unit of time that is none": ("time [hour],depth [µm],mineral [vol%]\n" + ROWS, ["'hour' is not a unit of time", "'hours'"]),
    "no unit of depth": ("time [h],depth,mineral [vol%]\n" + ROWS, ["the column depth has no unit"]),
    "no mineral": ("time [h],depth [µm],loss [vol%]\n" + ROWS, ["there is no column mineral"]),
    "a NaN": (GOOD + "\n24,2.5,40\n24,20,NaN\n", ["row 3: mineral is NaN", "remove the row"]),
    "an empty time": (GOOD + "\n24,2.5,40\n,20,50\n", ["row 3: time is empty"]),
    "an infinite depth": (GOOD + "\n24,inf,40\n", ["row 2: depth is inf"]),
    "a decimal comma": (GOOD.replace(",", ";") + "\n24;2,5;40\n", ["has a decimal comma", "write 2.5"]),
    "words": (GOOD + "\n24,deep,40\n", ["depth 'deep' is not a number"]),
    "a short row": (GOOD + "\n24,2.5,40\n24,20\n", ["row 3 has 2 columns"]),
    "fractions called vol%": (GOOD + "\n24,2.5,0.4\n24,20,0.6\n", ["looks like a fraction"]),
    "vol% called fractions": (GOOD.replace("vol%", "fraction") + "\n" + ROWS, ["looks like vol%"]),
    "millimetres called micrometres": (GOOD + "\n24,0.0025,40\n24,0.02,60\n", ["write depth [mm]"]),
    "a negative depth": (GOOD + "\n24,-2,40\n24,20,60\n", ["row 2: depth is -2 µm, outside the tissue"]),
    "a negative time": (GOOD + "\n-1,2,40\n-1,20,60\n", ["row 2: time is negative"]),
    "more than solid": (GOOD + "\n24,2,40\n24,20,140\n", ["row 3: mineral is 140 vol%"]),
    "a depth twice": (GOOD + "\n24,20,40\n24,20,41\n", ["row 3: depth 20 µm follows 20 µm", "specimen or replicate"]),
    "no noise at all": ("sd [vol%],depth [µm],mineral [vol%]\n0,2,40\n1,20,50\n", ["row 2: sd is 0 vol%"]),
}


@pytest.mark.parametrize("case", REFUSE)
def test_what_cannot_be_meant_is_refused_in_one_sentence(tmp_path, case):
    text, words = REFUSE[case]
    with pytest.raises(InputError) as caught:
        read(tmp_path, text) if text is not None else read_profiles(tmp_path / "profiles.csv")
    sentence = str(caught.value)
    assert "\n" not in sentence and "profiles.csv" in sentence
    assert all(word in sentence for word in words), sentence
