"""What tests share: the reference data folder when it is there, a cache of their own, and the command line in this process."""

from __future__ import annotations

import io
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile(
    "amelo", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)  # a busy machine, or a first compile
settings.load_profile("amelo")

ROOT = Path(__file__).resolve().parents[1]


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
def amelo(capfd: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """Run one command line in this process, with standard input given as bytes."""
    from amelo.cli.main import run

    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))

    def call(*words: str | Path, stdin: bytes = b"") -> Ran:
        capfd.readouterr()
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        code = run([str(word) for word in words])
        out, err = capfd.readouterr()
        return Ran(code, out, err)

    return call
