"""Asking: nothing that a candidate raises, prints, changes or returns gets beyond the reply."""

import sys
from types import SimpleNamespace

import ml_dtypes
import numpy as np
import pytest
from hypothesis.errors import UnsatisfiedAssumption

from oplaws.conformance.asking import Interruption, Request, answer
from oplaws.conformance.candidate import load
from oplaws.conformance.engine import judge

X = np.array([-1.0, 0.0, 2.0])


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


def test_what_the_first_of_two_calls_changes_is_seen():
    """The storage of the arguments is written to between the two."""
    calls = []

    def relu(x):
        if not calls:
            x[0] = 7
        calls.append(x.tolist())
        return x + 0

    request = Request("relu", (X,), ("contiguous",), {}, before=(-X,))
    assert answer(load({"relu": relu}), request).changed == (0,)
    assert calls == [[7, 0, -2], [-1, 0, 2]]


@pytest.mark.parametrize("layout", ["contiguous", "strided", "negative", "unaligned", "offset"])
@pytest.mark.parametrize("place", [-1, 3])
def test_what_is_written_beside_an_argument_is_seen(layout, place):
    def relu(x):
        np.lib.stride_tricks.as_strided(x[::-1] if place < 0 else x, (4,))[3] = 0
        return x + 0

    assert all(ask(relu, layouts=(layout,)).changed == (0,) for _ in range(20))


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
