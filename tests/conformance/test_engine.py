"""The judge: an operator of one's own, what is judged, faults made small, a run cut short."""

import json
import math
import signal
import subprocess
import sys
import threading
import time
from types import SimpleNamespace

import numpy as np
import pytest

from oplaws import properties
from oplaws.conformance import engine, shrink
from oplaws.conformance.candidate import Unusable
from oplaws.conformance.engine import judge
from oplaws.properties.case import Case
from oplaws.properties.law import EXACT, law, registry
from oplaws.refimpl import operators
from oplaws.refimpl.operator import choice, data, number, operator, result, weight

from .conftest import FAULTY

# an operator that the project does not know


@operator(
    x=data("N D", affine=True), weight=weight("O D", fan_in="D", affine=True),
    scale=number(1.0, 2.0, -0.5), mode=choice("plain", "mirrored"),
    returns={"y": result("N O")}, source="this test",
)  # fmt: skip
def scaled(x, weight, *, scale=1.0, mode="plain"):
    """A product, scaled, and mirrored on demand: y = ± scale x weightᵀ."""
    y = x @ weight.T * scale
    return np.negative(y) if mode == "mirrored" else y


@scaled.vjp
def scaled_vjp(dy, x, weight, *, scale=1.0, mode="plain"):
    dy = dy * (-scale if mode == "mirrored" else scale)
    return dy @ weight, dy.T @ x


RIGHT = {"scaled": scaled, "scaled_vjp": scaled.gradient}


def off(x, weight, **attributes):
    y = scaled(x, weight, **attributes)
    return np.where(np.abs(x[:, :1]) > 2, y * np.asarray(1.01, y.dtype), y)


def steep(dy, x, weight, **attributes):
    dx, dweight = scaled.gradient(dy, x, weight, **attributes)
    return dx, dweight * np.asarray(1.001, dweight.dtype)


def deaf(x, weight, *, scale=1.0, mode="plain"):
    return scaled(x, weight, scale=1.0, mode=mode)


def lax(x, weight, *, scale=1.0, mode="plain"):
    return scaled(x, weight, scale=scale, mode="mirrored" if mode == "mirrored" else "plain")


def verdicts(report):
    return {(v.law, v.dtype): v for o in report.operators.values() for v in o.laws}


def test_a_right_implementation_of_an_unknown_operator_passes():
    report = judge(RIGHT, [scaled])
    assert report.passed, str(report)
    assert report.examples == 50
    found = verdicts(report)
    for name in ("agreement", "gradient_agreement", "gradient_by_mean_value", "adjoint", "illegal_arguments_raise"):
        assert found[name, "float32"].verdict == found[name, "float64"].verdict == "pass"
        assert found[name, "float32"].examples > 0
    assert 0 < found["agreement", "float32"].worst.ratio <= 1


@pytest.mark.parametrize(
    ("functions", "laws"),
    [
        ({"scaled": off}, {"agreement"}),
        ({"scaled_vjp": steep}, {"gradient_agreement", "gradient_by_mean_value", "adjoint"}),
        ({"scaled": deaf}, {"agreement", "gradient_by_mean_value"}),
        ({"scaled": lax}, {"illegal_arguments_raise"}),
    ],
)
def test_a_wrong_one_is_caught_with_a_counterexample(functions, laws, tmp_path):
    report = judge({**RIGHT, **functions}, [scaled], output=tmp_path)
    assert not report.passed
    failures = {v.law: v for v in report.failures}
    assert laws <= set(failures)
    for v in failures.values():
        found = v.counterexample
        assert found.case.operator is scaled
        assert "scaled" in str(v)
        assert json.loads((tmp_path / found.file).read_text())["law"] == v.law
        text = found.explain()
        assert registry[v.law].sentence in text
        assert f"operator({__file__ + ':scaled'!r})" in text
        compile(found.code(), "pasted", "exec")


def test_a_gradient_that_is_missing_is_no_failure_unless_required():
    report = judge({"scaled": scaled}, [scaled], dtypes=["float32"])
    assert report.passed
    assert verdicts(report)["gradient_agreement", "float32"].verdict == "missing"
    report = judge({"scaled": scaled}, [scaled], dtypes=["float32"], require=["all"])
    assert not report.passed
    assert "required, but missing: scaled (its gradient is not offered)" in str(report)


