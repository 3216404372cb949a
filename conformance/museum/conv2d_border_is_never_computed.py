"""conv2d | forward | where the kernel meets padding stands the bias alone | a stencil over the interior alone"""

import numpy as np

from oplaws import refimpl


def _inner(x, weight, attributes):
    """1 where the kernel lies wholly inside the input, else 0."""
    ones, kernel = np.ones((1, 1, *x.shape[2:]), x.dtype), np.ones((1, 1, *weight.shape[2:]), x.dtype)
    met = refimpl.conv2d(ones, kernel, **{**attributes, "groups": 1})
    return (met == kernel.size).astype(x.dtype)


def conv2d(x, weight, bias=None, **attributes):
    refimpl.conv2d(x, weight, bias, **attributes)
    y = refimpl.conv2d(x, weight, **attributes) * _inner(x, weight, attributes)
    return y if bias is None else y + bias[:, None, None]


def conv2d_vjp(dy, x, weight, bias=None, **attributes):
    *_, dbias = refimpl.conv2d_vjp(dy, x, weight, bias, **attributes)
    dx, dweight, _ = refimpl.conv2d_vjp(dy * _inner(x, weight, attributes), x, weight, None, **attributes)
    return dx, dweight, dbias
