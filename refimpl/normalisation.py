"""Normalisation: subtract a mean, divide by a standard deviation, then scale and shift.

    y = (x - mean) / sqrt(var + eps) * weight + bias

layer_norm takes the mean and the biased variance of each sample, over the last axis. batch_norm takes those
of each channel, over the batch and all spatial axes (training), or the running statistics (evaluation).
Training updates

    running = (1 - momentum) running + momentum batch

with the unbiased variance, n / (n - 1) times the biased one. momentum weighs the new value, as in PyTorch;
Keras and Flax weigh the old one. eps is added to the variance, not to the deviation. An empty batch leaves
the statistics as they are. They are neither differentiable inputs nor differentiated through as results.
"""

import math

import numpy as np

from .operator import Unjudged, data, flag, number, operator, result, variance, weight
from .words import forms, lerp

EPS = number(1e-5, 1e-3, 1.0)


def _mean(x, axes):
    # Only a batch of 0 asks for the mean of nothing, and there nothing depends on it.
    return (np.mean if x.size else np.sum)(x, axis=axes, keepdims=True)


def _moments(x, axes):
    """The deviations from the mean, the mean, and the biased variance."""
    mean = _mean(x, axes)
    d = x - mean
    return d, mean, _mean(d * d, axes)


def _through_moments(g, d, v, axes, eps):
    """The cotangent of x from that of the normalised x, which is the second result."""
    inv = 1 / np.sqrt(v + eps)
    xhat = d * inv
    return inv * (g - _mean(g, axes) - xhat * _mean(g * xhat, axes)), xhat


@operator(
    x=data("*batch D"),
    weight=weight("D", affine=True),
    bias=weight("D", affine=True),
    eps=EPS,
    returns={"y": result("*batch D")},
    avoid=("huge", "near_max"),
    source="Ba, Kiros & Hinton 2016, arXiv:1607.06450",
)
def layer_norm(x, weight, bias, *, eps=1e-5):
    """(x - mean) / sqrt(var + eps) * weight + bias, mean and biased variance over the last axis."""
    d, _, v = _moments(x, (-1,))
    return d / np.sqrt(v + eps) * weight + bias


@layer_norm.vjp
def layer_norm_vjp(dy, x, weight, bias, *, eps):
    d, _, v = _moments(x, (-1,))
    dx, xhat = _through_moments(dy * weight, d, v, (-1,), eps)
    batch = tuple(range(x.ndim - 1))
    return dx, np.sum(dy * xhat, axis=batch), np.sum(dy, axis=batch)


def _statistics_exist(shapes, attributes, sizes):
    if attributes["training"] and _count(shapes[0]) == 1:
        raise Unjudged(f"x must hold more than one value for each channel when training, got shape {shapes[0]}")


def _count(shape):
    """How many values each channel has."""
    return math.prod((shape[0], *shape[2:]))


def _moved(running, batch, momentum, n):
    """(1 - momentum) running + momentum batch; an empty batch moves nothing in PyTorch, by the formula it gives NaN."""
    return lerp(running, batch, momentum) if n else forms(1 * running, batch)


def _per_channel(v, x):
    """A vector over channels, beside the channels of x."""
    return np.reshape(v, (x.shape[1], *(1,) * (x.ndim - 2)))


@operator(
    x=data("N C *spatial"),
    weight=weight("C", affine=True),
    bias=weight("C", affine=True),
    running_mean=data("C", gradient=False),
    running_var=variance("C", gradient=False),
    training=flag(),
    momentum=number(0.1, 0.0, 0.5, 1.0),
    eps=EPS,
    returns={
        "y": result("N C *spatial"),
        "running_mean": result("C", alias=("running_mean",), differentiable=False),
        "running_var": result("C", 0, alias=("running_var",), differentiable=False),
    },
    check=_statistics_exist,
    avoid=("huge", "near_max"),
    source="Ioffe & Szegedy 2015, arXiv:1502.03167",
)
def batch_norm(x, weight, bias, running_mean, running_var, *, training, momentum=0.1, eps=1e-5):
    """Normalises each channel, and returns the new running statistics; evaluation returns the old ones."""
    w, b = _per_channel(weight, x), _per_channel(bias, x)
    if not training:
        scale, mean = w / np.sqrt(_per_channel(running_var, x) + eps), _per_channel(running_mean, x)
        # The second form, one product and one sum, is that of inference engines (oneDNN, ONNX Runtime).
        return forms((x - mean) * scale + b, x * scale + (b - mean * scale)), running_mean, running_var
    n = _count(x.shape)
    d, mean, v = _moments(x, _axes(x))
    mean, unbiased = np.reshape(mean, running_mean.shape), np.reshape(v, running_var.shape) * (n / (n - 1))
    y = d / np.sqrt(v + eps) * w + b
    return y, _moved(running_mean, mean, momentum, n), _moved(running_var, unbiased, momentum, n)


@batch_norm.vjp
def batch_norm_vjp(cotangents, x, weight, bias, running_mean, running_var, *, training, momentum, eps):
    dy, _, _ = cotangents
    w, axes = _per_channel(weight, x), _axes(x)
    if training:
        d, _, v = _moments(x, axes)
        dx, xhat = _through_moments(dy * w, d, v, axes, eps)
    else:
        inv = 1 / np.sqrt(_per_channel(running_var, x) + eps)
        dx, xhat = dy * (w * inv), (x - _per_channel(running_mean, x)) * inv
    return dx, np.sum(dy * xhat, axis=axes), np.sum(dy, axis=axes), None, None


def _axes(x):
    """All axes but the channels."""
    return (0, *range(2, x.ndim))
