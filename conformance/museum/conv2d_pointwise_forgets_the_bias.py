"""conv2d | forward | a 1x1 kernel gets no bias | a fast path by a product of matrices"""

import numpy as np

from oplaws import refimpl

linear = refimpl.linear
linear_vjp = refimpl.linear_vjp


def conv2d(x, weight, bias=None, **attributes):
    refimpl.conv2d(x, weight, bias, **attributes)
    return refimpl.conv2d(x, weight, None if weight.shape[2:] == (1, 1) else bias, **attributes)


def conv2d_vjp(dy, x, weight, bias=None, **attributes):
    dx, dweight, dbias = refimpl.conv2d_vjp(dy, x, weight, bias, **attributes)
    if bias is not None and weight.shape[2:] == (1, 1):
        dbias = np.zeros_like(dbias)
    return dx, dweight, dbias
