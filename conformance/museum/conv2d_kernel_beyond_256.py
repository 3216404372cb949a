"""conv2d | shape-or-attribute | depthwise, batch > 1: rows from the 256th on are lost | pytorch/pytorch#188335"""

import numpy as np

from oplaws import refimpl


def conv2d(x, weight, bias=None, *, groups=1, **attributes):
    refimpl.conv2d(x, weight, bias, groups=groups, **attributes)
    if len(x) > 1 and groups == x.shape[1]:
        weight = np.where(np.arange(weight.shape[2])[:, None] < 255, weight, 0)
    return refimpl.conv2d(x, weight, bias, groups=groups, **attributes)


conv2d_vjp = refimpl.conv2d_vjp
