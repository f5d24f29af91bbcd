"""Which tooth is planned for when none is named."""

from __future__ import annotations

import pytest

from amelo.errors import RecordError
from amelo.plan.choose import plannable, tooth_to_plan
from amelo.records.case import load_case


def test_of_those_with_a_lesion_the_one_the_forecast_worries_about_most(root):
    case = load_case(root / "cases" / "kira.json")
    from amelo.forecast.run import forecast

    found = tooth_to_plan(case, seed=1)
    order = forecast(case, draws=100, seed=1).worries(99)
    assert found.tooth in plannable(case)
    assert found.tooth == next(tooth for tooth in order if tooth in plannable(case))
    assert str(found.tooth) in found.why and f"{found.risk:.0%}" in found.why


def test_teeth_without_a_lesion_or_that_are_gone_are_no_candidates(root):
    case = load_case(root / "cases" / "kira.json")
    assert 36 in plannable(case)
    gone = case.tooth(36).model_copy(update={"status": "missing"})
    assert 36 not in plannable(case.model_copy(update={"teeth": {**case.teeth, "36": gone}}))


def test_a_case_without_lesions_and_an_empty_one_are_told_apart(root):
    case = load_case(root / "cases" / "felix-healthy.json")
    bare = case.model_copy(update={"teeth": {n: t.model_copy(update={"findings": ()}) for n, t in case.teeth.items()}})
    with pytest.raises(RecordError, match="no tooth that is there has a lesion on its crown; there is nothing to plan for"):
        tooth_to_plan(bare)
    with pytest.raises(RecordError, match="no tooth is charted"):
        tooth_to_plan(case.model_copy(update={"teeth": {}}))


def test_lesions_of_roots_are_not_planned_for_and_that_is_said(root):
    case = load_case(root / "cases" / "greta-dry-mouth.json")
    assert any(t.worst is not None and t.worst.site == "root" for t in case.teeth.values()) and not plannable(case)
    with pytest.raises(RecordError, match="lesions of roots are not planned for"):
        tooth_to_plan(case)
