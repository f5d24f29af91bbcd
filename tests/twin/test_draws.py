"""Draws in files: what is written is read back, checked against the specimen, and becomes members."""

from __future__ import annotations

import numpy as np
import pytest

from amelo.errors import InputError
from amelo.records.specimen import parse_specimen
from amelo.twin.draws import members_of, read_draws, write_draws

NAMES, UNITS = ("dissolution_rate", "pk.HAp"), ("mol/(L s)", "1")
DRAWS = np.column_stack([np.geomspace(1e-4, 2e-4, 9), np.linspace(58.4, 58.8, 9)])


@pytest.fixture
def pressed():
    return parse_specimen(
        {"name": "p", "tissue": "pressed apatite", "thickness": "200 um", "porosity": 0.2, "sound_mineral": 0.8}, where="p"
    )


@pytest.mark.parametrize("ending", [".csv", ".zarr"])
def test_what_is_written_is_read(tmp_path, pressed, ending):
    path = tmp_path / f"draws{ending}"
    write_draws(path, NAMES, UNITS, DRAWS, about={"protocol": "two\nlines", "method": "laplace"})
    found = read_draws(path, pressed)
    assert set(found) == set(NAMES) and all(np.array_equal(found[name], DRAWS[:, i]) for i, name in enumerate(NAMES))


def test_draws_become_members_and_the_rest_is_central(pressed):
    from amelo.twin.twin import Twin

    draws = dict(zip(NAMES, DRAWS.T, strict=True))
    assert list(members_of(draws, 3, pressed)["pk.HAp"]) == pytest.approx([58.4, 58.6, 58.8])
    assert members_of(draws, 1, pressed)["pk.HAp"].shape == (1,)
    column = Twin.of(pressed).column(members=9, values=members_of(draws, 9, pressed))
    assert list(column.parameters["pk.HAp"]) == pytest.approx(list(DRAWS[:, 1]))
    assert np.ptp(column.parameters["residual_mineral"]) == 0.0  # an ensemble without draws would spread it
    assert np.ptp(Twin.of(pressed).column(members=9).parameters["residual_mineral"]) > 0.0
    with pytest.raises(InputError, match="--members 10 is more than the 9 draws"):
        members_of(draws, 10, pressed)


GOOD = "dissolution_rate [mol/(L s)],pk.HAp [1]\n"
BAD = {
    "nothing": ("", ["empty"]),
    "no draw": (GOOD, ["holds no draw"]),
    "no units": ("dissolution_rate,pk.HAp\n1e-4,58\n", ["'dissolution_rate' is not the name of a parameter with its unit"]),
    "another unit": ("dissolution_rate [mol/L]\n1e-4\n", ["dissolution_rate is in 'mol/L'", "must be in mol/(L s)"]),
    "an unknown name": ("pk.Hap [1]\n58\n", ["'pk.Hap' is not a parameter", "did you mean 'pk.HAp'?"]),
    "a name twice": ("pk.HAp [1],pk.HAp [1]\n58,58\n", ["the column pk.HAp stands twice"]),
    "a NaN": (GOOD + "1e-4,nan\n", ["row 2: pk.HAp is nan"]),
    "a negative rate": (GOOD + "-1e-4,58\n", ["draw 1 is negative"]),
    "a short row": (GOOD + "1e-4\n", ["row 2 has 1 columns"]),
}


@pytest.mark.parametrize("case", BAD)
def test_what_is_no_draw(tmp_path, pressed, case):
    text, words = BAD[case]
    (tmp_path / "d.csv").write_text(text, "utf-8")
    with pytest.raises(InputError) as caught:
        read_draws(tmp_path / "d.csv", pressed)
    assert all(word in str(caught.value) for word in words) and "\n" not in str(caught.value), str(caught.value)


def test_another_store_is_no_store_of_draws(tmp_path, pressed):
    (tmp_path / "x.zarr").mkdir()
    with pytest.raises(InputError, match="is not a store of draws"):
        read_draws(tmp_path / "x.zarr", pressed)
    with pytest.raises(InputError, match=r"is not a file for draws; did you mean '.csv'"):
        write_draws(tmp_path / "x.cvs", NAMES, UNITS, DRAWS, about={})
    with pytest.raises(InputError, match="cannot be written"):
        write_draws(tmp_path / "nowhere" / "x.csv", NAMES, UNITS, DRAWS, about={})
