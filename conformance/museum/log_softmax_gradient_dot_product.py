"""log_softmax | gradient | the dot product of softmax's gradient: dy - sum(dy y) | uxlfoundation/oneDNN#616"""

import numpy as np

from oplaws import refimpl

log_softmax = refimpl.log_softmax


def log_softmax_vjp(dy, x, *, axis=-1):
    y = refimpl.log_softmax(x, axis=axis)
    return (dy - np.exp(y) * np.sum(dy * np.exp(y), axis=axis, keepdims=True),)
