"""The report of a plan: one well-formed page that needs nothing else and that every reader can use."""

from __future__ import annotations

import itertools
import json
import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from amelo.errors import CommandError, FileError
from amelo.report import plan as module
from amelo.report.plan import plan_html, plan_report
from amelo.report.plan_svg import futures_svg, harms_svg, timeline_svg
from amelo.report.section_svg import ensemble_words
from made_plans import WAIT, made_futures, made_plan


def tree(text: str) -> ET.Element:
    return ET.fromstring(text.removeprefix("<!DOCTYPE html>\n"))


@pytest.fixture(scope="module")
def text() -> str:
    plan = made_plan(probed=True)
    return plan_html(plan, made_futures(plan))


def test_it_is_well_formed_and_needs_no_network(text):
    root = tree(text)
    assert root.tag == "html" and root.get("lang") == "en"
    assert not re.search(r"(src|href)\s*=\s*[\"'](?!#)", text) and "@import" not in text and "url(http" not in text
    assert not [s for s in root.iter("script") if s.get("type") != "application/json"]  # nothing runs


def test_it_can_be_used_by_keyboard_and_screen_reader(text):
    root = tree(text)
    ids = [e.get("id") for e in root.iter() if e.get("id")]
    assert len(ids) == len(set(ids))
    for link in root.iter("a"):
        assert link.get("href").removeprefix("#") in ids
    assert [e.tag for e in root.iter() if e.tag in ("main", "nav", "header", "footer")] == ["header", "nav", "main", "footer"]
    levels = [int(e.tag[1]) for e in root.iter() if re.fullmatch(r"h[1-6]", e.tag)]
    assert levels[0] == 1 and levels.count(1) == 1 and all(b - a <= 1 for a, b in itertools.pairwise(levels))
    svgs = list(root.iter("{http://www.w3.org/2000/svg}svg"))
    assert len(svgs) >= 8
    for svg in svgs:
        labels = (svg.get("aria-labelledby") or "").split()
        assert svg.get("role") == "img" and all(label in ids for label in labels) and (labels or svg.get("aria-label"))
    for table in root.iter("table"):
        assert table.find("caption") is not None and all(th.get("scope") for th in table.iter("th"))
    for wide in root.iter("div"):
        if wide.get("class") == "wide":
            assert wide.get("tabindex") == "0" and wide.get("aria-label")


def test_it_is_fit_for_dark_light_and_print(text):
    style = tree(text).find("head/style").text
    assert "prefers-color-scheme: dark" in style and "@media print" in style and ":focus-visible" in style


