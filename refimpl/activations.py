"""Activations: scalar functions applied to every element, and the softmax along an axis.

    sigmoid(x)  = 1 / (1 + e^-x)                 tanh(x)       = (e^x - e^-x) / (e^x + e^-x)
    relu(x)     = max(x, 0)                      leaky_relu(x) = x for x > 0, else negative_slope x
    elu(x)      = x for x > 0, else alpha (e^x - 1)
    gelu(x)     = x Phi(x), Phi the normal distribution function; or its tanh form
    silu(x)     = x sigmoid(x)                   softplus(x)   = log(1 + e^x)
    softmax(x)  = e^x / sum e^x                  log_softmax(x) = log softmax(x)

The gradients use the output where that is what everybody keeps: sigmoid' = s (1 - s), tanh' = 1 - t^2. At a
kink the gradient is any element of the Clarke subdifferential; on arrays relu'(0) = 0.
"""

import math

import numpy as np
from scipy.special import erf

from .operator import choice, data, integer, number, operator, result
from .words import forms


@operator(x=data("*shape"), returns={"y": result("*shape", 0, 1)}, elementwise=True, source="Verhulst 1838")
def sigmoid(x):
    """1 / (1 + e^-x), without overflow, the left tail kept. sigmoid(-inf) = 0, sigmoid(inf) = 1."""
    return np.exp(np.minimum(x, 0)) / (1 + np.exp(-np.abs(x)))


@sigmoid.vjp
def sigmoid_vjp(dy, x):
    s = sigmoid(x)
    return (dy * (s * (1 - s)),)


@operator(x=data("*shape"), returns={"y": result("*shape", -1, 1)}, elementwise=True, source="LeCun et al. 1998")
def tanh(x):
    """Hyperbolic tangent. tanh(-inf) = -1, tanh(inf) = 1."""
    return np.tanh(x)


@tanh.vjp
def tanh_vjp(dy, x):
    t, e = tanh(x), np.exp(-2 * np.abs(x))
    # The second form is 1 / cosh^2, HIPS autograd's.
    return (forms(dy * (1 - t * t), dy * (4 * e / ((1 + e) * (1 + e)))),)


@operator(x=data("*shape"), returns={"y": result("*shape", 0)}, elementwise=True, source="Nair & Hinton 2010")
def relu(x):
    """max(x, 0)."""
    return np.maximum(x, 0)


@relu.vjp
def relu_vjp(dy, x):
    return (dy * np.heaviside(x, 0),)


@operator(
    x=data("*shape"),
    negative_slope=number(0.01, 0.0, 0.5, 1.0, 2.0, -0.5),
    returns={"y": result("*shape")},
    elementwise=True,
    source="Maas, Hannun & Ng 2013",
)
def leaky_relu(x, *, negative_slope=0.01):
    """x for x > 0, else negative_slope x, whatever the slope."""
    return np.maximum(x, 0) + negative_slope * np.minimum(x, 0)


@leaky_relu.vjp
def leaky_relu_vjp(dy, x, *, negative_slope):
    # One step from the slope to 1: at the kink it covers what lies between them, and nothing else.
    return (dy * (negative_slope + np.heaviside(x, 0) * (1 - negative_slope)),)


@operator(
    x=data("*shape"),
    alpha=number(1.0, 0.5, 0.0, 2.0, -0.5),
    returns={"y": result("*shape")},
    elementwise=True,
    source="Clevert, Unterthiner & Hochreiter 2015, arXiv:1511.07289",
)
def elu(x, *, alpha=1.0):
    """x for x > 0, else alpha (e^x - 1), relatively accurate at small x. elu(-inf) = -alpha."""
    return np.maximum(x, 0) + alpha * np.expm1(np.minimum(x, 0))


@elu.vjp
def elu_vjp(dy, x, *, alpha):
    below = np.minimum(x, 0)
    # The second form is JAX's and PyTorch's in-place one, from the output: elu(x) + alpha.
    e = forms(alpha * np.exp(below), alpha * np.expm1(below) + alpha)
    return (dy * (e + np.heaviside(x, 0) * (1 - e)),)


