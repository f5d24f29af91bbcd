"""``amelo population``: lifetimes by the models of caries and restorations beside a national survey."""

from __future__ import annotations

from pathlib import Path

from amelo.cli.options import Flag, Whole
from amelo.cli.output import print_json, print_table
from amelo.cli.progress import working
from amelo.errors import CommandError

__all__ = ["population"]

MOST_DRAWS = 1_000


def population(folder: Path, /, *, draws: Whole = 40, seed: Whole = 0, json: Flag = False, plot: Path | None = None) -> int:
    """Carry teeth from 6 to 80 years through the models, and compare with NHANES 2017-18 by age group and place in the mouth.

    Nothing is fitted to the survey. "holds": the models' median lies in the survey's interval; "within the band": only the models' own
    doubt covers the survey; "fails": not even that.

    Parameters
    ----------
    folder
        Holds nhanes_2017_2018_tooth_level.parquet.
    draws
        Draws of the models' parameters.
    seed
        The same seed gives the same numbers.
    json
        Print JSON, with what is predicted for every age.
    plot
        Draw teeth by age and by place to this SVG, PNG or PDF.
    """
    from amelo.forecast.population import population_check
    from amelo.report.plots import check_picture

    if not 1 <= draws <= MOST_DRAWS:
        raise CommandError(f"--draws {draws} is out of range", why=f"allowed 1 to {MOST_DRAWS}")
    if plot is not None:
        check_picture(plot)
    with working("following teeth through life"):
        found = population_check(folder, seed, draws=draws)
    if plot is not None:
        from amelo.forecast.figures import write_figure

        write_figure(found.plot(), plot)
    if json:
        print_json(found.to_dict())
        return 0
    rows = [
        (f"{r.ages[0]}-{r.ages[1]}", r.what, f"{r.survey:.3g}", f"{r.survey_low:.3g} to {r.survey_high:.3g}", f"{r.model:.3g}",
         f"{r.model_low:.3g} to {r.model_high:.3g}", r.verdict)
        for r in found.rows
    ]  # fmt: skip
    print_table(("ages", "what", "survey", "95 % interval", "models", "90 % band", "verdict"), rows, left=2)
    counts = {verdict: sum(r.verdict == verdict for r in found.rows) for verdict in ("holds", "within the band", "fails")}
    print("; ".join(f"{count} {verdict}" for verdict, count in counts.items()))
    print("Teeth of 28; the survey weighted by its design. Research and teaching software, not a medical device.")
    return 0
