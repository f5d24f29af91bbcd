"""``amelo fit`` and ``amelo sensitivity``: what measurements say of a twin, and what its outcomes depend on."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from amelo.cite import remember_citations
from amelo.cli.options import Flag, Whole
from amelo.cli.output import number, print_json, print_table
from amelo.cli.progress import progress_bar, working
from amelo.cli.simulate import open_protocol, open_twin
from amelo.errors import CommandError, FileError

if TYPE_CHECKING:
    from amelo.inference.fit import Fit
    from amelo.inference.sensitivity import Sensitivity

__all__ = ["fit", "sensitivity"]


def fit(
    specimen: str,
    protocol: str,
    profiles: Path,
    /,
    *,
    parameters: str = "",
    method: Literal["map", "laplace", "nuts"] = "laplace",
    samples: Whole = 1000,
    seed: Whole = 0,
    slit: float = 0.0,
    out: list[Path] | None = None,
    plot: Path | None = None,
    json: Flag = False,
    force: Flag = False,
) -> int:
    """Calibrate parameters of a specimen to measured microradiography profiles.

    Prints every parameter with its interval, what the data determine and what they do not, residuals, and checks in words.

    Parameters
    ----------
    specimen
        A specimen (TOML).
    protocol
        A file with the protocol that it went through, or the protocol itself in quotes.
    profiles
        CSV file with depth [µm], mineral [vol%] and, where there are such, time [h], sd [vol%], specimen and replicate.
    parameters
        Names with commas between, as 'amelo specimen show' lists them; by default dissolution_rate, porosity, solubility and growth_ratio.
    method
        map (most probable values), laplace (draws of a checked normal approximation), or nuts (draws by the no-U-turn sampler).
    samples
        Number of draws.
    seed
        Draws starts and samples; the same seed gives the same result.
    slit
        Width in µm over which a measured point averages.
    out
        Write the fitted specimen (.toml) or the draws (.csv, .zarr), which 'amelo simulate --draws' uses; may be given twice.
    plot
        Write plots of fit, pairs and residuals (.svg) into this folder.
    json
        Print JSON.
    force
        Replace files that are there already.
    """
    if specimen.lower().endswith(".json"):
        why = "what was measured belongs to a sample, not to a tooth in a mouth"
        raise CommandError(f"{specimen} is a case", why=why, fix="name a specimen (.toml)")
    places = [] if out is None else out
    _check_places(places, plot, method, force)
    twin, steps = open_twin(specimen, None, None), open_protocol(protocol)
    from amelo.inference.fit import fit as fitted

    names = tuple(name.strip() for name in parameters.split(",") if name.strip())
    with progress_bar("laying out the fit") as on_progress:
        found = fitted(twin.specimen, steps, profiles, parameters=names, method=method, samples=samples, seed=seed, width=slit,
                       on_progress=on_progress)  # fmt: skip
    remember_citations("amelo fit", tuple(key for e in found.estimates for key in e.source.split()))
    for place in places:
        found.save(place, force=force)
        print(f"{'fitted specimen' if place.suffix.lower() == '.toml' else 'draws'} written to {place}", file=sys.stderr)
    if plot is not None:
        with working("drawing plots"):
            _write_plots(found, plot)
    if json:
        print_json(found.summary())
    else:
        _print_fit(found)
    return 0


def sensitivity(
    specimen: str,
    protocol: str,
    /,
    *,
    of: str = "integrated_mineral_loss",
    parts: Literal["all", "parameters", "protocol"] = "all",
    ends: Literal["solved", "gradient"] = "solved",
    tooth: Whole | None = None,
    surface: str | None = None,
    plot: Path | None = None,
    json: Flag = False,
) -> int:
    """Which parameters and which numbers of a protocol move an outcome.

    Prints derivative, elasticity, the outcome at both ends of every range and what the derivative alone would change over it, the strongest first.

    Parameters
    ----------
    specimen
        A specimen (TOML), or a case (JSON) together with --tooth and --surface.
    protocol
        A file with a protocol, or the protocol itself in quotes.
    of
        The outcome, by its key in 'amelo simulate --json', such as integrated_mineral_loss or lesion_depth.
    parts
        all, or only the parameters of the specimen, or only the numbers of the protocol.
    ends
        solved (a run at both ends of every range), or gradient (one run for everything: the ends are read off the derivatives).
    tooth
        Tooth of the case, by its FDI number.
    surface
        Surface of that tooth.
    plot
        Write a tornado plot to this .svg, .png or .pdf file.
    json
        Print JSON.
    """
    if plot is not None:
        from amelo.report.plots import check_picture

        check_picture(plot)
    twin, steps = open_twin(specimen, tooth, surface), open_protocol(protocol)
    from amelo.inference.sensitivity import sensitivity as found_by

    with progress_bar("laying out the runs") as on_progress:
        found = found_by(twin.specimen, steps, of=of, parts=parts, ends=ends, case=twin.case, on_progress=on_progress)
    remember_citations("amelo sensitivity", twin.specimen.sources)
    if plot is not None:
        from amelo.inference.figures import figure_of_sensitivity
        from amelo.twin.figures import write_figure
        from amelo.twin.store import writing

        with writing(plot), working("drawing the plot"):
            write_figure(figure_of_sensitivity(found), plot)
        print(f"plot written to {plot}", file=sys.stderr)
    if json:
        print_json(_plain(found))
    else:
        _print_sensitivity(found)
    return 0


def _check_places(places: list[Path], plot: Path | None, method: str, force: bool) -> None:
    """Refuse what could not be written, before anything is computed."""
    if places:
        from amelo.inference.results import check_fit_path

        for place in places:
            check_fit_path(place, force=force)
            if method == "map" and place.suffix.lower() != ".toml":
                fix = "use --method laplace or nuts, or name a .toml"
                raise CommandError(f"{place} would hold draws", why="the method map has none", fix=fix)
    if plot is not None:
        try:
            plot.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise FileError(f"{plot} is no folder to write plots into", why=error.strerror or str(error)) from None


def _write_plots(found: Fit, folder: Path) -> None:
    from amelo.inference.figures import FIT_FIGURES
    from amelo.twin.figures import write_figure
    from amelo.twin.store import writing

    for name, draw in FIT_FIGURES.items():
        if name == "pairs" and found.drawn is None:
            continue
        with writing(folder / f"{name}.svg"):
            write_figure(draw(found), folder / f"{name}.svg")
        print(f"plot written to {folder / f'{name}.svg'}", file=sys.stderr)


def _print_fit(found: Fit) -> None:
    print(
        f"{found.specimen.name}: {len(found.data.points)} points in {_count(len(found.data.profiles), 'profile')}, {found.method}, {found.wall_time:.1f} s"
    )
    rows = [
        (
            e.name,
            f"{e.value:.4g}",
            f"{e.low:.4g} to {e.high:.4g}",
            e.unit,
            f"{e.prior[1]:g} ({e.prior[0]:g} to {e.prior[2]:g})",
            f"{100 * e.width:.0f} %",
        )
        for e in found.estimates
    ]
    print_table(("parameter", "most probable", "5–95 %", "unit", "before", "width of before"), rows)
    noise, low, high = found.noise
    between = f" ({low:.2g} to {high:.2g})" if low == low else ", as stated"
    print(f"noise {noise:.3g}{between} vol%; residuals {(found.residuals**2).mean() ** 0.5:.3g} root mean square, "
          f"{abs(found.residuals).max():.3g} at most; error in time about {found.numerical_error:.2g} vol%")  # fmt: skip
    print("the data know, from best to least (Fisher information, 1 is as much as a prior):")
    for d in found.directions:
        parts = sorted(zip(d.shares, found.names, strict=True), key=lambda pair: -abs(pair[0]))
        words = ", ".join(f"{share:+.2f} {name}" for share, name in parts if abs(share) > 0.2)
        print(f"  {d.information:10.3g}  {words}")
    for sentence in found.sentences:
        print(f"note: {sentence}")
    print("'amelo cite' lists the references; not a medical device")


def _print_sensitivity(found: Sensitivity) -> None:
    measure = found.measure
    print(f"{measure.label} {found.value:{measure.form}} {measure.unit} of {found.specimen}; error in time about {found.error:.2g}")
    rows = []
    for r in found.rows:
        outcome = f"{number(r.at_low, measure.form)} to {number(r.at_high, measure.form)}"
        rows.append(
            (
                r.name,
                f"{r.value:.4g}",
                r.span,
                outcome,
                number(r.foretold, f"+{measure.form}"),
                number(r.derivative, ".3g"),
                number(r.elasticity, "+.2f"),
                r.unit,
            )
        )
    names = (
        "number",
        "value",
        "from … to",
        f"{measure.name} [{measure.unit}]",
        "change foretold",
        "derivative per unit",
        "elasticity",
        "unit",
    )
    print_table(names, rows)
    for sentence in found.notes:
        print(f"note: {sentence}")
    print(f"derivatives: {found.derivatives}")
    print(f"{found.members} runs in {found.wall_time:.1f} s; 'amelo cite' lists the references; not a medical device")


def _plain(found: Sensitivity) -> dict[str, object]:
    def known(value: float) -> float | None:
        return value if abs(value) < float("inf") else None

    return {
        "outcome": found.measure.name,
        "value": found.value,
        "unit": found.measure.unit,
        "numerical_error": known(found.error),
        "specimen": found.specimen,
        "protocol": found.protocol,
        "rows": [
            {
                "name": r.name,
                "kind": r.kind,
                "unit": r.unit,
                "value": r.value,
                "derivative": known(r.derivative),
                "elasticity": known(r.elasticity),
                "low": r.low,
                "high": r.high,
                "at_low": known(r.at_low),
                "at_high": known(r.at_high),
                "effect": known(r.effect),
                "effect_foretold": known(r.foretold),
            }
            for r in found.rows
        ],
        "derivatives": found.derivatives,
        "notes": list(found.notes),
        "members": found.members,
    }


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}{'s' * (number != 1)}"
