"""batch_norm | statistics | the odd last sample gets eps twice | the loop for the rest is given var + eps"""

from dataclasses import replace

import numpy as np

from oplaws import refimpl


def batch_norm(x, weight, bias, running_mean, running_var, *, training, momentum=0.1, eps=1e-5):
    arrays, attributes = (weight, bias, running_mean, running_var), {"training": training, "momentum": momentum}
    _, *statistics = refimpl.batch_norm(x, *arrays, eps=eps, **attributes)
    d, inv, _ = parts(x, running_mean, running_var, training, eps)
    return d * inv * channels(weight, x) + channels(bias, x), *statistics


batch_norm = replace(refimpl.batch_norm, text=batch_norm)


@batch_norm.vjp
def batch_norm_vjp(cotangents, x, weight, bias, running_mean, running_var, *, training, momentum, eps):
    dy = cotangents[0]
    d, inv, axes = parts(x, running_mean, running_var, training, eps)
    g = dy * channels(weight, x)
    dx = g * inv
    if training and x.size:
        dx = dx - d * np.mean(g * d * inv**3, axis=axes, keepdims=True)
        dx = dx - np.mean(dx, axis=axes, keepdims=True)
    return dx, np.sum(dy * d * inv, axis=axes), np.sum(dy, axis=axes), None, None


def parts(x, mean, variance, training, eps):
    """Deviations, and of each sample the scale of each channel."""
    axes, own = (0, *range(2, x.ndim)), training and x.size
    d = x - (np.mean(x, axis=axes, keepdims=True) if own else channels(mean, x))
    v = np.mean(d * d, axis=axes, keepdims=True) if own else channels(variance, x)
    n = np.reshape(np.arange(len(x)), (-1, *(1,) * (x.ndim - 1)))
    odd = (n == len(x) - 1) & (len(x) % 2 == 1)
    return d, (1 / np.sqrt(v + np.where(odd, 2 * eps, eps))).astype(x.dtype), axes


def channels(v, x):
    return np.reshape(v, (-1, *(1,) * (x.ndim - 2)))
