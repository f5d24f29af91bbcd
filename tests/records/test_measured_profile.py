"""Measured profiles: units of the header are used, and what cannot be meant is refused with its row."""

from __future__ import annotations

import pytest

from amelo.errors import FileError, FormatError, InputError, RecordError
from amelo.records.measured_profile import read_profile

ROWS = ((0, 40), (20, 60), (60, 87))


def write(folder, header, rows=ROWS, separator=","):
    path = folder / "p.csv"
    path.write_text("\n".join([header, *(separator.join(map(str, row)) for row in rows)]) + "\n", "utf-8")
    return path


@pytest.mark.parametrize(
    ("header", "scale", "part"),
    [
        ("depth [µm],mineral [vol%]", 1.0, 1.0),
        ("depth [μm],mineral [vol%]", 1.0, 1.0),
        ("Depth (um),Mineral (vol%)", 1.0, 1.0),
        ("depth_um,mineral_volpct", 1.0, 1.0),
        ("depth [mm],mineral [fraction]", 1e-3, 0.01),
        ("depth [m],mineral [1]", 1e-6, 0.01),
        ("depth [nm],mineral [%]", 1e3, 1.0),
    ],
)
def test_units_of_the_header(tmp_path, header, scale, part):
    rows = [(depth * scale, mineral * part) for depth, mineral in ROWS]
    assert read_profile(write(tmp_path, header, rows)) == tuple((pytest.approx(d), pytest.approx(m)) for d, m in ROWS)


def test_other_columns_comments_and_separators(tmp_path):
    rows = [("a", *row, 3.5) for row in ROWS]
    assert read_profile(write(tmp_path, "# note\n\nid;depth [µm];mineral [vol%];sd", rows, ";")) == ROWS
    assert read_profile(write(tmp_path, "id\tdepth [µm]\tmineral [vol%]\tsd", rows, "\t")) == ROWS


def test_rows_are_numbered_as_an_editor_numbers_them(tmp_path):
    path = write(tmp_path, "# note\n\ndepth [µm],mineral [vol%]", [(0, 40), (20, "NaN"), (60, 87)])
    with pytest.raises(RecordError, match="row 5: mineral is NaN"):
        read_profile(path)


GOOD = "depth [µm],mineral [vol%]"
REFUSE = {  # what is wrong: (header, rows, words)
    "no unit of depth": ("depth,mineral [vol%]", ROWS, ["the column depth has no unit", "depth [µm],mineral [vol%]"]),
    "no unit of mineral": ("depth [µm],mineral", ROWS, ["the column mineral has no unit"]),
    "no such column": ("x [µm],mineral [vol%]", ROWS, ["there is no column depth"]),
    "a unit that is none": ("depth [µn],mineral [vol%]", ROWS, ["row 1", "'µn' is not a unit of depth", "use one of nm, µm"]),
    "a unit of another kind": ("depth [µm],mineral [mM]", ROWS, ["'mM' is not a unit of mineral"]),
    "fractions called vol%": (GOOD, [(0, 0.4), (20, 0.6), (60, 0.87)], ["never above 0.87", "looks like a fraction"]),
    "vol% called fractions": ("depth [µm],mineral [fraction]", ROWS, ["reaches 87", "looks like vol%"]),
    "millimetres called micrometres": (GOOD, [(0, 40), (0.02, 60), (0.06, 87)], ["reaches only 0.06 µm", "measured in mm"]),
    "micrometres called millimetres": ("depth [mm],mineral [vol%]", ROWS, ["deeper than a tooth", "measured in µm"]),
    "a row of NaN": (GOOD, [(0, 40), (20, "NaN"), (60, 87)], ["row 3", "mineral is NaN", "remove the row"]),
    "an empty cell": (GOOD, [(0, 40), ("", 60), (60, 87)], ["row 3", "depth is empty"]),
    "an infinite cell": (GOOD, [(0, 40), (20, "inf"), (60, 87)], ["row 3", "mineral is inf"]),
    "a word": (GOOD, [(0, 40), (20, "low"), (60, 87)], ["row 3", "mineral 'low' is not a number"]),
    "a decimal comma": (GOOD.replace(",", ";"), ["0;40", "2,5;60", "60;87"], ["row 3", "decimal comma", "write 2.5"]),
    "a number beyond numbers": (GOOD, [(0, 40), (20, "1e400"), (60, 87)], ["row 3", "cannot be used"][:1]),
    "depths in disorder": (GOOD, [(0, 40), (60, 60), (20, 87)], ["row 4", "20 µm follows 60 µm"]),
    "one depth twice": (GOOD, [(0, 40), (20, 60), (20, 87)], ["row 4", "must grow"]),
    "a depth outside": (GOOD, [(-5, 40), (20, 60), (60, 87)], ["row 2", "outside the tissue"]),
    "more than all": (GOOD, [(0, 40), (20, 160), (60, 87)], ["row 3", "160 vol%", "0 to 100"]),
    "less than nothing": (GOOD, [(0, -4), (20, 60), (60, 87)], ["row 2", "-4 vol%"]),
    "a short row": (GOOD, [(0, 40), (20,), (60, 87)], ["row 3 has 1 columns", "the header has 2"]),
    "too few rows": (GOOD, [(0, 40), (60, 87)], ["2 rows are no profile", "at least 3"]),
}


@pytest.mark.parametrize("what", REFUSE)
def test_what_is_refused(what, tmp_path):
    header, rows, words = REFUSE[what]
    path = write(tmp_path, header, [(row,) if isinstance(row, str) else row for row in rows])
    with pytest.raises(InputError) as caught:
        read_profile(path)
    sentence = str(caught.value)
    assert "\n" not in sentence
    for word in [str(path), *words]:
        assert word in sentence


def test_files_that_are_none(tmp_path):
    with pytest.raises(FileError, match="does not exist"):
        read_profile(tmp_path / "none.csv")
    for raw in (b"", b"\xff\xfe\x00", b"# only a note\n"):
        (tmp_path / "p.csv").write_bytes(raw)
        with pytest.raises((FormatError, RecordError)):
            read_profile(tmp_path / "p.csv")
