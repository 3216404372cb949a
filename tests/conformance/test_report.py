"""What a run tells: counterexamples as code that runs, the report as the contract's JSON, the text for people."""

import json
import math
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import oplaws
from oplaws.conformance.candidate import load
from oplaws.conformance.engine import judge
from oplaws.conformance.replay import replay, stored
from oplaws.conformance.report import Counterexample, Display, to_text, write_whole
from oplaws.properties.case import Case
from oplaws.properties.law import Violation, registry
from oplaws.refimpl import operators

# code that can be pasted


@pytest.mark.parametrize("name", ["conv2d", "lstm", "sigmoid"])
def test_pasted_code_runs_and_shows_the_difference(name, faulty, pasted):
    for failure in faulty[name][0].failures:
        namespace = pasted(failure.counterexample.code())
        expected, got = (y if isinstance(y, tuple) else (y,) for y in (namespace["expected"], namespace["got"]))
        assert any(not np.array_equal(a, b) for a, b in zip(expected, got, strict=True) if a is not None)


def test_a_fault_of_layout_keeps_its_layout_and_shows_it(tmp_path, pasted):
    def tanh(x):
        return np.tanh(x) + (x.ndim == 2 and not x.flags.c_contiguous)

    report = judge({"tanh": tanh}, ["tanh"], ["agreement"], ["float64"], examples=60, output=tmp_path)
    found = report.failures[0].counterexample
    assert found.case.layouts[0] not in ("contiguous", "readonly", "unaligned")
    assert f"memory layouts: x {found.case.layouts[0]}" in found.explain()
    namespace = pasted(found.code(), candidate={"tanh": tanh})
    assert not np.array_equal(namespace["expected"], namespace["got"])
    assert "load(candidate)" in found.code()


def changes(x):
    x[...] = 0
    return x + 0


def squares(dy, x):
    dy *= dy
    return (dy + 0,)


@pytest.mark.parametrize(
    ("functions", "law", "message"),
    [
        ({"relu": changes}, "inputs_unchanged", "x was changed by the forward call"),
        ({"relu_vjp": squares}, "inputs_unchanged", "dy was changed by the gradient call"),
        ({"relu": lambda x: x}, "no_shared_memory", "y shares memory with x"),
        ({"relu_vjp": lambda dy, x: (x,)}, "no_shared_memory", "dx shares memory with x"),
    ],
)
def test_what_a_call_does_beside_its_result_is_shown_by_the_pasted_code(functions, law, message, pasted):
    functions = {"relu": lambda x: np.maximum(x, 0), "relu_vjp": lambda dy, x: (dy * (x > 0),), **functions}
    report = judge(functions, ["relu"], [law], ["float32"], examples=10)
    found = report.failures[0].counterexample
    assert found.violation.message == message
    namespace = pasted(found.code(), candidate=functions)
    if law == "no_shared_memory":
        assert "True" in namespace["printed"]
    elif "forward" in message:
        assert not namespace["x"].any()
    assert "vjp(" in found.code() or "forward" in message or message.startswith("y ")


def test_what_is_accepted_is_shown_by_the_pasted_code(pasted):
    def gelu(x, *, approximate="none"):
        return operators["gelu"](x, approximate="tanh" if approximate == "tanh" else "none")

    report = judge({"gelu": gelu}, ["gelu"], ["illegal_arguments_raise"], ["float32"], examples=10)
    found = report.failures[0].counterexample
    assert found.violation.message == "approximate = 'no_such_none' was accepted"
    assert "no_such_none" in found.code()
    assert "expected an exception, got a result" in found.explain()
    assert pasted(found.code(), candidate={"gelu": gelu})["got"].shape == found.case.inputs[0].shape


def test_large_arrays_are_pasted_from_the_replay_file_and_in_full_without_one(tmp_path, pasted):
    x = np.arange(70.0)
    case = Case(operators["tanh"], "float64", (x,), {}, (x,), ("contiguous", "contiguous"))
    found = Counterexample(load({"tanh": np.sin}), registry["agreement"], case, Violation("value", "wrong"))
    whole = pasted(found.code(), candidate={"tanh": np.sin})
    found.save(tmp_path)
    code = found.code()
    assert "stored(" in code
    short = pasted(code, candidate={"tanh": np.sin})
    assert np.array_equal(whole["x"], x)
    assert np.array_equal(short["x"], x)
    assert np.array_equal(stored(tmp_path / found.file).inputs[0], x)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_types_are_pasted_exactly(dtype, pasted):
    functions = {"tanh": lambda x: np.tanh(x) + x.dtype.type(1), "dtypes": (dtype,)}
    report = judge(functions, ["tanh"], ["agreement"], examples=5)
    found = report.failures[0].counterexample
    namespace = pasted(found.code(), candidate=functions)
    assert namespace["x"].dtype.name == dtype
    assert namespace["x"].tobytes() == found.case.inputs[0].tobytes()


# what is written


KEYS = {
    "run": {"schema", "implementation", "verdict", "seed", "profile", "examples", "seconds", "operators"},
    "implementation": {"name", "version", "device"},
    "operator": {"verdict", "laws"},
    "law": {"law", "dtype", "verdict", "examples", "seconds", "worst", "counterexample"},
    "worst": {"error", "bound", "ratio"},
    "counterexample": {"summary", "file"},
}
OPERATOR_VERDICTS = {"pass", "fail", "missing", "expected-failure"}
LAW_VERDICTS = OPERATOR_VERDICTS | {"skipped"}


