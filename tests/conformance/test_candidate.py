"""Candidates: every way to plug one in, and every mistake in doing so."""

import sys
import textwrap
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

from oplaws import refimpl
from oplaws.conformance import candidate as module
from oplaws.conformance.asking import Request, answer
from oplaws.conformance.candidate import ADAPTERS, Candidate, Unusable, find, load

X = np.array([-1.0, 0.0, 2.0])
FUNCTIONS = """
import numpy as np
def relu(x): return np.maximum(x, 0)
def relu_vjp(dy, x): return (dy * (x > 0),)
def tanh(x): return np.tanh(x)
"""
OBJECT = """
import numpy as np
class Engine:
    name, version, device = "engine", "1.2", "abacus"
    operators = ("relu",)
    def call(self, name, inputs, attributes): return (np.maximum(inputs[0], 0),)
    def vjp(self, name, inputs, attributes, cotangents): return (cotangents[0] * (inputs[0] > 0),)
class Outer:
    inner = Engine()
engine = Engine()
"""


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Files in a folder of their own, in which the test then runs."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))

    def write(name, text):
        (tmp_path / name).write_text(textwrap.dedent(text))
        return name

    yield write
    for name, loaded in list(sys.modules.items()):
        if str(tmp_path) in str(getattr(loaded, "__file__", "")):
            del sys.modules[name]


def relu_of(candidate):
    (value,) = answer(candidate, Request("relu", (X,), ("contiguous",), {})).results
    return value.tolist()


# every way to plug in


def test_the_reference_is_an_adapter_and_a_module():
    for spec in ("reference", "oplaws.refimpl"):
        found = load(spec)
        assert relu_of(found) == [0, 0, 2]
        assert found.offers("lstm")
        assert found.offers_gradient("lstm")
        assert not found.offers_gradient("sgd")
    assert load("reference").version


def test_a_file_of_functions(write):
    found = load(write("mine.py", FUNCTIONS))
    assert relu_of(found) == [0, 0, 2]
    assert found.offers("tanh")
    assert not found.offers_gradient("tanh")
    assert not found.offers("sigmoid")
    assert not found.offers_gradient("sigmoid")
    assert (found.name, found.version, found.device) == ("mine.py", "", "cpu")
    assert found.dtypes == ("float32", "float64")
    assert found.loadable


@pytest.mark.parametrize("name", ["engine", "Engine", "Outer.inner"])
def test_an_object_or_a_class_in_a_file(write, name):
    found = load(f"{write('mine.py', OBJECT)}:{name}")
    assert relu_of(found) == [0, 0, 2]
    assert (found.name, found.version, found.device) == ("engine", "1.2", "abacus")
    assert found.offers("relu")
    assert found.offers_gradient("relu")
    assert not found.offers("tanh")


def test_a_module_in_the_working_folder_and_an_object_in_it(write):
    write("plugged_in.py", FUNCTIONS + OBJECT)
    assert relu_of(load("plugged_in")) == [0, 0, 2]
    assert relu_of(load("plugged_in:engine")) == [0, 0, 2]


def test_objects_modules_dicts_classes_and_candidates_in_python():
    namespace = {}
    exec(FUNCTIONS + OBJECT, namespace)
    made = ModuleType("made_up")
    vars(made).update(namespace)
    for given in (namespace, made, namespace["engine"], namespace["Engine"], SimpleNamespace(relu=namespace["relu"])):
        assert relu_of(load(given)) == [0, 0, 2]
    assert load({"relu": namespace["relu"]}).spec == "the given dict"
    assert not load({"relu": namespace["relu"]}).loadable
    assert not load(made).loadable
    assert load(refimpl).loadable
    found = load(namespace)
    assert load(found) is found


def test_an_object_without_vjp_has_no_gradient():
    only_call = SimpleNamespace(call=lambda name, inputs, attributes: (inputs[0] + 0,))
    assert load(only_call).offers("anything")
    assert not load(only_call).offers_gradient("anything")


def test_a_file_may_import_its_neighbours_also_later(write):
    write("neighbour_of_mine.py", "two = 2.0\n")
    write("later_neighbour.py", "import numpy as np\n")
    found = load(
        write(
            "mine.py",
            "import neighbour_of_mine\ndef relu(x):\n import later_neighbour as n\n return n.np.maximum(x, 0)",
        )
    )
    assert relu_of(found) == [0, 0, 2]


def test_declarations_are_read():
    declared = {"name": "it", "version": 3, "device": "cuda", "dtypes": "float16", "operators": ["relu"]}
    declared |= {"precision": {"float32": "tf32", "float16": {"linear": "float16"}}, "algorithms": {"conv2d": "fast"}}
    found = load({**declared, "deterministic": False, "flushes_subnormals": True, "relu": np.copy, "tanh": np.tanh})
    assert (found.name, found.version, found.device) == ("it", "3", "cuda")
    assert found.dtypes == ("float16",)
    assert not found.deterministic
    assert found.offers("relu")
    assert not found.offers("tanh")
    tf32, fast = found.arithmetic("linear", "float32"), found.arithmetic("conv2d", "float32")
    assert tf32.product_digits == 11
    assert tf32.tiny > 0
    assert (fast.fast, tf32.fast) == (True, False)
    assert found.arithmetic("linear", "float16").ua > found.arithmetic("conv2d", "float16").ua


def test_a_function_or_module_is_no_declaration():
    """numpy.version is a module."""
    assert load("numpy").version == np.__version__
    assert load({"name": len, "device": np, "relu": np.copy}).device == "cpu"


