"""Puts outlooks and model files of our own making in the place of the shipped ones."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))


@pytest.fixture
def models(tmp_path, monkeypatch):
    """Model files of every kind, by kind, in the place of the shipped ones."""
    import synthetic_outlooks

    from amelo.forecast import artefact, run

    folder = tmp_path / "models"
    paths = synthetic_outlooks.save_models(folder)
    monkeypatch.setattr(artefact, "MODELS", folder)
    monkeypatch.setattr(run, "OUTLOOKS", synthetic_outlooks.KINDS)
    return paths
