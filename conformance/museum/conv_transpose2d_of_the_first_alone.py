"""conv_transpose2d | forward | the first sample alone is computed | the index of the sample is left out"""

import numpy as np

from oplaws import refimpl

conv2d = refimpl.conv2d
conv2d_vjp = refimpl.conv2d_vjp


def conv_transpose2d(x, weight, bias=None, **attributes):
    y = refimpl.conv_transpose2d(x, weight, bias, **attributes)
    y[1:] = 0
    return y


def conv_transpose2d_vjp(dy, x, weight, bias=None, **attributes):
    refimpl.conv_transpose2d_vjp(dy, x, weight, bias, **attributes)
    first = np.zeros_like(dy)
    first[:1] = dy[:1]
    return refimpl.conv_transpose2d_vjp(first, x, weight, bias, **attributes)
