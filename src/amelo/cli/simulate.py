"""``amelo simulate``: what a protocol does to a specimen or to a tooth of a patient."""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from amelo.cite import remember_citations
from amelo.cli.options import Flag, Whole
from amelo.cli.output import print_json, print_table
from amelo.cli.progress import progress_bar, working
from amelo.errors import CommandError, FileError, FormatError, nearest

if TYPE_CHECKING:
    from amelo.twin.trajectory import Trajectory

__all__ = ["open_protocol", "open_twin", "simulate"]

MOST = 100_000  # members
MEMBERS = 256  # of a whole tooth, unless said otherwise
ACCURACY = 0.01


def simulate(
    specimen: str,
    protocol: str,
    /,
    *,
    members: Whole | None = None,
    draws: Path | None = None,
    tier: Literal["auto", "reduced", "full"] = "auto",
    seed: Whole = 0,
    accuracy: float | None = None,
    years: float | None = None,
    jump: Flag = False,
    tooth: Whole | None = None,
    surface: str | None = None,
    with_: Annotated[list[str] | None, Parameter(name="--with", negative=())] = None,
    out: Path | None = None,
    report: Path | None = None,
    plot: Path | None = None,
    json: Flag = False,
    force: Flag = False,
) -> int:
    """Simulate what a protocol does to a specimen, to a surface of a patient's tooth, or to the whole tooth.

    Prints of a specimen or surface mineral loss, lesion depth, surface layer, fluxes, phases, pH and saturation at depth, balances and
    status; of a whole tooth (--tooth without --surface) what was done with its price, and what became of dentine, pulp and strength.

    Parameters
    ----------
    specimen
        A specimen (TOML), or a case (JSON) together with --tooth, and with --surface for the column of a surface alone.
    protocol
        A file with a protocol, or the protocol itself in quotes.
    members
        Size of the ensemble of plausible teeth, if not given 1, or 256 of a whole tooth; from 2 on every outcome has an interval.
    draws
        Take the members from these draws (.csv, .zarr) of 'amelo fit'; without --members every one of them.
    tier
        full (every species diffuses on its own), reduced (one unknown per cell on tabulated paths), or auto: the full equations with the
        diffusion that the specimen says. Of a whole tooth: full or reduced (as auto), fine or coarse cells and steps.
    seed
        Draws the ensemble; the same seed gives the same result.
    accuracy
        Relative error in time of the mineral loss at which steps are small enough, 0.01 if not given; it says nothing of other outcomes.
    years
        Look so many years ahead after the protocol, 10 if not given, 0 for none; of a whole tooth only.
    jump
        Leap over cycles of long repeats and carry the minerals over them, with a checked error: for months and years.
    tooth
        Tooth of the case, by its FDI number, for example 36.
    surface
        Surface of that tooth, M, O, D, B, L and so on: its column of tissue alone, without cavity, restoration and pulp.
    with_
        Change the twin with your own Python, as docs/extending.md tells: file.py, or file.py:function. The file is run with all your rights:
        give only files that you trust. May be given more than once.
    out
        Write every saved state to this .zarr folder or .nc file; the folder of a column grows while the run goes on.
    report
        Write a report to this .html file.
    plot
        Write a plot to this .svg, .png or .pdf file.
    json
        Print JSON, with a "units" object.
    force
        Replace files that are there already.
    """
    whole = specimen.lower().endswith(".json") and surface is None
    _check(1 if members is None else members, seed, ACCURACY if accuracy is None else accuracy)
    _check_places(out, report, plot, force)
    if whole and tooth is None:
        fix = "for example --tooth 36, and --surface M for the column of a surface alone"
        raise CommandError("--tooth is missing", why=f"the case {specimen} has many", fix=fix)
    if whole:
        from amelo.cli.treatment import simulate_tooth

        useless = {"--accuracy": accuracy, "--jump": jump or None, "--draws": draws, "--with": with_}
        given = " and ".join(name for name, value in useless.items() if value is not None)
        if given:
            fix = "leave it out, or name a surface, such as --surface O"
            raise CommandError(f"{given} cannot be used with a whole tooth", fix=fix)
        places = {"out": out, "report": report, "plot": plot}
        return simulate_tooth(specimen, protocol, tooth, members or MEMBERS, tier, seed, years, places, json=json, force=force)
    if years is not None:
        what = f"--years cannot be used with a {'surface' if surface is not None else 'specimen'}"
        raise CommandError(
            what, why="only a whole tooth is followed for years", fix="name a tooth of a case and leave out --surface"
        )
    accuracy = ACCURACY if accuracy is None else accuracy
    twin, steps = open_twin(specimen, tooth, surface), open_protocol(protocol)
    taken: dict[str, object] = {"members": members or 1}
    if draws is not None:
        from amelo.twin.draws import read_draws

        found = read_draws(draws, twin.specimen)
        taken = {"members": members or min(len(next(iter(found.values()))), MOST), "draws": found}
    own = with_ or []
    for file in own:
        from amelo.cli.extensions import changed_by

        print(f"note: the code in {file} is run; it is yours, amelo has not checked it", file=sys.stderr)
        twin = changed_by(twin, file)
    taken |= {"jump": True} if jump else {}
    from amelo.protocol.simulate import simulate as solved

    with _blaming(own), progress_bar("laying out the run") as on_progress:
        trajectory = solved(
            twin, steps, tier=tier, seed=seed, accuracy=accuracy, out=out, force=force, on_progress=on_progress, **taken
        )
    remember_citations("amelo simulate", trajectory.provenance.citations)
    if out is not None:  # also of a run without an answer, to find out why
        print(f"every saved state written to {out}", file=sys.stderr)
    trajectory.raise_if_bad()
    if json:
        from amelo.report.summary import summary_of

        print_json(summary_of(trajectory))
    else:
        _print(trajectory)
    for sentence in trajectory.warnings:
        print(f"note: {sentence}", file=sys.stderr)
    _write_pictures(trajectory, report, plot, force)
    return 0


