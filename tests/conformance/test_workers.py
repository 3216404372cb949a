"""Processes that judge side by side find what one process finds; a death in one of them costs its operator alone."""

import io
import multiprocessing
import pickle

import pytest

from oplaws import refimpl
from oplaws.conformance import engine, workers
from oplaws.conformance.candidate import Unusable
from oplaws.conformance.engine import judge

NAMES = ["tanh", "relu", "mse_loss", "linear", "conv1d", "max_pool2d", "layer_norm", "dropout"]
FUNCTIONS = """
import os
from oplaws.refimpl import *

def tanh(x):
    return 1.001 * refimpl_tanh(x)

from oplaws.refimpl import tanh as refimpl_tanh
"""


@pytest.fixture
def file(tmp_path):
    def write(text):
        path = tmp_path / "candidate.py"
        path.write_text(text)
        return str(path)

    return write


def outcome(report):
    found = report.to_json()
    del found["seconds"]
    for operator in found["operators"].values():
        for law in operator["laws"]:
            del law["seconds"]
    return found


def test_side_by_side_as_in_turn(file, tmp_path):
    spec, seen = file(FUNCTIONS), []
    options = {"operators": NAMES, "dtypes": ["float32"], "examples": 6, "shrink": False}
    alone = judge(spec, **options, output=tmp_path / "a")
    report = judge(spec, **options, output=tmp_path / "b", jobs=2, progress=lambda *news: seen.append(news))
    assert outcome(report) == outcome(alone)
    assert list(report.operators) == NAMES
    assert {v.law for v in report.failures} >= {"agreement", "ranges"}
    assert "fails agreement" in str(report)
    assert {name for name, *_ in seen} == set(NAMES)
    files = [sorted(p.name for p in (tmp_path / run / "counterexamples").iterdir()) for run in "ab"]
    assert files[0] == files[1] != []


def test_where_processes_cannot_be_forked_each_starts_afresh(file, monkeypatch):
    """As on Windows."""
    spec, methods = file(FUNCTIONS), []
    options = {"operators": NAMES, "dtypes": ["float32"], "examples": 2, "shrink": False}
    alone = judge(spec, **options)
    monkeypatch.setattr(multiprocessing, "get_all_start_methods", lambda: ["spawn"])
    plain = multiprocessing.get_context
    monkeypatch.setattr(multiprocessing, "get_context", lambda method: methods.append(method) or plain(method))
    assert outcome(judge(spec, **options, jobs=2)) == outcome(alone)
    assert set(methods) == {"spawn"}


def test_a_process_that_ends_costs_its_operator_alone(file):
    spec = file(
        "from oplaws.refimpl import *\nimport os\ndef layer_norm(x, weight, bias, **attributes):\n    os._exit(3)\n"
    )
    report = judge(spec, NAMES, dtypes=["float32"], examples=3, jobs=2)
    assert [v.operator for v in report.failures] == ["layer_norm"]
    assert "the process ended with 3 while it was judged" in str(report)
    assert all(report.operators[name].examples == 3 for name in NAMES if name != "layer_norm")


def test_a_mistake_that_a_worker_meets_reaches_the_caller(file):
    """The parent can import the file, a process that is no main one cannot."""
    text = "import multiprocessing\nif multiprocessing.parent_process():\n    raise OSError('not here')\n"
    with pytest.raises(Unusable, match="not here"):
        judge(file(text + "from oplaws.refimpl import *\n"), NAMES, dtypes=["float32"], examples=2, jobs=2)


@pytest.mark.parametrize("what", ["a dict", "few operators", "another device"])
def test_some_are_judged_in_this_process(what, file, monkeypatch):
    monkeypatch.setattr(workers, "side_by_side", lambda *_: pytest.fail("asked for processes"))
    spec = (
        {name: getattr(refimpl, name) for name in NAMES} if what == "a dict" else file("from oplaws.refimpl import *\n")
    )
    if what == "another device":
        spec = file("from oplaws.refimpl import *\ndevice = 'cuda'\n")
    names = NAMES[:3] if what == "few operators" else NAMES
    assert judge(spec, names, ["inputs_unchanged"], ["float32"], examples=1, jobs=None).passed


def test_fail_fast_ends_all(file):
    report = judge(file(FUNCTIONS), NAMES, dtypes=["float32"], examples=20, jobs=2, fail_fast=True, shrink=False)
    assert [v.operator for v in report.failures] == ["tanh"] * len(report.failures) != []


def test_an_interruption_recalls_what_was_found(file):
    """The workers hand over what they have of the operators at hand; a second judge beside it is not disturbed."""
    seen = []

    def progress(*news):
        seen.append(news)
        if len(seen) == 30:
            raise KeyboardInterrupt

    names = [*NAMES, "gru", "lstm"]  # the last ones are judged first
    report = judge(
        file("from oplaws.refimpl import *\n"), names, dtypes=["float32"], examples=500, jobs=2, progress=progress
    )
    assert report.interrupted
    assert {"lstm", "gru"} <= set(report.operators)
    assert 0 < report.operators["lstm"].examples < 500
    assert not report.failures
    assert "interrupted" in str(report)


def test_where_no_process_can_be_had_this_one_goes_on(file, monkeypatch):
    def refused(plan, *_):
        yield engine._operator(plan, plan.operators[0])
        raise OSError("no more processes")

    monkeypatch.setattr(workers, "side_by_side", refused)
    report = judge(file("from oplaws.refimpl import *\n"), NAMES, ["determinism"], ["float32"], examples=2, jobs=2)
    assert report.passed
    assert [v.examples for v in report.operators.values()] == [2] * len(NAMES)


class Doer:
    def __reduce__(self):
        return print, ("done",)


def test_what_a_worker_sends_does_nothing(capsys):
    """It runs the candidate, and the pipe ends in the judge."""
    file = io.BytesIO()
    workers._Pickler(file).dump(("verdict", Doer()))
    with pytest.raises(pickle.UnpicklingError, match=r"builtins\.print is no part of a verdict"):
        workers._Unpickler(io.BytesIO(file.getvalue()), None).load()
    assert capsys.readouterr().out == ""
