"""layer_norm | statistics | x / sqrt(mean x^2 + eps), no mean is subtracted | an RMSNorm kernel behind the name"""

from dataclasses import replace

import numpy as np

from oplaws import refimpl


def layer_norm(x, weight, bias, *, eps=1e-5):
    return x * scale(x, eps) * weight + bias


layer_norm = replace(refimpl.layer_norm, text=layer_norm)


@layer_norm.vjp
def layer_norm_vjp(dy, x, weight, bias, *, eps):
    inv = scale(x, eps)
    xhat, g, batch = x * inv, dy * weight, tuple(range(x.ndim - 1))
    dx = inv * (g - xhat * np.mean(g * xhat, axis=-1, keepdims=True))
    return dx, np.sum(dy * xhat, axis=batch), np.sum(dy, axis=batch)


def scale(x, eps):
    return 1 / np.sqrt(np.mean(x * x, axis=-1, keepdims=True) + eps)
