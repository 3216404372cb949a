"""The command: what it prints, what it writes, its status, and one line for whatever a user gets wrong."""

import json
import os
import pty
import shutil
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from oplaws import __version__, cli, properties
from oplaws.conformance.candidate import ADAPTERS
from oplaws.properties.law import registry
from oplaws.refimpl import operators

ROOT = Path(__file__).parents[1]
properties.load()

RIGHT = """
import numpy as np
def tanh(x): return np.tanh(x)
def relu(x): return np.maximum(x, 0)
"""
WRONG = """
import numpy as np
name, version = "wrong", "3.1"
def tanh(x): return np.tanh(x) + 1
def relu(x): raise RuntimeError("no relu today")
"""
SMALL = ("--dtypes", "float32", "--examples", "5", "--laws", "agreement")


@pytest.fixture
def oplaws(tmp_path, monkeypatch, capsys):
    """Run the command in a folder of its own: (status, standard output, standard error)."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    (tmp_path / "right.py").write_text(RIGHT)
    (tmp_path / "wrong.py").write_text(WRONG)

    def run(*arguments):
        with pytest.raises(SystemExit) as end:
            cli.main(list(map(str, arguments)))
        return end.value.code, *capsys.readouterr()

    return run


@pytest.fixture
def counterexample(oplaws):
    oplaws("run", "wrong.py", "--operators", "tanh", *SMALL)
    return Path(".oplaws/counterexamples/tanh-agreement-float32.json")


# asking


def test_help_is_fast_light_and_tells_every_command():
    begin = time.process_time()
    command = [sys.executable, "-X", "importtime", "-c", "from oplaws.cli import main; main(['--help'])"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    for name in ("run", "list", "explain", "replay", "power", "soundness"):
        assert f"  {name} " in done.stdout
    assert not any(heavy in done.stderr for heavy in ("numpy", "hypothesis", "torch", "scipy", "rich"))
    assert time.process_time() - begin < 1


@pytest.mark.parametrize("command", ["run", "list", "explain", "replay", "power", "soundness"])
def test_every_command_has_help_and_json(oplaws, command):
    status, out, err = oplaws(command, "--help")
    assert (status, err) == (0, "")
    assert "Usage: oplaws" in out
    assert "--json" in out


def test_the_options_of_the_contract_are_there(oplaws):
    out = oplaws("run", "--help")[1]
    for option in ("operators", "laws", "dtypes", "profile", "examples", "seed", "max-seconds", "fail-fast", "require",
                   "expectations", "output", "traceback", "json"):  # fmt: skip
        assert f"--{option}" in out


def test_the_version(oplaws):
    assert oplaws("--version") == (0, f"oplaws, version {__version__}\n", "")


def test_nothing_asked_is_help(oplaws):
    status, out, err = oplaws()
    assert (status, err) == (2, "")
    assert out.startswith("Usage: oplaws")


@pytest.mark.parametrize(("what", "names"), [("operators", operators), ("laws", registry), ("candidates", ADAPTERS)])
def test_lists_have_a_line_each(oplaws, what, names):
    status, out, err = oplaws("list", what, "--json", "deep/list.json")
    assert (status, err) == (0, "")
    lines = out.splitlines()
    assert set(names) <= {line.split()[0] for line in lines}
    assert all(len(line.split(maxsplit=1)) == 2 for line in lines)
    written = json.loads(Path("deep/list.json").read_text())
    assert set(names) <= set(written)
    assert len(written) == len(lines)


def test_every_operator_and_every_law_is_explained(oplaws):
    for name, operator in operators.items():
        status, out, err = oplaws("explain", name)
        assert (status, err) == (0, "")
        assert out.startswith(f"{name}(")
        assert operator.source in out
        for argument in (*operator.arrays, *operator.attributes, *operator.results):
            assert f"  {argument}" in out
        assert "agreement: " in out or operator.random
    for name, law in registry.items():
        status, out, err = oplaws("explain", name)
        assert (status, err) == (0, "")
        assert law.sentence in out
        assert "operators: " in out
        assert ("on one case of" in out) == (law.every > 1)


def test_an_explanation_says_what_is_not_drawn_and_is_written(oplaws):
    assert "cases not drawn: Windows that see padding alone" in oplaws("explain", "max_pool2d")[1]
    out = oplaws("explain", "residual_basic_block", "--json", "it.json")[1]
    assert "values not drawn: " in out
    assert json.loads(Path("it.json").read_text()) == {"name": "residual_basic_block", "text": out.rstrip("\n")}
    assert "integers or None" in oplaws("explain", "lstm")[1]


# running


def test_a_right_candidate_conforms(oplaws):
    status, out, err = oplaws("run", "right.py", *SMALL, "--json", "report.json", "--seed", 4)
    assert (status, err) == (0, "")
    assert "right.py (cpu) conforms: 2 operators, 10 examples" in out
    assert "seed 4" in out
    compared = sum(registry["agreement"].concerns(operator) for operator in operators.values())
    assert f"not offered: {compared - 2} of {compared} operators" in out
    report = json.loads(Path("report.json").read_text())
    assert report == json.loads(Path(".oplaws/report.json").read_text())
    assert (report["verdict"], report["seed"]) == ("pass", 4)


def test_a_wrong_candidate_fails_with_counterexamples(oplaws):
    status, out, err = oplaws("run", "wrong.py", *SMALL, "--output", "here")
    assert (status, err) == (1, "")
    assert "wrong 3.1 (cpu) does not conform" in out
    assert "tanh (float32) fails agreement: " in out
    assert "oplaws replay here/counterexamples/tanh-agreement-float32.json" in out
    assert "RuntimeError: no relu today" in out
    assert "Traceback" not in out
    assert Path("here/counterexamples/relu-agreement-float32.json").is_file()
    assert not Path(".oplaws").exists()


def test_the_candidates_own_traceback_is_shown_on_demand(oplaws):
    out = oplaws("run", "wrong.py", *SMALL, "--traceback")[1]
    assert "Traceback (most recent call last)" in out
    assert 'wrong.py", line 5, in relu' in out


def test_options_reach_the_judge(oplaws):
    status, out, _ = oplaws("run", "wrong.py", *SMALL, "--fail-fast", "--operators", "tanh, relu")
    assert status == 1
    assert "1 operators, 1 examples" in out
    status, out, _ = oplaws("run", "right.py", *SMALL, "--require", "tanh,elu")
    assert status == 1
    assert "required, but missing: elu" in out
    status, out, _ = oplaws(
        "run", "right.py", *SMALL[:2], "--laws", "agreement", "--operators", "tanh", "--profile", "quick"
    )
    assert status == 0
    assert "25 examples" in out
    status, out, _ = oplaws("run", "right.py", *SMALL, "--max-seconds", "0.000001")
    assert status == 0
    assert "2 operators, 2 examples" in out


def test_an_operator_of_ones_own_is_judged_explained_and_replayed(oplaws):
    Path("own.py").write_text(
        textwrap.dedent("""
        from oplaws.refimpl.operator import data, operator, result

        @operator(x=data("N"), returns={"y": result("N")}, source="a test")
        def negated(x):
            '''-x.'''
            return -x

        def no_operator(x):
            return x
    """)
    )
    Path("mine.py").write_text("def negated(x): return x + 0\n")
    status, out, _ = oplaws("run", "mine.py", "--operators", "own.py:negated,tanh", *SMALL)
    assert status == 1
    assert "negated (float32) fails agreement" in out
    assert oplaws("replay", ".oplaws/counterexamples/negated-agreement-float32.json")[0] == 1
    status, out, _ = oplaws("explain", "own.py:negated")
    assert status == 0
    assert "-x." in out
    status, _, err = oplaws("run", "mine.py", "--operators", "own.py:no_operator")
    assert (status, err) == (2, "oplaws: own.py:no_operator: is no operator; declare it with @operator\n")


def test_known_failures_are_expected(oplaws):
    Path("known.toml").write_text(
        '[[finding]]\noperator = "tanh"\nlaw = "agreement"\nreason = "a joke"\nlink = "https://example.org"\n'
    )
    chosen = ("--operators", "tanh", *SMALL)
    status, out, _ = oplaws("run", "wrong.py", *chosen, "--expectations", "known.toml")
    assert status == 0
    assert "known: tanh (agreement float32): a joke" in out
    assert oplaws("run", "wrong.py", *chosen)[0] == 1


# replaying


def test_a_replay_fails_while_the_fault_is_there(oplaws, counterexample):
    status, out, err = oplaws("replay", counterexample, "--json", "again.json")
    assert (status, err) == (1, "")
    assert "tanh (float32) fails agreement" in out
    assert "bound: unit roundoff" in out
    assert json.loads(Path("again.json").read_text())["fails"] is True
    status, out, err = oplaws("replay", counterexample, "--candidate", "right.py", "--json", "again.json")
    assert (status, err) == (0, "")
    assert "holds agreement on this case" in out
    assert json.loads(Path("again.json").read_text())["fails"] is False


def test_a_replay_shows_the_traceback_on_demand(oplaws, counterexample):
    Path("raises.py").write_text("def tanh(x): raise ValueError('here')\n")
    assert "Traceback" not in oplaws("replay", counterexample, "--candidate", "raises.py")[1]
    assert "in tanh" in oplaws("replay", counterexample, "--candidate", "raises.py", "--traceback")[1]


# the judge judged


def test_power_ends_with_the_number_of_faults_killed(oplaws):
    Path("faults").mkdir()
    shutil.copy(ROOT / "examples" / "faulty" / "sigmoid_overflows.py", "faults")
    status, out, _ = oplaws("power", "faults", "--jobs", 1, "--json", "power.json")
    assert status == 0
    assert out.endswith("killed 1 of 1\n")
    assert json.loads(Path("power.json").read_text())["killed"] == 1
    Path("faults/fault_of_none.py").write_text('"""tanh | forward | there is none | a test"""\n' + RIGHT)
    status, out, _ = oplaws("power", "faults", "--jobs", 2)
    assert status == 1
    assert out.endswith("killed 1 of 2\n")


def test_soundness_ends_with_the_number_of_false_alarms(oplaws):
    status, out, _ = oplaws("soundness", "reference", "--examples", 4, "--operators", "tanh", "--json", "sound.json")
    assert status == 0
    assert out.endswith("0 false alarms in 4 examples\n")
    assert json.loads(Path("sound.json").read_text())["alarms"] == 0
    status, out, _ = oplaws("soundness", "wrong.py", "--examples", 4, "--operators", "tanh")
    assert status == 1


# mistakes


MISTAKES = {
    "run": "Missing argument 'CANDIDATE'; see oplaws run --help",
    "run reference --nosuch": "No such option '--nosuch'; see oplaws run --help",
    "run reference --seed": "Option '--seed' requires an argument",
    "run reference --seed x": "Invalid value for '--seed': 'x' is not a valid integer range; see oplaws run --help",
    "run reference --seed -1": "Invalid value for '--seed': -1 is not in the range x>=0; see oplaws run --help",
    "run reference --examples 0": "Invalid value for '--examples': 0 is not in the range x>=1; see oplaws run --help",
    "run reference --max-seconds 0": "Invalid value for '--max-seconds': 0.0 is not in the range x>0",
    "run reference --operators ,": "Invalid value for '--operators': is an empty list; name at least one",
    "run reference --operators conv22": "operator 'conv22' is unknown; did you mean conv2d?",
    "run reference --laws agrement": "law 'agrement' is unknown; did you mean agreement?",
    "run reference --dtypes float8": "dtype 'float8' is unknown; use float64, float32, float16, bfloat16",
    "run reference --dtypes float16": "dtype 'float16' is not among those that reference declares: float32, float64",
    "run reference --profile lazy": "profile 'lazy' is unknown; use quick, standard, thorough",
    "run reference --require lstmm": "operator 'lstmm' is unknown; did you mean lstm?",
    "run reference --operators tanh --require lstm": "lstm is required and not among the operators to be judged",
    "run reference --expectations nowhere.toml": "nowhere.toml: no such expectations file",
    "run reference --output right.py": "Invalid value for '--output': right.py is a file; name a folder",
    "run reference --output right.py/deep": "Invalid value for '--output': right.py/deep cannot be written to: ",
    "run reference --json .": "Invalid value for '--json': . is a folder; name a file",
    "run reference --json right.py/x.json": "Invalid value for '--json': right.py cannot be written to: ",
    "run nowhere.py": "nowhere.py: no such file; name a Python file with the operators' functions",
    "run nowhere": "nowhere: no such candidate; name an adapter (reference, torch",
    "run broken.py": "broken.py: cannot be imported: ZeroDivisionError: division by zero (broken.py, line 2)",
    "run empty.py": "empty.py: nothing was judged: it offers none of the operators chosen",
    "run right.py:missing": "right.py:missing: right.py has no missing; name an object that it defines",
    "list": "Missing argument 'operators|laws|candidates'; see oplaws list --help",
    "list everything": "list everything: there is no such list; use operators, laws or candidates",
    "list laws --json .": "Invalid value for '--json': . is a folder; name a file",
    "explain conv2": "name 'conv2' is unknown; did you mean conv2d?",
    "explain xyzzy": "name 'xyzzy' is unknown; see oplaws list",
    "replay nowhere.json": "nowhere.json: no such file; a failing run names the replay files that it wrote",
    "replay right.py": "right.py: is not a replay file (JSONDecodeError",
    "replay .": ".: cannot be read: Is a directory",
    "power nowhere": "nowhere: is no folder; name one with faulty candidates",
    "power --seeds a": "--seeds a: must be numbers separated by commas, such as 0,1,2; see oplaws power --help",
    "power --profile lazy": "profile 'lazy' is unknown; use quick, standard, thorough",
    "soundness nowhere": "nowhere: no such candidate; name an adapter",
    "soundness reference --examples 0": "Invalid value for '--examples': 0 is not in the range x>=1",
    "judge reference": "No such command 'judge'; see oplaws --help",
    "--nosuch": "No such option '--nosuch'; see oplaws --help",
}


@pytest.mark.parametrize("command", MISTAKES)
def test_a_mistake_is_one_line_and_status_2(oplaws, command):
    Path("broken.py").write_text("x = 1\ny = x / 0\n")
    Path("empty.py").write_text("")
    status, out, err = oplaws(*command.split())
    assert (status, out) == (2, "")
    assert err.startswith("oplaws: " + MISTAKES[command])
    assert err.count("\n") == 1
    assert err.endswith("\n")


def test_a_file_that_cannot_be_written_is_one_line(oplaws, monkeypatch):
    """A disk that is full, say: it is found only when it is written to."""
    monkeypatch.setattr(
        Path, "replace", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device", "it.json"))
    )
    status, _, err = oplaws("list", "laws", "--json", "it.json")
    assert (status, err) == (2, "oplaws: it.json: No space left on device\n")
    assert not list(Path().glob("it.json*"))


def test_a_fault_of_ours_is_not_called_a_mistake_of_the_users(monkeypatch, capsys):
    from oplaws.conformance import catalogue

    monkeypatch.setattr(catalogue, "rows", lambda what: 1 // 0)
    with pytest.raises(SystemExit) as stopped:
        cli.main(["list", "laws"])
    assert stopped.value.code == 2
    told = capsys.readouterr().err
    assert "Traceback" in told
    assert "oplaws: the judge itself failed: ZeroDivisionError" in told


def test_an_interruption_is_status_130(oplaws, monkeypatch):
    from oplaws.conformance import catalogue

    def interrupted(what):
        raise KeyboardInterrupt

    monkeypatch.setattr(catalogue, "rows", interrupted)
    assert oplaws("list", "laws")[0] == 130


def test_a_reader_that_has_enough_ends_it_quietly():
    """`oplaws list laws | head -1`"""
    command = (
        f"{sys.executable} -c 'from oplaws.cli import main; main()' list laws | head -c 1; exit ${{PIPESTATUS[0]}}"
    )
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=60, check=False)
    assert done.stderr == ""
    assert done.returncode in (0, 130)  # a short list may have been written whole


# colour


def on_a_terminal(folder, **environment):
    """What the command prints on a terminal."""
    main, side = pty.openpty()
    command = [
        sys.executable,
        "-c",
        "from oplaws.cli import main; main()",
        "run",
        "wrong.py",
        "--operators",
        "tanh",
        *SMALL,
    ]
    plain = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "FORCE_COLOR")}
    process = subprocess.Popen(
        command,
        cwd=folder,
        stdout=side,
        stderr=side,
        stdin=side,
        env={**plain, "TERM": "xterm-256color", **environment},
    )
    os.close(side)
    printed = b""
    while True:
        try:
            piece = os.read(main, 65536)
        except OSError:  # Linux's end of file
            break
        if not piece:
            break
        printed += piece
    os.close(main)
    assert process.wait() == 1
    return printed


def test_colour_on_a_terminal_alone_and_without_no_color(oplaws, tmp_path):
    _, out, err = oplaws("run", "wrong.py", "--operators", "tanh", *SMALL)
    assert "\x1b" not in out + err
    colour = b"\x1b[31m"
    assert colour in on_a_terminal(tmp_path)
    assert colour not in on_a_terminal(tmp_path, NO_COLOR="1")
