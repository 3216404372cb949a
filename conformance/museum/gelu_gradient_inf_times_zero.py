"""gelu | gradient | x^2 overflows beside 1 - tanh^2 = 0 for huge finite x | ooples/AiDotNet.Tensors#355"""

import math

import numpy as np

from oplaws import refimpl

gelu = refimpl.gelu


def gelu_vjp(dy, x, *, approximate="none"):
    if approximate == "none":
        return refimpl.gelu_vjp(dy, x, approximate=approximate)
    k = math.sqrt(2 / math.pi)
    t = np.tanh(k * (x + 0.044715 * x * x * x))
    return (dy * (0.5 * (1 + t) + 0.5 * x * (1 - t * t) * (k * (1 + 3 * 0.044715 * x * x))),)
