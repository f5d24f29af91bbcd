#!/usr/bin/env python3
"""Set up and run everything in this checkout: python3 dev.py TASK [arguments].

Standard library only, for a machine that has Python 3.11 and pip and nothing else.  uv does the work when it is on the PATH or can
be put into .tools/; without it a virtual environment without ensurepip and pip's lock file do.  Nothing is written outside the
checkout but caches.
"""

from __future__ import annotations

import difflib
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
PYTHON = BIN / ("python.exe" if os.name == "nt" else "python")
STAMP = VENV / "amelo-setup"
WORKERS = 4  # processes that share the tests at most
PER_WORKER = 7 * 2**29  # bytes that one may hold at the end of its share: of compiled code not all is given back
WHOLE_FILES = (
    "--dist",
    "loadfile",
    "--no-loadscope-reorder",
)  # they share set-ups; in the order of tests/conftest.py, the longest first
INPUTS = ("pyproject.toml", "uv.lock", "requirements.lock", "dev.py")


class Failure(Exception):
    """A step that did not work; its text is what the user reads."""


def setup() -> None:
    """install what amelo needs into .venv"""
    wanted = hashlib.sha256(b"".join((ROOT / name).read_bytes() for name in INPUTS) + sys.version.encode()).hexdigest()
    if STAMP.exists() and STAMP.read_text() == wanted:
        return
    chosen = os.environ.get("AMELO_DEV_INSTALLER", "")
    if chosen not in ("", "uv", "pip"):
        raise Failure(f"AMELO_DEV_INSTALLER is '{chosen}'; use uv or pip")
    print(f"setting up {VENV.name} with Python {sys.version.split()[0]}", flush=True)
    installers = {"uv": [setup_with_uv], "pip": [setup_with_pip], "": [setup_with_uv, setup_with_pip]}[chosen]
    for install in installers:
        try:
            install()
            break
        except Failure as failure:
            if install is installers[-1]:
                raise
            print(f"{failure}\ntrying pip instead", flush=True)
    STAMP.write_text(wanted)
    fill_caches()


