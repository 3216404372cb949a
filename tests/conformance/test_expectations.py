"""Known failures: they match as narrowly as they are written, are always shown, and go when the failure goes."""

import json

import numpy as np
import pytest

from oplaws.conformance.candidate import Unusable, load
from oplaws.conformance.engine import judge
from oplaws.conformance.expectations import Expectations
from oplaws.properties.case import Case
from oplaws.properties.law import Violation
from oplaws.refimpl import operators
from oplaws.refimpl.operator import data, operator, result

REST = 'reason = "it is known"\nlink = "https://example.org/1"\n'


def wrong_on_large(x):
    """Right but for |x| > 20."""
    return np.tanh(x) + (np.abs(x) > 20).astype(x.dtype)


CANDIDATE = {"name": "mine", "version": "2.13.0+cpu", "tanh": wrong_on_large}
CHOSEN = {"operators": ["tanh"], "laws": ["agreement", "ranges"], "dtypes": ["float32"]}
FAR = ("far", "big", "huge", "near_max", "wide", "cancel", "special", "sharp", "sharp_cotangent", "line")


@pytest.fixture
def file(tmp_path):
    def write(text):
        path = tmp_path / "known.toml"
        path.write_text(text)
        return path

    return write


def finding(law='"agreement"', when="", **more):
    lines = [f"{k} = {json.dumps(v) if isinstance(v, (str, list)) else v}" for k, v in more.items()]
    lines += [f"law = {law}", *([f"when = {when}"] if when else [])]
    return "[[finding]]\n" + "\n".join(lines if "operator" in more else ['operator = "tanh"', *lines]) + "\n" + REST


def judged(file, text, candidate=CANDIDATE, **options):
    report = judge(candidate, **{**CHOSEN, **options}, expectations=file(text))
    return report, {v.law: v for v in report.operators["tanh"].laws}


REGIMES = "{ regime = [" + ", ".join(f'"{r}"' for r in FAR) + "] }"


def test_a_failure_that_is_expected_does_not_fail_the_run_and_is_shown(file):
    report, laws = judged(file, finding('["agreement", "ranges"]', REGIMES))
    assert report.passed
    assert report.operators["tanh"].verdict == laws["agreement"].verdict == "expected-failure"
    assert laws["agreement"].reasons == ["it is known"]
    assert laws["agreement"].examples == 25
    assert laws["agreement"].worst.ratio <= 1
    assert "known: tanh (agreement float32, ranges float32): it is known" in str(report)
    assert "conforms" in str(report)
    entry = report.to_json()
    assert entry["verdict"] == "pass"
    assert [law["verdict"] for law in entry["operators"]["tanh"]["laws"]] == ["expected-failure"] * 2
    assert all(law["counterexample"] is None for law in entry["operators"]["tanh"]["laws"])


def test_all_other_cases_of_the_law_are_judged_as_ever(file):
    report, laws = judged(file, finding(when='{ regime = "far" }'))
    assert not report.passed
    assert laws["agreement"].verdict == "fail"
    assert laws["agreement"].reasons == ["it is known"]
    assert laws["agreement"].counterexample.case.regime != "far"
    assert "known: tanh" in str(report)


@pytest.mark.parametrize(
    "text",
    [
        finding('"ranges"', REGIMES),
        finding(when=REGIMES, operator="relu"),
        finding(when=REGIMES, dtype="float64"),
        finding(when=REGIMES, version="2.12"),
        finding(when=REGIMES, version="2.1"),
        finding(when='{ kind = "shape" }'),
        finding(when="{ empty = true }"),
    ],
)
def test_what_does_not_match_fails(file, text):
    report, laws = judged(file, text)
    assert not report.passed
    assert laws["agreement"].verdict == "fail"


@pytest.mark.parametrize(
    "text",
    [
        finding(),
        finding(operator=["relu", "tanh"], dtype=["float64", "float32"]),
        finding(version="2"),
        finding(version="2.13"),
        finding(version="2.13.0"),
        finding(version="2.13.0+cpu"),
        finding(version=2.13),
        finding(when='{ kind = "value" }'),
        finding(when="{ empty = false }"),
        finding(when="{ kind = ['value'], regime = " + REGIMES.split("= ")[1]),
    ],
)
def test_what_matches_is_expected(file, text):
    _, laws = judged(file, text)
    assert laws["agreement"].verdict == "expected-failure"
    assert laws["ranges"].verdict == "fail"


