"""What cannot be done with carriers, each refused in one sentence with its place; and what can, read and written."""

from __future__ import annotations

import pytest

from amelo.errors import AmeloError, InputError
from amelo.protocol import Protocol
from amelo.protocol.nano_steps import FieldAlone, Nanobots, Probe, Retrieve, carrier_of, field_of, oversized_probe

DOSE = "nanobots caps-400 at 1e9 per mL"
FAULTS = {
    "unknown carrier": ("nanobots cap-400 at 1e9 per mL for 20 min", ["line 1, column 10", "'cap-400' is not a carrier amelo knows", "did you mean 'caps-400'?"]),
    "no carrier": ("nanobots at 1e9 per mL for 20 min", ["'nanobots' lacks a carrier", "caps-400"]),
    "no dose": ("nanobots caps-400 for 20 min", ["'nanobots' lacks how many carriers", "at 1e9 per mL"]),
    "per what": ("nanobots caps-400 at 1e9 for 20 min", ["'1e9' carriers per what?", "write 'at 1e9 per mL'"]),
    "negative dose": ("nanobots caps-400 at -1e9 per mL for 20 min", ["'-1e9 per mL' is negative"]),
    "too dense": ("nanobots caps-400 at 1e14 per mL for 20 min", ["1e+14 caps-400 per mL do not fit", "335 % of the fluid", "even packed they fill 64 %", "at most 1.9e+13 per mL"]),
    "no such magnet": (f"{DOSE} for 20 min, pull 500 T/m", ["line 1, column 43", "'pull 500 T/m' is out of range", "allowed -100 to 100 T/m"]),
    "not a gradient": (f"{DOSE} for 20 min, pull 5 T", ["'5 T' is a magnetic field, not a magnetic gradient"]),
    "half a rotating field": (f"{DOSE} rotate 5 mT for 20 min", ["a rotating field needs a flux density and a frequency", "rotate 5 mT at 50 Hz"]),
    "too fast": (f"{DOSE} rotate 5 mT at 5000 Hz for 20 min", ["out of range", "allowed 0 to 1000 Hz"]),
    "which way": (f"{DOSE} facing left for 20 min", ["'facing left' is not known", "up, level, down"]),
    "misspelt keyword": (f"{DOSE} for 20 min pul 5 T/m", ["line 1", "did you mean 'pull'?"]),
    "said twice": (f"{DOSE} pull 5 T/m pull 3 T/m for 20 min", ["a pull is given twice", "leave one of them out"]),
    "cannot be heated": ("nanobots nano-hap at 1e9 per mL heated for 5 min", ["nano-hap cannot be heated", "it holds no iron oxide", "leave out 'heated'"]),
    "probe too large": (f"probe caps-400 at 1e9 per mL for 20 min\n{DOSE} for 20 min", ["line 1, column 1", "the probe is as large as its treatment", "lower its number, or shorten it"]),
    "field without a field": ('pull 0 T/m for 5 min', ["the step has no field", "pull 5 T/m for 5 min"]),
    "retrieve inwards": ("retrieve pull -5 T/m for 5 min", ["'pull -5 T/m' is out of range", "allowed 0 to 100 T/m"]),
    "too long": (f"{DOSE} for 2 d", ["out of range", "1 s to 24 h"]),
    "peroxide of what": (f"{DOSE} peroxide 5 mM for 5 min", ["'peroxide 5 mM' is not a share by mass", "peroxide 1 %"]),
    "field as a verb": ("field for 5 min", ["'field' is not a step"]),
    "nothing to turn": ("rotate for 5 min", ["'rotate' wants something else", "rotate 5 mT at 50 Hz"]),
    "no such file": ("nanobots mine.toml at 1e9 per mL for 5 min", ["cannot read mine.toml", "No such file"]),
}  # fmt: skip


@pytest.mark.parametrize("text, words", FAULTS.values(), ids=FAULTS)
def test_each_fault_is_one_sentence_with_its_place(text, words):
    with pytest.raises(InputError) as caught:
        Protocol.parse(text)
    said = str(caught.value)
    assert "\n" not in said
    assert said.startswith("line 1")
    for word in words:
        assert word in said, said


def test_a_probe_is_compared_with_what_comes_after_it_only():
    large, small = (Probe(carrier="caps-400", number_density=n, duration=60.0) for n in (1e16, 1e12))
    treatment = Nanobots(carrier="caps-400", number_density=1e15, duration=60.0)
    other = Nanobots(carrier="nano-hap", number_density=1e15, duration=60.0)
    assert oversized_probe((small, treatment)) is None
    assert oversized_probe((treatment, large)) is None
    assert oversized_probe((large, other)) is None
    place, error = oversized_probe((other, large, treatment))
    assert place == (1,)
    assert "as large as its treatment" in str(error)
    with pytest.raises(ValueError, match="as large as its treatment"):
        Protocol(steps=(large, treatment))


