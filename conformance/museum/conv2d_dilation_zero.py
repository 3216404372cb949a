"""conv2d | illegal-accepted | dilation 0 is taken: the whole kernel meets one pixel | tinygrad/tinygrad#14115"""

import numpy as np

from oplaws import refimpl


def conv2d(x, weight, bias=None, *, dilation=1, **attributes):
    if dilation == 0 and weight.ndim == 4:
        weight, dilation = np.sum(weight, axis=(2, 3), keepdims=True), 1
    return refimpl.conv2d(x, weight, bias, dilation=dilation, **attributes)


conv2d_vjp = refimpl.conv2d_vjp