# what is judged


def test_exact_integers_are_exact():
    """An error far below any bound on reals, on integers alone."""

    def relu(x):
        y = np.maximum(x, 0)
        return np.nextafter(y, np.inf, dtype=y.dtype) if (x == np.round(x)).all() else y

    report = judge({"relu": relu}, ["relu"], ["agreement"])
    assert [v.dtype for v in report.failures] == ["float32", "float64"]
    assert math.isinf(report.failures[0].worst.ratio)


def test_the_worst_error_is_reported_as_a_fraction_of_its_bound():
    found = verdicts(judge("reference", ["sigmoid"], ["agreement"], ["float32"]))["agreement", "float32"]
    assert 0 < found.worst.ratio <= 1
    assert found.worst.error / found.worst.bound == found.worst.ratio
    wrong = verdicts(judge({"sigmoid": lambda x: x + 1}, ["sigmoid"], ["agreement"], ["float32"]))
    assert wrong["agreement", "float32"].worst.ratio > 1


def recording(seen, functions=None):
    functions = functions or {}

    def call(name, inputs, attributes):
        seen.append((name, *(a.tobytes() for a in inputs if a is not None)))
        if name in functions:
            return (functions[name](*inputs, **attributes),)
        return (operators[name](*inputs, **attributes),)

    return SimpleNamespace(call=call, operators=("tanh", "linear", "relu"))


def test_the_seed_decides_the_cases_and_the_candidate_does_not():
    def cases(seed, **functions):
        judge(recording(seen := [], functions), ["tanh"], ["agreement"], ["float32"], seed=seed, shrink=False)
        return seen

    assert cases(0) == cases(0) == cases(0, tanh=lambda x: x + 3)
    assert cases(0) != cases(1)


def test_operators_laws_and_dtypes_are_chosen_once_each_and_in_order():
    report = judge("reference", ["tanh", "relu", "tanh"], ["ranges", "agreement"] * 2, ["float64"] * 2, examples=3)
    assert list(report.operators) == ["tanh", "relu"]
    assert report.examples == 6
    assert set(verdicts(report)) == {("ranges", "float64"), ("agreement", "float64")}
    assert len(report.operators["tanh"].laws) == 2


def test_profiles_and_examples_say_how_many():
    assert judge("reference", ["tanh"], ["agreement"], ["float32"]).examples == engine.PROFILES["quick"] == 25
    assert judge("reference", ["tanh"], ["agreement"], ["float32"], examples=7).examples == 7
    assert engine.PROFILES == {"quick": 25, "standard": 200, "thorough": 1500}


def test_a_law_counts_the_cases_that_it_judged():
    found = verdicts(judge("reference", ["linear"], ["agreement", "gradient_by_mean_value"], ["float32"], examples=20))
    assert found["agreement", "float32"].examples == 20
    assert 0 < found["gradient_by_mean_value", "float32"].examples <= 10


def test_progress_is_told_to_the_end():
    told = []
    functions = {"tanh": np.tanh, "relu": lambda x: np.maximum(x, 0)}
    judge(functions, ["tanh", "relu", "elu"], examples=4, start=told.append, progress=lambda o, d, n: told.append(n))
    assert told[0] == sum(told[1:]) == 16
    told.clear()
    judge(functions, ["tanh"], ["agreement", "gradient_agreement"], start=told.append,
          progress=lambda o, d, n: told.append(n), max_seconds=1e-9)  # fmt: skip
    assert told[0] == sum(told[1:]) == 50


def test_a_slow_candidate_is_judged_on_a_prefix_of_the_same_cases():
    def slow(x):
        time.sleep(0.01)
        return np.tanh(x)

    quick, brief = [], []
    judge(recording(quick), ["tanh"], ["agreement"], ["float32"])
    report = judge(recording(brief, {"tanh": slow}), ["tanh"], ["agreement"], ["float32"], max_seconds=0.1)
    assert 1 <= report.examples < 25
    assert brief == quick[: report.examples]
    assert report.passed
    assert f"{report.examples} examples" in str(report)
    assert report.to_json()["examples"] == verdicts(report)["agreement", "float32"].examples == report.examples