def finite(constant):
    raise AssertionError(f"{constant} is not JSON")


def read_report(path):
    """A report, checked against the contract's schema."""
    data = json.loads(path.read_text(), parse_constant=finite)
    assert set(data) == KEYS["run"]
    assert set(data["implementation"]) == KEYS["implementation"]
    assert data["schema"] == 1
    assert data["verdict"] in ("pass", "fail")
    for entry in data["operators"].values():
        assert set(entry) == KEYS["operator"]
        assert entry["verdict"] in OPERATOR_VERDICTS
        for found in entry["laws"]:
            assert set(found) == KEYS["law"]
            assert found["verdict"] in LAW_VERDICTS
            assert found["worst"] is None or set(found["worst"]) == KEYS["worst"]
            assert found["counterexample"] is None or set(found["counterexample"]) == KEYS["counterexample"]
            assert (found["counterexample"] is None) == (found["verdict"] != "fail")
    return data


def test_the_report_is_as_the_contract_says(tmp_path):
    functions = {"name": "it", "version": "2", "tanh": np.tanh, "relu": lambda x: x, "relu_vjp": lambda dy, x: (dy,)}
    report = judge(functions, ["tanh", "relu", "elu"], output=tmp_path, seed=5, examples=10)
    data = read_report(tmp_path / "report.json")
    assert data["implementation"] == {"name": "it", "version": "2", "device": "cpu"}
    assert (data["verdict"], data["seed"], data["profile"], data["examples"]) == ("fail", 5, "quick", 40)
    assert {name: entry["verdict"] for name, entry in data["operators"].items()} == {
        "tanh": "pass", "relu": "fail", "elu": "missing",
    }  # fmt: skip
    assert data["operators"]["elu"]["laws"] == []
    laws = {(found["law"], found["dtype"]): found for found in data["operators"]["relu"]["laws"]}
    failed = laws["agreement", "float32"]["counterexample"]
    assert replay(tmp_path / failed["file"], functions).fails
    assert "y" in failed["summary"]
    assert {laws[key]["verdict"] for key in laws if key[0] == "illegal_arguments_raise"} == {"skipped"}
    report.save(tmp_path / "deep" / "copy.json")
    assert read_report(tmp_path / "deep" / "copy.json") == data


def test_results_are_written_as_they_come(tmp_path):
    seen = []

    def call(name, inputs, attributes):
        if name == "relu":
            seen.append(list(json.loads((tmp_path / "report.json").read_text())["operators"]))
        return (operators[name](*inputs, **attributes) + (name == "tanh"),)

    judge(SimpleNamespace(call=call), ["tanh", "relu"], ["agreement"], ["float32"], examples=2, output=tmp_path)
    assert seen[0] == ["tanh"]
    assert (tmp_path / "counterexamples" / "tanh-agreement-float32.json").is_file()


def test_a_failing_case_is_stored_before_anything_else_is_asked(tmp_path):
    found = []

    def tanh(x):
        found.append((tmp_path / "counterexamples").is_dir())
        return np.tanh(x) + 1

    judge({"tanh": tanh}, ["tanh"], ["agreement"], ["float32"], examples=2, output=tmp_path)
    assert found[:2] == [False, True]


def test_without_an_output_folder_nothing_is_written_and_no_file_is_named(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    report = judge({"tanh": lambda x: x}, ["tanh"], ["agreement"], ["float32"], examples=2)
    assert not list(tmp_path.iterdir())
    report.save("report.json")
    (failed,) = read_report(Path("report.json"))["operators"]["tanh"]["laws"]
    assert failed["counterexample"]["file"] is None
    assert "oplaws replay" not in str(report)


def test_a_file_is_written_whole_or_not_at_all(tmp_path, monkeypatch):
    place = tmp_path / "deep" / "file.json"
    write_whole(place, "old")
    monkeypatch.setattr(Path, "replace", lambda *_: 1 // 0)
    with pytest.raises(ZeroDivisionError):
        write_whole(place, "new")
    assert [(p.name, p.read_text()) for p in place.parent.iterdir()] == [("file.json", "old")]


def test_numbers_that_are_not_finite_are_written_as_text():
    text = to_text({"a": [math.inf, -math.inf, math.nan, np.float32(0.5)], 1: (True, None, "x", 2)})
    assert json.loads(text, parse_constant=finite) == {"a": ["inf", "-inf", "nan", 0.5], "1": [True, None, "x", 2]}


def test_the_public_door():
    report = oplaws.judge({"tanh": np.tanh, "relu": lambda x: x}, ["tanh", "relu"], ["agreement"], ["float32"])
    assert not report.passed
    assert [v.operator for v in report.failures] == ["relu"]
    assert "relu (float32) agreement fail: y" in str(report.failures[0])
    printed = str(report)
    for part in ("tanh", "laws: 1 agreement", "relu (float32) fails agreement", "does not conform", "seed 0"):
        assert part in printed
    assert "\x1b" not in printed
    assert oplaws.judge("reference", ["tanh"], ["agreement"], ["float32"], "quick", 3).seed == 3


def test_the_display_tells_a_report(capsys):
    with Display() as display:
        display.start(4)
        report = judge(
            "reference", ["tanh", "max_pool2d"], ["agreement"], ["float32"], examples=2, progress=display.advance
        )
    display.show(report)
    printed = capsys.readouterr().out
    assert "reference" in printed
    assert "conforms: 2 operators, 4 examples" in printed
    assert "not drawn for max_pool2d: Windows that see padding alone" in printed
