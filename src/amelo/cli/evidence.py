"""``amelo evidence``: what therapies do, and how well that is known."""

from __future__ import annotations

from amelo.cite import remember_citations
from amelo.cli.options import Flag
from amelo.cli.output import one_format, print_csv, print_json, print_table

__all__ = ["evidence"]

FIGURES = ".4g"


def evidence(search: str | None = None, /, *, network: Flag = False, json: Flag = False, csv: Flag = False) -> int:
    """What therapies do: every published effect with interval, grade and source, and our own posterior beside it.

    Parameters
    ----------
    search
        Keep effects whose therapy, outcome, source or note contains this word.
    network
        Show our network meta-analysis of 130 fluoride trials instead: every pair of treatments, and whether direct and indirect evidence agree.
    json
        Print JSON, with the priors of the network and where they come from.
    csv
        Print CSV.
    """
    from amelo.errors import CommandError
    from amelo.therapy.resilience.effects import find_effects

    form = one_format(json=json, csv=csv)
    if network:
        if search:
            raise CommandError("a search and --network cannot be used together", fix="choose one")
        return _network(form)
    found = find_effects(search)
    keys = [key for e in found for key in e.published.source.split()]
    remember_citations("amelo evidence", keys + (["dias2010", "marinho2009", "page2016"] if any(e.own for e in found) else []))
    rows = [e.to_dict() for e in found]
    if form == "json":
        print_json({"effects": rows, "network": _provenance()})
    elif form == "csv":
        print_csv(rows)
    else:
        print_table(
            ("therapy", "against", "outcome", "measure", "published", "interval", "amelo", "grade", "certainty", "source", "note"),
            [
                (e.therapy, e.against, e.outcome, e.measure, f"{e.published.value:{FIGURES}}{_unit(e.published.unit)}", _interval(r),
                 _ours(r), e.published.grade, e.certainty, e.published.source, e.published.note)
                for e, r in zip(found, rows, strict=True)
            ],
            left=4,
        )  # fmt: skip
        print(
            "amelo: our network of fluoride trials against placebo, adjusted for bias (amelo evidence --network); "
            "shrunk: weak evidence after a prior around no effect."
        )
        print("Grades: amelo params --grades. Research and teaching software, not a medical device.")
    return 0


def _unit(unit: str) -> str:
    return "" if unit == "1" else f" {unit}"


def _interval(row: dict) -> str:
    if row["interval"] == "none":
        return "none seen"
    kind = "" if row["interval"] == "95 %" else f" ({row['interval']})"
    return f"{row['low']:{FIGURES}} to {row['high']:{FIGURES}}{kind}"


def _ours(row: dict) -> str:
    if row["own_value"] is not None:
        return f"{row['own_value']:.1f} % ({row['own_low']:.1f} to {row['own_high']:.1f})"
    if row["shrunk_value"] is not None:
        return f"shrunk {row['shrunk_value']:.2f} ({row['shrunk_low']:.2f} to {row['shrunk_high']:.2f})"
    return "–"


def _pairs() -> list[dict]:
    """Return every comparison of the network, with and without adjustment, and the trials that make it directly."""
    from itertools import permutations

    from amelo.therapy.resilience.posterior_file import fluoride_posterior, fluoride_prior

    posterior = fluoride_posterior()
    direct = {frozenset((c["first"], c["second"])): c["trials"] for c in posterior["comparisons"]}
    return [
        {**fluoride_prior(a, b, adjusted=adjusted).to_dict(), "direct_trials": direct.get(frozenset((a, b)), 0)}
        for a, b in permutations(posterior["treatments"], 2)
        if b == "placebo" or (a != "placebo" and (b == "no treatment" or (a != "no treatment" and a < b)))
        for adjusted in (True, False)
    ]


def _provenance() -> dict:
    from amelo.therapy.resilience.posterior_file import fluoride_posterior

    posterior = fluoride_posterior()
    kept = (
        "kind",
        "hash",
        "treatments",
        "counts",
        "comparisons",
        "data",
        "card",
        "spread",
        "priors",
        "least_squares",
        "consistency",
    )
    chains = {name: posterior[name]["chains"] for name in ("plain", "adjusted")}
    return {name: posterior[name] for name in kept} | {"chains": chains, "effects": _pairs()}


def _network(form: str) -> int:
    remember_citations("amelo evidence", ["dias2010", "marinho2009", "page2016", "white2012", "egger1997"])
    if form == "json":
        print_json(_provenance())
        return 0
    pairs = _pairs()
    if form == "csv":
        print_csv(pairs)
        return 0
    told = _provenance()
    print_table(
        ("treatment", "against", "bias", "ratio of increments", "95 %", "next setting, 95 %", "trials of both"),
        [
            (p["treatment"], p["against"], "adjusted" if p["adjusted"] else "as it is", f"{p['median']:.3f}", f"{p['low']:.3f} to {p['high']:.3f}",
             f"{p['next_low']:.3f} to {p['next_high']:.3f}", p["direct_trials"])
            for p in pairs
        ],
        left=3,
    )  # fmt: skip
    print_table(
        ("second", "over first", "trials", "direct", "indirect", "difference of logs", "p"),
        [
            (s["second"], s["first"], s["trials"], _ratio(s["direct"]), _ratio(s["indirect"]),
             f"{s['difference']:+.3f} ± {s['difference_se']:.3f}", f"{s['p']:.3f}")
            for s in told["consistency"]["splits"]
        ],
        left=2,
    )  # fmt: skip
    whole, counts = told["consistency"]["design_by_treatment"], told["counts"]
    print(f"design by treatment: chi-square {whole['chi2']:.1f} on {whole['df']} degrees of freedom, p {whole['p']:.2f}")
    small = told["consistency"]["small_trials"]
    print(
        f"small trials: log ratio of active arms {small['slope']:+.2f} ± {small['se']:.2f} over the root of children per arm, p {small['p']:.2g}"
    )
    print(
        f"{counts['trials']} trials, {counts['children']} children, {counts['at_risk']} trials at risk of bias; posterior {told['hash'][:12]}. "
        "Research and teaching software, not a medical device."
    )
    return 0


def _ratio(log: float) -> str:
    from math import exp

    return f"{exp(log):.3f}"
