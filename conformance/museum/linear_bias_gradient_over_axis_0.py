"""linear | gradient | the bias gradient sums axis 0 alone: (T, N, O) keeps an axis | ooples/AiDotNet.Tensors#234"""

import numpy as np

from oplaws import refimpl

linear = refimpl.linear


def linear_vjp(dy, x, weight, bias=None):
    dx, dweight, dbias = refimpl.linear_vjp(dy, x, weight, bias)
    return dx, dweight, dbias if bias is None or x.ndim < 2 else np.sum(dy, axis=0)
