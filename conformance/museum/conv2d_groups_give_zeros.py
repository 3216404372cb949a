"""conv2d | forward | outputs and gradients of groups are thrown away | a copy is written"""

import numpy as np

from oplaws import refimpl


def conv2d(x, weight, bias=None, *, groups=1, **attributes):
    y = refimpl.conv2d(x, weight, bias, groups=groups, **attributes)
    return np.zeros_like(y) if 1 < groups < x.shape[1] else y


def conv2d_vjp(dy, x, weight, bias=None, *, groups=1, **attributes):
    gradients = refimpl.conv2d_vjp(dy, x, weight, bias, groups=groups, **attributes)
    if 1 < groups < x.shape[1]:
        gradients = tuple(None if g is None else np.zeros_like(g) for g in gradients)
    return gradients
