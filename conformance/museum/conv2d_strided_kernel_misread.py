"""conv2d | layout | every second element of a buffer as the kernel: the first ones are read | pytorch/pytorch#1246"""

import numpy as np

from oplaws import refimpl


def conv2d(x, weight, bias=None, **attributes):
    refimpl.conv2d(x, weight, bias, **attributes)
    if weight.size and min(weight.strides) > 0:
        dense = np.cumprod((weight.itemsize, *weight.shape[:0:-1]))[::-1]
        weight = np.lib.stride_tricks.as_strided(weight, strides=dense)
    return refimpl.conv2d(x, weight, bias, **attributes)


conv2d_vjp = refimpl.conv2d_vjp