def test_every_condition_must_hold():
    """Attributes, regime, layout, kind, emptiness and infinity of a case."""

    def matches(when, name="conv2d", **changes):
        o = operators[name]
        arrays = (np.ones((1, 1, 2, 2)), np.ones((1, 1, 1, 1)), None)
        attributes = {**o.defaults, **{k: v for k, v in changes.items() if k in o.defaults}}
        inputs = changes.get("inputs", arrays)
        case = Case(o, "float64", inputs, attributes, (None,), changes.get("layouts", ("contiguous",) * 4), "normal")
        entry = {"operator": name, "law": "agreement", "reason": "", "link": "", "when": when}
        from oplaws.conformance.expectations import _finding

        violation = Violation(
            changes.get("kind", "value"), "", expected=changes.get("expected"), got=changes.get("got")
        )
        return _finding(None, entry, operators).matches(case, violation)

    assert matches({})
    assert matches({"stride": 1})
    assert matches({"stride": [2, 1]})
    assert not matches({"stride": 2})
    assert matches({"stride": [[1, 2]]}, stride=(1, 2))
    assert not matches({"stride": [1, 2]}, stride=(1, 2))
    assert matches({"regime": "normal", "groups": 1})
    assert not matches({"regime": "normal", "groups": 2})
    assert matches({"layout": "fortran"}, layouts=("contiguous", "fortran", "contiguous", "contiguous"))
    assert not matches({"layout": "fortran"})
    strided = ("contiguous", "strided", "contiguous", "contiguous")
    assert matches({"layout": {"weight": ["strided", "broadcast"]}}, layouts=strided)
    assert not matches({"layout": {"x": ["strided", "broadcast"]}}, layouts=strided)
    assert matches({"expected": np.inf, "got": np.nan}, expected=float("inf"), got=float("nan"))
    assert not matches({"expected": np.inf}, expected=1.0)
    assert matches({"kind": ["shape", "exception"]}, kind="shape")
    assert matches({"empty": True}, inputs=(np.ones((0, 1, 2, 2)), np.ones((1, 1, 1, 1)), None))
    assert matches({"infinite": True}, inputs=(np.full((1, 1, 2, 2), np.inf), np.ones((1, 1, 1, 1)), None))
    assert not matches({"infinite": True})


# the stored case


@pytest.fixture
def stored(tmp_path):
    """A replay file of the defect, beside the file of findings."""
    report = judge(CANDIDATE, **CHOSEN, output=tmp_path)
    return {v.law: v.counterexample.file for v in report.failures}


def test_a_stored_case_is_judged_and_shown_though_no_drawn_case_matches(file, stored):
    gentle = {**CANDIDATE, "tanh": lambda x: wrong_on_large(x) if x.size == 1 else np.tanh(x)}
    text = finding(case=stored["agreement"])
    report, laws = judged(file, text, gentle, examples=1)
    assert report.passed
    assert laws["agreement"].verdict == "expected-failure"
    assert "known: tanh (agreement float32): it is known" in str(report)


def test_a_stored_case_that_no_longer_fails_fails_the_run(file, stored):
    report, laws = judged(file, finding(case=stored["agreement"]), {**CANDIDATE, "tanh": np.tanh})
    assert not report.passed
    assert laws["agreement"].verdict == "fail"
    assert laws["ranges"].verdict == "pass"
    assert "it is known no longer fails: remove the finding" in str(report)
    assert "remove the finding" in str(report.failures[0])
    assert report.to_json()["verdict"] == "fail"


def test_a_stored_case_is_judged_under_its_own_law_operator_and_dtype_alone(file, stored):
    text = finding('["agreement", "ranges"]', case=stored["agreement"], operator=["tanh", "relu"])
    within = {
        **CANDIDATE,
        "tanh": lambda x: np.tanh(x) * (np.abs(x) <= 20),
        "relu": lambda x: x * (x > 0),
    }
    report, laws = judged(file, text, within, operators=["tanh", "relu"], dtypes=["float32", "float64"])
    assert not any(v.remark for o in report.operators.values() for v in o.laws)
    assert laws["ranges"].verdict == "pass"


