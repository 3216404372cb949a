"""A candidate seen through one case: answers are fetched once, and have the right form or are violations."""

from types import SimpleNamespace

import numpy as np
import pytest

from oplaws import refimpl
from oplaws.conformance.asked import Asked
from oplaws.conformance.candidate import load
from oplaws.properties.case import Case
from oplaws.properties.law import Violation

X = np.array([-1.0, 0.0, 2.0])


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
