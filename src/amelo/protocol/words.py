"""The vocabulary: every step by name, the clauses it takes, and what each field is called in text.

This table is the one place that says which clause belongs to which step; the parser, the messages and the list in the documentation
come from it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache

from pydantic import BaseModel

from amelo.protocol import operative_steps, resilience_steps, steps
from amelo.protocol.values import PERCENT, PPM, flow_text, number, time_text

__all__ = ["ALIASES", "CLAUSES", "PHRASES", "UNITS", "WORDS", "StepWords", "allowed", "step_list"]


@dataclass(frozen=True)
class StepWords:
    """How one step is said.

    Fields: model; needs and takes (clauses it must and may have); where it happens; examples; bare_time (its duration may stand
    without ``for``); own (examples of clauses that this step says in other words).
    """

    model: type[BaseModel]
    needs: tuple[str, ...]
    takes: tuple[str, ...]
    where: str
    examples: tuple[str, ...]
    bare_time: bool = False
    own: Mapping[str, str] = field(default_factory=dict)

    def example(self, clause: str) -> str:
        """Return an example of a clause, as this step says it."""
        return self.own.get(clause, CLAUSES[clause][1])

    def shown(self, clauses: tuple[str, ...]) -> str:
        """Return examples of clauses as Markdown."""
        return ", ".join(f"`{self.example(clause)}`" for clause in clauses) or "–"


_BATH = ("ph", "film", "stirred", "temperature", "balanced", "sugar", "inhibitor")
_NANO = (
    "contents",
    *(kind for kind in _BATH if kind != "sugar"),
    "gradient",
    "flux_density",
    "frequency",
    "facing",
    "peroxide",
    "ultrasound",
    "heated",
)
_CHAIR = ("duration",)
_MINUTES = {"duration": "for 20 min"}
_STONE = _MINUTES | {"material": "with calcium silicate"}
WORDS = {
    "immerse": StepWords(steps.Immerse, ("contents", "duration"), _BATH, "laboratory", ("immerse in water for 1 min", "immerse in NaCl 150 mM, KH2PO4 1 mM for 24 h")),
    "demineralise": StepWords(steps.Demineralise, ("contents", "duration"), _BATH, "laboratory", ("demineralise in lactic acid 50 mM, Ca 2.0 mM, PO4 2.0 mM pH 4.5 film 100 µm for 6 h",)),
    "remineralise": StepWords(steps.Remineralise, ("contents", "duration"), _BATH, "laboratory", ("remineralise in Ca 1.5 mM, PO4 0.9 mM, KCl 130 mM, 1 ppm F pH 7.0 with inhibitor coverage 0.5 for 18 h",)),
    "slurry": StepWords(steps.Slurry, ("fluoride", "slurry", "duration"), ("contents", "ph", "temperature", "balanced"), "laboratory", ("brush with 1100 ppm F slurry 1:3 for 1 min", "brush with 5000 ppm F slurry 1:2 in KCl 100 mM pH 6.8 at 25 degC for 2 min")),
    "nanobots": StepWords(steps.Nanobots, ("carrier", "number_density", "duration"), _NANO, "isolated tooth", ("nanobots caps-400 at 1e9 per mL pull 5 T/m for 20 min", "nanobots iron-oxide at 1e10 per mL in NaCl 150 mM pH 5.0 peroxide 1 % for 5 min")),
    "probe": StepWords(steps.Probe, ("carrier", "number_density", "duration"), _NANO, "isolated tooth", ("probe caps-400 at 1e6 per mL for 2 min",)),
    "field": StepWords(steps.FieldAlone, ("duration",), _NANO, "isolated tooth", ("pull 5 T/m for 5 min", "rotate 5 mT at 50 Hz for 2 min")),
    "retrieve": StepWords(steps.Retrieve, ("duration",), _NANO, "isolated tooth", ("retrieve for 5 min", "retrieve pull 10 T/m for 5 min")),
    "rest": StepWords(steps.Rest, ("duration",), (), "mouth", ("rest 30 min",), True),
    "sleep": StepWords(steps.Sleep, ("duration",), (), "mouth", ("sleep 8 h",), True),
    "meal": StepWords(steps.Meal, ("duration",), ("sugar", "ph"), "mouth", ("meal sugar 10 % for 10 min",)),
    "drink": StepWords(steps.Drink, ("duration",), ("what", "sugar", "ph", "fluoride", "volume"), "mouth", ("drink cola for 5 min", "drink 20 mL sugar 10 % pH 2.6 for 5 min")),
    "rinse": StepWords(steps.Rinse, (), ("duration", "fluoride", "sugar", "ph", "volume"), "mouth", ("rinse", "rinse with 10 mL 226 ppm F for 30 s")),
    "brush": StepWords(steps.Brush, ("duration",), ("fluoride", "paste", "mass"), "mouth", ("brush with 1450 ppm F paste for 2 min", "brush with 1 g 1450 ppm F paste for 2 min")),
    "gel": StepWords(steps.Gel, ("fluoride", "duration"), ("mass",), "mouth", ("gel 12500 ppm F for 4 min",)),
    "varnish": StepWords(steps.Varnish, ("fluoride", "duration"), ("mass",), "mouth", ("varnish 22600 ppm F for 4 h",)),
    "isolate": StepWords(operative_steps.Isolate, (), _CHAIR, "chair", ("isolate",), own=_MINUTES),
    "excavate": StepWords(operative_steps.Excavate, ("criterion",), ("leave", "water", "duration"), "chair", ("excavate to firm dentine, leave 1.0 mm over the pulp", "excavate to hard dentine with 30 mL/min water", "excavate to soft dentine with 0 mL/min water for 5 min"), own=_MINUTES),
    "etch": StepWords(operative_steps.Etch, ("acid", "strength", "duration"), (), "chair", ("etch 37 % phosphoric acid for 15 s", "etch 15 % hydrochloric acid for 2 min", "etch with 10 % polyacrylic acid for 15 s"), own={"duration": "for 15 s"}),
    "deproteinise": StepWords(operative_steps.Deproteinise, ("strength", "duration"), (), "chair", ("deproteinise with 5 % NaOCl for 60 s",), own={"duration": "for 60 s", "strength": "with 5 % NaOCl"}),
    "line": StepWords(operative_steps.Line, ("material",), _CHAIR, "chair", ("line with calcium silicate", "line with anti-inflammatory dressing"), own=_STONE),
    "fill": StepWords(operative_steps.Fill, ("material",), ("temporary", "duration"), "chair", ("fill with composite", "fill temporarily with glass ionomer"), own=_MINUTES),
    "seal": StepWords(operative_steps.Seal, ("material",), _CHAIR, "chair", ("seal with resin", "seal with glass ionomer"), own=_MINUTES | {"material": "with resin"}),
    "inlay": StepWords(operative_steps.Inlay, ("material",), _CHAIR, "chair", ("inlay ceramic",), own=_MINUTES | {"material": "ceramic"}),
    "onlay": StepWords(operative_steps.Onlay, ("material",), _CHAIR, "chair", ("onlay gold",), own=_MINUTES | {"material": "ceramic"}),
    "crown": StepWords(operative_steps.Crown, ("material",), _CHAIR, "chair", ("crown zirconia", "crown metal-ceramic for 90 min", "crown stainless steel"), own=_MINUTES | {"material": "zirconia"}),
    "splint": StepWords(operative_steps.Splint, (), _CHAIR, "chair", ("splint",), own=_MINUTES),
    "pulpotomy": StepWords(operative_steps.Pulpotomy, ("extent", "material"), _CHAIR, "chair", ("pulpotomy partial with calcium silicate", "pulpotomy full with calcium hydroxide"), own=_STONE),
    "cap": StepWords(operative_steps.Cap, ("material",), _CHAIR, "chair", ("cap with calcium silicate",), own=_STONE),
    "root canal treatment": StepWords(operative_steps.RootTreatment, (), _CHAIR, "chair", ("root canal treatment",), own=_MINUTES),
    "extract": StepWords(operative_steps.Extract, (), _CHAIR, "chair", ("extract",), own=_MINUTES),
    "take off the restoration": StepWords(operative_steps.TakeOff, (), _CHAIR, "chair", ("take off the restoration",), own=_MINUTES),
    "infiltrate": StepWords(resilience_steps.Infiltrate, ("material",), _CHAIR, "chair", ("infiltrate resin",), own=_MINUTES | {"material": "resin"}),
    "silver diamine fluoride": StepWords(resilience_steps.SilverDiamineFluoride, ("strength",), _CHAIR, "chair", ("silver diamine fluoride 38 %",), own=_MINUTES | {"strength": "38 %"}),
    "peptide": StepWords(resilience_steps.Peptide, ("peptide",), _CHAIR, "chair", ("peptide P11-4",), own=_MINUTES),
    "review": StepWords(resilience_steps.Review, (), _CHAIR, "chair", ("review",), own=_MINUTES),
    "brush daily": StepWords(resilience_steps.BrushDaily, ("times",), ("fluoride", "paste"), "habit", ("brush twice daily with 1450 ppm F", "brush 3 times daily")),
    "snacks": StepWords(resilience_steps.LimitSnacks, ("most",), (), "habit", ("snacks at most 3 a day",)),
    "day of case": StepWords(steps.DayOfCase, (), (), "mouth", ("day of case",)),
    "day": StepWords(steps.Day, (), (), "block", ("day:\n    meal sugar 10 % for 10 min\n    brush with 1450 ppm F paste for 2 min",)),
    "repeat": StepWords(steps.Repeat, (), (), "block", ("repeat 28 times:\n    rest 24 h",)),
}  # fmt: skip
ALIASES = {"demineralize": "demineralise", "remineralize": "remineralise", "deproteinize": "deproteinise"}
PHRASES = {  # verbs of more than one word: the step that they name
    "root canal treatment": "root canal treatment",
    "root treatment": "root canal treatment",
    "silver diamine fluoride": "silver diamine fluoride",
    **dict.fromkeys(
        (f"take off {what}" for what in ("the restoration", "restoration", "the filling", "the crown")), "take off the restoration"
    ),
    **dict.fromkeys((f"remove {what}" for what in ("the restoration", "the filling", "the crown")), "take off the restoration"),
}

CLAUSES = {  # clause: (what it is called in messages, an example)
    "contents": ("a list of what the bath holds", "in acetate 75 mM, Ca 2 mM"),
    "duration": ("a duration", "for 2 h"),
    "ph": ("a pH", "pH 4.3"),
    "film": ("a film", "film 100 µm"),
    "stirred": ("'stirred'", "stirred"),
    "temperature": ("a temperature", "at 37 degC"),
    "balanced": ("an ion to balance with", "balanced with K"),
    "inhibitor": ("an inhibitor", "with inhibitor coverage 0.5"),
    "sugar": ("sugar", "sugar 10 %"),
    "slurry": ("a slurry", "slurry 1:3"),
    "paste": ("a paste", "paste"),
    "fluoride": ("fluoride", "1450 ppm F"),
    "volume": ("a volume", "10 mL"),
    "mass": ("a mass", "1 g"),
    "what": ("a name", "cola"),
    "carrier": ("a carrier", "caps-400"),
    "number_density": ("how many carriers", "at 1e9 per mL"),
    "gradient": ("a pull", "pull 5 T/m"),
    "flux_density": ("a rotating field", "rotate 5 mT at 50 Hz"),
    "frequency": ("a frequency", "at 50 Hz"),
    "facing": ("which way it faces", "facing up"),
    "peroxide": ("hydrogen peroxide", "peroxide 1 %"),
    "ultrasound": ("'ultrasound'", "ultrasound"),
    "heated": ("'heated'", "heated"),
    "criterion": ("a criterion", "to firm dentine"),
    "leave": ("a thickness to leave", "leave 1.0 mm over the pulp"),
    "water": ("water", "with 30 mL/min water"),
    "acid": ("an acid", "phosphoric acid"),
    "strength": ("a strength", "37 %"),
    "material": ("a material", "with composite"),
    "temporary": ("'temporarily'", "temporarily"),
    "extent": ("an extent", "partial"),
    "peptide": ("the name of a peptide", "P11-4"),
    "times": ("a number of times a day", "twice daily"),
    "most": ("a number a day", "at most 3 a day"),
}

UNITS = {  # field: (scale to SI, unit in text)
    "amount": (Decimal(1), "mM"),
    "fluoride": (PPM, "ppm F"),
    "sugar": (PERCENT, "%"),
    "film": (Decimal("1e-6"), "µm"),
    "volume": (Decimal("1e-6"), "mL"),
    "mass": (Decimal("1e-3"), "g"),
    "peroxide": (PERCENT, "%"),
    "number_density": (Decimal(1_000_000), "per mL"),
    "gradient": (Decimal(1), "T/m"),
    "flux_density": (Decimal("1e-3"), "mT"),
    "frequency": (Decimal(1), "Hz"),
    "strength": (PERCENT, "%"),
    "leave": (Decimal("1e-3"), "mm"),
    "times": (Decimal(1), "times daily"),
    "most": (Decimal(1), "a day"),
}


@cache
def allowed(model: type[BaseModel], field: str) -> str:
    """Return the range of a field in the unit of the text, such as ``0 to 60000 ppm F``."""
    schema = model.model_json_schema()["properties"][field]
    (part,) = (part for part in schema.get("anyOf", [schema]) if "minimum" in part)
    low, high = part["minimum"], part["maximum"]
    if field == "duration":
        return f"{time_text(low)} to {time_text(high)}"
    if field == "water":
        return f"{flow_text(low).split()[0]} to {flow_text(high)}"
    if field == "ratio":
        return f"1:{number(low)} to 1:{number(high)}"
    scale, unit = UNITS.get(field, (Decimal(1), ""))
    return f"{number(low, scale)} to {number(high, scale)} {unit}".rstrip()


def step_list() -> str:
    """Return every step with its clauses and examples as a Markdown table, as the documentation has it."""
    rows = ["| step | what | must say | may say |", "|---|---|---|---|"]
    for name, words in WORDS.items():
        about = (words.model.__doc__ or "").split("\n")[0].strip()
        example = words.examples[0].split("\n")[0]
        title = {
            "slurry": "brush … slurry",
            "brush": "brush … paste",
            "brush daily": "brush … daily",
            "field": "pull …, rotate …",
        }.get(name, name)
        rows.append(
            f"| **{title}** ({words.where}): `{example}` | {about} | {words.shown(words.needs)} | {words.shown(words.takes)} |"
        )
    return "\n".join(rows) + "\n"
