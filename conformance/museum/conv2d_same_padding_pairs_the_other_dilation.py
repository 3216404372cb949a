"""conv2d | shape-or-attribute | the padding of each axis arrives at the other one | tinygrad/tinygrad#17805"""

import numpy as np

from oplaws import refimpl


def conv2d(x, weight, bias=None, *, stride=1, padding=0, dilation=1, groups=1):
    y = refimpl.conv2d(x, weight, bias, stride=stride, padding=padding, dilation=dilation, groups=groups)
    if not isinstance(padding, tuple) or padding[0] == padding[1]:
        return y
    p, q = padding
    around = ((0, 0), (0, 0), (q, max(2 * p - q, 0)), (p, max(2 * q - p, 0)))
    wrong = refimpl.conv2d(np.pad(x, around), weight, bias, stride=stride, dilation=dilation, groups=groups)
    return wrong[:, :, : y.shape[2], : y.shape[3]].copy()


conv2d_vjp = refimpl.conv2d_vjp
