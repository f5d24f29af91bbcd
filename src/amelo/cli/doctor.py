"""``amelo doctor``: is everything here that amelo needs, and does it compute?"""

from __future__ import annotations

import platform
import tempfile
import time
from importlib.metadata import PackageNotFoundError, version
from typing import Annotated

from cyclopts import Parameter

from amelo import __version__
from amelo.cli.output import print_json, print_table
from amelo.cli.progress import working

__all__ = ["Check", "checks", "doctor"]

PACKAGES = ("numpy", "scipy", "numba", "jax", "jaxlib", "pydantic", "pint", "cyclopts", "matplotlib", "bibtexparser")
Check = tuple[str, str, bool]  # name, finding, good


def doctor(*, json: Annotated[bool, Parameter(negative=())] = False) -> int:
    """Report versions, device, precision, cache, write access, and a reference solve with its time.

    Exit code 0 when all is well, 1 when something is not.

    Parameters
    ----------
    json
        Print JSON.
    """
    with working("looking at this installation"):
        found = checks()
    if json:
        print_json([{"check": name, "finding": finding, "good": good} for name, finding, good in found])
    else:
        print_table(
            ("check", "finding", ""), [(name, finding, "ok" if good else "PROBLEM") for name, finding, good in found], left=3
        )
    return 0 if all(good for _, _, good in found) else 1


def checks() -> list[Check]:
    """Run every check; a check that fails says why and never stops the others."""
    found: list[Check] = [
        ("amelo", __version__, True),
        ("python", f"{platform.python_version()} on {platform.system()} {platform.machine()}", True),
    ]
    for package in PACKAGES:
        try:
            found.append((package, version(package), True))
        except PackageNotFoundError:
            found.append((package, f"not installed; pip install {package}", False))
    for name, check in (
        ("device", _device),
        ("float64", _precision),
        ("cache", _cache),
        ("working folder", _working_folder),
        ("reference solve", _reference),
        ("compiled kernel", _compiled),
    ):
        try:
            found.append((name, *check()))
        except Exception as error:  # whatever is broken is what the user wants to read
            found.append((name, f"{type(error).__name__}: {error}", False))
    return found


def _device() -> tuple[str, bool]:
    from amelo.twin.precision import jax64

    return ", ".join(f"{d.platform} ({d.device_kind})" for d in jax64().devices()), True


def _precision() -> tuple[str, bool]:
    from amelo.twin.precision import jax64

    kind = jax64().numpy.asarray(1.0).dtype
    return str(kind), str(kind) == "float64"


def _cache() -> tuple[str, bool]:
    from amelo.cite.references import cache_folder

    folder = cache_folder()
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=folder):
        pass
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    return f"{folder}, {size / 1e6:.1f} MB, writable", True


def _working_folder() -> tuple[str, bool]:
    with tempfile.TemporaryFile(dir="."):
        pass
    return "writable", True


def _reference() -> tuple[str, bool]:
    """Solve resting saliva at pH 7 and compare with the stored reference."""
    from amelo.params import load_set
    from amelo.records.fluid import Fluid
    from amelo.twin.chemistry.saturation import saturation

    totals = {p.name.partition(".")[2]: p.value for p in load_set("oral-fluids") if p.name.startswith("whole_saliva_rest.")}
    begin = time.perf_counter()
    answer = saturation(Fluid(pH=7.0, totals_mmol_per_kgw=totals, charge_balanced_by="Cl"))[0]
    spent = time.perf_counter() - begin
    expected = load_set("validation")["reference.si_hap_resting_saliva_ph7"]
    value = answer.saturation_index["HAp"]
    good = expected.low <= value <= expected.high
    return f"SI(HAp) of resting saliva at pH 7 is {value:.4f} (reference {expected.value:g}) in {1000 * spent:.0f} ms", good


def _compiled() -> tuple[str, bool]:
    import numpy as np

    from amelo.twin.chemistry.solve import speciate
    from amelo.twin.chemistry.table import reaction_table

    table = reaction_table(37.0)
    totals = np.full((4096, len(table.names)), 1e-3)
    ph = np.linspace(4.0, 8.0, len(totals))
    begin = time.perf_counter()
    speciate(table, totals, ph, compiled=True)
    first = time.perf_counter() - begin
    begin = time.perf_counter()
    status = speciate(table, totals, ph, compiled=True).status
    again = time.perf_counter() - begin
    return f"first call {first:.2f} s, then {len(totals) / again:,.0f} fluids/s", bool((status == 0).all())