def test_the_field_of_a_step_is_that_which_carriers_feel():
    pull = Nanobots(carrier="caps-400", number_density=1e15, duration=60.0, gradient=5.0, facing="up")
    assert (field_of(pull).gradient, field_of(pull).gravity) == (5.0, 1.0)
    assert field_of(Retrieve(duration=60.0), pull).gradient == -5.0
    assert field_of(Retrieve(duration=60.0, gradient=8.0), pull).gradient == -8.0
    turned = FieldAlone(duration=60.0, flux_density=5e-3, frequency=50.0, facing="down")
    assert (field_of(turned).flux_density, field_of(turned).frequency, field_of(turned).gravity) == (5e-3, 50.0, -1.0)


def test_a_retrieval_turns_round_the_last_field_before_it():
    pull = Nanobots(carrier="caps-400", number_density=1e15, duration=60.0, gradient=5.0)
    screw = FieldAlone(duration=60.0, flux_density=5e-3, frequency=50.0)
    home, still = Retrieve(duration=60.0), Nanobots(carrier="caps-400", number_density=1e15, duration=60.0)
    for before, gradient, frequency in (
        ((pull, home), -5.0, 0.0),
        ((pull, still), -5.0, 0.0),
        ((pull, screw), 0.0, -50.0),
        ((screw, home, home), 0.0, -50.0),
        ((FieldAlone(duration=60.0, gradient=-5.0),), -5.0, 0.0),
        ((), 0.0, 0.0),
    ):
        field = field_of(home, *before)
        assert (field.gradient, field.frequency) == (gradient, frequency)
    own = field_of(Retrieve(duration=60.0, flux_density=5e-3, frequency=20.0), pull)
    assert (own.gradient, own.flux_density, own.frequency) == (0.0, 5e-3, -20.0)


def test_commas_may_stand_before_what_drives_and_the_text_has_none():
    one = Protocol.parse(f"{DOSE} for 20 min, pull 5 T/m, facing up, ultrasound")
    two = Protocol.parse(f"{DOSE} ultrasound facing up pull 5 T/m for 20 min")
    assert one == two
    assert str(one) == f"{DOSE} pull 5 T/m facing up ultrasound for 20 min\n"


def test_a_carrier_of_ones_own_is_a_file(tmp_path, monkeypatch):
    from importlib.resources import files

    text = (files("amelo.params") / "nano" / "caps-400.toml").read_text("utf-8")
    (tmp_path / "mine.toml").write_text(text.replace("nano/caps-400", "mine"), "utf-8")
    monkeypatch.chdir(tmp_path)
    protocol = Protocol.parse("nanobots mine.toml at 1e9 per mL for 5 min")
    assert carrier_of(protocol.steps[0].carrier).name == "mine"
    assert Protocol.parse(str(protocol)) == protocol


@pytest.mark.parametrize(
    "change, words",
    [
        (("value = 0.288", "value = -0.288"), ["-0.288 is outside its own range"]),
        (("[payload.fraction]", "[payload.fractoin]"), ["'payload.fractoin' is no property of a carrier", "payload.fraction"]),
        (('form = "sphere"', 'form = "cube"'), ["'cube' is no form of a carrier"]),
        (('payload = "ACP"\n', ""), ["payload and payload.fraction belong together"]),
        (("[diameter]", "[diametre]"), ["'diametre' is no property of a carrier", "diameter"]),
        (('source = "peddi2025"', 'source = "pedi2025"'), ["source 'pedi2025' is not in the bibliography"]),
    ],
)
def test_a_carrier_that_cannot_be_is_refused(tmp_path, change, words):
    from importlib.resources import files

    from amelo.therapy.nano.carrier import Carrier

    text = (files("amelo.params") / "nano" / "caps-400.toml").read_text("utf-8")
    assert change[0] in text
    (tmp_path / "bad.toml").write_text(text.replace(*change), "utf-8")
    with pytest.raises(AmeloError) as caught:
        Carrier.read(tmp_path / "bad.toml")
    for word in ["bad.toml", *words]:
        assert word in str(caught.value)


def test_the_ranges_of_steps_are_those_of_magnets():
    from amelo.params import load_set

    value, schema = load_set("nano/scene").value, FieldAlone.model_json_schema()["properties"]
    for field, name in (("gradient", "gradient_close"), ("flux_density", "flux_density"), ("frequency", "rotation")):
        assert schema[field]["maximum"] == value(f"magnet.{name}"), field
