"""Activations: values by hand, limits, tails, kinks."""

import numpy as np
import pytest

from oplaws import refimpl
from oplaws.refimpl import (
    elu,
    elu_vjp,
    gelu,
    gelu_vjp,
    leaky_relu,
    leaky_relu_vjp,
    log_softmax,
    log_softmax_vjp,
    relu,
    relu_vjp,
    sigmoid,
    silu,
    softmax,
    softmax_vjp,
    softplus,
    tanh,
)

inf, nan = np.inf, np.nan
ELEMENTWISE = [o for o in refimpl.operators.values() if o.elementwise]
LARGEST = np.finfo(float).max


@pytest.mark.parametrize(
    ("operator", "attributes", "x", "y"),
    [
        (sigmoid, {}, [0, inf, -inf, 40, -100], [0.5, 1, 0, 1, np.exp(-100.0)]),
        (tanh, {}, [0, inf, -inf, 40], [0, 1, -1, 1]),
        (relu, {}, [-2, 0, 3, inf, -inf], [0, 0, 3, inf, 0]),
        (leaky_relu, {"negative_slope": 0.5}, [-2, 0, 3, inf, -inf], [-1, 0, 3, inf, -inf]),
        (leaky_relu, {"negative_slope": 2.0}, [-2, 3], [-4, 3]),
        (leaky_relu, {"negative_slope": -0.5}, [-2, 3], [1, 3]),
        (leaky_relu, {}, [-100, 3], [-1, 3]),
        (elu, {}, [-inf, 0, 3, inf, -1e-300], [-1, 0, 3, inf, -1e-300]),
        (elu, {"alpha": 2.0}, [-inf, 3], [-2, 3]),
        (elu, {"alpha": -0.5}, [-inf, 3], [0.5, 3]),
        (gelu, {}, [0, 40, inf, -40, LARGEST], [0, 40, inf, 0, LARGEST]),
        (gelu, {"approximate": "tanh"}, [0, 40, inf, -40, 1e200], [0, 40, inf, 0, 1e200]),
        (silu, {}, [0, 40, inf, LARGEST], [0, 40, inf, LARGEST]),
        (softplus, {}, [0, 40, inf, -inf, LARGEST, -50], [np.log(2), 40, inf, 0, LARGEST, np.exp(-50.0)]),
        (softmax, {}, [3, 3, 3, 3], [0.25] * 4),
        (softmax, {}, [1000, 1000, -inf], [0.5, 0.5, 0]),
        (softmax, {}, [5], [1]),
        (softmax, {}, [-inf, -inf], [nan, nan]),
        (log_softmax, {}, [3, 3], [-np.log(2)] * 2),
        (log_softmax, {}, [0, 1000, -inf], [-1000, 0, -inf]),
        (log_softmax, {}, [-inf, -inf], [nan, nan]),
    ],
)
def test_values_by_hand(operator, attributes, x, y):
    assert np.array_equal(operator(np.array(x, float), **attributes), y, equal_nan=True)


def test_gelu_and_silu_at_minus_infinity_are_the_limit_or_nan():
    for y in (gelu(np.array([-inf])), gelu(np.array([-inf]), approximate="tanh"), silu(np.array([-inf]))):
        assert y == 0 or np.isnan(y)


@pytest.mark.parametrize("operator", ELEMENTWISE)
def test_nan_stays_where_it_is(operator):
    x = np.array([1.0, nan, -2.0])
    assert np.isnan(operator(x)).tolist() == [False, True, False]
    assert np.isnan(operator.gradient(np.ones(3), x)[0]).tolist() == [False, True, False]
    assert np.isnan(operator.gradient(x, np.ones(3))[0]).tolist() == [False, True, False]


