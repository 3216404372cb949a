"""The museum of faults: what every file says of itself, and that none of the kinds known is absent."""

import ast
import re
from collections import Counter
from pathlib import Path

import pytest

from oplaws.refimpl import operators

FILES = sorted((Path(__file__).parents[2] / "conformance" / "museum").glob("*.py"))

# the kinds of the collected bug reports
CLASSES = (
    "accumulation",
    "aliasing-or-mutation",
    "cheat",
    "determinism",
    "empty-or-size-1",
    "forward",
    "gradient",
    "illegal-accepted",
    "layout",
    "precision",
    "shape-or-attribute",
    "special-values",
    "state",
    "statistics",
)
REPORT = re.compile(r"[\w.-]+/[\w.-]+#\d+")


def first_line(tree):
    return (ast.get_docstring(tree) or "").partition("\n")[0]


def parts(file):
    return first_line(ast.parse(file.read_text())).split(" | ")


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_fault_says_what_it_is(file):
    tree = ast.parse(file.read_text())
    compile(tree, str(file), "exec")
    operator, kind, what, source = first_line(tree).split(" | ")
    assert operator in operators
    assert kind in CLASSES
    assert what.strip()
    assert source.strip()
    defined = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    defined |= {t.id for node in tree.body if isinstance(node, ast.Assign) for t in node.targets}
    assert operator in defined
    assert (operator + "_vjp" in defined) == (operators[operator].gradient is not None)
    short = operator.replace("binary_cross_entropy_with_logits", "bce")
    assert file.stem.startswith(short + "_"), "the file's name begins with the operator's"


def test_the_museum_is_large_and_most_of_it_happened():
    sources = [parts(file)[3] for file in FILES]
    assert len(sources) >= 150
    assert sum(bool(REPORT.fullmatch(source)) for source in sources) >= 90


def test_every_operator_and_every_class_is_represented():
    assert set(operators) == {parts(file)[0] for file in FILES}
    assert set(CLASSES) == {parts(file)[1] for file in FILES}


def test_no_two_faults_are_one():
    bodies = Counter(ast.dump(ast.Module(ast.parse(file.read_text()).body[1:], [])) for file in FILES)
    assert max(bodies.values()) == 1
    reports = Counter(source for file in FILES if REPORT.fullmatch(source := parts(file)[3]))
    assert max(reports.values()) == 1
