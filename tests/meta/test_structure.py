"""The house: imports point one way, files stay small, exports are complete, start-up is light, locks agree."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import amelo

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "amelo"
ROWS = [  # a module imports only from rows above its own; see docs/decisions/0001
    {"errors"},
    {"cite"},
    {"params"},
    {"units"},
    {"records"},
    {"twin"},
    {"therapy", "forecast"},
    {"years"},
    {"protocol"},
    {"inference"},
    {"plan"},
    {"theatre"},
    {"clinic"},
    {"validate"},
    {"report"},
    {"web", "cli"},
]
HEAVY = {"jax", "jaxlib", "numba", "scipy", "matplotlib", "pint", "pydantic", "bibtexparser", "numpy", "vcfpy"}
FILES = sorted(SOURCE.rglob("*.py"))


def package_of(path: Path) -> str:
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


def imports(path: Path, *, top_only: bool = False) -> list[str]:
    tree = ast.parse(path.read_text("utf-8"))
    nodes = tree.body if top_only else list(ast.walk(tree))
    found = []
    for node in nodes:
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            found.append(node.module or "")
            if node.module == "amelo":  # a package, not a name such as __version__, may hide in: from amelo import twin
                found += [f"amelo.{alias.name}" for alias in node.names if package_is_there(alias.name)]
    return found


def package_is_there(name: str) -> bool:
    return (SOURCE / name).is_dir() or (SOURCE / f"{name}.py").is_file()


def row_of(package: str) -> int:
    for number, row in enumerate(ROWS):
        if package in row:
            return number
    raise AssertionError(f"the package {package} has no row; add it to ROWS and to docs/decisions/0001")


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(SOURCE)))
def test_imports_point_up_the_rows_only(path):
    mine = package_of(path)
    if mine in ("__init__", "__main__"):
        return
    for module in imports(path):
        if module.startswith("amelo."):
            other = module.split(".")[1]
            assert other == mine or row_of(other) < row_of(mine), f"{path}: {mine} may not import {other}"


def test_an_import_against_the_direction_is_seen_however_it_is_written(tmp_path):
    path = tmp_path / "x.py"
    for line in ("import amelo.twin.chemistry", "from amelo.twin import chemistry", "from amelo import __version__, twin"):
        path.write_text(f"def f():\n    {line}\n")
        assert any(row_of(m.split(".")[1]) == row_of("twin") for m in imports(path) if m.startswith("amelo.")), line


def test_there_is_no_circle_inside_a_package():
    graph = {}
    for path in FILES:
        name = ".".join(path.relative_to(SOURCE.parent).with_suffix("").parts).removesuffix(".__init__")
        graph[name] = {m for m in imports(path, top_only=True) if m.startswith("amelo.")}
    state: dict[str, int] = {}

    def visit(name: str, trail: tuple[str, ...]) -> None:
        assert state.get(name) != 1, f"circle: {' -> '.join((*trail, name))}"
        if state.get(name) == 2:
            return
        state[name] = 1
        for other in graph.get(name, ()):
            if other != name:
                visit(other, (*trail, name))
        state[name] = 2

    for name in graph:
        visit(name, ())


@pytest.mark.parametrize(
    "path", sorted([*FILES, *(ROOT / "tests").rglob("*.py"), *(ROOT / "bench").rglob("*.py"), ROOT / "dev.py"]), ids=str
)
def test_no_file_is_over_600_lines(path):
    assert len(path.read_text("utf-8").splitlines()) <= 600


def modules() -> list[str]:
    return ["amelo", *(m.name for m in pkgutil.walk_packages(amelo.__path__, "amelo.") if not m.name.endswith("__main__"))]


@pytest.mark.parametrize("name", modules())
def test_exports_are_complete(name):  # their order is ruff's business, RUF022
    module = importlib.import_module(name)
    if not hasattr(module, "__all__"):
        assert name.rpartition(".")[2] in (
            "twin",
            "chemistry",
            "lesion",
            "report",
            "cli",
            "records",
            "forecast",
            "therapy",
            "nano",
        ), f"{name} has no __all__"
        return
    for item in module.__all__:
        assert getattr(module, item) is not None
    tree = ast.parse(Path(module.__file__).read_text("utf-8"))
    public = {n.name for n in tree.body if isinstance(n, ast.FunctionDef | ast.ClassDef) and not n.name.startswith("_")}
    missing = public - set(module.__all__) if name != "amelo" else set()
    assert {m for m in missing if not _used_elsewhere(m, module.__file__)} == missing, (
        f"{name}: {missing} are used by others but not exported"
    )


def _used_elsewhere(word: str, home: str) -> bool:
    pattern = re.compile(rf"import [^\n]*\b{word}\b")
    return any(pattern.search(path.read_text("utf-8")) for path in FILES if str(path) != home)


def loaded(code: str) -> set[str]:
    script = f"import sys; {code}; print(' '.join(m for m in {sorted(HEAVY)!r} if m in sys.modules))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_start_up_is_light():
    assert loaded("import amelo") == set()
    assert loaded("import amelo.cli.main") == set()
    assert "jax" not in loaded("import amelo; amelo.saturation({'pH': 7, 'totals_mmol_per_kgw': {'Ca': 1, 'P': 1}})")
    assert "numba" not in loaded("import amelo; amelo.saturation({'pH': 7, 'totals_mmol_per_kgw': {'Ca': 1, 'P': 1}})")


def test_faces_do_not_import_heavy_packages_at_the_top():
    for path in FILES:
        if package_of(path) in ("cli", "web", "report", "clinic"):
            tops = {module.split(".")[0] for module in imports(path, top_only=True)}
            assert not tops & {"jax", "numba", "scipy", "matplotlib", "numpy"}, path


def test_public_names_are_lazy_and_misspelt_ones_fail():
    assert set(amelo.__all__) <= set(dir(amelo))
    with pytest.raises(AttributeError, match="no attribute 'saturaton'"):
        _ = amelo.saturaton


def test_the_lock_files_agree_with_each_other_and_with_the_project():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    packages = tomllib.loads((ROOT / "uv.lock").read_text())["package"]
    locked = {}
    for package in packages:
        locked.setdefault(package["name"], set()).add(package["version"])
    exported: dict[str, set[str]] = {}
    for line in (ROOT / "requirements.lock").read_text().splitlines():
        match = re.match(r"^([A-Za-z0-9_.-]+)==([^\s;]+)", line)
        if match:
            exported.setdefault(match[1].lower(), set()).add(match[2])
    assert exported and all(versions <= locked[name] for name, versions in exported.items())
    wanted = [
        *project["project"]["dependencies"],
        *(d for d in project["dependency-groups"]["dev"] if isinstance(d, str)),
        *project["dependency-groups"]["docs"],
    ]
    for requirement in wanted:
        assert re.split(r"[<>=\[ ]", requirement)[0].lower() in exported, requirement
    assert project["project"]["version"] == amelo.__version__
    (own,) = locked["amelo"]
    assert own == amelo.__version__


def test_nothing_of_one_machine_is_in_the_project():
    words = [str(ROOT.parent) + "/", "TO" + "DO", "FIX" + "ME", "NotImplemented" + "Error"]
    for path in [
        *FILES,
        *ROOT.glob("*.md"),
        *(ROOT / "docs").rglob("*.md"),
        *(ROOT / "cases").rglob("*"),
        ROOT / "requirements.lock",
    ]:
        if path.is_file() and "_build" not in path.parts:
            text = path.read_text("utf-8")
            assert not [word for word in words if word in text], path


def test_the_exception_tree_in_the_docstring_is_the_tree():
    import amelo.errors as errors

    drawn = set(re.findall(r"\b(\w+Error)\b", errors.__doc__))
    made = {name for name in errors.__all__ if name.endswith("Error")}
    assert drawn == made
    for name in made:
        assert issubclass(getattr(errors, name), errors.AmeloError)
