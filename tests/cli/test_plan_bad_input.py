"""Bad input and bad luck, each through the command line with the real search behind it: one clear sentence, exit code 2, and nothing lost."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from made_plans import make_small

KIRA, FELIX = "cases/kira.json", "cases/felix-healthy.json"
QUICK = ("--arms", "operative,wait", "--rollouts", "60")
FILES = {
    "none.toml": "[limits]\nfracture = 0\n",
    "twice.toml": "[limits]\nfracture = 0.1\nfracture = 0.2\n",
    "true.toml": "[limits]\nfracture = true\n",
    "sure.toml": "confidence = 1.0\n[limits]\nfracture = 0.1\n",
    "beyond.toml": "[weights]\nvitality = 1\n[at_least]\nvitality = 1.2\n",
    "yes.toml": "[weights]\nvitality = true\n",
    "empty.json": "",
    "bare.json": "{}",
    "list.json": "[]",
    "half.json": '{"pseudonym": "Kira"',
    "unknown.protocol": "isolate\npolishh for 3 min\n",
    "empty.protocol": "",
    "impossible.protocol": "excavate to firm dentine, leave -1 mm over the pulp\n",
}


@pytest.fixture
def files(tmp_path, monkeypatch, root):
    """Bad files in a folder of their own, in which the command line is then called."""
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    data = json.loads((root / KIRA).read_text())
    (tmp_path / "no-teeth.json").write_text(json.dumps({**data, "teeth": {}}))
    return tmp_path


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        # contradictory limits
        (("plan", KIRA, "--tooth", "36", "--limits", "none.toml"), "nothing that is done to a tooth has no risk at all"),
        (("plan", KIRA, "--tooth", "36", "--limits", "twice.toml"), "is not TOML"),
        (("plan", KIRA, "--tooth", "36", "--limits", "true.toml"), "the limit of fracture is True; a chance lies above 0, up to 1"),
        (("plan", KIRA, "--tooth", "36", "--limits", "sure.toml"), "a confidence of 1 is out of range"),
        # a goal that nothing can reach
        (("plan", KIRA, "--tooth", "36", "--goal", "beyond.toml"), "vitality of at least 1.2 is a goal that nothing can reach"),
        (("plan", KIRA, "--tooth", "36", "--goal", "yes.toml"), "the weight of vitality is True"),
        # zero seconds
        (("plan", KIRA, "--tooth", "36", "--seconds", "0"), "a plan needs time to be found"),
        (("compare", KIRA, "rest 1 d", "--tooth", "36", "--seconds", "0"), "a plan needs time to be found"),
        (("synergy", KIRA, "--tooth", "36", "--seconds", "0"), "a plan needs time to be found"),
        # a tooth that is missing, that is none, or that has no such surface
        (("plan", KIRA, "--tooth", "18"), "tooth 18 is missing; there is nothing to plan for; name one with a lesion: 36, 37, 46"),
        (("compare", KIRA, "rest 1 d", "--tooth", "18"), "tooth 18 is missing"),
        (("synergy", KIRA, "--tooth", "48"), "tooth 48 is unerupted"),
        (("plan", KIRA, "--tooth", "19"), "'19' is not a tooth"),
        (("plan", KIRA, "--tooth", "36", "--surface", "Z"), "'Z' is not a surface of tooth 36"),
        # no lesion
        (("plan", FELIX), "no tooth that is there has a lesion on its crown"),
        (("plan", FELIX, "--tooth", "36"), "tooth 36 has no lesion on surface O; there is nothing to plan for"),
        (
            ("plan", KIRA, "--tooth", "36", "--surface", "M"),
            "no lesion on surface M; there is nothing to plan for; its lesions are on O",
        ),
        (("synergy", FELIX, "--tooth", "36"), "there is nothing to plan for"),
        # an empty case
        (("plan", "empty.json"), "the file is empty"),
        (("plan", "bare.json"), "'pseudonym' is missing"),
        (("plan", "list.json"), "list.json"),
        (("plan", "half.json"), "half.json"),
        (("plan", "no-teeth.json"), "no tooth is charted; there is nothing to plan for"),
        (("plan", "nowhere.json"), "nowhere.json does not exist"),
        # a protocol with a step that nobody knows
        (("compare", KIRA, "unknown.protocol", "--tooth", "36", "--no-plan"), "line 2, column 1: 'polishh' is not a step"),
        (("compare", KIRA, "empty.protocol", "--tooth", "36", "--no-plan"), "the protocol is empty"),
        (("compare", KIRA, "impossible.protocol", "--tooth", "36", "--no-plan"), "line 1"),
        (("compare", KIRA, "nowhere.protocol", "--tooth", "36", "--no-plan"), "nowhere.protocol does not exist"),
    ],
)
def test_one_sentence_and_nothing_else(amelo, files, monkeypatch, root, words, sentence):
    monkeypatch.chdir(files)
    before = sorted(p.name for p in files.iterdir())
    ran = amelo(*(root / word if word in (KIRA, FELIX) else word for word in words))
    assert ran.code == 2 and ran.out == ""
    (line,) = ran.err.splitlines()
    assert line.startswith("amelo: ") and sentence in line
    assert sorted(p.name for p in files.iterdir()) == before, "nothing is left behind"


def test_a_goal_that_this_tooth_cannot_reach_defers_with_the_goal_named(amelo, tmp_path, monkeypatch, root):
    make_small(monkeypatch)
    (tmp_path / "goals.toml").write_text("[weights]\ntissue = 1\n[at_least]\nmineral = 0.999\n")
    monkeypatch.chdir(tmp_path)
    ran = amelo("plan", root / KIRA, "--tooth", "36", *QUICK, "--goal", "goals.toml", "--json")
    data = json.loads(ran.out)
    assert ran.code == 0 and data["status"] == "deferred" and data["chosen"]["arm"] == "wait"
    assert "mineral of at least 0.999" in data["reason"] or "may be" in data["reason"]


def test_limits_that_nothing_keeps_defer_with_the_harm_named(amelo, tmp_path, monkeypatch, root):
    make_small(monkeypatch)
    (tmp_path / "limits.toml").write_text("[limits]\nfracture = 0.0001\n")
    monkeypatch.chdir(tmp_path)
    ran = amelo("plan", root / KIRA, "--tooth", "36", *QUICK, "--limits", "limits.toml")
    assert ran.code == 0 and "nothing can be certified, so that the answer is to wait" in ran.out
    assert "only waiting can be certified" in ran.err and "reason: no plan could be certified" in ran.out


@pytest.fixture
def nearly_full():
    """Let no file grow beyond a few kilobytes, as on a disk that is full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    old = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    yield lambda size: resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    signal.signal(signal.SIGXFSZ, old)


