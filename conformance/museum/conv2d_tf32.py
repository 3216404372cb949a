"""conv2d | precision | float32 operands keep 10 bits, in the gradients too | pytorch/pytorch#107514"""

import numpy as np

from oplaws import refimpl


def conv2d(x, weight, bias=None, **attributes):
    refimpl.conv2d(x, weight, bias, **attributes)
    return refimpl.conv2d(coarse(x), coarse(weight), bias, **attributes)


def conv2d_vjp(dy, x, weight, bias=None, **attributes):
    dx, dweight, _ = refimpl.conv2d_vjp(coarse(dy), coarse(x), coarse(weight), bias, **attributes)
    return dx, dweight, refimpl.conv2d_vjp(dy, x, weight, bias, **attributes)[2]


def coarse(a):
    if a.dtype != np.float32:
        return a
    return (np.ascontiguousarray(a).view(np.uint32) & np.uint32(0xFFFFE000)).view(np.float32)
