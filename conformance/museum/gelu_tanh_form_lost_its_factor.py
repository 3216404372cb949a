"""gelu | forward | the tanh form returns 0.5 (1 + tanh): x is missing | tensorflow/tfjs#8224"""

import math

import numpy as np

from oplaws import refimpl


def gelu(x, *, approximate="none"):
    y = refimpl.gelu(x, approximate=approximate)
    return y if approximate == "none" else 0.5 * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x * x * x)))


gelu_vjp = refimpl.gelu_vjp