def fill_caches() -> None:
    """Plan once, so that equations are compiled and tables are made before anyone waits for them; without it the first plan takes a minute."""
    print("compiling equations and filling tables, once; about two minutes", flush=True)
    plan = ["-m", "amelo", "plan", "cases/kira.json", "--tooth", "36", "--rollouts", "12000"]
    half = "from amelo.plan.ready import THICKNESSES, ready; ready(THICKNESSES[{}::2])"
    tables = [["-c", half.format(k)] for k in range(2)]
    codes = []
    for together in ([["-m", "compileall", "-q", "src"]], tables, [plan]):
        quiet = {"cwd": ROOT, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        running = [subprocess.Popen([str(PYTHON), *command], **quiet) for command in together]
        codes += [each.wait() for each in running]
    if any(codes):  # whoever plans will be told why
        print("that did not work; the first plan will take longer", flush=True)


def setup_with_uv() -> None:
    uv = shutil.which("uv") or shutil.which("uv", path=str(ROOT / ".tools" / "bin"))
    if uv is None:
        run(pip("install", "--quiet", "--target", str(ROOT / ".tools"), "uv"), "uv could not be put into .tools")
        uv = str(ROOT / ".tools" / "bin" / "uv")
    environment = {**os.environ, "UV_PYTHON_DOWNLOADS": "never", "UV_PROJECT_ENVIRONMENT": str(VENV)}
    environment.setdefault("UV_SYSTEM_CERTS", "true")  # as pip does: a network's own certificates are in the system's store
    environment.pop("VIRTUAL_ENV", None)
    run(
        [uv, "sync", "--locked", "--quiet", "--compile-bytecode", "--python", sys.executable],
        "uv could not install amelo",
        env=environment,
    )


def setup_with_pip() -> None:
    if not PYTHON.exists():
        run([sys.executable, "-m", "venv", "--without-pip", str(VENV)], "a virtual environment could not be made")
    target = ["--python", str(PYTHON), "install", "--quiet"]
    run(pip(*target, "--only-binary", ":all:", "-r", str(ROOT / "requirements.lock")), "pip could not install the locked packages")
    run(pip(*target, "--no-deps", "--no-build-isolation", "--editable", str(ROOT)), "pip could not install amelo itself")


def pip(*arguments: str) -> list[str]:
    if subprocess.run([sys.executable, "-m", "pip", "--version"], capture_output=True).returncode:
        raise Failure("pip is missing; on Debian and Ubuntu: apt install python3-pip")
    return [sys.executable, "-m", "pip", "--disable-pip-version-check", *arguments]


def run(command: list[str], problem: str, **options: object) -> None:
    """Run a step quietly; when it fails say what, with its last lines and what to try."""
    done = subprocess.run(command, cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **options)
    if done.returncode:
        last = "\n".join(f"  {line}" for line in done.stdout.strip().splitlines()[-8:])
        raise Failure(f"{problem}:\n  $ {' '.join(command)}\n{last}\n  try again with a network, or AMELO_DEV_INSTALLER=pip|uv")


def call(*command: str) -> None:
    code = subprocess.run(command, cwd=ROOT).returncode
    if code:
        raise SystemExit(code)


def test(*arguments: str) -> None:
    """run the tests; arguments go to pytest, for example: test -k chart"""
    workers = max(1, min(os.cpu_count() or 1, WORKERS, memory() // PER_WORKER))
    shared = ("-n", str(workers), *WHOLE_FILES) if workers > 1 and not arguments else ()
    call(str(PYTHON), "-m", "pytest", *shared, *arguments)


def memory() -> int:
    """Return the bytes of memory of this machine, enough where nobody can tell."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return WORKERS * PER_WORKER


def lint(*arguments: str) -> None:
    """check style and formatting; lint --fix mends what can be mended"""
    fix = "--fix" in arguments
    call(str(PYTHON), "-m", "ruff", "check", *(["--fix"] if fix else []), ".")
    call(str(PYTHON), "-m", "ruff", "format", *([] if fix else ["--check"]), ".")


def docs(*arguments: str) -> None:
    """build the documentation into docs/_build"""
    call(str(PYTHON), "-m", "sphinx", "-q", "-W", "-b", "html", "docs", "docs/_build", *arguments)
    print("documentation: docs/_build/index.html")


def serve_docs(port: str = "8000") -> None:
    """build the documentation and show it on this machine"""
    docs()
    call(str(PYTHON), "-m", "http.server", port, "--bind", "127.0.0.1", "--directory", "docs/_build")


def bench(*names: str) -> None:
    """time amelo beside its peers: all of bench/, or the scripts named"""
    scripts = {path.stem: path for path in sorted((ROOT / "bench").glob("*.py"))}
    for name in names or scripts:
        if name not in scripts:
            raise Failure(f"'{name}' is not a bench; there are {', '.join(scripts)}")
        call(str(PYTHON), str(scripts[name]))


def demo(*arguments: str) -> None:
    """plan for a tooth of a synthetic patient and say where the report lies; arguments go to amelo plan"""
    report = Path("out") / "demo" / "plan.html"
    (ROOT / report).parent.mkdir(parents=True, exist_ok=True)
    call(str(BIN / "amelo"), "plan", "cases/kira.json", "--tooth", "36", "--report", str(report), "--force", *arguments)
    print(f"report: {report}")


TASKS = {f.__name__.replace("_", "-"): f for f in (setup, test, lint, docs, bench, demo, serve_docs)}


def main() -> None:
    name, *arguments = sys.argv[1:] or ["help"]
    if name not in TASKS:
        if name not in ("help", "--help", "-h"):
            near = difflib.get_close_matches(name, TASKS, n=1)
            print(f"dev.py: '{name}' is not a task" + (f"; did you mean '{near[0]}'?" if near else ""), file=sys.stderr)
            raise SystemExit(2)
        print("python3 dev.py TASK\n\n" + "\n".join(f"  {task:11} {f.__doc__}" for task, f in TASKS.items()))
        return
    if sys.version_info < (3, 11):  # noqa: UP036 - this file must be able to say so
        raise Failure(f"Python 3.11 or newer is needed; this is {sys.version.split()[0]}")
    setup()
    if name != "setup":
        TASKS[name](*arguments)


if __name__ == "__main__":
    try:
        main()
    except Failure as failure:
        sys.exit(f"dev.py: {failure}")
    except KeyboardInterrupt:
        sys.exit(130)
