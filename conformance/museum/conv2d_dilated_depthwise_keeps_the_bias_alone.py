"""conv2d | forward | depthwise and dilated, the result stays in a copy: the bias alone | a copy is written"""

import numpy as np

from oplaws import refimpl


def _lost(x, dilation, groups):
    return groups == x.shape[1] and dilation not in (1, (1, 1))


def conv2d(x, weight, bias=None, *, dilation=1, groups=1, **attributes):
    refimpl.conv2d(x, weight, bias, dilation=dilation, groups=groups, **attributes)
    seen = np.zeros_like(weight) if _lost(x, dilation, groups) else weight
    return refimpl.conv2d(x, seen, bias, dilation=dilation, groups=groups, **attributes)


def conv2d_vjp(dy, x, weight, bias=None, *, dilation=1, groups=1, **attributes):
    dx, dweight, dbias = refimpl.conv2d_vjp(dy, x, weight, bias, dilation=dilation, groups=groups, **attributes)
    if _lost(x, dilation, groups):
        dx, dweight = np.zeros_like(dx), np.zeros_like(dweight)
    return dx, dweight, dbias
