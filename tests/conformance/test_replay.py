"""Replaying: exactly that failure again, none with a right candidate, and one line for a file that is none."""

import json
import textwrap

import numpy as np
import pytest

from oplaws.conformance.candidate import Unusable
from oplaws.conformance.engine import judge
from oplaws.conformance.replay import replay, stored
from oplaws.properties.law import registry


@pytest.mark.parametrize("name", ["conv2d", "lstm", "sigmoid"])
def test_replay_repeats_exactly_that_failure_and_holds_for_a_right_candidate(name, faulty, tmp_path):
    report, output = faulty[name]
    for failure in report.failures:
        file = output / failure.counterexample.file
        told = json.loads(file.read_text())
        outcome = replay(file)
        again = outcome.counterexample.violation
        assert outcome.fails
        assert (again.kind, again.message, again.place) == (told["kind"], told["message"], told["place"])
        assert repr(again.worst) == repr(failure.counterexample.violation.worst)
        assert again.message in outcome.explain()
        assert "bound: unit roundoff 5.96e-08" in outcome.explain()
        outcome.save(tmp_path / "again.json")
        saved = json.loads((tmp_path / "again.json").read_text())
        assert saved.pop("fails") is True
        assert saved == told
        right = replay(file, "reference")
        assert not right.fails
        assert f"{name} (float32) holds {failure.law} on this case" in right.explain()
        right.save(tmp_path / "right.json")
        assert json.loads((tmp_path / "right.json").read_text())["fails"] is False


# files that are wrong


@pytest.fixture
def file(faulty, tmp_path):
    report, output = faulty["sigmoid"]
    entry = json.loads((output / report.failures[0].counterexample.file).read_text())

    def write(**changes):
        for key, value in changes.items():
            entry[key] = value
        path = tmp_path / "file.json"
        path.write_text(json.dumps(entry))
        return path

    return write


@pytest.mark.parametrize(
    ("changes", "candidate", "part"),
    [
        ({"law": "no_such_law"}, None, "is of the law 'no_such_law', which is unknown"),
        ({"case": None}, None, "is not a replay file (TypeError"),
        ({"case": {}}, None, "is not a replay file (KeyError"),
        ({"operator": "sigmoidd"}, None, "operator 'sigmoidd' is unknown; did you mean sigmoid?"),
        ({"operator": "linear"}, None, "is not a replay file (TypeError: linear: takes the arrays"),
        ({"operator": "nowhere.py:sigmoid"}, None, "nowhere.py: no such file"),
        ({"candidate": None}, None, "its candidate was an object in Python; name one with --candidate"),
        ({"candidate": "nowhere.py"}, None, "nowhere.py: no such file"),
        ({}, {"relu": np.copy}, "the given dict: does not offer sigmoid"),
        ({"law": "gradient_agreement"}, {"sigmoid": np.copy}, "does not offer the gradient of sigmoid"),
        ({}, {"sigmoid": np.copy, "dtypes": ("float64",)}, "does not declare float32, the dtype of the case"),
    ],
)
def test_a_bad_replay_is_one_line(file, changes, candidate, part):
    with pytest.raises(Unusable) as error:
        replay(file(**changes), candidate)
    assert part in str(error.value)
    assert "\n" not in str(error.value)


def test_a_missing_or_unreadable_replay_file_is_one_line(tmp_path):
    with pytest.raises(Unusable, match=r"no such file; a failing run names the replay files"):
        replay(tmp_path / "nowhere.json")
    with pytest.raises(Unusable, match=r"cannot be read: Is a directory"):
        replay(tmp_path)
    (tmp_path / "text.json").write_text("not JSON")
    with pytest.raises(Unusable, match=r"is not a replay file \(JSONDecodeError"):
        stored(tmp_path / "text.json")


def test_a_traceback_is_shown_on_demand(file):
    def sigmoid(x):
        raise RuntimeError("deep inside")

    outcome = replay(file(), {"sigmoid": sigmoid})
    assert outcome.fails
    assert "in sigmoid" in outcome.explain(traces=True)
    assert "in sigmoid" not in outcome.explain()
    report = judge({"sigmoid": sigmoid}, ["sigmoid"], ["agreement"], ["float32"], examples=2)
    assert "in sigmoid" in report.failures[0].counterexample.violation.trace


OWN = """
    import numpy as np
    from oplaws.properties.law import EXACT, Violation, law
    from oplaws.refimpl.operator import data, operator, result

    @operator(x=data("*spatial"), returns={"y": result("*spatial")}, elementwise=True,
              avoid=("tiny", "line"), source="a test")
    def halved(x):
        '''Half of x.'''
        return x * 0.5

    @halved.vjp
    def halved_vjp(dy, x):
        return (dy * 0.5,)

    @law(halved)
    def half_is_half(asked):
        '''Twice the half is the whole.'''
        if not np.array_equal(asked.forward[0] * 2, asked.case.inputs[0], equal_nan=True):
            raise Violation("value", "it is not")
        return EXACT
"""


def test_an_operator_in_a_file_is_judged_stored_replayed_and_pasted(tmp_path, pasted):
    own, mine = tmp_path / "own.py", tmp_path / "mine.py"
    own.write_text(textwrap.dedent(OWN))
    mine.write_text("def halved(x): return x * x.dtype.type(0.25)\n")
    report = judge(str(mine), [f"{own}:halved"], output=tmp_path / "out", dtypes=["float64"])
    compared = {"agreement", "one_element_makes_a_new_call", "sizes_are_not_remembered"}
    assert {v.law for v in report.failures} == compared | {"half_is_half"}
    for failure in report.failures:
        file = tmp_path / "out" / failure.counterexample.file
        assert replay(file).fails
        mended = {"halved": lambda x: x * x.dtype.type(0.5)}
        assert not replay(file, mended).fails
        assert not np.array_equal(*map(pasted(failure.counterexample.code()).get, ("expected", "got")))
    right = {"halved": lambda x: x * x.dtype.type(0.5), "halved_vjp": lambda dy, x: (dy * dy.dtype.type(0.5),)}
    report = judge(right, [f"{own}:halved"], examples=5)
    assert report.passed, str(report)
    registry.pop("half_is_half")
