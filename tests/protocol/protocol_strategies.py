"""Any protocol at all, for property tests: every step, every clause, any number within its range."""

from __future__ import annotations

from typing import get_args

from hypothesis import strategies as st

from amelo.protocol import Protocol
from amelo.protocol.nano_steps import MEDIUM, FieldAlone, Nanobots, Probe, Retrieve, oversized_probe
from amelo.protocol.operative_steps import ACIDS, Deproteinise, Etch, Excavate, Fill, OperativeStep
from amelo.protocol.order import out_of_order
from amelo.protocol.resilience_steps import BrushDaily, LimitSnacks, ResilienceStep, SilverDiamineFluoride
from amelo.protocol.steps import (
    DAY,
    LONGEST,
    Brush,
    Day,
    DayOfCase,
    Demineralise,
    Drink,
    Gel,
    Immerse,
    Ingredient,
    Meal,
    Remineralise,
    Repeat,
    Rest,
    Rinse,
    Sleep,
    Slurry,
    Varnish,
    drinks,
    length,
)
from amelo.protocol.substances import is_salt, substances
from amelo.protocol.tooth_steps import needs_tooth


def floats(low: float, high: float):
    """Round numbers, as people write them, and any float at all."""
    rounded = st.integers(0, 1000).map(lambda k: min(max(round(low + (high - low) * k / 1000, 3), low), high))
    return rounded | st.floats(low, high, allow_nan=False)


@st.composite
def contents(draw, *, only_salts: bool = False):
    names = [name for name in substances() if is_salt(name) or not only_salts]
    chosen = draw(st.lists(st.sampled_from(names), max_size=5, unique=True))
    return tuple(Ingredient(substance=name, amount=draw(floats(0, 2000))) for name in chosen)


@st.composite
def baths(draw):
    acid = draw(st.booleans())
    return draw(st.sampled_from([Immerse, Demineralise, Remineralise]))(
        contents=draw(contents(only_salts=not acid)),
        ph=draw(floats(1, 13)) if acid else None,
        duration=draw(floats(1, LONGEST)),
        film=draw(st.just(0.0) | floats(0, 1e-3)),
        temperature=draw(st.sampled_from([37, 25])),
        balanced_with=draw(st.sampled_from([None, "K", "Na", "Cl", "nitrate"])) if acid else None,
        sugar=draw(st.just(0.0) | floats(0, 1)),
        inhibitor=draw(st.just(0.0) | floats(0, 1)),
    )


fluoride = st.just(0.0) | floats(0, 0.025)
acidity = st.none() | floats(1, 13)
sweet = st.just(0.0) | floats(0, 1)
slurries = st.builds(
    Slurry,
    fluoride=floats(0, 0.025),
    ratio=floats(0, 100),
    contents=contents(),
    ph=acidity,
    duration=floats(1, DAY),
    temperature=st.sampled_from([37, 25]),
    balanced_with=st.sampled_from([None, "K", "Cl"]),
)
mouth = st.one_of(
    st.builds(Rest, duration=floats(1, LONGEST)),
    st.builds(Sleep, duration=floats(1, DAY)),
    st.builds(Meal, duration=floats(1, 14_400), sugar=sweet, ph=acidity),
    st.builds(
        Drink,
        duration=floats(1, 14_400),
        what=st.none() | st.sampled_from(list(drinks())),
        sugar=sweet,
        ph=acidity,
        fluoride=fluoride,
        volume=st.just(0.0) | floats(0, 2e-3),
    ),
    st.builds(Rinse, duration=floats(1, 1800), fluoride=fluoride, sugar=sweet, ph=acidity, volume=st.just(0.0) | floats(0, 2e-4)),
    st.builds(Brush, duration=floats(1, 1800), fluoride=fluoride, mass=st.just(0.0) | floats(0, 0.02)),
    st.builds(Gel, duration=floats(1, 43_200), fluoride=floats(0, 0.025), mass=st.just(0.0) | floats(0, 0.02)),
    st.builds(Varnish, duration=floats(1, 604_800), fluoride=floats(0, 0.0563), mass=st.just(0.0) | floats(0, 0.02)),
    st.just(DayOfCase()),
)


