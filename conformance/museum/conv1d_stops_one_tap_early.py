"""conv1d | forward | the loop over the kernel ends before its last element | range(k - 1) in place of range(k)"""

import numpy as np

from oplaws import refimpl

conv2d = refimpl.conv2d
conv2d_vjp = refimpl.conv2d_vjp


def _shorter(weight):
    return np.where(np.arange(weight.shape[2]) < weight.shape[2] - 1, weight, 0)


def conv1d(x, weight, bias=None, **attributes):
    refimpl.conv1d(x, weight, bias, **attributes)
    return refimpl.conv1d(x, _shorter(weight), bias, **attributes)


def conv1d_vjp(dy, x, weight, bias=None, **attributes):
    dx, dweight, dbias = refimpl.conv1d_vjp(dy, x, _shorter(weight), bias, **attributes)
    return dx, _shorter(dweight), dbias
