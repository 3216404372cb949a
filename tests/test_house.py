"""The rules a reader of the house relies on: what is installed, who imports whom, what no file may do."""

import ast
import importlib.util
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[1]
FLOORS = ("refimpl", "properties", "conformance", "benchmarks")
SHIPPED = FLOORS[:3]
INSTALLED = ("src", *SHIPPED)
FOLDERS = (*INSTALLED, "benchmarks", "tests", "examples", "docs")

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
PACKAGES = PROJECT["tool"]["setuptools"]["packages"]
PLACES = PROJECT["tool"]["setuptools"]["package-dir"]
RUNTIME = {re.match(r"\w+", wanted)[0] for wanted in PROJECT["project"]["dependencies"]}
FRAMEWORKS = {"torch", "jax", "jaxlib", "onnx", "onnxruntime", "tensorflow", "keras", "mlx", "tinygrad"}

MAY_IMPORT = {
    "refimpl": {"numpy", "scipy.special"},
    "properties": RUNTIME - {"click", "rich"},
    "conformance": RUNTIME,
    "conformance/adapters": RUNTIME | FRAMEWORKS,
    "src": {"click", "rich"},
}
MAY_ALSO_IMPORT = {
    "refimpl/operator.py": {"ml_dtypes"},
    "conformance/mutants.py": {"cosmic_ray", "parso"},
    "conformance/plugin.py": {"pytest"},
}


def relative(path):
    return path.relative_to(ROOT).as_posix()


def files(*folders):
    found = sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))
    assert found, f"no Python file in {folders}: the rule would hold of nothing"
    return found


GENERAL = ("general", "behaviour", "legality", "law", "case", "layouts", "values", "arithmetic")


def general_files():
    """The machinery that serves every operator, those of a user's own file included."""
    named = [ROOT / "properties" / f"{name}.py" for name in GENERAL]
    balls, judge = (sorted((ROOT / folder).glob("*.py")) for folder in ("properties/ball", "conformance"))
    assert min(len(balls), len(judge)) > 1, "the judge has no files: the rule would hold of nothing"
    return [*named, *balls, *judge]


def module(path):
    """The name by which a file is imported: refimpl/lstm.py -> oplaws.refimpl.lstm."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    if parts[0] == "src":
        return ".".join(parts[1:])
    return ".".join(("oplaws", *parts) if parts[0] in SHIPPED else parts)


def nodes(path):
    return list(ast.walk(ast.parse(path.read_text("utf-8"), relative(path))))


class Import(NamedTuple):
    path: Path
    line: int
    name: str  # absolute
    at_once: bool  # when the file is imported, not when a function is called

    def __str__(self):
        return f"{relative(self.path)}:{self.line}: imports {self.name}"

    @property
    def top(self):
        return self.name.split(".")[0]


def imports(*folders):
    for path in files(*folders):
        package = module(path).split(".")[:-1]
        found = nodes(path)
        later = {id(inner) for node in found if is_put_off(node) for inner in ast.walk(node)}
        for node in found:
            match node:
                case ast.Import(names=aliases):
                    names = [alias.name for alias in aliases]
                case ast.ImportFrom(module=base, names=aliases, level=level):
                    start = package[: len(package) - level + 1] if level else []
                    names = [".".join([*start, *filter(None, [base]), alias.name]) for alias in aliases]
                case _:
                    continue
            for name in names:
                yield Import(path, node.lineno, name, id(node) not in later)


def is_put_off(node):
    """Code that does not run when its file is imported."""
    for_types = isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")
    return for_types or isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))


def words(node):
    """The identifiers and the literal that a node itself holds."""
    match node:
        case ast.Name(id=word) | ast.Attribute(attr=word) | ast.arg(arg=word) | ast.keyword(arg=str(word)):
            return [word]
        case ast.alias(name=name):
            return name.split(".")
        case ast.Constant(value=str(literal)):
            return [literal]
    return []


def within(name, packages):
    return any(name == package or name.startswith(package + ".") for package in packages)


def none_of(findings):
    found = [str(finding) for finding in findings]
    assert not found, "\n" + "\n".join(found)


# What is installed


def test_the_packages_listed_are_the_packages_of_the_tree():
    tree = {module(path.parent): path.parent for path in files(*INSTALLED) if is_package(path)}
    assert set(PACKAGES) == set(tree)
    for package, folder in tree.items():
        above, _, name = package.rpartition(".")
        mapped = PLACES.get(package) or Path(PLACES.get(above, f"{PLACES['']}/{above}"), name)
        assert ROOT / mapped == folder, f"{package} is mapped to {mapped}"


def is_package(path):
    return path.name == "__init__.py"


def test_every_module_lies_in_a_package():
    """One that does not is missing from the wheel. The museum's pieces are data."""
    modules = [path for path in files(*INSTALLED) if "museum" not in path.parts]
    none_of(relative(path) for path in modules if not (path.parent / "__init__.py").is_file())


