"""Candidates of a framework: plain functions on tensors or JAX arrays, asked as NumPy candidates are."""

import importlib.util
from pathlib import Path

import ml_dtypes
import numpy as np
import pytest

import oplaws
from oplaws.conformance.asking import Request, answer
from oplaws.conformance.candidate import Unusable, load
from oplaws.properties.layouts import LAYOUTS

torch = pytest.importorskip("torch")
EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "torch_candidate.py"

X = np.array([[1.0, -2.0, 3.0], [0.5, 0.0, -1.0]], np.float32)
DY = np.ones_like(X)


def ask(functions, name, inputs, attributes=None, cotangents=None, layout="contiguous", framework="torch"):
    candidate = load({"framework": framework, **functions})
    layouts = (layout,) * (len(inputs) + len(cotangents or ()))
    return answer(candidate, Request(name, tuple(inputs), layouts, attributes or {}, cotangents))


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.float16, ml_dtypes.bfloat16])
def test_arrays_become_tensors_and_tensors_arrays(dtype, layout):
    reply = ask({"relu": torch.relu}, "relu", [X.astype(dtype)], layout=layout)
    assert not reply.kind, reply.error
    (y,) = reply.results
    assert y.dtype == dtype
    np.testing.assert_array_equal(y, np.maximum(X, 0).astype(dtype))
    assert not reply.changed
    assert not reply.shared


def test_the_gradient_is_autograd_s_where_there_is_no_other():
    reply = ask({"sigmoid": torch.sigmoid}, "sigmoid", [X], cotangents=(DY,))
    x = torch.tensor(X, requires_grad=True)
    torch.sigmoid(x).backward(torch.tensor(DY))
    np.testing.assert_array_equal(reply.results[0], x.grad)
    assert not reply.shared


def test_a_gradient_of_the_candidate_s_own_comes_first():
    functions = {"relu": torch.relu, "relu_vjp": lambda dy, x: (dy * 7,)}
    (dx,) = ask(functions, "relu", [X], cotangents=(DY,)).results
    np.testing.assert_array_equal(dx, 7 * DY)


def test_several_results_optional_and_integer_inputs():
    def split(x, labels, bias=None, *, lengths):
        assert bias is None
        assert labels.dtype == torch.int64
        assert isinstance(lengths, torch.Tensor)
        return x * labels[:, None], x[0] + lengths.sum()

    labels, lengths = np.array([2, 3]), np.array([1, 1])
    y, z = ask({"split": split}, "split", [X, labels, None], {"lengths": lengths}).results
    np.testing.assert_array_equal(y, X * labels[:, None])
    np.testing.assert_array_equal(z, X[0] + 2)
    dx, dlabels, dbias = ask({"split": split}, "split", [X, labels, None], {"lengths": lengths}, (DY, None)).results
    assert dlabels is None
    assert dbias is None
    np.testing.assert_array_equal(dx, [[2, 2, 2], [3, 3, 3]])
    own = {"split": split, "split_vjp": lambda dys, x, labels, bias, *, lengths: (dys[0] + 1, None, dys[1])}
    dx, dlabels, dz = ask(own, "split", [X, labels, None], {"lengths": lengths}, (DY, None)).results
    assert dlabels is None
    assert dz is None
    np.testing.assert_array_equal(dx, DY + 1)


def test_inputs_that_have_no_gradient():
    def batch_norm(x, weight, bias, running_mean, running_var, *, training):
        mean, var = running_mean.clone(), running_var.clone()
        y = torch.nn.functional.batch_norm(x, mean, var, weight, bias, training)
        return y, mean, var

    from oplaws.conformance.adapters.torch import Bridge

    ones = np.ones(3, np.float32)
    found = Bridge("cpu").vjp(
        batch_norm, None, (X, ones, ones, ones, ones), {"training": False}, (DY, None, None), fixed=(3, 4)
    )
    assert found[3:] == (None, None)
    np.testing.assert_array_equal(found[2], [2, 2, 2])


@pytest.mark.parametrize(
    ("wrong", "what"),
    [
        (lambda x: [x + 1], "list"),
        (lambda x: 3.0, "float"),
        (lambda x: (x + 1, "y"), "str"),
        (torch.nn.Parameter, "Parameter"),
        (lambda x: None, "NoneType"),
    ],
)
def test_what_is_no_tensor_is_a_wrong_type(wrong, what):
    reply = ask({"relu": wrong}, "relu", [X])
    assert reply.kind == "type"
    assert what in reply.error


def test_what_is_no_tensor_has_no_gradient():
    reply = ask({"relu": lambda x: [x]}, "relu", [X], cotangents=(DY,))
    assert reply.kind == "exception"
    assert "a result is a list, not a torch.Tensor" in reply.error


def test_a_numpy_array_is_as_good_as_a_tensor():
    (y,) = ask({"relu": lambda x: np.maximum(x.numpy(), 0)}, "relu", [X]).results
    np.testing.assert_array_equal(y, np.maximum(X, 0))


def test_a_result_on_another_device_is_an_error():
    reply = ask({"relu": lambda x: x.to("meta")}, "relu", [X])
    assert reply.kind == "exception"
    assert "a result is on meta, expected cpu" in reply.error


@pytest.mark.parametrize("layout", ["contiguous", "strided", "readonly", "negative", "unaligned"])
def test_a_changed_input_is_seen(layout):
    """Also where torch works on a copy: it does not take negative strides."""
    assert ask({"relu": torch.relu_}, "relu", [X], layout=layout).changed == (0,)


