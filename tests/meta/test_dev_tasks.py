"""What the tasks of dev.py run, without running it."""

from __future__ import annotations

import importlib.util
from types import SimpleNamespace

import pytest


@pytest.fixture
def dev(root, tmp_path, monkeypatch):
    spec = importlib.util.spec_from_file_location("dev", root / "dev.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "ROOT", tmp_path)
    return module


def test_the_demonstration_plans_for_kira_and_ends_with_the_path_of_the_report(dev, monkeypatch, capsys, tmp_path):
    called = []
    monkeypatch.setattr(dev, "call", lambda *words: called.append(words))
    dev.demo("--seed", "3")
    (words,) = called
    assert words[1:5] == ("plan", "cases/kira.json", "--tooth", "36") and words[-2:] == ("--seed", "3") and "--force" in words
    report = words[words.index("--report") + 1]
    assert (tmp_path / report).parent.is_dir() and capsys.readouterr().out.splitlines()[-1] == f"report: {report}"


@pytest.mark.parametrize(("code", "said"), [(0, ""), (2, "that did not work; the first plan will take longer")])
def test_caches_are_filled_by_a_plan_and_a_failure_of_it_stops_nothing(dev, monkeypatch, capsys, code, said):
    seen = []

    class Started:
        def __init__(self, command, **options):
            seen.append(command)

        def wait(self):
            return code

    monkeypatch.setattr(dev.subprocess, "Popen", Started)
    dev.fill_caches()
    assert sum("ready(" in command[2] for command in seen) == 2
    assert [c[2:5] for c in seen if c[2] == "amelo"] == [["amelo", "plan", "cases/kira.json"]]
    out = capsys.readouterr().out
    assert said in out and ("did not work" in out) == bool(said)


@pytest.mark.parametrize(("cores", "workers"), [(1, None), (2, "2"), (64, "4"), (None, None)])
def test_all_tests_are_shared_between_the_cores_and_some_are_not(dev, monkeypatch, cores, workers):
    called = []
    monkeypatch.setattr(dev, "call", lambda *words: called.append(words))
    monkeypatch.setattr(dev.os, "cpu_count", lambda: cores)
    monkeypatch.setattr(dev, "memory", lambda: 2**36)
    dev.test()
    dev.test("-k", "chart")
    everything, some = called
    assert everything[3:] == (() if workers is None else ("-n", workers, *dev.WHOLE_FILES)) and some[3:] == ("-k", "chart")


@pytest.mark.parametrize(("gibibytes", "workers"), [(2, None), (6, None), (8, "2"), (16, "4"), (512, "4")])
def test_tests_are_shared_no_further_than_memory_goes(dev, monkeypatch, gibibytes, workers):
    called = []
    monkeypatch.setattr(dev, "call", lambda *words: called.append(words))
    monkeypatch.setattr(dev.os, "cpu_count", lambda: 8)
    monkeypatch.setattr(dev, "memory", lambda: gibibytes * 2**30)
    dev.test()
    assert called[0][3:] == (() if workers is None else ("-n", workers, *dev.WHOLE_FILES))


def test_memory_is_told_or_taken_for_enough(dev, monkeypatch):
    assert dev.memory() > 2**28
    monkeypatch.setattr(dev.os, "sysconf", lambda name: (_ for _ in ()).throw(ValueError(name)), raising=False)
    assert dev.memory() == dev.WORKERS * dev.PER_WORKER


def test_the_longest_files_go_first_to_workers(root, pytestconfig):
    conftest = pytestconfig.pluginmanager.get_plugin(str(root / "tests" / "conftest.py"))
    assert all((root / name).exists() for name in conftest.LONGEST)
    names = ["tests/a.py::one", f"{conftest.LONGEST[1]}::one", f"{conftest.LONGEST[0]}::one", "tests/a.py::two"]
    items = [SimpleNamespace(nodeid=name) for name in names]
    conftest.pytest_collection_modifyitems(SimpleNamespace(), items)
    assert [item.nodeid for item in items] == names
    conftest.pytest_collection_modifyitems(SimpleNamespace(workerinput={}), items)
    assert [item.nodeid for item in items] == [names[2], names[1], names[0], names[3]]
