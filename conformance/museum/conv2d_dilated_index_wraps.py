"""conv2d | precision | dilated and padded by more than half the input: the index wraps round | pytorch/pytorch#53178"""

import numpy as np

from oplaws import refimpl


def conv2d(x, weight, bias=None, *, stride=1, padding=0, dilation=1, groups=1):
    y = refimpl.conv2d(x, weight, bias, stride=stride, padding=padding, dilation=dilation, groups=groups)
    p, q = padding if isinstance(padding, tuple) else (padding, padding)
    if dilation in (1, (1, 1)) or 2 * p <= x.shape[2] or not x.size:
        return y
    x = np.pad(x, ((0, 0), (0, 0), (p, p), (q, q)), mode="wrap")
    return refimpl.conv2d(x, weight, bias, stride=stride, dilation=dilation, groups=groups)


conv2d_vjp = refimpl.conv2d_vjp
