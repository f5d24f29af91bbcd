"""``amelo demo``: a worked answer on a synthetic case."""

from __future__ import annotations

from pathlib import Path

from amelo.cite import remember_citations
from amelo.errors import FileError

__all__ = ["demo"]


def demo(case: Path = Path("cases/kira.json"), /, *, out: Path = Path("out/demo")) -> int:
    """Show a patient's chart, ask whether their saliva protects enamel and down to which pH, and write what was found.

    Parameters
    ----------
    case
        A case file.
    out
        Folder for the results; made if it is not there.
    """
    import json

    import numpy as np

    from amelo.records.case import load_case
    from amelo.report.chart import chart_text
    from amelo.report.chart_svg import chart_svg
    from amelo.report.plots import plot_saturation
    from amelo.twin.chemistry.fluids import saliva_of
    from amelo.twin.chemistry.saturation import saturation
    from amelo.twin.chemistry.thresholds import critical_ph, saturation_curve

    record = load_case(case)
    print(chart_text(record, colour=False))
    saliva = saliva_of(record)
    answer = saturation(saliva.fluid)
    fluid = saliva.fluid
    phases = ("HAp", "enamel", "dentine", "FAp")
    limits = {phase: critical_ph([fluid], phase)[0] for phase in phases}
    first = answer[0]
    print(f"\nSaliva at pH {first.pH:.2f}: SI of enamel {first.saturation_index['enamel']:+.2f}", end="")
    print(f", of fluorapatite {first.saturation_index['FAp']:+.2f}; {first.undersaturated_enamel:.0%} of enamel would dissolve.")
    for phase, limit in limits.items():
        print(
            f"  {phase:8} stays saturated down to pH {limit.ph:.2f} ({limit.low:.2f} to {limit.high:.2f})"
            if limit.ph == limit.ph
            else f"  {phase:8} {limit.sentence}"
        )
    for assumed in saliva.assumed:
        print(f"  assumed: {assumed}")
    try:
        out.mkdir(parents=True, exist_ok=True)
        (out / "chart.svg").write_text(chart_svg(record), "utf-8")
        (out / "saliva.json").write_text(json.dumps(first.to_dict(), indent=1, ensure_ascii=False), "utf-8")
        curve = saturation_curve(fluid, np.linspace(4.0, 8.0, 81))
        plot_saturation(curve, out / "saturation.svg", phases=phases, ph=first.pH, name=record.pseudonym)
    except OSError as error:
        raise FileError(
            f"{out} cannot be written", why=str(error.strerror or error), fix="name another folder with --out"
        ) from None
    remember_citations("amelo demo", answer.sources)
    print(
        f"\nResults: {out}/chart.svg (tooth chart), {out}/saturation.svg (saturation against pH), {out}/saliva.json (every figure)"
    )
    print("Research and teaching software, not a medical device. 'amelo cite' lists the references.")
    return 0
