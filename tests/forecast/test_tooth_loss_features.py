"""What the tooth-loss model looks at, against a slow telling of the same."""

from __future__ import annotations

import numpy as np
import pytest
from synthetic_mouths import cohort

from amelo.forecast.tooth_loss.cohort import read_cohort
from amelo.forecast.tooth_loss.columns import OF_MOUTH
from amelo.forecast.tooth_loss.features import BESIDE, PLACES, feature_names, features, place
from amelo.records.teeth import PERMANENT, antagonist, arch, contralateral, neighbour, universal


def test_places_are_the_universal_numbers():
    assert [place(fdi) + 1 for fdi in PERMANENT] == [int(universal(fdi)) for fdi in PERMANENT]
    assert sorted(place(fdi) for fdi in PERMANENT) == list(range(PLACES))


def test_features_are_what_one_would_count_by_hand():
    table = cohort(12, seed=3)
    table.loc[table.index[::17], "pocket_max"] = np.nan
    read = read_cohort_of_few(table)
    found = features(read.mouths, OF_MOUTH)
    names = feature_names(OF_MOUTH)
    assert found.shape == (len(read.time), len(names))
    for row in range(0, len(found), 5):
        mine = {name: found[row, k] for k, name in enumerate(names)}
        fdi, here = int(read.mouths.fdi[row]), read.mouths.mouth == read.mouths.mouth[row]
        teeth = {int(f): k for f, k in zip(read.mouths.fdi[here], np.flatnonzero(here), strict=True)}
        for name in BESIDE:
            values = {f: float(read.mouths.columns[name][k]) for f, k in teeth.items()}
            rest = [v for f, v in values.items() if f != fdi and not np.isnan(v)]
            others = np.mean(rest) if rest else np.nan
            beside = [values[n] for n in (neighbour(fdi, "M"), neighbour(fdi, "D")) if n in values and not np.isnan(values[n])]
            known = [v for v in values.values() if not np.isnan(v)]
            rank = (np.sum(np.array(known) < values[fdi]) + np.sum(np.array(known) <= values[fdi])) / 2 / max(len(known), 1)
            same(mine[f"{name}.others"], others)
            same(mine[f"{name}.over"], values[fdi] - others)
            same(mine[f"{name}.next"], np.mean(beside) if beside else np.nan)
            same(mine[f"{name}.worst_next"], max(beside) if beside else np.nan)
            same(mine[f"{name}.opposite"], values.get(antagonist(fdi), np.nan))
            same(mine[f"{name}.other_side"], values.get(contralateral(fdi), np.nan))
            same(mine[f"{name}.rank"], np.nan if np.isnan(values[fdi]) else rank)
        assert mine["teeth_next"] == sum(n in teeth for n in (neighbour(fdi, "M"), neighbour(fdi, "D")))
        assert mine["opposite_there"] == (antagonist(fdi) in teeth)
        assert mine["teeth_in_arch"] == sum(arch(f) == arch(fdi) for f in teeth)
        assert mine["teeth_seen"] == len(teeth)
        assert mine["teeth_behind_canines"] == sum(f % 10 > 3 for f in teeth)


def same(ours, expected):
    assert ours == pytest.approx(expected, abs=1e-4, nan_ok=True)


def read_cohort_of_few(table):
    import amelo.forecast.tooth_loss.cohort as module

    keep, module.check_clusters = module.check_clusters, lambda *a, **k: None
    try:
        return read_cohort(table)
    finally:
        module.check_clusters = keep


def test_the_order_of_the_file_changes_nothing():
    table = cohort(30, seed=4)
    shuffled = table.sample(frac=1.0, random_state=1)
    a, b = read_cohort(table), read_cohort(shuffled)
    np.testing.assert_array_equal(features(a.mouths, OF_MOUTH), features(b.mouths, OF_MOUTH))
    np.testing.assert_array_equal(a.time, b.time)


def test_one_mouth_says_nothing_of_another():
    table = cohort(30, seed=5)
    whole = read_cohort(table)
    few = read_cohort(table[table["id"] < 25])
    keep = whole.patient < 25
    np.testing.assert_array_equal(features(whole.mouths, OF_MOUTH)[keep], features(few.mouths, OF_MOUTH))
