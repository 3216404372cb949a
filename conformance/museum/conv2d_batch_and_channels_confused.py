"""conv2d | layout | (O, N, ...) is reshaped to (N, O, ...) without a transpose | ggml-org/ggml#737"""

import numpy as np

from oplaws import refimpl


def conv2d(x, weight, bias=None, **attributes):
    y = refimpl.conv2d(x, weight, bias, **attributes)
    return np.ascontiguousarray(np.swapaxes(y, 0, 1)).reshape(y.shape)


conv2d_vjp = refimpl.conv2d_vjp
