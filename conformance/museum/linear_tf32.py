"""linear | precision | float32 operands keep 10 bits of their significand | pytorch/pytorch#61890"""

import numpy as np

from oplaws import refimpl


def linear(x, weight, bias=None):
    refimpl.linear(x, weight, bias)
    return refimpl.linear(coarse(x), coarse(weight), bias)


def linear_vjp(dy, x, weight, bias=None):
    return (*refimpl.linear_vjp(coarse(dy), coarse(x), coarse(weight))[:2], refimpl.linear_vjp(dy, x, weight, bias)[2])


def coarse(a):
    if a.dtype != np.float32:
        return a
    return (np.ascontiguousarray(a).view(np.uint32) & np.uint32(0xFFFFE000)).view(np.float32).reshape(a.shape)
