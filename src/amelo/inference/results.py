"""A fit as files and as plain values: the fitted specimen, draws to simulate with, and a summary for JSON."""

from __future__ import annotations

import math
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from amelo.errors import CommandError, FileError, nearest
from amelo.inference.laplace import Weighed
from amelo.inference.nuts import Sampled
from amelo.records.specimen_text import specimen_text
from amelo.twin.draws import DRAW_ENDINGS, write_draws
from amelo.twin.provenance import Provenance

if TYPE_CHECKING:
    from amelo.inference.fit import Fit

__all__ = ["FIT_ENDINGS", "check_fit_path", "save_fit", "summary_of_fit"]

FIT_ENDINGS = (".toml", *DRAW_ENDINGS)


def check_fit_path(path: Path, *, force: bool = False) -> None:
    """Refuse a place where a fit could not be saved, before anything is computed.

    Raises: CommandError for an unknown ending; FileError when the place is taken or cannot be written.
    """
    if path.suffix.lower() not in FIT_ENDINGS:
        raise CommandError(f"{path} is not a file that amelo writes a fit to", fix=nearest(path.suffix, FIT_ENDINGS))
    if not path.parent.is_dir():
        raise FileError(f"{path} cannot be written", why=f"there is no folder {path.parent}")
    if path.exists() and not force:
        raise FileError(
            f"{path} is there already", why="nothing was changed", fix="name another file, or add --force to replace it"
        )
    if path.is_dir() and not (path.suffix.lower() == ".zarr" and (path / "zarr.json").is_file()):
        raise FileError(f"{path} is a folder that amelo did not write", why="nothing was changed", fix="name another file")
    if not os.access(path.parent, os.W_OK):
        raise FileError(
            f"{path} cannot be written", why=f"the folder {path.parent} is read-only for you", fix="name another folder"
        )


def save_fit(fit: Fit, path: Path, *, force: bool = False) -> Path:
    """Write the fitted specimen (.toml) or the draws (.csv, .zarr) and return the path.

    Raises: CommandError for another ending, or for draws of a fit that has none; FileError when the place is taken.
    """
    check_fit_path(path, force=force)
    about = _about(fit)
    if path.suffix.lower() == ".toml":
        comment = "\n".join(f"{key}: {value}" for key, value in about.items())
        text = specimen_text(
            fit.fitted, comment=f"{comment}\n[parameters] holds the most probable values; low and high are 5 and 95 %"
        )
        try:
            path.write_text(text, "utf-8")
        except OSError as error:
            raise FileError(f"{path} cannot be written", why=error.strerror or str(error)) from None
        return path
    if fit.drawn is None:
        raise CommandError(
            f"{path} would hold draws", why="the method map has none", fix="use --method laplace or nuts, or name a .toml"
        )
    if path.is_dir():
        shutil.rmtree(path)
    write_draws(path, fit.names, fit.priors.units, fit.draws, about=about)
    return path


def _about(fit: Fit) -> dict[str, str]:
    made = Provenance.of(fit.specimen.name)
    return {
        "made by": f"amelo {made.amelo}, {made.created}",
        "specimen": fit.specimen.name,
        "data": f"{fit.data.source}, {len(fit.data.points)} points",
        "method": f"{fit.method}, seed {fit.seed}",
        "check": fit.drawn.sentence if fit.drawn else "none",
        "protocol": str(fit.protocol).strip(),
    }


def summary_of_fit(fit: Fit) -> dict[str, object]:
    """Return everything that is said of a fit as plain values; what is not known is None."""
    noise, low, high = fit.noise
    rows = {}
    for i, e in enumerate(fit.estimates):
        rows[e.name] = {"value": e.value, "low": e.low, "high": e.high, "unit": e.unit, "width_relative_to_prior": e.width,
                        "prior": dict(zip(("low", "value", "high"), e.prior, strict=True)), "source": e.source}  # fmt: skip
        if isinstance(fit.drawn, Sampled):
            rows[e.name] |= {"r_hat": float(fit.drawn.r_hat[i]), "effective_draws": float(fit.drawn.effective[i])}
    return _plain(
        {
            "specimen": fit.specimen.name,
            "protocol": str(fit.protocol),
            "data": fit.data.source,
            "points": len(fit.data.points),
            "profiles": len(fit.data.profiles),
            "method": fit.method,
            "seed": fit.seed,
            "parameters": rows,
            "noise": {"value": noise, "low": low, "high": high, "unit": "vol%", "estimated": fit.posterior.sd is None},
            "residuals": {
                "root_mean_square": float((fit.residuals**2).mean() ** 0.5),
                "mean": float(fit.residuals.mean()),
                "largest": float(abs(fit.residuals).max()),
                "correlation_of_neighbours": fit.follow,
                "chi_square_per_degree_of_freedom": fit.chi_square,
                "unit": "vol%",
            },
            "check": _check(fit),
            "fisher_information": [
                {"eigenvalue": d.information, "direction": dict(zip(fit.names, d.shares, strict=True))} for d in fit.directions
            ],
            "trade_offs": [{"parameters": list(r.names), "correlation": r.correlation, "known": r.combination} for r in fit.ridges],
            "numerical_error": {"value": fit.numerical_error, "unit": "vol%"},
            "draws": 0 if fit.drawn is None else len(fit.draws),
            "notes": list(fit.sentences),
            "wall_time": {"value": fit.wall_time, "unit": "s"},
        }
    )


def _check(fit: Fit) -> dict[str, object]:
    drawn = fit.drawn
    if isinstance(drawn, Weighed):
        return {"passed": drawn.good, "pareto_k": drawn.shape, "effective_draws": drawn.effective, "proposed": drawn.proposed}
    if isinstance(drawn, Sampled):
        return {"passed": drawn.good, "chains": drawn.chains, "divergences": drawn.divergences, "r_hat": float(drawn.r_hat.max()),
                "effective_draws": float(drawn.effective.min())}  # fmt: skip
    return {"passed": None}


def _plain(value: object) -> object:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
