"""Candidates: every way to plug one in, every mistake in doing so, and all that a candidate can do to its judge."""

import sys
import textwrap
from types import ModuleType, SimpleNamespace

import ml_dtypes
import numpy as np
import pytest
from hypothesis.errors import UnsatisfiedAssumption

from oplaws import refimpl
from oplaws.conformance import candidate as module
from oplaws.conformance.candidate import ADAPTERS, Asked, Candidate, Interruption, Request, Unusable, answer, find, load
from oplaws.conformance.engine import judge
from oplaws.properties.case import Case
from oplaws.properties.law import Violation

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


# nothing that a candidate does gets beyond the reply


def ask(function, inputs=(X,), attributes=None, cotangents=None, name="relu", layouts=None):
    """The reply of one function, for the forward call or the gradient."""
    functions = {name: function, f"{name}_vjp": function}
    layouts = layouts or ("contiguous",) * 9
    return answer(load(functions), Request(name, inputs, layouts, attributes or {}, cotangents))


@pytest.mark.parametrize("error", [ValueError("no\n  way"), SystemExit(3), KeyboardInterrupt(), GeneratorExit()])
def test_whatever_it_raises_is_a_reply(error):
    def relu(x):
        raise error

    reply = ask(relu)
    assert reply.kind == "exception"
    assert reply.error.startswith(type(error).__name__)
    assert "\n" not in reply.error
    assert "in relu" in reply.trace


def test_the_users_own_interruption_passes_whatever_the_candidate_makes_of_it(monkeypatch):
    monkeypatch.setattr(Interruption, "asked", True)

    def swallows(x):
        return x

    def transforms(x):
        raise ValueError("interrupted")

    for function in (swallows, transforms):
        with pytest.raises(KeyboardInterrupt):
            ask(function)


def test_its_prints_are_swallowed(capfd):
    def relu(x):
        print("hello", x)
        print("there", file=sys.stderr)
        sys.stdout.flush()
        return np.maximum(x, 0)

    assert ask(relu).results[0].tolist() == [0, 0, 2]
    assert capfd.readouterr() == ("", "")


def test_its_floating_point_flags_are_not_ours():
    def relu(x):
        np.seterr(all="raise")
        return np.maximum(x, 0)

    before = np.geterr()
    assert not ask(relu).kind
    assert np.geterr() == before
    assert not ask(lambda x: x / 0).kind


def test_it_gets_the_layouts_of_the_case_and_its_own_copies():
    seen = []

    def relu(x, y, z):
        seen.extend((x, y, z))
        return x + 0

    reply = ask(relu, (np.ones((2, 3)), None, X), layouts=("fortran", "strided", "readonly"))
    assert seen[0].strides == (8, 16)
    assert seen[1] is None
    assert not seen[2].flags.writeable
    assert seen[2] is not X
    assert not reply.changed


def test_changed_inputs_cotangents_and_attributes_are_seen():
    def changes(dy, x, *, lengths):
        x[0] = 7
        dy.shape = (3, 1)
        lengths += 1
        return (dy,)

    lengths = np.array([1, 2])
    reply = ask(changes, (X,), {"lengths": lengths}, (X,))
    assert not reply.error
    assert reply.changed == (0, 1, "lengths")
    assert X.tolist() == [-1, 0, 2]
    assert lengths.tolist() == [1, 2]
    assert ask(lambda x: x.__setitem__(1, -0.0) or x + 0).changed == (0,)


def test_a_changed_dict_of_attributes_is_seen_and_harmless():
    pops = SimpleNamespace(call=lambda name, inputs, attributes: (inputs[0] + attributes.pop("lengths"),))
    attributes = {"lengths": np.ones(3)}
    reply = answer(load(pops), Request("relu", (X,), ("contiguous",), attributes))
    assert reply.changed == ("the dict of attributes",)
    assert list(attributes) == ["lengths"]
    sets = SimpleNamespace(call=lambda name, inputs, attributes: (attributes.__setitem__("p", 2), inputs[0] + 0)[1:])
    assert answer(load(sets), Request("relu", (X,), ("contiguous",), {"p": 1})).changed == ("the dict of attributes",)


