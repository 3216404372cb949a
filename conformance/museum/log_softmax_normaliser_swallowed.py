"""log_softmax | precision | x - (max + log sum): the logarithm drowns in a large maximum | ml-explore/mlx#4169"""

import numpy as np

from oplaws import refimpl


def log_softmax(x, *, axis=-1):
    if not x.size:
        return refimpl.log_softmax(x, axis=axis)
    m = np.max(x, axis=axis, keepdims=True)
    return x - (m + np.log(np.sum(np.exp(x - m), axis=axis, keepdims=True)))


log_softmax_vjp = refimpl.log_softmax_vjp
