"""gelu | special-values | tanh by exponentials of both signs: inf / inf | pytorch/executorch#22323"""

import math

import numpy as np

from oplaws import refimpl


def gelu(x, *, approximate="none"):
    y = refimpl.gelu(x, approximate=approximate)
    if approximate == "none":
        return y
    u = math.sqrt(2 / math.pi) * (x + 0.044715 * x * x * x)
    up, down = np.exp(u), np.exp(-u)
    return np.where(np.abs(x) < 0.5, y, 0.5 * x * (1 + (up - down) / (up + down)))


gelu_vjp = refimpl.gelu_vjp