def test_shared_memory_is_seen():
    assert ask(lambda x: x).shared == ((0, 0),)
    assert ask(lambda x: x[::-1]).shared == ((0, 0),)
    assert ask(lambda x: (x + 0, x[1:])).shared == ((1, 0),)
    assert ask(lambda x: x[:1].reshape(())).shared == ((0, 0),)
    assert ask(lambda x, lengths: lengths[:1], attributes={"lengths": np.ones(3)}).shared == ((0, 1),)
    assert ask(lambda dy, x: (dy, None), cotangents=(X,)).shared == ((0, 1),)
    assert ask(lambda x: x.copy()).shared == ()
    assert ask(lambda x: np.float64(x[0])).shared == ()


def test_results_are_copied_at_once():
    kept = []

    def relu(x):
        kept.append(x + 0)
        return kept[-1]

    reply = ask(relu)
    kept[0][:] = 9
    assert reply.results[0].tolist() == X.tolist()


class Sub(np.ndarray):
    pass


@pytest.mark.parametrize(
    ("value", "what"),
    [
        ([1.0, 2.0], "a list"),
        (1.5, "a float"),
        (None, "a NoneType"),
        (X.view(Sub), "a Sub"),
        (np.ma.masked_array(X), "a MaskedArray"),
        (np.array([None, 1]), "of dtype object"),
        (np.array([1j]), "of dtype complex128"),
        (np.array(["a"]), "of dtype <U1"),
        ((n for n in X), "a generator"),
        (int, "a type"),
    ],
)
def test_what_is_no_plain_array_is_said_to_be_none(value, what):
    reply = ask(lambda x: value)
    assert (reply.kind, reply.results) == ("type", ())
    assert reply.error == f"result 0 is {what}, not a plain numpy.ndarray of numbers"


def test_scalars_of_numpy_and_half_types_are_arrays():
    for value in (np.float32(2), ml_dtypes.bfloat16(2), np.array(2.0), np.array([2.0], ml_dtypes.bfloat16)):
        reply = ask(lambda x, value=value: value)
        assert not reply.kind
        assert type(reply.results[0]) is np.ndarray
        assert reply.results[0].dtype == value.dtype


def test_an_absent_gradient_is_none_but_an_absent_result_is_not():
    assert ask(lambda dy, x: (None,), cotangents=(X,)).results == (None,)
    assert ask(lambda x: (None,)).kind == "type"


# seen through a case


def asked(functions, inputs=(X,), name="relu", attributes=None, whole=None):
    o = refimpl.operators[name]
    cotangents = tuple(np.ones(shape) for shape in o.result_shapes(inputs, attributes or {}))
    layouts = ("contiguous",) * (len(inputs) + len(cotangents))
    case = Case(o, "float64", tuple(inputs), {**o.defaults, **(attributes or {})}, cotangents, layouts)
    return Asked(load(whole or functions), case)


def violation(function):
    with pytest.raises(Violation) as error:
        function()
    return error.value.kind, error.value.message


def test_a_right_answer_is_fetched_once():
    calls = []
    a = asked({"relu": lambda x: calls.append(1) or np.maximum(x, 0), "relu_vjp": lambda dy, x: (dy * (x > 0),)})
    assert a.forward[0].tolist() == a.forward[0].tolist() == [0, 0, 2]
    assert a.vjp[0].tolist() == [0, 0, 1]
    assert len(calls) == 1
    assert len(list(a.replies)) == 2
    assert a.again().forward[0].tolist() == [0, 0, 2]
    assert len(calls) == 2


