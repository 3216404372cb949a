"""layer_norm | precision | the variance is E[x^2] - E[x]^2: wrong for a mean of 2000 | pytorch/pytorch#51102"""

import numpy as np

from oplaws import refimpl


def layer_norm(x, weight, bias, *, eps=1e-5):
    refimpl.layer_norm(x, weight, bias, eps=eps)
    mean = np.mean(x, axis=-1, keepdims=True)
    var = np.maximum(np.mean(x * x, axis=-1, keepdims=True) - mean * mean, 0)
    return (x - mean) / np.sqrt(var + eps) * weight + bias


layer_norm_vjp = refimpl.layer_norm_vjp