def _blaming(own: list[str]) -> AbstractContextManager[None]:
    """Return what turns faults of the user's own files into sentences, nothing when there are none."""
    if not own:
        return nullcontext()
    from amelo.cli.extensions import own_faults

    return own_faults(own)


def open_twin(file: str, tooth: int | None, surface: str | None) -> object:
    """Return the twin of a specimen file, or of a surface of a tooth of a case file.

    Raises: CommandError when tooth or surface are missing for a case, or given for a specimen; FileError, FormatError or RecordError.
    """
    given = [name for name, value in (("--tooth", tooth), ("--surface", surface)) if value is not None]
    if not file.lower().endswith(".json"):
        if given:
            what = f"{' and '.join(given)} cannot be used with a specimen"
            raise CommandError(what, why=f"{file} is not a case", fix="leave it out, or name a case (.json)")
        from amelo.records.specimen import load_specimen
        from amelo.twin.twin import Twin

        try:
            return Twin.of(load_specimen(file))
        except FormatError as error:
            if file.lower().endswith((".toml", ".csv")) or file in ("-", "<stdin>"):
                raise
            what, fix = f"{file} is not a specimen", "name the specimen (.toml) or case (.json) first, then the protocol"
            raise CommandError(what, why=error.what, fix=fix) from None
    if len(given) < 2:
        missing = "--tooth and --surface are" if not given else f"{'--surface' if given == ['--tooth'] else '--tooth'} is"
        raise CommandError(f"{missing} missing", why=f"the case {file} has many", fix="for example --tooth 36 --surface M")
    from amelo.records.case import load_case
    from amelo.twin.twin import Twin

    return Twin.of(load_case(file), tooth=tooth, surface=surface)


def open_protocol(source: str) -> object:
    """Return the protocol in a file, or written out on the command line.

    Raises: FileError when there is no such file and the words are no protocol; FormatError with line and column.
    """
    if not source.strip():
        raise CommandError("the protocol is empty", fix="name a file, or write the steps in quotes, for example 'rest 30 min'")
    path = Path(source)
    written_out = any(c.isspace() for c in source.strip())
    if source not in ("-", "<stdin>") and not _is_file(path) and not written_out:
        names = [entry.name for entry in path.parent.iterdir() if entry.is_file()] if path.parent.is_dir() else []
        raise FileError(
            f"{source} does not exist", fix=nearest(path.name, names, limit=0) or "name a file, or write the protocol in quotes"
        )
    from amelo.protocol import Protocol

    if written_out and not _is_file(path):
        return Protocol.parse(source, source="protocol on the command line")
    return Protocol.read(source)


