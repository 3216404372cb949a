"""Benchmarks cannot rot: each runs once, on values that are checked."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from oplaws import refimpl
from oplaws.conformance.candidate import ADAPTERS, load
from oplaws.properties.law import Violation

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module", autouse=True)
def benchmarks():
    """Imported from the root of the repository, as asv, pytest and python -m do."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(ROOT)
        yield


def time_once(suite, *row):
    suite.setup(*row)
    for name in dir(suite):
        if name.startswith("time_"):
            getattr(suite, name)(*row)


def test_every_operator_has_a_workload():
    from benchmarks.workloads import SIZES

    assert set(SIZES) == set(refimpl.operators)


@pytest.mark.parametrize("candidate", ["reference", "torch"])
@pytest.mark.parametrize("name", refimpl.operators)
def test_every_operator_is_timed(name, candidate):
    from benchmarks.operators import Forward, Gradient

    if candidate == "torch":
        pytest.importorskip("torch")
    for size in ("small", "realistic"):
        time_once(Forward(), name, size, candidate)
        if refimpl.operators[name].gradient:
            time_once(Gradient(), name, size, candidate)
        else:
            with pytest.raises(NotImplementedError, match="no gradient"):
                time_once(Gradient(), name, size, candidate)


def test_every_candidate_is_a_built_in_one():
    from benchmarks.operators import CANDIDATES

    assert set(CANDIDATES) <= set(ADAPTERS)


def test_a_candidate_that_cannot_be_used_is_skipped(monkeypatch):
    from benchmarks.operators import Forward

    monkeypatch.setitem(sys.modules, "oplaws.conformance.adapters.torch", None)
    with pytest.raises(NotImplementedError, match="torch"):
        time_once(Forward(), "relu", "small", "torch:cuda")


def test_rubbish_fails_instead_of_being_timed():
    from benchmarks.operators import usable

    nearly = {"relu": lambda x: np.maximum(x, np.float32(1e-30)) * np.float32(1.001)}
    with pytest.raises(Violation, match="expected"):
        usable(load(nearly), "relu")


@pytest.mark.parametrize("name", refimpl.operators)
def test_the_paths_of_the_judge_are_timed(name, monkeypatch):
    from benchmarks import test_judge as judge

    monkeypatch.setattr(judge, "EXAMPLES", 1)
    operator = refimpl.operators[name]

    class once:
        @staticmethod
        def pedantic(function, arguments, **_):
            return function(*arguments)

    judge.test_draw(once, operator)
    judge.test_balls_forward(once, operator)
    if operator.gradient:
        judge.test_balls_gradient(once, operator)
    judge.test_judge(once, operator, "reference")


def test_tightness_is_printed(tmp_path):
    from benchmarks.tightness import tightness

    file = tmp_path / "rows.json"
    arguments = ["reference", "--examples", "20", "--operators", "linear,relu", "--json", str(file)]
    outcome = CliRunner().invoke(tightness, arguments)
    assert outcome.exit_code == 0, outcome.output
    rows = {(r["operator"], r["direction"], r["dtype"]): r for r in json.loads(file.read_text("utf-8"))}
    assert len(rows) == 8
    assert all(row["elements"] for row in rows.values())
    assert 0 < rows["linear", "forward", "float32"]["median"] < rows["linear", "forward", "float32"]["largest"] <= 1
    assert rows["relu", "forward", "float32"]["largest"] == 0
    assert "relu gradient" in outcome.output


def test_a_bound_that_does_not_hold_is_seen(monkeypatch):
    from benchmarks import tightness

    sloppy = load({"relu": lambda x: np.maximum(x, 0) * x.dtype.type(1.001)})
    monkeypatch.setattr(tightness, "load", lambda spec: sloppy)
    outcome = CliRunner().invoke(tightness.tightness, ["sloppy", "--operators", "relu", "--examples", "5"])
    assert outcome.exit_code == 1
