"""What tests share: the reference data folder when it is there, a cache of their own, and the command line in this process."""

from __future__ import annotations

import ctypes
import gc
import io
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# a machine may be busy, and an example the first to need what must be compiled
settings.register_profile("amelo", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("amelo")

ROOT = Path(__file__).resolve().parents[1]
LONGEST = (  # files of more than 20 s of a processor on a machine that has compiled nothing yet
    "tests/meta/test_docs.py",
    "tests/twin/test_reduced.py",
    "tests/therapy/test_nano_density.py",
    "tests/twin/test_lesion_gradient.py",
    "tests/twin/test_gradient_of_a_mouth.py",
    "tests/therapy/test_every_act.py",
    "tests/validate/test_nano_claims.py",
    "tests/forecast/test_scores_of_intervals.py",
    "tests/forecast/test_caries_outlooks.py",
    "tests/cli/test_fit_command.py",
    "tests/therapy/test_on_column.py",
    "tests/therapy/test_nano_on_tooth.py",
    "tests/therapy/test_fluoride_posterior.py",
    "tests/twin/test_gradient_of_results.py",
    "tests/twin/test_extension.py",
    "tests/twin/lesion/test_lesion_phreeqc.py",
)
MUCH = 3 * 2**29  # bytes; a process that holds more at the end of a file gives back what JAX has compiled


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Let workers that share whole files begin with the longest, so that none of those comes last and alone."""
    if hasattr(config, "workerinput"):
        order = {name: place for place, name in enumerate(LONGEST)}
        items.sort(key=lambda item: order.get(item.nodeid.split("::")[0], len(order)))


def held() -> int:
    """Return the bytes that this process holds now, 0 where a system does not say."""
    pages = Path("/proc/self/statm")
    return int(pages.read_text().split()[1]) * 4096 if pages.exists() else 0


@pytest.fixture(scope="module", autouse=True)
def given_back() -> Iterator[None]:
    """Keep a process that runs many files from growing to many gigabytes."""
    yield
    if held() > MUCH and "jax" in sys.modules:
        sys.modules["jax"].clear_caches()
        gc.collect()
        with suppress(AttributeError, OSError, TypeError):  # where the C library is another
            ctypes.CDLL(None).malloc_trim(0)


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def shared() -> Path:
    folder = ROOT.parent / "shared"
    if not folder.is_dir():
        pytest.skip("the folder of reference data ../shared is not here")
    return folder


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Path]:
    """Model files of our own making, by kind, in the place of the shipped ones, with outlooks that are known exactly."""
    monkeypatch.syspath_prepend(ROOT / "tests" / "forecast")
    import synthetic_outlooks

    from amelo.forecast import artefact, run

    folder = tmp_path / "shipped-models"
    paths = synthetic_outlooks.save_models(folder)
    monkeypatch.setattr(artefact, "MODELS", folder)
    monkeypatch.setattr(run, "OUTLOOKS", synthetic_outlooks.KINDS)
    return paths


@dataclass
class Ran:
    code: int
    out: str
    err: str


@pytest.fixture
def amelo(capfd: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory):
    """Run one command line in this process, with standard input given as bytes."""
    from amelo.cli.main import run

    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    kept = tmp_path_factory.mktemp("kept") / "citations.json"  # others cite at the same time
    monkeypatch.setattr("amelo.cite.references._kept_at", lambda: kept)

    def call(*words: str | Path, stdin: bytes = b"") -> Ran:
        capfd.readouterr()
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        code = run([str(word) for word in words])
        out, err = capfd.readouterr()
        return Ran(code, out, err)

    return call