@pytest.mark.parametrize(
    ("forward", "kind", "message"),
    [
        (lambda x: x[:2] + 0, "shape", "y has shape (2,), expected (3,)"),
        (lambda x: x.astype("f4"), "dtype", "y is float32, expected float64"),
        (lambda x: np.float64(1), "shape", "y has shape (), expected (3,)"),
        (lambda x: (x + 0, x + 0), "type", "returned a tuple, expected one bare array"),
        (lambda x: (x + 0,), "type", "returned a tuple, expected one bare array"),
        (lambda x: [x], "type", "result 0 is a list, not a plain numpy.ndarray of numbers"),
        (lambda x: 1 // 0, "exception", "ZeroDivisionError: integer division or modulo by zero"),
    ],
)
def test_a_result_of_the_wrong_form(forward, kind, message):
    assert violation(lambda: asked({"relu": forward}).forward) == (kind, message)


@pytest.mark.parametrize(
    ("vjp", "kind", "message"),
    [
        (lambda dy, x: (x[:2] + 0,), "shape", "dx has shape (2,), expected (3,)"),
        (lambda dy, x: (x.astype("f4"),), "dtype", "dx is float32, expected float64"),
        (lambda dy, x: (None,), "type", "dx is None, expected an array"),
        (lambda dy, x: (x + 0, None), "shape", "returned 2 arrays, expected 1"),
        (lambda dy, x: x + 0, "type", "returned a bare value, expected a tuple"),
    ],
)
def test_a_gradient_of_the_wrong_form(vjp, kind, message):
    assert violation(lambda: asked({"relu": np.copy, "relu_vjp": vjp}).vjp) == (kind, message)


def test_an_object_answers_in_tuples():
    bare = SimpleNamespace(call=lambda name, inputs, attributes: inputs[0] + 0, vjp=None)
    assert violation(lambda: asked(None, whole=bare).forward) == ("type", "returned a bare value, expected a tuple")


def test_several_results_come_in_a_tuple():
    state = [np.zeros(3)] * 3
    functions = {"sgd": lambda parameter, gradient, velocity, **rest: parameter + 0}
    assert violation(lambda: asked(functions, state, "sgd", {"lr": 0.1}).forward)[0] == "type"
    functions = {"sgd": lambda parameter, gradient, velocity, **rest: (parameter + 0,)}
    message = violation(lambda: asked(functions, state, "sgd", {"lr": 0.1}).forward)
    assert message == ("shape", "returned 1 arrays, expected 2")


def test_gradients_of_absent_and_undifferentiable_inputs_and_of_targets_may_be_none():
    zeros = np.zeros((2, 3))
    vjp = {"mse_loss": np.copy, "mse_loss_vjp": lambda dy, p, t, **k: (p * 0, None)}
    assert asked(vjp, (zeros, zeros), "mse_loss").vjp[1] is None
    labels = np.array([0, 2])
    vjp = {"cross_entropy": np.copy, "cross_entropy_vjp": lambda dy, x, y, **k: (x * 0, None)}
    a = asked(vjp, (zeros, labels), "cross_entropy")
    assert a.vjp[1] is None
    assert a.gradient_names == ["dlogits", "dlabels"]
    vjp = {"linear": np.copy, "linear_vjp": lambda dy, x, w, b=None: (x * 0, w * 0, None)}
    assert asked(vjp, (zeros, zeros, None), "linear").vjp[2] is None


def test_a_scalar_of_numpy_will_do_for_the_shape_of_a_number():
    functions = {"mse_loss": lambda p, t, *, reduction="mean": np.mean((p - t) ** 2)}
    assert asked(functions, (X, X), "mse_loss").forward[0].shape == ()


def test_other_questions_can_be_asked():
    a = asked({"relu": lambda x: np.maximum(x, 0)})
    assert a.ask((X[:1],), {}, ("contiguous",)).results[0].tolist() == [0]
    assert a.on(a.case.with_arrays((X * 0, X))).forward[0].tolist() == [0, 0, 0]
    assert not a.differentiable


def test_an_identity_that_an_object_returns_is_shared():
    same = SimpleNamespace(call=lambda name, inputs, attributes: (inputs[0],))
    assert asked(None, whole=same).forward_reply.shared == ((0, 0),)


class Speechless(Exception):
    """Its own words are code."""

    def __init__(self, error):
        self.error = error

    def __str__(self):
        raise self.error


@pytest.mark.parametrize("error", [ValueError(), SystemExit(0), KeyboardInterrupt(), UnsatisfiedAssumption()])
def test_an_error_that_raises_in_its_turn_is_a_reply(error):
    def tanh(x):
        raise Speechless(error)

    report = judge({"tanh": tanh}, ["tanh"], ["agreement"], ["float32"], examples=4, shrink=0)
    assert report.examples == 4
    assert "Speechless: its text cannot be had" in str(report.failures[0])


class Pretender:
    """Says that it is a number of NumPy."""

    __class__ = np.float64
    dtype, shape, size, ndim = np.dtype("float64"), (), 1, 0

    def __array__(self, dtype=None, copy=None):
        return np.zeros(())


def test_an_object_is_not_what_it_says_it_is():
    report = judge({"tanh": lambda x: Pretender()}, ["tanh"], ["agreement"], ["float64"], examples=2, shrink=0)
    assert "a Pretender, not a plain numpy.ndarray" in str(report.failures[0])


def test_the_text_of_an_error_is_one_printable_line():
    def tanh(x):
        raise ValueError("a\n\x1b[2J\udc80b" + "c" * 10_000)

    report = judge({"tanh": tanh}, ["tanh"], ["agreement"], ["float32"], examples=2, shrink=0)
    message = report.failures[0].counterexample.violation.message
    assert message.isprintable()
    assert len(message) <= 300


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