def _is_file(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # a long text is no name of a file
        return False


def _check(members: int, seed: int, accuracy: float) -> None:
    if not 1 <= members <= MOST:
        raise CommandError(f"--members {members} is out of range", why=f"allowed 1 to {MOST}")
    if not 0 <= seed < 2**63:
        raise CommandError(f"--seed {seed} is out of range", why="allowed 0 to 9223372036854775807")
    if not 0.0 < accuracy < 1.0:
        fix = "write 0.01 for 1 %"
        raise CommandError(f"--accuracy {accuracy:g} is out of range", why="it is relative, above 0 and below 1", fix=fix)


def _check_places(out: Path | None, report: Path | None, plot: Path | None, force: bool) -> None:
    """Refuse what could not be written, before anything is computed."""
    if out is not None:
        from amelo.twin.files import check_result_path

        check_result_path(out, force=force)
    if report is not None:
        from amelo.report.lesion import check_report_path

        check_report_path(report, force=force)
    if plot is not None:
        from amelo.report.plots import check_picture

        check_picture(plot)


def _write_pictures(trajectory: Trajectory, report: Path | None, plot: Path | None, force: bool) -> None:
    if plot is not None:
        from amelo.twin.figures import write_figure
        from amelo.twin.store import writing

        with writing(plot), working("drawing the plot"):
            write_figure(trajectory.plot(), plot)
        print(f"plot written to {plot}", file=sys.stderr)
    if report is not None:
        from amelo.report.lesion import lesion_report

        with working("writing the report"):
            lesion_report(trajectory, report, force=force)
        print(f"report written to {report}", file=sys.stderr)


def _print(trajectory: Trajectory) -> None:
    """Print outcomes, phases, pH and saturation at depth, and how it ended, for people."""
    from amelo.report.summary import depths_of
    from amelo.twin.show import balance_in_words, in_words

    several = trajectory.members > 1
    print(in_words(trajectory).splitlines()[0])
    found = [*trajectory.outcomes().values(), *trajectory.phases().values()]
    rows = []
    for outcome in found:
        form = outcome.measure.form
        value = f"{outcome.value:{form}}" if outcome.members else "–"
        spread = (
            (f"{outcome.low:{form}} to {outcome.high:{form}}" if outcome.has_interval else "", outcome.members) if several else ()
        )
        name = " ".join(part for part in (outcome.measure.symbol, outcome.measure.label) if part)
        rows.append(
            (name if outcome.measure.symbol not in trajectory.run.phases else outcome.measure.label, value, *spread, outcome.unit)
        )
    print_table(("outcome", "median" if several else "value", *(("5–95 %", "members") if several else ()), "unit"), rows)
    for head, books in trajectory.books().items():
        rows = []
        for outcome in books.values():
            spread = (
                (f"{outcome.low:.4g} to {outcome.high:.4g}" if outcome.has_interval else "", outcome.members) if several else ()
            )
            rows.append((outcome.measure.label, f"{outcome.value:.4g}" if outcome.members else "–", *spread, outcome.unit))
        print_table((head, "median" if several else "value", *(("5–95 %", "members") if several else ()), "unit"), rows)
    depths = []
    for depth in depths_of(trajectory):
        depths.append((f"{depth:g}", *(o.figures() for o in trajectory.at_depth(depth).values())))
    print_table(("depth [µm]", "pH", *(f"SI {p}" for p in trajectory.run.phases), "mineral [vol%]"), depths, left=0)
    error = trajectory.error_estimate
    accuracy = f"numerical error of ΔZ about {error:.2g} vol%·µm" if error == error else "numerical error of ΔZ not estimated"
    beyond = int(trajectory.inaccurate.sum())
    accuracy += f", MORE THAN ASKED FOR in {beyond} of {trajectory.members} members" if beyond else ""
    counts = ", ".join(f"{count} {name}" for name, count in trajectory.run.counts.items())
    print(f"status: {trajectory.verdict}; {balance_in_words(dict(trajectory.balance_errors()))}; {accuracy}")
    print("; ".join(part for part in (counts, "'amelo cite' lists the references", "not a medical device") if part))
