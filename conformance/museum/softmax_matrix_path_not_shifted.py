"""softmax | special-values | vectors are shifted, matrices are not | deeplearning4j/deeplearning4j#6039"""

import numpy as np

from oplaws import refimpl


def softmax(x, *, axis=-1):
    y = refimpl.softmax(x, axis=axis)
    return y if x.ndim == 1 else np.exp(x) / np.sum(np.exp(x), axis=axis, keepdims=True)


softmax_vjp = refimpl.softmax_vjp