def test_the_functions_of_a_framework_are_bridged(write):
    pytest.importorskip("torch")
    found = load(write("mine.py", "framework = 'torch'\nimport torch\ndef relu(x): return torch.relu(x)\n"))
    assert relu_of(found) == [0, 0, 2]
    assert found.offers_gradient("relu")
    reply = answer(found, Request("relu", (X,), ("contiguous",) * 2, {}, (np.ones(3),)))
    assert reply.results[0].tolist() == [0, 0, 1]


# every mistake is one line


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("def relu(x) return x", "mine.py: cannot be imported: SyntaxError"),
        ("x = 1\nimport no_such_module_at_all", "No module named 'no_such_module_at_all' (mine.py, line 2)"),
        ("x = 1\n\nexit(3)", "SystemExit"),
        ("import sys; sys.exit('a\\nb')", "SystemExit: a b (mine.py, line 1)"),
        ("raise ValueError('two\\nlines')", "ValueError: two lines (mine.py, line 1)"),
        ("dtypes = ('float33',)", "declares dtypes = ('float33',); known are float64, float32, float16, bfloat16"),
        ("dtypes = 5", "cannot be used: TypeError"),
        ("precision = {'float32': 'tf33'}", "declares the precision 'tf33'; known are tf32"),
        ("precision = {'float32': {'conv2d': 'rough'}}", "declares the precision 'rough'"),
        ("algorithms = {'conv2d': 'slow'}", "declares the algorithms 'slow'; known are direct, fast"),
        ("algorithms = 'fast'", "it must be a dict"),
        ("framework = 'theano'", "declares the framework 'theano'; known are numpy, torch, jax"),
        ("framework = ['torch']", "declares the framework ['torch']"),
    ],
)
def test_a_mistake_in_a_file_is_one_line(write, text, part):
    with pytest.raises(Unusable) as error:
        load(write("mine.py", text))
    message = str(error.value)
    assert message.startswith("mine.py: ")
    assert part in message
    assert "\n" not in message


@pytest.mark.parametrize(
    ("spec", "part"),
    [
        ("nowhere.py", "nowhere.py: no such file; name a Python file"),
        ("folder/nowhere", "folder/nowhere: no such file"),
        ("no_such_module", "no_such_module: no such candidate; name an adapter (reference, torch"),
        ("no_such_module:thing", "no_such_module:thing: no such candidate"),
        ("json.no_such_part", "json.no_such_part: no such candidate"),
        ("", "cannot be imported"),
        ("json:nothing", "json:nothing: json has no nothing; name an object that it defines"),
        ("./notes.txt", "./notes.txt: is not a Python file"),
        ("mine.py:missing.part", "mine.py:missing.part: mine.py has no missing.part"),
        ("mine.py:Broken", "mine.py:Broken: cannot be used: RuntimeError: not today (mine.py, line"),
        ("mine.py:Hostile", "mine.py:Hostile: cannot be used: ZeroDivisionError"),
        ("torch:nonsense", "torch:nonsense: cannot be used: no candidate 'torch:nonsense'"),
    ],
)
def test_a_wrong_name_is_one_line(write, spec, part):
    if spec.startswith("torch"):
        pytest.importorskip("torch")
    write("notes.txt", "")
    hostile = "class Hostile:\n    def __getattr__(self, name): return 1 // 0\n"
    write("mine.py", "class Broken:\n    def __init__(self): raise RuntimeError('not today')\n" + hostile)
    with pytest.raises(Unusable) as error:
        load(spec)
    assert part in str(error.value)
    assert "\n" not in str(error.value)


def test_an_adapter_whose_framework_is_absent_or_broken_is_one_line(monkeypatch):
    def absent(name, package):
        raise ModuleNotFoundError("No module named 'torch'", name="torch")

    monkeypatch.setattr(module.importlib, "import_module", absent)
    with pytest.raises(
        Unusable, match=r"torch: needs the package torch; install it with pip install 'oplaws\[torch\]'"
    ):
        load("torch")

    def broken(name, package):
        raise OSError("libtorch.so: no such file")

    monkeypatch.setattr(module.importlib, "import_module", broken)
    with pytest.raises(Unusable, match=r"torch: cannot be imported: OSError: libtorch\.so"):
        load("torch:cuda")


def test_the_user_may_interrupt_an_import(write):
    write("mine.py", "raise KeyboardInterrupt")
    with pytest.raises(KeyboardInterrupt):
        load("mine.py")


def test_every_adapter_has_a_line():
    assert {"reference", "torch", "torch:cuda", "torch:compile"} <= set(ADAPTERS)
    assert all(ADAPTERS.values())


def test_what_is_found_need_not_be_a_candidate(write):
    write("mine.py", "answer = 42")
    assert find("mine.py:answer") == 42


def test_what_a_candidate_offers_is_looked_up_once():
    class Fickle:
        asked = 0

        def __getattr__(self, name):
            if name != "tanh_vjp":
                raise AttributeError(name)
            Fickle.asked += 1
            if Fickle.asked == 1:
                raise AttributeError(name)
            return lambda dy, x: (0 * dy,)

        def tanh(self, x):
            return np.tanh(x)

    candidate = Candidate(Fickle(), "fickle", loadable=False)
    assert [candidate.offers_gradient("tanh") for _ in range(3)] == [False, False, False]


def test_a_declared_table_must_be_one():
    with pytest.raises(Unusable, match="declares precision = 'tf32'; it must be a dict"):
        load({"tanh": np.tanh, "precision": "tf32"})
