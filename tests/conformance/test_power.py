"""Power and soundness: what a fault is, what counts as a kill and what does not, and what the two instruments print."""

import json

import pytest
from rich.console import Console

from oplaws.conformance.candidate import Unusable, load
from oplaws.conformance.power import Power, Trial, attempt, faults, power
from oplaws.conformance.soundness import soundness

HEAD = (
    '"""{} | forward | {} | it is plausible"""\n'
    "from oplaws import refimpl\nimport numpy as np\nimport os\nimport time\n"
)
FILES = {
    "wrong": HEAD.format("tanh", "off by a thousandth") + "def tanh(x):\n    return x.dtype.type(1.001) * np.tanh(x)\n",
    "right": HEAD.format("tanh", "nothing") + "def tanh(x):\n    return np.tanh(x)\n",
    "rare": HEAD.format("relu", "12,345 is 0") + "def relu(x):\n    return np.where(x == 12345, 0, np.maximum(x, 0))\n",
    "dies": HEAD.format("relu", "the process ends") + "def relu(x):\n    os._exit(7)\n",
}


@pytest.fixture
def folder(tmp_path):
    def write(*names):
        for name in names:
            (tmp_path / f"{name}.py").write_text(FILES[name])
        return tmp_path

    return write


def text(outcome):
    console = Console(width=200, no_color=True, force_terminal=False)
    with console.capture() as capture:
        outcome.show(console)
    return capture.get()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "holds no faulty candidate"),
        ("x = 1\n", "its docstring must begin OPERATOR"),
        ('"""no_such | a | b | c"""\n', "its docstring must begin OPERATOR"),
        ('"""tanh | a | b"""\n', "its docstring must begin OPERATOR"),
        ("def (:\n", "is not Python"),
    ],
)
def test_a_fault_says_what_is_wrong(tmp_path, content, message):
    if content is not None:
        (tmp_path / "fault.py").write_text(content)
    with pytest.raises(Unusable, match=message):
        faults(tmp_path)


def test_a_folder_must_exist(tmp_path):
    with pytest.raises(Unusable, match="is no folder"):
        faults(tmp_path / "nowhere")


def test_a_kill_names_its_laws_cases_and_counterexample(folder, tmp_path):
    (fault,) = faults(folder("wrong"))
    trial = attempt(fault, 0, "quick", False, True, tmp_path / "out")
    assert trial.killed
    assert {"agreement", "ranges"} <= set(trial.laws)
    assert 1 <= trial.examples <= 3
    assert (tmp_path / "out" / "wrong" / trial.counterexample["file"]).is_file()
    alone = attempt(fault, 0, "quick", True, False, None)
    assert alone.killed
    assert "agreement" not in alone.laws
    assert len(alone.laws) <= len(trial.laws)


def test_what_does_not_differ_is_an_error_and_what_is_rare_a_survivor(folder):
    found = {fault.file.stem: fault for fault in faults(folder("right", "rare"))}
    same = attempt(found["right"], 0, "quick", False, False, None)
    assert (same.killed, same.error) == (False, "does not differ from the reference")
    rare = attempt(found["rare"], 0, "quick", False, False, None)
    assert not rare.killed


def test_a_law_that_the_reference_breaks_as_well_kills_nothing(folder, monkeypatch):
    monkeypatch.setattr("oplaws.conformance.power._holds_for_reference", lambda counterexample: False)
    (fault,) = faults(folder("wrong"))
    trial = attempt(fault, 0, "quick", False, False, None)
    assert not trial.killed
    assert trial.error == ""


def test_each_fault_is_judged_in_a_process_of_its_own(folder, tmp_path):
    seen = []
    outcome = power(
        folder("wrong", "dies"), (0, 1), jobs=2, start=seen.append, progress=lambda *news: seen.append(news)
    )
    assert seen[0] == 4
    assert len(seen) == 5
    runs = {fault.file.stem: outcome.runs(fault) for fault in outcome.faults}
    assert [run.killed for run in runs["wrong"]] == [True, True]
    assert [run.error for run in runs["dies"]] == ["its process ended with 7 before it was judged"] * 2
    assert [fault.file.stem for fault in outcome.survivors] == ["dies"]
    shown = text(outcome)
    assert "its process ended with 7" in shown
    assert shown.rstrip().endswith("killed 1 of 2")
    outcome.save(tmp_path / "power.json")
    report = json.loads((tmp_path / "power.json").read_text())
    assert (report["killed"], report["total"], report["seeds"]) == (1, 2, [0, 1])
    assert set(report["faults"][0]) == {"file", "operator", "class", "killed", "runs"}
    assert set(report["faults"][0]["runs"][0]) == {"seed", "killed", "laws", "examples", "seconds", "counterexample"}


def test_a_hang_ends(folder, tmp_path, monkeypatch):
    monkeypatch.setattr("oplaws.conformance.power.SECONDS", 3)
    (tmp_path / "hangs.py").write_text(HEAD.format("relu", "hangs") + "def relu(x):\n    time.sleep(1000)\n")
    outcome = power(tmp_path, jobs=1)
    assert "its process ended with -9" in text(outcome)


def test_laws_by_faults():
    a, b, c = (type("F", (), {"file": name, "wrong": ""})() for name in "abc")
    trials = {
        ("a", 0): Trial(0, True, ["agreement", "ranges"], 1, 0.1),
        ("b", 0): Trial(0, True, ["ranges"], 3, 0.3),
        ("c", 0): Trial(0, False, [], 50, 1.0),
    }
    table = Power([a, b, c], [0], "quick", False, trials).by_law()
    assert table["ranges"] == ([a, b], [b])
    assert table["agreement"] == ([a], [])


def test_an_unknown_profile_is_a_mistake(folder):
    with pytest.raises(Unusable, match="profile 'lazy' is unknown"):
        power(folder("wrong"), profile="lazy")


# soundness


def test_soundness_counts_alarms_and_keeps_a_log(folder, tmp_path):
    wrong = folder("wrong") / "wrong.py"
    options = {"examples": 8, "operators": ["tanh"], "log": tmp_path / "log.jsonl"}
    for specs in (["reference"], ["reference", str(wrong)]):
        outcome = soundness(specs, **options, output=tmp_path / "out")
    assert outcome.examples >= 8
    assert outcome.alarms
    assert not outcome.interrupted
    shown = text(outcome)
    assert "reference" in shown
    assert shown.rstrip().endswith(f"{len(outcome.alarms)} false alarms in {outcome.examples} examples")
    lines = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [line["alarms"] for line in lines] == [0, 0, len(outcome.alarms)]
    assert all(line["operators"] == ["tanh"] for line in lines)
    outcome.save(tmp_path / "sound.json")
    saved = json.loads((tmp_path / "sound.json").read_text())
    assert [c["name"] for c in saved["candidates"]] == ["reference", str(wrong)]
    assert {"operator", "law", "dtype", "file"} == set(saved["candidates"][1]["alarms"][0])


def test_soundness_of_nothing_is_a_mistake():
    with pytest.raises(Unusable, match="nothing was judged"):
        soundness([load({"tanh": abs})], operators=["relu"])


def test_an_interruption_ends_the_candidates(monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    outcome = soundness(["reference", "reference"], examples=8, operators=["tanh"], progress=interrupted)
    assert outcome.interrupted
    assert len(outcome.reports) == 1
