"""softmax | precision | an approximate exponential that returns 0 below -13 | torch/nn#804"""

import numpy as np

from oplaws import refimpl


def softmax(x, *, axis=-1):
    y = refimpl.softmax(x, axis=axis)
    low = x - np.max(x, axis=axis, keepdims=True, initial=-np.inf) < -13
    return np.where(low, np.zeros_like(y), y)


softmax_vjp = refimpl.softmax_vjp
