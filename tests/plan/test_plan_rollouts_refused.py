"""What cannot be lived through, or be followed over years, is refused with its reason and stops nothing beside it."""

from __future__ import annotations

import pytest

from amelo.errors import ParameterError
from amelo.plan.again import fresh_rollouts
from amelo.plan.design import SURFACES, Design
from amelo.plan.goals import Goals
from amelo.records.case import load_case
from amelo.twin.tooth.twin import ToothTwin
from made_plans import OPERATIVE


@pytest.fixture(scope="module")
def rollouts(root):
    twin = ToothTwin.of(load_case(root / "cases" / "noor-white-spots.json"), 13)
    return fresh_rollouts(twin, None, Goals.preset("balanced"), members=24, seed=1, tier="reduced")


@pytest.mark.parametrize("surface", [s for s in SURFACES if s])
def test_every_treatment_of_a_surface_can_be_followed_over_the_years(rollouts, surface):
    run = rollouts.run([Design(surface=surface)], 0, 24)[0]
    assert not run.refused and run.lived.years is not None and run.values.total.shape == (24,)


def test_a_peptide_slows_what_gets_worse(rollouts):
    waiting, peptide = rollouts.run([Design(), Design(surface="peptide")], 0, 24)
    filled = [run.lived.years.values("lesion filled")[-1].mean() for run in (waiting, peptide)]
    assert filled[1] < filled[0]


def test_what_the_years_cannot_follow_is_refused_and_the_rest_is_told(rollouts, monkeypatch):
    from amelo.plan import rollout

    true = rollout.projected

    def projected(twin, tooth, **rest):
        if tooth.restored is not None:
            raise ParameterError("this cannot be followed")
        return true(twin, tooth, **rest)

    monkeypatch.setattr(rollout, "projected", projected)
    sealed, plain, impossible = rollouts.run([Design(surface="seal resin"), Design(surface="varnish"), OPERATIVE], 0, 24)
    assert "this cannot be followed" in sealed.refused and sealed.values is None
    assert not plain.refused
    assert impossible.refused  # there is nothing to excavate