def luminance(colour: str) -> float:
    parts = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(a: str, b: str) -> float:
    high, low = sorted((luminance(a), luminance(b)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_words_and_lines_stand_out_from_the_paper_in_both_schemes():
    style = (Path(module.__file__).parent / "plan.css").read_text("utf-8")
    light, dark = style.split("@media (prefers-color-scheme: dark)")
    base = dict(re.findall(r"--([\w-]+):\s*(#\w{6})", light))
    for scheme in (base, base | dict(re.findall(r"--([\w-]+):\s*(#\w{6})", dark.split("}")[0]))):
        for name in ("ink", "quiet", "focus", "mark", "good"):
            assert contrast(scheme[name], scheme["paper"]) >= 4.5, name
        for name in ("wait", "nano", "operative", "combined"):
            assert contrast(scheme[name], scheme["paper"]) >= 3.0, name


def test_everything_a_reader_must_know_is_there(text):
    words = " ".join(tree(text).itertext())
    for part in (
        "not a medical device", "after a probe, certified", "Visit 1, day 0:", "Read the inflammation of the pulp before the probe", "Before.", "After treatment.", "In five years.",
        "What it costs the tooth", "tissue cut away", "What it costs the patient", "certified at most", "waiting", "0.050 less", "What was assumed",
        "the pulp is alive", "nobody tested the pulp", "floors twice as rough", "research", "no clinic offers it", "seed", "12345", "References", "Goals, limits of harm",
        "confidence of 95 %",
    ):  # fmt: skip
        assert part in words, part
    assert text.index("not a medical device") < text.index("<h1>")


def test_the_data_of_the_plan_is_in_it_and_cannot_break_out():
    plan = replace(made_plan(), reason="</script><b>&")
    text = plan_html(plan, made_futures(plan))
    found = re.search(r'<script type="application/json" id="amelo-data">(.*?)</script>', text, re.DOTALL)
    assert json.loads(found[1])["reason"] == "</script><b>&"
    assert "<b>&" not in text and tree(text) is not None


def test_waiting_and_deferring_are_reports_too():
    plan = made_plan(status="deferred", reason="no plan could be certified", chosen=WAIT)
    text = plan_html(plan, made_futures(plan))
    assert "no plan could be certified" in text and "answer deferred" in text
    stopped = replace(made_plan(), settings={"stopped_by_user": True}, robustness={}, explained=(), synergy=None, probe=None)
    assert "stopped by the user" in plan_html(stopped, made_futures(stopped))


def test_an_option_that_cannot_be_done_is_said_so():
    plan = made_plan()
    assert "cannot be done: there is no lesion" in plan_html(plan, made_futures(plan, refused="there is no lesion"))


def test_a_tooth_without_years_says_that_nothing_is_foretold():
    plan = made_plan()
    found = made_futures(plan)
    bare = replace(found, options=tuple(replace(o, values={}, times=np.zeros(0)) for o in found.options))
    assert "Nothing is foretold over years" in plan_html(plan, bare)


def test_a_place_that_is_taken_or_wrong_is_refused_before_anything(tmp_path, monkeypatch):
    monkeypatch.setattr("amelo.plan.futures.futures", lambda *a, **k: pytest.fail("nothing may be computed"))
    taken = tmp_path / "x.html"
    taken.write_text("mine")
    with pytest.raises(FileError, match="is there already"):
        plan_report(None, made_plan(), taken)
    with pytest.raises(CommandError, match="use .html"):
        plan_report(None, made_plan(), tmp_path / "x.pdf")
    assert taken.read_text() == "mine"


def test_a_full_disk_leaves_what_was_there(tmp_path, monkeypatch):
    plan = made_plan()
    monkeypatch.setattr("amelo.plan.futures.futures", lambda *a, **k: made_futures(plan))
    path = plan_report(None, plan, tmp_path / "x.html")
    before = path.read_bytes()

    def full(self, *rest):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(FileError, match="No space left"):
        plan_report(None, plan, path, force=True)
    assert path.read_bytes() == before and len(list(tmp_path.iterdir())) == 1


def test_the_tooth_is_drawn_before_after_and_in_five_years(text):
    drawn = [e for e in tree(text).iter("{http://www.w3.org/2000/svg}svg") if e.get("class") == "section"]
    assert [e.get("aria-label").split(".")[0] for e in drawn] == ["Before", "After treatment", "In five years"]
    assert "nothing covers it" in drawn[0].get("aria-label") and "a filling of composite covers it" in drawn[1].get("aria-label")
    assert "the pulp is lost" in drawn[2].get("aria-label") and "the pulp lives" in drawn[1].get("aria-label")
    assert text.count("In all scenarios: 1.20 mm of dentine (0.80 to 1.60) between floor and pulp; 200 µm of mineral missing") == 3
    assert "svg.section .enamel" in text and text.count("svg.section .enamel") == 1  # its colours are in the page


def test_the_pictures_say_the_same_in_numbers():
    plan = made_plan()
    found = made_futures(plan)
    svg = futures_svg(found.options, "pulp alive", key="f", words="as told")
    assert svg.count('class="curve') == 4 and svg.count('class="band') == 2 and "as told" in svg
    bars = harms_svg(plan.chosen, plan.limits, key="h", words="as told")
    assert bars.count('class="mark"') == 7 and bars.count('class="bar"') == 1  # one harm occurred
    assert "≤ 2.8 % / 5 %" in bars
    from amelo.plan.timeline import timeline

    line = timeline_svg(timeline(plan.chosen.protocol), key="t", words="as told")
    assert line.count('class="visit"') == 2 and "day 14" in line


@pytest.mark.parametrize(
    ("value", "top"), [(8.29, 12.0), (0.39, 0.4), (4.0, 4.0), (13.0, 20.0), (21.0, 40.0), (0.0, 4.0), (41.0, 80.0)]
)
def test_scales_end_at_numbers_that_read_well(value, top):
    assert module._round_up(value) == pytest.approx(top)


def test_harms_of_the_other_options_are_there_too(text):
    table = next(t for t in tree(text).iter("table") if "under the other options" in t.find("caption").text)
    rows = [[cell.text for cell in row] for row in table.iter("tr")]
    assert ["operative care alone: exposure", "15.0 %", "60 of 400", "10.0 %", "17.0 %"] in rows


def test_no_mineral_missing_is_not_a_negative_number():
    told = made_futures(made_plan()).looks[0].told
    assert "no mineral missing" in ensemble_words(told | {"integrated_mineral_loss": (-2300.0, -5000.0, 0.0)})
    assert ensemble_words(told, present=False) == "" and ensemble_words({}) == ""
