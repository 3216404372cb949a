"""log_softmax | shape-or-attribute | the gradient's softmax is that of the last axis | FluxML/NNlib.jl#148"""

import numpy as np

from oplaws import refimpl

log_softmax = refimpl.log_softmax


def log_softmax_vjp(dy, x, *, axis=-1):
    return (dy - refimpl.softmax(x) * np.sum(dy, axis=axis, keepdims=True),)