@pytest.mark.parametrize("operator", [softmax, log_softmax])
def test_nan_spreads_along_the_axis_alone(operator):
    x = np.zeros((2, 3))
    x[0, 1] = nan
    assert np.isnan(operator(x)).tolist() == [[True] * 3, [False] * 3]
    assert np.isnan(operator(x, axis=0)).tolist() == [[False, True, False]] * 2
    assert np.isnan(operator.gradient(np.ones((2, 3)), x)[0]).tolist() == [[True] * 3, [False] * 3]


def test_the_two_forms_of_gelu():
    """x Phi(x) at 1 and 2, Phi(x) + x phi(x); and the same by the tanh form: they part in the fourth digit."""
    x = np.array([1.0, 2])
    for approximate, y, slope in (
        ("none", [0.8413447461, 1.9544997361], [1.0833154706, 1.0852318011]),
        ("tanh", [0.8411919906, 1.9545976941], [1.0829640838, 1.0860992566]),
    ):
        assert np.round(gelu(x, approximate=approximate), 10).tolist() == y
        assert np.round(gelu_vjp(np.ones(2), x, approximate=approximate)[0], 10).tolist() == slope


# --- identities ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("operator", [softmax, log_softmax])
def test_an_axis_is_the_last_one_of_a_transpose(operator, integers):
    x, dy = integers(3, 4, 5), integers(3, 4, 5, seed=1)
    for axis in (0, 1, 2, -1, -2, -3):
        last, dy_last = np.moveaxis(x, axis, -1), np.moveaxis(dy, axis, -1)
        assert np.array_equal(operator(x, axis=axis), np.moveaxis(operator(last), -1, axis))
        (dx,) = operator.gradient(dy, x, axis=axis)
        assert np.array_equal(dx, np.moveaxis(operator.gradient(dy_last, last)[0], -1, axis))


@pytest.mark.parametrize("operator", [softmax, log_softmax])
def test_a_common_shift_changes_nothing(operator, integers):
    x = integers(3, 4)
    assert np.array_equal(operator(x + 1000), operator(x))


def test_relatives(normal):
    x = np.abs(normal(50))
    assert np.array_equal(leaky_relu(-x, negative_slope=0.0), relu(-x))
    assert np.array_equal(leaky_relu(-x, negative_slope=1.0), -x)
    assert np.array_equal(silu(x), x * sigmoid(x))
    assert np.array_equal(elu(-x), np.expm1(-x))
    assert np.array_equal(tanh(x), np.tanh(x))


# --- gradients ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "attributes", "x", "slope"),
    [
        ("sigmoid", {}, [0, 40, -800], [0.25, 0, 0]),
        ("tanh", {}, [0, 40, -40], [1, 0, 0]),
        ("relu", {}, [-2, 0, 3], [0, 0, 1]),
        ("leaky_relu", {"negative_slope": 0.5}, [-2, 0, 3], [0.5, 0.5, 1]),
        ("leaky_relu", {"negative_slope": -2.0}, [-2, 3], [-2, 1]),
        ("elu", {"alpha": 2.0}, [-800, 0, 3], [0, 2, 1]),
        ("gelu", {}, [0, 40, -40], [0.5, 1, 0]),
        ("gelu", {"approximate": "tanh"}, [0, 40, -40, 1e200, -1e200], [0.5, 1, 0, 1, 0]),
        ("silu", {}, [0, 40, -800], [0.5, 1, 0]),
        ("softplus", {}, [0, 40, -800], [0.5, 1, 0]),
    ],
)
def test_slopes_by_hand(name, attributes, x, slope):
    gradient = getattr(refimpl, name + "_vjp")
    (dx,) = gradient(np.full(len(x), -2.0), np.array(x, float), **attributes)
    assert np.array_equal(dx, -2 * np.array(slope))


@pytest.mark.parametrize("operator", ELEMENTWISE)
def test_slopes_at_infinity_are_the_limit_or_nan(operator):
    (slopes,) = operator.gradient(np.ones(2), np.array([-inf, inf]))
    limits = {"sigmoid": (0, 0), "tanh": (0, 0), "leaky_relu": (0.01, 1)}.get(operator.name, (0, 1))
    for slope, limit in zip(slopes, limits):
        assert slope == limit or np.isnan(slope)


