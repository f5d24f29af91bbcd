"""``amelo plan``: what it prints, its JSON, what it leaves on disk when it is stopped, and one sentence for everything that cannot be."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from amelo.cli.plan import arms_of, plain, with_seconds_left
from amelo.errors import CommandError
from made_plans import WAIT, made_futures, made_plan

KIRA = "cases/kira.json"


@pytest.fixture
def made(monkeypatch):
    """Plans made by hand in the place of a search; what the search was asked for is kept."""
    asked = {}

    def planned(case, tooth, surface=None, *, on_found=None, on_progress=None, **rest):
        asked.update(rest, tooth=tooth, surface=surface)
        if on_found is not None:
            on_found({"status": "certified", "unfinished": True})
        if asked.get("_stop") is not None:
            raise asked["_stop"]
        return asked.get("_plan") or made_plan()

    monkeypatch.setattr("amelo.plan.plan.plan", planned)
    monkeypatch.setattr("amelo.plan.futures.futures", lambda case, plan, **rest: made_futures(plan))
    return asked


def test_it_is_told_in_words_and_tables_in_the_order_a_clinician_reads(amelo, made):
    ran = amelo("plan", KIRA, "--tooth", "36", "--rollouts", "100")
    assert ran.code == 0 and ran.err == "note: what is found is kept in plan-36.part.json until all is told\n"
    parts = [
        "tooth 36 O: carriers and operative care together, certified", "What is done:", "Visit 1, day 0:", "Then wait 14 days.", "What it does",
        "quality", "What could go wrong", "certified at most", "fracture", "3 of 400", "Options", "waiting", "Why not the others:", "0.050 less",
        "What the combination adds:", "paired excess", "Probe first?", "Why:", "In other worlds", "floors twice as rough", "Not known", "nobody tested the pulp",
        "Assumed:", "the pulp is alive", "12345 rollouts; seed 7", "amelo cite", "not a medical device",
    ]  # fmt: skip
    places = [ran.out.find(part) for part in parts]
    assert -1 not in places, parts[places.index(-1)]
    order = [
        ran.out.find(part)
        for part in (
            "What is done:",
            "What it does",
            "What could go wrong",
            "Options",
            "What the combination",
            "Probe",
            "Not known",
        )
    ]
    assert order == sorted(order)
    assert amelo("cite").out.count("amelo project") >= 1  # the references behind it


def test_json_has_what_the_page_promises_and_no_number_that_is_none(amelo, made, tmp_path, monkeypatch, root):
    made["_plan"] = made_plan(probed=True)
    monkeypatch.chdir(tmp_path)  # where what was found is kept meanwhile
    ran = amelo("plan", root / KIRA, "--tooth", "36", "--json")
    assert not list(tmp_path.glob("*.part.json")) and "plan-36.part.json" in ran.err
    data = json.loads(ran.out)
    assert {
        "status",
        "seconds",
        "chosen",
        "arms",
        "synergy",
        "probe",
        "runner_up",
        "units",
        "disclaimer",
        "seed",
        "rollouts",
    } <= set(data)
    assert {"arm", "protocol", "outcomes", "harm", "timeline", "visits", "chair_time", "cost"} <= set(data["chosen"])
    assert set(data["synergy"]) >= {"mean", "low", "high", "claim"} and data["probe"]["adopted"] is True
    harm = data["chosen"]["harm"]["fracture"]
    assert harm == {"share": 3 / 400, "limit": 0.05, "upper_bound": pytest.approx(0.0275)}
    assert set(data["arms"]) == {"wait", "nano", "operative", "combined"} and data["units"]["seconds"] == "s"


def test_what_was_asked_for_reaches_the_search(amelo, made, tmp_path):
    (tmp_path / "goals.toml").write_text("[weights]\nvitality = 2\n")
    (tmp_path / "limits.toml").write_text("[limits]\nfracture = 0.01\n")
    words = (
        "--seconds",
        "3",
        "--goals",
        tmp_path / "goals.toml",
        "--limits",
        tmp_path / "limits.toml",
        "--arms",
        "nano",
        "--seed",
        "5",
        "--surface",
        "O",
    )
    assert amelo("plan", KIRA, "--tooth", "36", *words).code == 0
    assert (made["seconds"], made["seed"], made["surface"], made["tooth"]) == (3.0, 5, "O", 36)
    assert made["arms"] == ("wait", "nano") and made["goals"].weights == {"vitality": 2}
    assert made["limits"].largest["fracture"] == 0.01 and made["limits"].largest["exposure"] == 0.1
    assert amelo("plan", KIRA, "--tooth", "36", "--goal", "preserve").code == 0 and made["goals"].name == "preserve"


def test_without_a_tooth_the_forecast_chooses_and_says_why(amelo, made):
    ran = amelo("plan", KIRA)
    assert ran.code == 0 and made["tooth"] in (36, 37, 46)
    assert f"(tooth {made['tooth']}: of those with a lesion the one the forecast worries about most" in ran.out


def test_the_report_is_written_and_what_was_kept_meanwhile_is_gone(amelo, made, tmp_path):
    path = tmp_path / "kira.html"
    ran = amelo("plan", KIRA, "--tooth", "36", "--report", path)
    assert ran.code == 0 and path.stat().st_size > 10_000
    assert f"kept in {tmp_path}/kira.part.json" in ran.err and f"report written to {path}" in ran.err
    assert [p.name for p in tmp_path.iterdir() if p.suffix in (".html", ".json")] == ["kira.html"]
    assert "is there already" in amelo("plan", KIRA, "--tooth", "36", "--report", path).err
    assert amelo("plan", KIRA, "--tooth", "36", "--report", path, "--force").code == 0


def test_a_full_disk_loses_nothing_that_was_found(amelo, made, tmp_path, monkeypatch):
    def full(*rest, **more):
        from amelo.errors import FileError

        raise FileError("x.html cannot be written", why="No space left on device")

    monkeypatch.setattr("amelo.report.plan.plan_report", full)
    ran = amelo("plan", KIRA, "--tooth", "36", "--report", tmp_path / "x.html")
    assert ran.code == 2 and "No space left on device; the plan was found, and is printed above" in ran.err
    assert "What is done:" in ran.out
    kept = json.loads((tmp_path / "x.part.json").read_text())
    assert kept["chosen"]["protocol"] == made_plan().chosen.protocol and "note: what was found is in" in ran.err


def test_a_reader_that_has_seen_enough_does_not_cost_the_report(amelo, made, tmp_path, monkeypatch):
    def closed(*rest):
        raise BrokenPipeError

    monkeypatch.setattr("amelo.cli.plan._print", closed)
    monkeypatch.setattr("amelo.cli.main._mute", lambda: None)
    assert amelo("plan", KIRA, "--tooth", "36", "--report", tmp_path / "x.html").code == 0
    assert (tmp_path / "x.html").exists() and not (tmp_path / "x.part.json").exists()


def test_an_output_that_is_full_leaves_the_whole_plan_on_disk(amelo, made, tmp_path, monkeypatch, root):
    def full(*rest):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("amelo.cli.plan.print_json", full)
    monkeypatch.setattr("amelo.cli.main._mute", lambda: None)
    monkeypatch.chdir(tmp_path)
    ran = amelo("plan", root / KIRA, "--tooth", "36", "--json")
    assert ran.code == 2 and "the output cannot be written; No space left on device" in ran.err
    kept = json.loads((tmp_path / "plan-36.part.json").read_text())
    assert kept["chosen"]["timeline"] and "unfinished" not in kept


def test_a_stop_leaves_what_was_found_and_names_it(amelo, made, tmp_path):
    made["_stop"] = KeyboardInterrupt("nothing was certified yet")
    ran = amelo("plan", KIRA, "--tooth", "36", "--report", tmp_path / "x.html")
    assert ran.code == 130 and "nothing was certified yet" in ran.err
    assert json.loads((tmp_path / "x.part.json").read_text())["unfinished"] is True
    assert str(tmp_path / "x.part.json") in ran.err


def test_a_plan_that_was_stopped_says_so(amelo, made):
    from dataclasses import replace

    made["_plan"] = replace(made_plan(), settings={"stopped_by_user": True})
    assert "stopped by the user: this is the best that was certified by then" in amelo("plan", KIRA, "--tooth", "36").out


def test_deferring_has_its_reason_and_is_no_failure(amelo, made):
    made["_plan"] = made_plan(status="deferred", reason="no plan could be certified: fracture", chosen=WAIT)
    ran = amelo("plan", KIRA, "--tooth", "36")
    assert ran.code == 0 and "reason: no plan could be certified: fracture" in ran.out and "Nothing is done" in ran.out


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--seconds", "0"), "--seconds 0 is out of range; a plan needs time"),
        (("--seconds", "-1"), "--seconds -1 is out of range"),
        (("--seconds", "nan"), "--seconds nan is out of range"),
        (("--rollouts", "0"), "--rollouts 0 is out of range"),
        (("--years", "100"), "--years 100 is out of range"),
        (("--seed", "-1"), "--seed -1 is out of range"),
        (("--arms", "nano,dril"), "'dril' is not an arm"),
        (("--arms", ","), "--arms names nothing"),
        (("--goals", "balancd"), "did you mean 'balanced'"),
        (("--goals", "nowhere.toml"), "nowhere.toml"),
        (("--limits", "nowhere.toml"), "nowhere.toml"),
        (("--report", "x.pdf"), "use .html"),
        (("--report", "nowhere/x.html"), "there is no folder"),
        (("--tooth", "99"), "99"),
    ],
)
def test_bad_input_is_one_sentence_and_nothing_is_searched(amelo, made, words, sentence):
    given = () if "--tooth" in words else ("--tooth", "36")
    ran = amelo("plan", KIRA, *given, *words)
    assert ran.code == 2 and ran.out == "" and len(ran.err.splitlines()) == 1, ran.err
    assert sentence in ran.err and "tooth" not in made


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[limits]\nfracture = 0\n", "no risk at all"),
        ("[limits]\nfracture = 2\n", "a chance lies above 0"),
        ("[limits]\nfractur = 0.1\n", "did you mean 'fracture'"),
        ("[limits]\nfracture = 0.1\nfracture = 0.2\n", "is not TOML"),
        ("[limit]\nfracture = 0.1\n", "has no limits"),
        ("confidence = 0.2\n[limits]\nfracture = 0.1\n", "confidence"),
        ('confidence = "high"\n[limits]\nfracture = 0.1\n', "confidence"),
        ("[limits]\nfracture = nan\n", "fracture"),
    ],
)
def test_limits_that_contradict_themselves_are_refused(amelo, made, tmp_path, text, sentence):
    (tmp_path / "limits.toml").write_text(text)
    ran = amelo("plan", KIRA, "--tooth", "36", "--limits", tmp_path / "limits.toml")
    assert ran.code == 2 and sentence in ran.err and len(ran.err.splitlines()) == 1 and "tooth" not in made


def test_a_limit_that_nothing_can_prove_is_said_beforehand(amelo, made, tmp_path):
    (tmp_path / "limits.toml").write_text("[limits]\nfracture = 0.0005\nexposure = 0.02\n")
    ran = amelo("plan", KIRA, "--tooth", "36", "--limits", tmp_path / "limits.toml")
    assert ran.code == 0 and ran.err.count("note: a limit") == 1
    assert "a limit of 0.0005 for fracture lies below 0.0035" in ran.err and "only waiting can be certified" in ran.err


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[weights]\nbeauty = 1\n", "not an outcome"),
        ("[weights]\nvitality = 0\n", "every weight is 0"),
        ("[weights]\nvitality = -1\n", "the weight of vitality"),
        ("[weights]\nvitality = inf\n", "the weight of vitality"),
        ("[wishes]\nvitality = 1\n", "has no weights"),
        ("[weights]\nvitality = 1\n[wishes]\nvitality = 1\n", "wishes"),
        ("[weights]\nvitality = 1\n[at_least]\nvitality = 1.5\n", "nothing can reach"),
        ("[weights]\nvitality = 1\n[at_least]\nbeauty = 0.5\n", "not an outcome"),
    ],
)
def test_goals_that_nothing_can_reach_or_that_are_none_are_refused(amelo, made, tmp_path, text, sentence):
    (tmp_path / "goals.toml").write_text(text)
    ran = amelo("plan", KIRA, "--tooth", "36", "--goals", tmp_path / "goals.toml")
    assert ran.code == 2 and sentence in ran.err and len(ran.err.splitlines()) == 1 and "tooth" not in made


def case_with(tmp_path, root, change) -> Path:
    data = json.loads((root / KIRA).read_text())
    change(data)
    path = tmp_path / "case.json"
    path.write_text(json.dumps(data))
    return path


def test_cases_for_which_nothing_can_be_planned(amelo, made, tmp_path, root):
    (tmp_path / "empty.json").write_text("")
    assert "the file is empty" in amelo("plan", tmp_path / "empty.json").err
    assert "does not exist" in amelo("plan", "cases/kirra.json").err
    bare = case_with(tmp_path, root, lambda data: data.update(teeth={}))
    ran = amelo("plan", bare)
    assert ran.code == 2 and "no tooth is charted; there is nothing to plan for" in ran.err
    ran = amelo("plan", KIRA, "--tooth", str(missing_tooth(root)))
    assert ran.code == 2 and "is missing" in ran.err and "36" in ran.err
    ran = amelo("plan", KIRA, "--surface", "O")
    assert ran.code == 2 and "--surface is given without --tooth" in ran.err
    assert "tooth" not in made


def missing_tooth(root) -> int:
    teeth = json.loads((root / KIRA).read_text())["teeth"]
    return next(int(n) for n, tooth in teeth.items() if tooth.get("status") == "missing")


def test_arms_are_read_and_waiting_is_always_among_them():
    assert arms_of("combined, nano") == ("wait", "nano", "combined")
    with pytest.raises(CommandError):
        arms_of("")


def test_seconds_left_are_told_where_they_are_counted():
    said = []
    with_seconds_left(lambda f, m: said.append(m), 30.0)(0.1, "racing")
    with_seconds_left(lambda f, m: said.append(m), None)(0.1, "racing")
    assert said == ["racing; 30 s left", "racing"]


def test_numbers_that_are_none_become_null():
    plan = made_plan(chosen=WAIT)
    assert plain(plan)["chosen"]["cost"] == 0.0
    from amelo.cli.plan import plain_values

    assert plain_values({"a": float("nan"), "b": (float("inf"), 1.0)}) == {"a": None, "b": [None, 1.0]}


@pytest.mark.skipif(os.environ.get("AMELO_SLOW") != "1", reason="a search in a process of its own; AMELO_SLOW=1")
def test_a_killed_run_leaves_what_was_found_on_disk(root, tmp_path):
    environment = {**os.environ, "XDG_STATE_HOME": str(tmp_path)}
    words = ["plan", KIRA, "--tooth", "36", "--arms", "operative,wait", "--seconds", "60", "--report", str(tmp_path / "x.html")]
    run = subprocess.Popen(
        [sys.executable, "-m", "amelo", *words],
        cwd=root,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    part, deadline = tmp_path / "x.part.json", time.monotonic() + 300.0
    while not part.exists() and time.monotonic() < deadline and run.poll() is None:
        time.sleep(0.2)
    run.send_signal(signal.SIGKILL)
    _, err = run.communicate()
    found = json.loads(part.read_text())
    assert found["tooth"] == 36 and found["unfinished"] is True and str(part) in err