def test_a_disk_that_is_full_costs_the_report_and_nothing_else(amelo, tmp_path, monkeypatch, nearly_full):
    """The file system itself refuses: the plan is printed whole and lies on disk, and one sentence says what is missing."""
    make_small(monkeypatch)
    nearly_full(40_000)
    ran = amelo("plan", KIRA, "--tooth", "36", *QUICK, "--report", tmp_path / "x.html")
    assert ran.code == 2
    assert "What is done:" in ran.out and "not a medical device" in ran.out
    said = [line for line in ran.err.splitlines() if line.startswith("amelo: ")]
    assert len(said) == 1 and "x.html cannot be written" in said[0] and "the plan was found, and is printed above" in said[0]
    assert not (tmp_path / "x.html").exists(), "half a report is none"
    kept = json.loads((tmp_path / "x.part.json").read_text())
    assert kept["chosen"]["protocol"] and str(tmp_path / "x.part.json") in ran.err


def test_a_folder_in_which_nothing_can_be_kept_stops_no_plan(amelo, tmp_path, monkeypatch, root):
    make_small(monkeypatch)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "plan-36.part.json").mkdir()  # in its place nothing can be written
    ran = amelo("plan", root / KIRA, "--tooth", "36", *QUICK)
    assert ran.code == 0 and "What is done:" in ran.out
    assert ran.err.count("note: ") == 1 and "what is found is kept in memory only" in ran.err
    assert [p.name for p in tmp_path.iterdir() if p.name.startswith(".plan")] == []


def killed(root, tmp_path, sign: int, *more: str) -> tuple[int, str, Path]:
    """Return exit code, standard error, and the file of a search in a process of its own that gets a signal once it has found something."""
    environment = {**os.environ, "PYTHONPATH": str(root / "src"), "NUMBA_NUM_THREADS": "1"}
    words = ["plan", str(root / KIRA), "--tooth", "36", "--arms", "operative,wait", "--seconds", "60", *more]
    run = subprocess.Popen(
        [sys.executable, "-m", "amelo", *words],
        cwd=tmp_path, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    deadline = time.monotonic() + 300.0
    while not (found := list(tmp_path.glob("*.part.json"))) and time.monotonic() < deadline and run.poll() is None:
        time.sleep(0.05)
    run.send_signal(sign)
    _, err = run.communicate()
    (part,) = found
    return run.returncode, err, part


@pytest.mark.skipif(os.environ.get("AMELO_SLOW") != "1", reason="searches in processes of their own; AMELO_SLOW=1")
@pytest.mark.parametrize("sign", [signal.SIGKILL, signal.SIGTERM])
def test_a_killed_run_leaves_what_was_found_and_had_named_it(root, tmp_path, sign):
    code, err, part = killed(root, tmp_path, sign)
    assert code == -sign and part.name in err
    found = json.loads(part.read_text())
    assert found["tooth"] == 36 and found["unfinished"] is True and found["status"] in ("certified", "deferred")


@pytest.mark.skipif(os.environ.get("AMELO_SLOW") != "1", reason="searches in processes of their own; AMELO_SLOW=1")
def test_an_output_that_is_full_is_one_sentence(root, tmp_path):
    environment = {**os.environ, "PYTHONPATH": str(root / "src")}
    with Path("/dev/full").open("w") as full:
        words = ["plan", str(root / KIRA), "--tooth", "36", *QUICK, "--json"]
        run = subprocess.run(
            [sys.executable, "-m", "amelo", *words], cwd=tmp_path, env=environment, stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )  # fmt: skip
    assert run.returncode == 2 and "the output cannot be written; No space left on device" in run.stderr
    assert json.loads((tmp_path / "plan-36.part.json").read_text())["chosen"]["timeline"]
