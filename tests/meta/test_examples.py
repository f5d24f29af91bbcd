"""Every example runs as a reader would run it, says something, and draws a plot."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))
SAYS = {
    "adding_a_phase": ("phase added: ACP", "ACP: at most 16", "integrated_mineral_loss"),
    "first_lesion": ("Trajectory of human enamel", "integrated mineral loss", "at 100 µm: pH 4.5"),
}


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_it_runs(example, tmp_path):
    done = subprocess.run(
        [sys.executable, "-W", "error", example, "--out", tmp_path], cwd=ROOT, capture_output=True, text=True, timeout=600
    )
    assert done.returncode == 0, done.stderr
    assert "Warning" not in done.stderr
    for words in SAYS[example.stem]:
        assert words in done.stdout, done.stdout
    pictures = list(tmp_path.glob("*.png"))
    assert [p.stem for p in pictures] == [example.stem] and pictures[0].stat().st_size > 5000