def test_a_uniform_softmax_by_hand():
    x, dy = np.zeros((1, 4)), np.array([[4.0, 0, 0, 0]])
    assert np.array_equal(softmax_vjp(dy, x)[0], [[0.75, -0.25, -0.25, -0.25]])
    assert np.array_equal(log_softmax_vjp(dy, x)[0], [[3.0, -1, -1, -1]])


# --- PyTorch ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("operator", "function", "attributes"),
    [
        (sigmoid, lambda torch, x: torch.sigmoid(x), {}),
        (tanh, lambda torch, x: torch.tanh(x), {}),
        (relu, lambda torch, x: torch.relu(x), {}),
        (leaky_relu, lambda torch, x: torch.nn.functional.leaky_relu(x, -0.3), {"negative_slope": -0.3}),
        (elu, lambda torch, x: torch.nn.functional.elu(x, 1.7), {"alpha": 1.7}),
        (gelu, lambda torch, x: torch.nn.functional.gelu(x), {}),
        (gelu, lambda torch, x: torch.nn.functional.gelu(x, approximate="tanh"), {"approximate": "tanh"}),
        (silu, lambda torch, x: torch.nn.functional.silu(x), {}),
        (softplus, lambda torch, x: torch.nn.functional.softplus(x, threshold=80), {}),
        (softmax, lambda torch, x: torch.softmax(x, -1), {}),
        (softmax, lambda torch, x: torch.softmax(x, 0), {"axis": 0}),
        (log_softmax, lambda torch, x: torch.log_softmax(x, 1), {"axis": 1}),
    ],
)
def test_against_torch(agrees_with_torch, normal, operator, function, attributes):
    agrees_with_torch(operator, function, normal(6, 7), **attributes)
    agrees_with_torch(operator, function, np.linspace(-30, 30, 61).reshape(1, 61), **attributes)


# --- what is refused, and nothing -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x: softmax(x, axis=2), r"^softmax: axis must be one of the 2 axes of x, got 2$"),
        (lambda x: log_softmax(x, axis=-3), r"^log_softmax: axis must be one of the 2 axes of x, got -3$"),
        (lambda x: softmax(x[0, 0]), r"^softmax: axis must be one of the 0 axes of x, got -1$"),
        (lambda x: softmax(x, axis=None), r"^softmax: axis must be an integer, got None$"),
        (lambda x: gelu(x, approximate="erf"), r"^gelu: approximate must be one of none, tanh, got 'erf'$"),
        (lambda x: gelu_vjp(x, x, approximate=True), r"^gelu: approximate must be one of none, tanh, got True$"),
        (lambda x: leaky_relu_vjp(x, x, negative_slope=inf), r"^leaky_relu: negative_slope must be finite, got inf$"),
        (lambda x: elu_vjp(x, x, alpha="1"), r"^elu: alpha must be a number, got '1'$"),
        (lambda x: relu(x, x), r"^relu: takes the arrays x, got 2 arrays$"),
        (lambda x: relu_vjp(x[0], x), r"^relu: the cotangent of y must have \*shape = \(2, 3\), got \(3,\)$"),
    ],
)
def test_illegal_arguments(call, message):
    with pytest.raises((ValueError, TypeError), match=message):
        call(np.ones((2, 3)))


@pytest.mark.parametrize("operator", [softmax, log_softmax])
@pytest.mark.parametrize("shape", [(0, 3), (3, 0)])
@pytest.mark.parametrize("axis", [0, 1])
def test_nothing_has_a_softmax(operator, shape, axis):
    assert operator(np.ones(shape), axis=axis).shape == shape
    assert operator.gradient(np.ones(shape), np.ones(shape), axis=axis)[0].shape == shape
