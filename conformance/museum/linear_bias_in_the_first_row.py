"""linear | forward | the bias is added to the first row alone | beta C of a GEMM with a vector for C"""

import numpy as np

from oplaws import refimpl


def linear(x, weight, bias=None):
    refimpl.linear(x, weight, bias)
    y = refimpl.linear(x, weight)
    if bias is not None and y.size:
        y[(0,) * (y.ndim - 1)] += bias
    return y


def linear_vjp(dy, x, weight, bias=None):
    dx, dweight, dbias = refimpl.linear_vjp(dy, x, weight, bias)
    if bias is not None:
        dbias = np.sum(np.reshape(dy, (-1, max(len(bias), 1)))[:1], axis=0)
    return dx, dweight, dbias
