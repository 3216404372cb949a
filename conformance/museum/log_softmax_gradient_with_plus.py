"""log_softmax | gradient | dy + softmax sum(dy): the sign of the second term | mlpack/mlpack#2360"""

import numpy as np

from oplaws import refimpl

log_softmax = refimpl.log_softmax


def log_softmax_vjp(dy, x, *, axis=-1):
    return (dy + refimpl.softmax(x, axis=axis) * np.sum(dy, axis=axis, keepdims=True),)