def test_fail_fast_stops_at_the_first_failure():
    functions = {"tanh": lambda x: x + 1, "relu": lambda x: x + 1, "tanh_vjp": lambda dy, x: (dy + 5,)}
    report = judge(functions, ["tanh", "relu"], fail_fast=True)
    assert list(report.operators) == ["tanh"]
    assert {v.dtype for v in report.failures} == {"float32"}
    assert report.examples == 1


def test_required_operators_are_missed():
    functions = {"tanh": np.tanh, "tanh_vjp": lambda dy, x: (dy * (1 - np.tanh(x) ** 2),)}
    chosen = {"laws": ["ranges", "inputs_unchanged", "determinism", "gradient_agreement"], "dtypes": ["float32"]}
    report = judge(functions, ["tanh", "elu"], require=["tanh"], examples=1, **chosen)
    assert report.passed
    report = judge(functions, ["tanh", "elu"], require=["elu"], examples=1, **chosen)
    assert not report.passed
    assert not report.failures
    assert report.to_json()["verdict"] == "fail"
    assert "required, but missing: elu (it is not offered)" in str(report)


@pytest.mark.parametrize(
    ("candidate", "options", "part"),
    [
        ({"nothing": 1}, {}, "the given dict: nothing was judged: it offers none of the operators chosen"),
        ({"tanh": np.tanh}, {"operators": ["relu"]}, "it offers none of the operators chosen"),
        ("reference", {"operators": ["tanh"], "laws": ["adjoint"]}, "no law chosen has a case to judge in tanh"),
        (
            {"tanh": np.tanh},
            {"operators": ["tanh"], "laws": ["gradient_agreement"]},
            "no law chosen has a case to judge",
        ),
        ("reference", {"operators": ["tanh"], "laws": ["illegal_arguments_raise"], "examples": 2}, "no law chosen"),
        ("reference", {"operators": ["tanhh"]}, "operator 'tanhh' is unknown; did you mean tanh?"),
        ("reference", {"operators": ["xyzzy"]}, "operator 'xyzzy' is unknown; see oplaws list operators"),
        ("reference", {"operators": ["math:pi"]}, "math:pi: is no operator; declare it with @operator"),
        ("reference", {"laws": ["agrement"]}, "law 'agrement' is unknown; did you mean agreement?"),
        ("reference", {"dtypes": ["float8"]}, "dtype 'float8' is unknown; use float64"),
        ("reference", {"dtypes": ["float16"]}, "dtype 'float16' is not among those that reference declares"),
        ("reference", {"profile": "slow"}, "profile 'slow' is unknown; use quick, standard, thorough"),
        ("reference", {"require": ["tahn"]}, "operator 'tahn' is unknown; did you mean tanh?"),
        ("reference", {"operators": ["tanh"], "require": ["relu"]}, "relu is required and not among the operators"),
        ("reference", {"expectations": "nowhere.toml"}, "nowhere.toml: no such expectations file"),
    ],
)
def test_what_cannot_be_tried_is_said_at_once_in_one_line(candidate, options, part):
    begin = time.perf_counter()
    with pytest.raises(Unusable) as error:
        judge(candidate, **options)
    assert part in str(error.value)
    assert "\n" not in str(error.value)
    assert time.perf_counter() - begin < 10


def test_an_operator_on_which_no_chosen_law_bears_is_left_out():
    report = judge("reference", ["tanh", "linear"], ["adjoint"], ["float32"], examples=5)
    assert list(report.operators) == ["linear"]
    assert report.examples == 5


# small counterexamples


def size(array):
    return 0 if array is None else array.size


def test_a_fault_seen_first_in_a_large_case_is_made_as_small():
    faulty = str(FAULTY / "conv2d_ignores_dilation.py")
    report = judge(faulty, laws=["agreement"], dtypes=["float32"], seed=3, shrink=60)
    case = report.failures[0].counterexample.case
    assert sum(map(size, case.inputs)) <= 5
    assert case.attributes["stride"] == 1


def convolution(x, weight, **attributes):
    x, weight = (np.arange(math.prod(shape), dtype=np.float64).reshape(shape) for shape in (x, weight))
    attributes = {**operators["conv2d"].defaults, **attributes}
    (shape,) = operators["conv2d"].result_shapes((x, weight, None), attributes)
    layouts = ("contiguous",) * 4
    return Case(operators["conv2d"], "float64", (x, weight, None), attributes, (np.ones(shape),), layouts)


