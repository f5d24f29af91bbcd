"""The one verb for columns and whole teeth: which twin is which, what each takes, and what each refuses in one sentence."""

from __future__ import annotations

import numpy as np
import pytest

import amelo
from amelo.errors import CommandError, FileError, FormatError, ParameterError, RecordError
from amelo.twin.schedule import Exposure, Segment
from treated import ROOT, SELECTIVE, constant_mouth, treated

TWO = "isolate\nexcavate to firm dentine\nfill with composite\nrest 20 d"


@pytest.fixture(scope="module")
def kira():
    return amelo.load_case(ROOT / "cases/kira.json")


@pytest.fixture
def whole(kira, monkeypatch) -> amelo.ToothTwin:
    constant_mouth(monkeypatch)
    return amelo.Twin.of(kira, tooth=36)


def test_without_a_surface_it_is_the_whole_tooth(kira):
    assert isinstance(amelo.Twin.of(kira, tooth=36), amelo.ToothTwin)
    assert isinstance(amelo.Twin.of(kira, tooth="36"), amelo.ToothTwin) and amelo.Twin.of(kira, tooth=36).name.endswith(
        "36 of Kira"
    )
    assert isinstance(amelo.Twin.of(kira, tooth=36, surface="M"), amelo.Twin)
    with pytest.raises(CommandError, match='^tooth is missing; a case has many; for example tooth=36, and surface="O" for'):
        amelo.Twin.of(kira)
    with pytest.raises(CommandError, match="^a whole tooth has no site 'root'; .*name a surface"):
        amelo.Twin.of(kira, tooth=36, site="root")
    with pytest.raises(RecordError, match="'99' is not a tooth"):
        amelo.Twin.of(kira, tooth=99)


def test_the_verb_does_what_simulate_tooth_does(whole):
    told = []
    found = amelo.simulate(whole, SELECTIVE, members=24, seed=1, years=0, on_progress=lambda f, words: told.append((f, words)))
    again = treated()
    assert isinstance(found, amelo.ToothTrajectory) and found.outcomes() == again.outcomes()
    assert found.provenance.options["tier"] == "reduced" and found.provenance.seed == 1 and found.projection is None
    assert [f for f, _ in told] == sorted(f for f, _ in told) and "fill with composite" in " ".join(words for _, words in told)
    assert "a mouth that takes a constant amount" in found.provenance.assumptions


def test_finer_cells_are_asked_for_by_the_tier(whole):
    fine = amelo.simulate(whole, "rest 2 d", members=2, tier="full", years=0)
    coarse = amelo.simulate(whole, "rest 2 d", members=2, years=0)
    assert fine.after.cells > 2 * coarse.after.cells and fine.provenance.options["tier"] == "full"


def test_the_years_after_come_with_it(whole):
    found = amelo.simulate(whole, TWO, members=16, years=2)
    assert found.ahead.years == 2.0 and {"tooth kept", "pulp alive"} <= {o.name for o in found.ahead.outcomes}
    for chances in zip(*found.ahead.states.values(), strict=True):
        assert sum(chances) == pytest.approx(1.0)
    assert found.provenance.options["years"] == 2 and "opdam2014" in found.citations
    kept = {o.name: o for o in found.ahead.outcomes}["tooth kept"]
    assert kept.mean == pytest.approx(float(found.projection.tooth_kept[-1].mean()))


def test_a_file_is_written_at_the_end_and_only_where_there_is_room(whole, tmp_path):
    path = tmp_path / "tooth.nc"
    found = amelo.simulate(whole, TWO, members=4, years=0, out=path)
    assert amelo.ToothTrajectory.load(path).outcomes() == found.outcomes()
    with pytest.raises(FileError, match="is there already"):
        amelo.simulate(whole, TWO, members=4, out=path)
    assert amelo.simulate(whole, TWO, members=5, years=0, out=path, force=True).members == 5
    assert amelo.ToothTrajectory.load(path).members == 5
    with pytest.raises(CommandError, match="is not a result amelo can write"):
        amelo.simulate(whole, TWO, out=tmp_path / "tooth.csv")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"jump": True}, "^jump cannot be used with a whole tooth; leave it out, or name a surface"),
        ({"accuracy": 0.01}, "^accuracy cannot be used with a whole tooth"),
        ({"draws": {"a": np.ones(3)}, "jump": True}, "^jump and draws cannot be used with a whole tooth"),
        ({"members": 0}, "^members = 0 is out of range; a whole number from 1 on"),
        ({"members": 2.5}, "^members = 2.5 is out of range"),
        ({"years": -1}, "^years = -1 is out of range; 0 to 60, in quarters of a year"),
        ({"years": 61.0}, "^years = 61 is out of range"),
        ({"years": 0.3}, "^years = 0.3 is out of range"),
        ({"tier": "ful"}, "^'ful' is not a tier; did you mean 'full'"),
    ],
)
def test_what_a_whole_tooth_has_no_use_for_is_refused(whole, options, words):
    with pytest.raises(CommandError, match=words) as refused:
        amelo.simulate(whole, TWO, **options)
    assert "\n" not in str(refused.value)


def test_what_cannot_be_done_is_told_with_its_place(whole, kira):
    with pytest.raises(
        CommandError, match="is not a protocol; a whole tooth takes steps, not a schedule of fluids; write the steps"
    ):
        amelo.simulate(whole, (Segment(60.0, Exposure(fluid=None), "x"),))
    with pytest.raises(FormatError, match="line 1"):
        amelo.simulate(whole, "gargle for 2 min")
    with pytest.raises(RecordError, match="^line 2, column 1: .* is a step of the laboratory; .*name a surface"):
        amelo.simulate(whole, "isolate\ndemineralise in lactic acid 50 mM pH 4.5 for 2 h", years=0)
    covered = "isolate\nexcavate to firm dentine\nfill with composite\nrest 1 d\nextract\nrest 1 d"
    assert amelo.simulate(whole, covered, years=0, members=2).after.present is False
    with pytest.raises(ParameterError, match="^line 1, column 1: 'take off the restoration' cannot be done"):
        amelo.simulate(whole, "take off the restoration\nrest 1 d", years=0)
    gone = next(int(number) for number, record in kira.teeth.items() if record.status in ("missing", "unerupted"))
    with pytest.raises(RecordError, match=f"tooth {gone} is "):
        amelo.simulate(amelo.Twin.of(kira, tooth=gone), "rest 1 d", years=0)


def test_a_column_refuses_steps_of_the_whole_tooth_and_years(kira, root):
    surface = amelo.Twin.of(kira, tooth=36, surface="M")
    specimen = amelo.load_specimen(root / "cases/specimens/human-enamel.toml")
    for twin in (surface, specimen):
        with pytest.raises(
            RecordError, match=r"^line 1, column 1: 'crown zirconia.*' needs the whole tooth; .*leave out --surface"
        ):
            amelo.simulate(twin, "crown zirconia\nrest 1 h")
        with pytest.raises(CommandError, match="^years cannot be used with a column; leave it out, or leave out the surface"):
            amelo.simulate(twin, "rest 1 h", years=10)
