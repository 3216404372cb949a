"""conv3d | shape-or-attribute | the index into the columns has 16 bits | ml-explore/mlx#3138"""

import numpy as np

from oplaws import refimpl
from oplaws.refimpl.convolution import add_bias, columns, matrices, reached, sliding


def conv3d(x, weight, bias=None, *, stride=1, padding=0, dilation=1, groups=1):
    y = refimpl.conv3d(x, weight, bias, stride=stride, padding=padding, dilation=dilation, groups=groups)
    slide = sliding(weight, stride, padding, dilation, groups)
    cells = columns(x, reached(x.shape[2:], slide), slide)
    if cells.size <= 2**16:
        return y
    cells = cells.ravel()[np.arange(cells.size) % 2**16].reshape(len(x), groups, weight[0].size, y[0, 0].size)
    return add_bias((matrices(weight, slide) @ cells).reshape(y.shape), bias)


conv3d_vjp = refimpl.conv3d_vjp
