"""avg_pool2d | forward | windows that reach beyond the input are zero | the loop of the border"""

import numpy as np

from oplaws import refimpl
from oplaws.refimpl.pooling import counted, settings


def avg_pool2d(x, **attributes):
    y = refimpl.avg_pool2d(x, **attributes)
    return np.where(whole(x, **attributes), y, 0)


def avg_pool2d_vjp(dy, x, **attributes):
    return refimpl.avg_pool2d_vjp(np.where(whole(x, **attributes), dy, 0), x, **attributes)


def whole(x, *, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True):
    """Which windows lie in the input."""
    kernel, stride, padding, _ = settings(kernel_size, stride, padding)
    axes = zip(x.shape[2:], kernel, stride, padding, strict=True)
    rows, columns = (counted(*axis, ceil_mode, False) == axis[1] for axis in axes)
    return rows[:, None] & columns