@st.composite
def steered(draw):
    """Any step with carriers: brought, probed with, driven, retrieved."""
    kind = draw(st.sampled_from([Nanobots, Probe, FieldAlone, Retrieve]))
    turning = draw(st.booleans())
    acid = draw(st.booleans())
    own = {"carrier": "caps-400", "number_density": draw(floats(1e6, 1e19))} if kind in (Nanobots, Probe) else {}
    least = 0.5 if kind is FieldAlone else 0.0
    return kind(
        **own,
        contents=draw(st.just(MEDIUM) | contents(only_salts=not acid)),
        ph=draw(floats(1, 13)) if acid else None,
        duration=draw(floats(1, DAY)),
        film=draw(st.just(0.0) | floats(0, 1e-3)),
        gradient=draw(st.just(least) | floats(max(least, 0.0 if kind is Retrieve else -100.0), 100)),
        flux_density=draw(floats(1e-4, 1.4)) if turning else 0.0,
        frequency=draw(floats(0.1, 1000)) if turning else 0.0,
        facing=draw(st.sampled_from(["up", "level", "down"])),
        peroxide=draw(st.just(0.0) | floats(0, 0.4)),
        ultrasound=draw(st.booleans()),
        heated=draw(st.booleans()),
    )


def _possible(held):
    return oversized_probe(held) is None and out_of_order(held) is None


chair = floats(1, 14_400)
OTHER = (Excavate, Etch, Deproteinise, Fill, SilverDiamineFluoride, BrushDaily, LimitSnacks)


@st.composite
def etching(draw):
    acid = draw(st.sampled_from(list(ACIDS)))
    return Etch(acid=acid, strength=draw(floats(*ACIDS[acid][:2])), duration=draw(floats(1, 300)))


@st.composite
def plain(draw):
    """Any step at the chair that says one or two words out of a few, its time given or left to what is usual."""
    model = draw(st.sampled_from([model for model in (*OperativeStep, *ResilienceStep) if model not in OTHER]))
    named = [name for name in model.model_fields if name not in ("kind", "duration")]
    said = {name: draw(st.sampled_from(get_args(model.model_fields[name].annotation))) for name in named}
    return model(**said, **draw(st.just({}) | chair.map(lambda time: {"duration": time})))


on_the_tooth = st.one_of(
    plain(),
    etching(),
    st.builds(
        Excavate,
        criterion=st.sampled_from(["soft", "leathery", "firm", "hard"]),
        leave=st.just(0.0) | floats(0, 5e-3),
        water=floats(0, 1e-4 / 60),
        duration=chair,
    ),
    st.builds(Deproteinise, strength=floats(0.005, 0.1), duration=floats(1, 600)),
    st.builds(Fill, material=st.sampled_from(["composite", "amalgam"]), temporary=st.booleans(), duration=chair),
    st.builds(SilverDiamineFluoride, strength=floats(0.1, 0.4), duration=chair),
    st.builds(BrushDaily, times=st.sampled_from([0.0, 1.0, 2.0, 3.0]) | floats(0, 5), fluoride=fluoride),
    st.builds(LimitSnacks, most=floats(0, 20)),
)
leaves = st.one_of(baths(), slurries, steered(), mouth, on_the_tooth)


def _blocks(inside):
    steps = st.lists(inside, min_size=1, max_size=3).map(tuple)
    days = (
        steps.filter(lambda held: not needs_tooth(held))
        .filter(lambda held: sum(map(length, held)) <= DAY)
        .map(lambda held: Day(steps=held))
    )
    return st.builds(Repeat, count=st.integers(1, 1_000_000), steps=steps) | days


steps = st.recursive(leaves, _blocks, max_leaves=6)
protocols = (
    st.lists(steps, min_size=1, max_size=5)
    .map(tuple)
    .filter(lambda held: sum(map(length, held)) <= LONGEST)
    .filter(_possible)
    .map(lambda held: Protocol(steps=held))
)
