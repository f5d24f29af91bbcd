"""What a report shows of a plan, on real teeth: futures of every option, sections before, after and in five years, and what the tooth pays."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import numpy as np
import pytest

from amelo.plan.again import OVER_YEARS
from amelo.plan.futures import futures
from amelo.records.case import load_case
from amelo.report.plan import plan_html, plan_report
from made_plans import OPERATIVE, WAIT, made_plan


@pytest.fixture(scope="module")
def case(root):
    return load_case(root / "cases" / "kira.json")


@pytest.fixture(scope="module")
def found(case):
    seen = []
    yield futures(case, made_plan(chosen=OPERATIVE), members=24, on_progress=lambda f, m: seen.append(f))
    assert seen == sorted(seen)


def test_every_option_has_its_future_the_chosen_first(found):
    assert found.options[0].arm == "operative" and found.options[0].chosen
    assert {o.arm for o in found.options} == {"wait", "nano", "operative", "combined"}
    for option in found.options:
        if option.refused:
            continue
        assert set(option.values) == set(OVER_YEARS)
        kept = option.values["tooth kept"]
        assert kept.shape == (3, len(option.times)) and option.times[-1] == pytest.approx(10.0)
        assert (np.diff(kept[0]) <= 1e-9).all() and (kept[1] <= kept[2]).all()  # the mean of few that are lost may lie below both
        assert (kept >= 0.0).all() and (kept <= 1.0).all()
        mean, low, high = option.at("tooth kept", 5.0)
        assert mean == pytest.approx(np.interp(5.0, option.times, kept[0])) and low <= high
        assert option.at("nothing", 5.0) is None


def test_the_sections_show_what_was_done(found):
    assert [look.title for look in found.looks] == ["before", "after treatment", "in five years"]
    told = [look.told for look in found.looks]
    assert told[1]["tissue_removed"][0] > 0.0 and told[0]["tissue_removed"][0] == 0.0
    assert told[1]["residual_dentine"][0] < told[0]["residual_dentine"][0]
    before, after, later = (look.section for look in found.looks)
    assert before.members == after.members == later.members == 1
    assert before.restored is None and after.restored.material == "composite" and later.restored == after.restored
    assert after.left.sum() <= before.left.sum() + 1e-9 and after.floor[0] > before.floor[0]
    assert after.edges[0, -1] == pytest.approx(before.edges[0, -1])
    assert (before.mineral <= 1.1).all() and before.mineral.min() < 0.9 and before.bacteria.max() > 0.05


def test_what_the_tooth_pays_is_what_the_books_say(found):
    cut = found.pays["tissue cut away"]
    assert cut[0] == pytest.approx(found.looks[1].told["tissue_removed"][0]) and cut[3] == "mm³"
    assert found.pays["highest warming of the pulp"][0] > 0.0 and found.pays["iron that stays"][0] == 0.0


def test_waiting_costs_nothing_and_its_sections_say_so(case):
    found = futures(case, made_plan(chosen=WAIT), members=12)
    assert found.looks[1].title == "after 8 weeks" and found.looks[1].section.restored is None
    assert found.pays["tissue cut away"][0] == 0.0 and found.options[0].visits == 0


def test_the_report_of_real_futures_is_well_formed(case, found, tmp_path):
    plan = made_plan(chosen=OPERATIVE)
    assert ET.fromstring(plan_html(plan, found).removeprefix("<!DOCTYPE html>\n")) is not None
    path = plan_report(case, plan, tmp_path / "x.html", members=8)
    text = path.read_text("utf-8")
    assert "In five years." in text and text.count("<svg") >= 8
