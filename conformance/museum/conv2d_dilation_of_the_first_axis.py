"""conv2d | shape-or-attribute | the columns are dilated as the rows are | Tencent/ncnn#1494"""

import numpy as np

from oplaws import refimpl


def conv2d(x, weight, bias=None, *, stride=1, padding=0, dilation=1, groups=1):
    y = refimpl.conv2d(x, weight, bias, stride=stride, padding=padding, dilation=dilation, groups=groups)
    if not isinstance(dilation, tuple):
        return y
    more = max(dilation[0] - dilation[1], 0) * (weight.shape[3] - 1)
    x = np.pad(x, ((0, 0), (0, 0), (0, 0), (0, more)))
    wrong = refimpl.conv2d(x, weight, bias, stride=stride, padding=padding, dilation=dilation[0], groups=groups)
    return wrong[..., : y.shape[3]].copy()


conv2d_vjp = refimpl.conv2d_vjp
