"""Text and steps are two forms of one thing: either way and back changes nothing, for any protocol at all."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from protocol_strategies import protocols

from amelo.errors import AmeloError
from amelo.protocol import Protocol
from amelo.protocol.steps import LONGEST
from amelo.protocol.values import PERCENT, PPM, factor, number, read_number, read_time, time_text
from amelo.protocol.words import UNITS, WORDS

GENTLE = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])


@GENTLE
@given(protocols)
def test_text_of_any_protocol_reads_back_as_that_protocol(protocol):
    text = str(protocol)
    again = Protocol.parse(text)
    assert again == protocol and hash(again) == hash(protocol)
    assert str(again) == text


@GENTLE
@given(protocols)
def test_json_of_any_protocol_reads_back_as_that_protocol(protocol):
    assert Protocol.model_validate(json.loads(protocol.model_dump_json())) == protocol


@given(st.floats(1e-12, 1e12), st.sampled_from([Decimal(1), PPM, PERCENT, Decimal("1e-3")]))
def test_any_number_reads_back_exactly(value, scale):
    assert read_number(number(value, scale), scale) == value


@given(st.floats(1, LONGEST))
def test_any_time_reads_back_exactly(value):
    parts = time_text(value).split()
    assert read_time(tuple(zip(parts[::2], parts[1::2], strict=True))) == value


def test_the_units_of_text_are_those_of_the_units_module():
    for scale, unit in UNITS.values():
        if unit not in ("%", "times daily", "a day"):
            assert factor(unit) == scale, unit
    assert [factor(unit, "time") for unit in ("s", "min", "h", "d", "week")] == [1, 60, 3600, 86_400, 604_800]


@pytest.mark.parametrize("words", [w for words in WORDS.values() for w in words.examples])
def test_every_example_of_the_vocabulary_is_a_protocol(words):
    protocol = Protocol.parse(words)
    assert Protocol.parse(str(protocol)) == protocol


ALPHABET = ["repeat", "2", "times", ":", "\n", "    ", "demineralise", "in", "acetate", "75", "mM", "pH", "4.3", "for", "2", "h", ",", "rest", "day", "of", "case", "%", "sugar", "1:3", "slurry", "F", "ppm", "brush", "with", "-1", "1e9", "#", "µm", "film", "\t", ";", "at", "Ca", "paste", "(", "nan", "excavate", "to", "firm", "leave", "twice", "daily", "snacks", "at most", "fill", "etch", "acid", "crown", "root", "silver"]  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(st.lists(st.sampled_from(ALPHABET), max_size=14).map(" ".join) | st.text(max_size=40))
def test_any_text_at_all_is_a_protocol_or_a_sentence(text):
    try:
        protocol = Protocol.parse(text)
    except AmeloError as error:
        sentence = str(error)
        assert "\n" not in sentence and len(sentence) < 600
        assert any(words in sentence for words in ("line ", "empty", "is the name of a file"))
    else:
        assert Protocol.parse(str(protocol)) == protocol