def test_a_finding_of_another_version_is_not_looked_up(file, stored):
    report, _ = judged(file, finding(case=stored["agreement"], version="3"), {**CANDIDATE, "tanh": np.tanh})
    assert report.passed


# files that are wrong


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("[[finding]", "is not TOML"),
        ("", "has no [[finding]]; write one for each known failure"),
        ("finding = 3", "has no [[finding]]"),
        ("[finding]\nlaw = 1", "has no [[finding]]"),
        ("finding = [1]", "has no [[finding]]"),
        (finding(laws="x"), "finding 1 has an unknown key 'laws'; use operator, law, dtype, when"),
        ('[[finding]]\noperator = "tanh"\nlaw = "agreement"\nlink = "l"', "finding 1 lacks 'reason'"),
        (finding() + finding('"agrement"'), "finding 2 names the law 'agrement', which is unknown"),
        (finding(operator="tahn"), "finding 1 names the operator 'tahn', which is unknown"),
        (finding(dtype=["float32", "f4"]), "finding 1 names the dtype 'f4', which is unknown"),
        (finding(law="3"), "finding 1 has 3 where one name or a list of names belongs"),
        (finding(operator=[1]), "where one name or a list of names belongs"),
        (finding(when='"always"'), "finding 1 has when = 'always'; write a table"),
        (finding(when="{ stride = 1 }"), "finding 1 has when.stride, which no case has; use regime, layout, kind"),
        (finding(case="nowhere.json"), "nowhere.json, which does not exist"),
        (finding(case="known.toml"), "known.toml, which is not a replay file"),
    ],
)
def test_a_bad_file_is_one_line(file, text, part):
    path = file(text)
    with pytest.raises(Unusable) as error:
        Expectations.of(load(CANDIDATE), path)
    message = str(error.value)
    assert message.startswith(str(path))
    assert part in message
    assert "\n" not in message


def test_a_case_of_something_else_is_one_line(file, stored):
    with pytest.raises(Unusable, match=r"which is of tanh, ranges, float32"):
        Expectations.of(load(CANDIDATE), file(finding(case=stored["ranges"])))


def test_a_missing_file_or_a_folder_is_one_line(tmp_path):
    with pytest.raises(Unusable, match=r"nowhere\.toml: no such expectations file"):
        Expectations.of(load(CANDIDATE), tmp_path / "nowhere.toml")
    with pytest.raises(Unusable, match=r"cannot be read: Is a directory"):
        Expectations.of(load(CANDIDATE), tmp_path)


def test_findings_may_concern_an_operator_of_ones_own(file):
    @operator(x=data("N"), returns={"y": result("N")}, source="a test")
    def mirrored(x):
        """The negative."""
        return np.negative(x)

    path = file(finding(operator="mirrored"))
    report = judge({"mirrored": np.copy}, [mirrored], ["agreement"], ["float32"], expectations=path, examples=5)
    assert report.passed
    assert report.operators["mirrored"].verdict == "expected-failure"


def test_an_adapter_ships_its_own(tmp_path, monkeypatch):
    from oplaws.conformance import expectations

    monkeypatch.setattr(expectations, "__file__", str(tmp_path / "expectations.py"))
    (tmp_path / "adapters").mkdir()
    assert not Expectations.of(load("reference")).findings
    (tmp_path / "adapters" / "reference.toml").write_text(finding())
    assert len(Expectations.of(load("reference")).findings) == 1
    own = tmp_path / "own.toml"
    own.write_text(finding('"ranges"'))
    assert len(Expectations.of(load("reference"), own).findings) == 2


def test_a_candidate_brings_no_findings_of_its_own(tmp_path):
    """A path from the root would take the place of the folder in which those of the adapters lie."""
    file = tmp_path / "mine.py"
    file.write_text("import numpy as np\ndef tanh(x): return np.zeros_like(x)\n")
    (tmp_path / "mine.py.toml").write_text('[[finding]]\noperator = "tanh"\nlaw = "agreement"\nreason = "so be it"\n')
    report = judge(str(file), ["tanh"], ["agreement"], ["float64"], examples=4, shrink=0)
    assert [v.verdict for v in report.failures] == ["fail"]
