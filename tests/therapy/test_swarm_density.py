"""The density of a swarm's carriers beside the carriers themselves, and which of them answers."""

from __future__ import annotations

import json

import numpy as np
import pytest

from amelo.errors import ParameterError
from amelo.therapy.nano.carrier import Carrier
from amelo.therapy.nano.field import Field
from amelo.therapy.nano.passage import tubule
from amelo.therapy.nano.swarm import Swarm
from amelo.therapy.nano.swarm_density import SHARES, followed, tier_for

CAPS = Carrier.named("caps-400")


def swarm(**more):
    given = {"count": 4000, "release": (0.0, 10e-6), "crowding": False} | more
    return Swarm(tubule(300e-6, cells=300, first=1e-6), CAPS, Field(gradient=1.0), **given)


def test_particles_are_where_the_density_says():
    density, particles = followed(swarm(), 60.0), swarm().run(1, 60.0)
    for q, depth in zip(particles.quantiles(SHARES), density.depths, strict=True):
        assert q.low - 1e-6 <= depth <= q.high + 1e-6
    stuck = particles.totals()["stuck"]
    assert density.totals["stuck"] == pytest.approx(stuck, abs=4 * np.sqrt(stuck + 1.0))
    assert max(density.imbalance) < 1e-12
    assert sum(density.totals.values()) == pytest.approx(4000.0, rel=1e-12)


def test_an_open_mouth_lets_some_go_home():
    closed, opened = (followed(swarm(mouth=mouth), 60.0) for mouth in ("closed", "open"))
    assert closed.totals["home"] == 0.0
    assert 0.0 < opened.totals["home"] < 4000.0
    assert opened.depths[0] <= closed.depths[0]


def test_carriers_that_take_up_room_turn_into_a_plug():
    crowded = followed(swarm(crowding=True, count=40, release=(0.0, 5e-6)), 60.0)
    free = followed(swarm(crowding=False, count=40, release=(0.0, 5e-6)), 60.0)
    assert crowded.totals["plug"] > 10 * max(free.totals["plug"], 1e-9)


def test_narrow_tubules_ask_for_particles_and_it_can_be_forced():
    tier, reason = tier_for(swarm())
    assert tier == "particles"
    assert "0.44 of the width" in reason
    assert tier_for(swarm(), forced="density")[0] == "density"


def test_several_sizes_have_no_one_density():
    with pytest.raises(ParameterError, match="carriers of several sizes have no one density"):
        followed(swarm(sizes=5), 60.0)


def test_the_command_says_what_it_chose(amelo):
    done = amelo("swarm", "tubule", "--count", "500", "--minutes", "0.5", "--tier", "density", "--json")
    found = json.loads(done.out)
    assert found["tier"] == "density"
    assert "forced; particles would be chosen" in done.err
    assert max(found["imbalance"]) < 1e-12
    depths = [q["depth_um"] for q in found["quantiles"]]
    assert depths == sorted(depths)
    done = amelo("swarm", "tubule", "--count", "200", "--minutes", "0.1")
    assert "tier: particles, because" in done.err
    done = amelo("swarm", "tubule", "--tier", "density", "--fork", "2")
    assert done.code == 2
    assert done.err == "amelo: --fork cannot be used with --tier density; a density knows no single carriers\n"
