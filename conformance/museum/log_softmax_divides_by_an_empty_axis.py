"""log_softmax | empty-or-size-1 | the number of rows is size // length: a division by 0 | pytorch/pytorch#17262"""

import numpy as np

from oplaws import refimpl


def log_softmax(x, *, axis=-1):
    y = refimpl.log_softmax(x, axis=axis)
    rows = x.size // x.shape[axis]
    return y if rows else np.zeros_like(x)


log_softmax_vjp = refimpl.log_softmax_vjp