def test_half_of_a_name_is_taken_of_every_axis_that_it_is_a_factor_of():
    case = convolution((1, 6, 1, 1), (2, 3, 1, 1), groups=2)
    halves = [c for c in shrink.smaller_calls(case) if c.attributes["groups"] == 2 and c.inputs[1].shape[1] < 3]
    assert [c.inputs[0].ravel().tolist() for c in halves] == [[0, 3], [1, 2, 4, 5]]
    assert [c.inputs[1].ravel().tolist() for c in halves] == [[0, 3], [1, 2, 4, 5]]


def test_nothing_is_made_smaller_into_a_call_that_is_never_made():
    properties.load()
    case = convolution((1, 1, 1, 3), (1, 1, 1, 2), padding=(0, 2), dilation=(1, 3))
    widths = {c.inputs[0].shape[3] for c in shrink.smaller_calls(case) if c.attributes == case.attributes}
    assert widths == {2, 3}  # with one column all windows would lie in padding


def test_the_examples_fail(faulty):
    assert set(faulty) == {"conv2d", "lstm", "sigmoid"}
    for report, _ in faulty.values():
        assert not report.passed
        assert {v.law for v in report.failures} == {"agreement", "gradient_agreement"}


def test_their_counterexamples_are_minimal(faulty):
    conv = faulty["conv2d"][0].failures[0].counterexample.case
    assert size(conv.inputs[0]) <= 3
    assert size(conv.inputs[1]) <= 2
    assert conv.inputs[2] is None
    assert conv.attributes["dilation"] in (2, (1, 2), (2, 1))
    given = {k: v for k, v in conv.attributes.items() if k != "dilation"}
    assert given == {"stride": 1, "padding": 0, "groups": 1}
    assert set(np.unique(conv.inputs[0])) | set(np.unique(conv.inputs[1])) <= {0.0, 1.0}
    sigmoid = faulty["sigmoid"][0].failures[0].counterexample.case
    assert size(sigmoid.inputs[0]) == 1
    value = float(sigmoid.inputs[0].flat[0])
    assert value > 88
    assert np.log2(value).is_integer()
    lstm = faulty["lstm"][0].failures[0].counterexample.case
    assert lstm.inputs[0].shape == (1, 1, 1)
    assert lstm.attributes["num_layers"] == 1
    assert not lstm.attributes["bidirectional"]
    assert lstm.attributes["lengths"] is None
    assert sum(map(size, lstm.inputs)) == 19
    assert sum(map(np.count_nonzero, lstm.inputs)) <= 4
    assert all(v in (0, 1) for a in lstm.inputs for v in a.flat)
    for report, _ in faulty.values():
        for failure in report.failures:
            assert set(failure.counterexample.case.layouts) == {"contiguous"}


def test_a_fault_of_state_depends_on_earlier_calls():
    calls = []

    def tanh(x):
        calls.append(x.size)
        return np.tanh(x) + (len(calls) == 7)

    report = judge({"tanh": tanh}, ["tanh"], ["agreement"], ["float32"])
    (failure,) = report.failures
    assert "depends on earlier calls" in failure.counterexample.note
    assert "depends on earlier calls" in failure.counterexample.summary
    assert "depends on earlier calls" in str(report)


def test_without_shrinking_a_case_stays_as_it_was_drawn():
    plain = judge({"tanh": lambda x: x + 1}, ["tanh"], ["agreement"], ["float32"], shrink=False)
    assert plain.failures[0].counterexample.case.regime == "integers"
    assert "depends" not in plain.failures[0].counterexample.note


def test_shrinking_keeps_the_kind_of_failure():
    def tanh(x):
        return [x] if np.abs(x).max(initial=0) > 3 else np.tanh(x) + 1

    kinds = set()
    for name in ("agreement", "ranges"):
        report = judge({"tanh": tanh}, ["tanh"], [name], ["float32"])
        kinds.update(v.counterexample.violation.kind for v in report.failures)
        assert report.failures[0].counterexample.violation.kind in ("type", "value")
    assert kinds <= {"type", "value"}


def test_shrinking_has_a_budget(monkeypatch):
    def spent():
        calls = []
        wrong_on_many = {"tanh": lambda x: calls.append(1) or np.tanh(x) + (x.size > 20)}
        judge(wrong_on_many, ["tanh"], ["agreement"], ["float32"])
        return len(calls)

    assert 25 + 15 < spent() <= 25 + shrink.SHRINK_EVALUATIONS + 2
    monkeypatch.setattr(shrink, "SHRINK_EVALUATIONS", 5)
    assert spent() <= 25 + 5 + 2


