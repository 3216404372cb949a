"""conv_transpose2d | forward | no bias where no input reaches | the bias is added while scattering"""

import numpy as np

from oplaws import refimpl


def _reached(x, weight, groups, attributes):
    """1 where an element of the input reaches the output, else 0."""
    ones, kernel = np.ones((1, 1, *x.shape[2:]), x.dtype), np.ones((1, 1, *weight.shape[2:]), x.dtype)
    return np.minimum(refimpl.conv_transpose2d(ones, kernel, **attributes), 1)


def conv_transpose2d(x, weight, bias=None, *, groups=1, **attributes):
    y = refimpl.conv_transpose2d(x, weight, bias, groups=groups, **attributes)
    return y * _reached(x, weight, groups, attributes)


def conv_transpose2d_vjp(dy, x, weight, bias=None, *, groups=1, **attributes):
    dy_reached = dy * _reached(x, weight, groups, attributes)
    refimpl.conv_transpose2d_vjp(dy, x, weight, bias, groups=groups, **attributes)
    return refimpl.conv_transpose2d_vjp(dy_reached, x, weight, bias, groups=groups, **attributes)
