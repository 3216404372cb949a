"""layer_norm | statistics | rows padded to a power of two: the padding deviates too | linkedin/Liger-Kernel#519"""

import math

import numpy as np

from oplaws import refimpl


def layer_norm(x, weight, bias, *, eps=1e-5):
    refimpl.layer_norm(x, weight, bias, eps=eps)
    n = x.shape[-1]
    mean = np.mean(x, axis=-1, keepdims=True)
    lanes = 2 ** math.ceil(math.log2(n)) - n
    var = (np.sum((x - mean) ** 2, axis=-1, keepdims=True) + lanes * mean * mean) / n
    return (x - mean) / np.sqrt(var + eps) * weight + bias


layer_norm_vjp = refimpl.layer_norm_vjp