def test_a_changed_attribute_is_seen():
    def scale(x, *, lengths):
        lengths += 1
        return x * 2

    assert ask({"scale": scale}, "scale", [X], {"lengths": np.array([1, 2])}).changed == ("lengths",)


@pytest.mark.parametrize("layout", ["contiguous", "strided", "readonly"])
def test_shared_memory_is_seen(layout):
    assert ask({"relu": lambda x: x[:, 1:]}, "relu", [X], layout=layout).shared == ((0, 0),)


def test_autograd_sharing_memory_is_not_the_candidate_s_fault():
    reply = ask({"add": lambda x, y: x + y}, "add", [X, X], cotangents=(DY,))
    assert not reply.shared
    np.testing.assert_array_equal(reply.results[1], DY)


def test_a_constant_has_gradient_zero():
    (dx,) = ask({"relu": lambda x: torch.relu(x).detach()}, "relu", [X], cotangents=(DY,)).results
    np.testing.assert_array_equal(dx, 0 * X)


@pytest.mark.parametrize("device", ["cuda", "nowhere"])
def test_an_absent_device_costs_one_line(device):
    if device == "cuda" and torch.cuda.is_available():
        pytest.skip("there is a CUDA device")
    with pytest.raises(Unusable, match=f"device '{device}': torch .* does not take it: .*") as found:
        load({"framework": "torch", "device": device, "relu": torch.relu})
    assert "\n" not in str(found.value)


def test_a_torch_candidate_is_judged():
    good = {"framework": "torch", "softplus": lambda x: torch.logaddexp(x, torch.zeros_like(x))}
    assert oplaws.judge(good, ["softplus"], profile="quick").passed
    wrong = {"framework": "torch", "softplus": lambda x: torch.log1p(torch.exp(x))}
    assert not oplaws.judge(wrong, ["softplus"], profile="quick").passed


def test_the_example_is_judged():
    report = oplaws.judge(str(EXAMPLE), dtypes=["float32"])
    assert report.passed, str(report)
    assert set(report.operators) - set(report.missing) == {"silu", "layer_norm", "cross_entropy"}


# --- JAX ---------------------------------------------------------------------------------------------------------

needs_jax = pytest.mark.skipif(not importlib.util.find_spec("jax"), reason="jax is not installed")


@pytest.mark.skipif(bool(importlib.util.find_spec("jax")), reason="jax is installed")
def test_without_jax_the_message_says_how_to_get_it():
    with pytest.raises(Unusable, match="needs the package jax; install it with pip install 'oplaws\\[jax\\]'"):
        load({"framework": "jax", "relu": lambda x: x})


@needs_jax
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.float16, ml_dtypes.bfloat16])
def test_arrays_become_jax_arrays_and_back(dtype, layout):
    import jax

    reply = ask({"relu": jax.nn.relu}, "relu", [X.astype(dtype)], layout=layout, framework="jax")
    assert not reply.kind, reply.error
    assert reply.results[0].dtype == dtype
    np.testing.assert_array_equal(reply.results[0], np.maximum(X, 0).astype(dtype))
    assert not reply.changed
    assert not reply.shared


@needs_jax
def test_jax_gradients_several_results_and_integers():
    import jax

    def split(x, labels, bias=None, *, lengths):
        assert bias is None
        assert isinstance(lengths, jax.Array)
        return x * labels[:, None], x[0] + lengths.sum()

    labels, lengths = np.array([2, 3]), np.array([1, 1])
    case = {"name": "split", "inputs": [X, labels, None], "attributes": {"lengths": lengths}, "framework": "jax"}
    y, z = ask({"split": split}, **case).results
    np.testing.assert_array_equal(y, X * labels[:, None])
    np.testing.assert_array_equal(z, X[0] + 2)
    dx, dlabels, dbias = ask({"split": split}, **case, cotangents=(DY, None)).results
    assert dlabels is None
    assert dbias is None
    np.testing.assert_array_equal(dx, [[2, 2, 2], [3, 3, 3]])
    own = {"split": split, "split_vjp": lambda dys, x, labels, bias, *, lengths: (dys[0] + 1, None, dys[1])}
    np.testing.assert_array_equal(ask(own, **case, cotangents=(DY, None)).results[0], DY + 1)
    (dx,) = ask({"relu": jax.nn.relu}, "relu", [X], cotangents=(DY,), framework="jax").results
    np.testing.assert_array_equal(dx, (X > 0).astype(np.float32))


@needs_jax
def test_what_is_no_jax_array_is_a_wrong_type():
    reply = ask({"relu": lambda x: [x]}, "relu", [X], framework="jax")
    assert reply.kind == "type"
    assert "list" in reply.error


@needs_jax
@pytest.mark.parametrize("device", ["nowhere", "cpu:99"])
def test_a_device_that_jax_does_not_have(device):
    with pytest.raises(Unusable, match=f"device '{device}': jax .* finds no such device; it has"):
        load({"framework": "jax", "device": device, "relu": lambda x: x})


@needs_jax
def test_a_jax_candidate_is_judged():
    import jax

    jitted = {"framework": "jax", "flushes_subnormals": True, "relu": jax.jit(jax.nn.relu)}
    assert oplaws.judge(jitted, ["relu"], dtypes=["float32"]).passed
