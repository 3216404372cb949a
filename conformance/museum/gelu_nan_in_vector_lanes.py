"""gelu | special-values | vectors of four use (e - 1) / (e + 1), the scalar tail tanh | ooples/AiDotNet.Tensors#594"""

import math

import numpy as np

from oplaws import refimpl


def gelu(x, *, approximate="none"):
    y = refimpl.gelu(x, approximate=approximate).ravel()
    whole = y.size // 4 * 4 if approximate == "tanh" else 0
    v = np.ravel(x)[:whole]
    e = np.exp(2 * math.sqrt(2 / math.pi) * (v + 0.044715 * v * v * v))
    y[:whole] = np.where(np.abs(v) < 0.5, y[:whole], 0.5 * v * (1 + (e - 1) / (e + 1)))
    return y.reshape(x.shape)


gelu_vjp = refimpl.gelu_vjp
