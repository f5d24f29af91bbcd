"""The documentation runs: every Python block, and every command of every console block, exits as the page says."""

from __future__ import annotations

import re
import runpy
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([ROOT / "README.md", *(p for p in (ROOT / "docs").rglob("*.md") if "_build" not in p.parts)])
OWN_PROCESS = ("docs/extending.md", "docs/tutorials/5-adding-a-mechanism.md")  # they add to what the package knows
FENCE = re.compile(r"^```(\w+)[^\n]*\n(.*?)^```", re.MULTILINE | re.DOTALL)


def blocks(page: Path, language: str) -> list[str]:
    return [body for kind, body in FENCE.findall(page.read_text("utf-8")) if kind == language]


def name(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("page", [p for p in PAGES if blocks(p, "python")], ids=name)
def test_python_blocks_run(page, tmp_path, monkeypatch, capfd):
    script = tmp_path / "page.py"
    script.write_text("\n".join(blocks(page, "python")), "utf-8")
    if name(page) in OWN_PROCESS:
        done = subprocess.run([sys.executable, "-W", "error", script], cwd=ROOT, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return
    monkeypatch.chdir(ROOT)
    runpy.run_path(str(script), run_name="__main__")  # pytest makes errors of warnings
    assert "Warning" not in capfd.readouterr().err


def commands() -> list[tuple[str, str]]:
    """Return every line once, with the first page that shows it."""
    first: dict[str, str] = {}
    for page in PAGES:
        for block in blocks(page, "console"):
            for line in block.splitlines():
                if line.startswith("$ amelo"):
                    first.setdefault(line[2:], name(page))
    return [(page, line) for line, page in first.items()]


@pytest.mark.parametrize(("page", "line"), commands())
def test_console_blocks_run(amelo, page, line, tmp_path):
    """Run a line such as ``$ amelo case fluid FILE | amelo saturation -`` in this process; files that it writes go to a scratch folder."""
    out = ""
    for part in line.split(" | "):
        words = [str(tmp_path / word) if word.endswith((".svg", ".png")) else word for word in shlex.split(part)]
        assert words[0] == "amelo"
        done = amelo(*words[1:], stdin=out.encode())
        assert done.code == 0, done.err
        out = done.out
    assert out


def test_every_command_is_documented():
    from amelo.cli.main import COMMANDS

    text = "\n".join(page.read_text("utf-8") for page in PAGES)
    for command in COMMANDS:
        assert f"amelo {command}" in text, command


def test_every_decision_has_its_four_parts():
    notes = sorted((ROOT / "docs" / "decisions").glob("[0-9]*.md"))
    assert len(notes) >= 5
    assert [int(note.name[:4]) for note in notes] == list(range(1, len(notes) + 1))
    for note in notes:
        text = note.read_text("utf-8")
        for part in ("Context", "Choice", "Rejected", "Consequence"):
            assert f"**{part}.**" in text, note.name
        assert 10 <= len(text.splitlines()) <= 60, note.name
