"""conv2d | precision | float16 products are added up in float16 | ROCm/rocm-libraries#3508"""

import numpy as np

from oplaws import refimpl
from oplaws.refimpl.convolution import add_bias, columns, matrices, reached, sliding

dtypes = ("float16",)


def conv2d(x, weight, bias=None, *, stride=1, padding=0, dilation=1, groups=1):
    y = refimpl.conv2d(x, weight, bias, stride=stride, padding=padding, dilation=dilation, groups=groups)
    slide = sliding(weight, stride, padding, dilation, groups)
    cells = columns(x, reached(x.shape[2:], slide), slide)
    cells = cells.reshape(len(x), groups, weight[0].size, y.shape[2] * y.shape[3])
    total = np.zeros((len(x), groups, len(weight) // groups, cells.shape[3]), x.dtype)
    for k in range(weight[0].size):
        total = total + matrices(weight, slide)[:, :, k : k + 1] * cells[:, :, k : k + 1]
    return add_bias(total.reshape(y.shape), bias)


conv2d_vjp = refimpl.conv2d_vjp