# laws of one's own


def test_a_law_says_what_it_needs_and_has_its_name_alone():
    with pytest.raises(TypeError, match="a law needs a sentence"):

        @law()
        def nameless(asked):
            return EXACT

    with pytest.raises(TypeError, match=r"agreement: oplaws\.properties\.general has a law of this name"):

        @law()
        def agreement(asked):
            """Another."""

    assert registry["agreement"].judge.__module__ == "oplaws.properties.general"


def test_a_law_of_one_operator_does_not_bear_on_another_of_its_name():
    @operator(x=data("N"), returns={"y": result("N")}, source="a test")
    def dropout(x):
        """Not the built-in one."""
        return x

    own = [name for name, found in registry.items() if found.own]
    assert own
    assert not any(registry[name].concerns(dropout) for name in own)
    assert any(registry[name].concerns(operators["dropout"]) for name in own)


# interrupted


def test_an_interruption_keeps_what_was_established(tmp_path):
    def call(name, inputs, attributes):
        if name == "relu" and len(seen) > 2:
            signal.raise_signal(signal.SIGINT)
        seen.append(name)
        return (operators[name](*inputs, **attributes),)

    seen = []
    before = signal.getsignal(signal.SIGINT)
    report = judge(
        SimpleNamespace(call=call), ["tanh", "relu", "elu"], ["agreement"], ["float32"], examples=2, output=tmp_path
    )
    assert report.interrupted
    assert list(report.operators) == ["tanh", "relu"]
    assert report.operators["tanh"].verdict == "pass"
    assert "interrupted" in str(report)
    assert set(json.loads((tmp_path / "report.json").read_text())["operators"]) == {"tanh", "relu"}
    assert signal.getsignal(signal.SIGINT) is before


def test_an_interruption_while_shrinking_keeps_the_failure():
    def tanh(x):
        calls.append(1)
        if len(calls) == 8:
            signal.raise_signal(signal.SIGINT)
        return x + 1

    calls = []
    report = judge({"tanh": tanh}, ["tanh"], ["agreement"], ["float32"], examples=3)
    assert report.interrupted
    assert [v.law for v in report.failures] == ["agreement"]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="memory is bounded on Linux alone")
def test_a_candidate_that_asks_for_far_too_much_memory_fails_and_the_run_goes_on():
    import resource

    def greedy(x, weight, **attributes):
        return scaled(x, weight, **attributes) + np.zeros(2**33, np.uint8)[:1]

    before = resource.getrlimit(resource.RLIMIT_DATA)
    report = judge({**RIGHT, "scaled": greedy}, [scaled], ["agreement"], shrink=0)
    assert report.examples == 50
    assert {f.counterexample.violation.kind for f in report.failures} == {"exception"}
    assert "MemoryError" in str(report.failures[0])
    assert resource.getrlimit(resource.RLIMIT_DATA) == before


def test_a_run_in_another_thread_needs_no_signals():
    reports = []
    thread = threading.Thread(
        target=lambda: reports.append(judge("reference", ["tanh"], ["agreement"], ["float32"], examples=2))
    )
    thread.start()
    thread.join()
    assert reports[0].passed


SLOW = """
import time, sys, numpy as np
from pathlib import Path
def tanh(x): return np.tanh(x)
def relu(x):
    Path("started").touch()
    try:
        time.sleep(60)
    except BaseException:
        pass
    return np.maximum(x, 0)
"""


def test_control_c_prints_what_was_established_and_exits_130(tmp_path):
    (tmp_path / "slow.py").write_text(SLOW)
    command = [sys.executable, "-c", "from oplaws.cli import main; main()", "run", "slow.py"]
    process = subprocess.Popen(
        [*command, "--operators", "tanh,relu", "--examples", "2"],
        cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    with process:
        for _ in range(600):
            if (tmp_path / "started").exists() or process.poll() is not None:
                break
            time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "Traceback" not in err
    assert "tanh" in out
    assert "interrupted" in out
    assert json.loads((tmp_path / ".oplaws" / "report.json").read_text())["operators"]["tanh"]["verdict"] == "pass"