def test_what_is_tested_is_this_tree():
    """An installation of another tree, or an old one of this, would be judged in its place."""
    for package in PACKAGES:
        origin = importlib.util.find_spec(package).origin
        assert ROOT in Path(origin).resolve().parents, f"{package} is imported from {origin}"


def test_benchmarks_measure_in_the_versions_that_were_tried():
    constraints = (ROOT / "constraints.txt").read_text("utf-8")
    pinned = dict(re.findall(r"^([\w-]+)==(\S+)$", constraints, re.MULTILINE))
    matrix = json.loads((ROOT / "asv.conf.json").read_text("utf-8"))["matrix"]["req"]
    assert matrix == {name: [pinned[name]] for name in {"setuptools", "wheel", *RUNTIME}}


def test_ci_runs_the_test_command_of_the_readme():
    command = (ROOT / ".ci/run").read_text("utf-8").splitlines()[-1]
    assert command.endswith("-m pytest")
    assert command in (ROOT / "README.md").read_text("utf-8").splitlines()


# Who imports whom


@pytest.mark.parametrize("floor", SHIPPED)
def test_a_floor_imports_only_those_below_it(floor):
    above = [f"oplaws.{name}" for name in FLOORS[FLOORS.index(floor) + 1 :]]
    none_of(found for found in imports(floor) if within(found.name, above))


def test_the_reference_imports_nothing_of_ours_but_itself():
    none_of(
        found for found in imports("refimpl") if found.top == "oplaws" and not within(found.name, ["oplaws.refimpl"])
    )


def test_nothing_imports_benchmarks():
    none_of(found for found in imports(*INSTALLED, "examples") if found.top == "benchmarks")


def test_no_floor_is_imported_past_the_roof():
    """`import refimpl`, from the root of the repository, would give a second copy of every module."""
    none_of(found for found in imports(*FOLDERS) if found.top in SHIPPED)


@pytest.mark.parametrize("folder", MAY_IMPORT)
def test_a_folder_imports_only_the_libraries_it_may(folder):
    def may(found):
        own = MAY_ALSO_IMPORT.get(relative(found.path), set())
        known = found.top == "oplaws" or found.top in sys.stdlib_module_names
        return known or within(found.name, MAY_IMPORT[folder] | own)

    deeper = [ROOT / other for other in MAY_IMPORT if other.startswith(folder + "/")]
    none_of(
        found
        for found in imports(folder)
        if not may(found) and not any(other in found.path.parents for other in deeper)
    )


def test_no_framework_is_loaded_before_it_is_asked_for():
    """An adapter may import its framework at once, so nothing may import the adapter at once."""
    adapters = {module(path) for path in files("conformance/adapters") if not is_package(path)}
    none_of(
        found
        for found in imports(*INSTALLED)
        if found.at_once
        and (within(found.name, adapters) or (found.top in FRAMEWORKS and module(found.path) not in adapters))
    )


def test_help_loads_no_framework_no_scipy_and_no_hypothesis():
    child = """if True:
        import sys
        from oplaws.cli import main
        sys.argv = ["oplaws", "--help"]
        try:
            main()
        finally:
            print("loaded:", *{name.split(".")[0] for name in sys.modules}, file=sys.stderr)
    """
    run = subprocess.run([sys.executable, "-c", child], capture_output=True, text=True, timeout=60, check=False)
    assert run.returncode == 0, run.stderr
    assert "Usage:" in run.stdout
    loaded = set(run.stderr.split("loaded:")[1].split())
    assert "click" in loaded
    assert not loaded & {"scipy", "hypothesis", *FRAMEWORKS}


# What no file may do


def test_a_file_is_one_concept():
    """Five screens are two of them; a table of tests may be as long as it likes."""
    folders = [folder for folder in FOLDERS if folder != "tests"]
    lengths = {path: len(path.read_text("utf-8").splitlines()) for path in files(*folders)}
    none_of(f"{relative(path)}: {lines} lines" for path, lines in lengths.items() if lines > 700)


def test_there_is_no_tolerance_but_the_derived_bound():
    tolerance = re.compile(r"[ar]tol|(abs|rel)_tol|\w*(allclose|isclose|almost_equal\w*)|approx")
    none_of(
        f"{relative(path)}:{node.lineno}: {word}"
        for path in files(*FOLDERS)
        if "museum" not in path.parts  # whose pieces are wrong on purpose
        for node in nodes(path)
        for word in words(node)
        if tolerance.fullmatch(word)
    )


def test_the_general_machinery_names_no_operator():
    """An operator declared in a user's own file is judged like a built-in one."""
    from oplaws.refimpl import operators

    assert "conv2d" in operators
    none_of(
        f"{relative(path)}:{node.lineno}: {word}"
        for path in general_files()
        for node in nodes(path)
        for word in words(node)
        if word in operators and not is_numpys(node)
    )


def is_numpys(node):
    """np.tanh: NumPy's function, whose rule the balls must know."""
    return isinstance(node, ast.Attribute) and ast.unparse(node.value) == "np" and hasattr(np, node.attr)