@operator(
    x=data("*shape"),
    approximate=choice("none", "tanh"),
    returns={"y": result("*shape")},
    elementwise=True,
    source="Hendrycks & Gimpel 2016, arXiv:1606.08415",
)
def gelu(x, *, approximate="none"):
    """x Phi(x), Phi by erf; "tanh": x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))) / 2. gelu(inf) = inf."""
    # x is halved first: x (1 + erf) overflows at half the range.
    if approximate == "tanh":
        z = math.sqrt(2 / math.pi) * (x + 0.044715 * x * x * x)
        # The second form, one exponential, is that of many kernels.
        return forms(0.5 * x * (1 + np.tanh(z)), x * sigmoid(2 * z))
    return 0.5 * x * (1 + erf(x / math.sqrt(2)))


@gelu.vjp
def gelu_vjp(dy, x, *, approximate):
    if approximate == "tanh":
        k = math.sqrt(2 / math.pi)
        t = np.tanh(k * (x + 0.044715 * x * x * x))
        # x first meets 1 - t^2, which is 0 where x^2 overflows.
        s = 0.5 * k * x * (1 - t * t)
        return (dy * (0.5 * (1 + t) + (s + 3 * 0.044715 * (s * x) * x)),)
    density = np.exp(-0.5 * x * x) / math.sqrt(2 * math.pi)
    return (dy * (0.5 * (1 + erf(x / math.sqrt(2))) + x * density),)


@operator(
    x=data("*shape"),
    returns={"y": result("*shape")},
    elementwise=True,
    source="Elfwing, Uchibe & Doya 2017, arXiv:1702.03118",
)
def silu(x):
    """x sigmoid(x). silu(inf) = inf."""
    return x * sigmoid(x)


@silu.vjp
def silu_vjp(dy, x):
    s = sigmoid(x)
    return (dy * (s * (1 + x * (1 - s))),)


@operator(x=data("*shape"), returns={"y": result("*shape", 0)}, elementwise=True, source="Dugas et al. 2001")
def softplus(x):
    """log(1 + e^x), with no threshold and no overflow. softplus(-inf) = 0, softplus(inf) = inf."""
    # The second form is PyTorch's, log(1 + e^x) itself, as far as e^x is sure not to overflow.
    return forms(
        np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x))),
        np.maximum(x - 40, 0) + np.log1p(np.exp(np.minimum(x, 40))),
    )


@softplus.vjp
def softplus_vjp(dy, x):
    return (dy * softplus_slope(x),)


def softplus_slope(x):
    # The second form is JAX's derivative of logaddexp.
    return forms(sigmoid(x), np.exp(x - softplus(x)))


def _axis_exists(shapes, attributes, sizes):
    ndim, axis = len(shapes[0]), attributes["axis"]
    if not -ndim <= axis < ndim:
        raise ValueError(f"axis must be one of the {ndim} axes of x, got {axis}")


@operator(
    x=data("*shape"),
    axis=integer(None, -1, 0, 1),
    returns={"y": result("*shape", 0, 1)},
    check=_axis_exists,
    source="Bridle 1990",
)
def softmax(x, *, axis=-1):
    """e^x / sum e^x along an axis. 0 where x is -inf; NaN where all are."""
    d = _below_maximum(x, axis)
    e = np.exp(d)
    total = np.sum(e, axis=axis, keepdims=True)
    # The second form, the exponential of log_softmax, was SciPy's.
    return forms(e / total, np.exp(d - np.log(total)))


@softmax.vjp
def softmax_vjp(dy, x, *, axis):
    y = softmax(x, axis=axis)
    return (y * (dy - np.sum(y * dy, axis=axis, keepdims=True)),)


@operator(
    x=data("*shape"),
    axis=integer(None, -1, 0, 1),
    returns={"y": result("*shape", high=0)},
    check=_axis_exists,
    source="Bridle 1990",
)
def log_softmax(x, *, axis=-1):
    """log softmax(x). The maximum is subtracted before the logarithm, which large logits would swallow."""
    d = _below_maximum(x, axis)
    return d - np.log(np.sum(np.exp(d), axis=axis, keepdims=True))


@log_softmax.vjp
def log_softmax_vjp(dy, x, *, axis):
    return (dy - np.exp(log_softmax(x, axis=axis)) * np.sum(dy, axis=axis, keepdims=True),)


def _below_maximum(x, axis):
    # Nothing has no maximum, and needs none.
    return x - np.max(x, axis=axis, keepdims=True) if x.size else x
