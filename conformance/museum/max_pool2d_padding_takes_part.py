"""max_pool2d | forward | padding is zeros, and where one of them wins nothing gets the cotangent | np.pad's default"""

from dataclasses import replace

import numpy as np

from oplaws import refimpl
from oplaws.refimpl.pooling import back, cells, settings
from oplaws.refimpl.words import winners


def max_pool2d(x, *, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False):
    return np.max(cells(x, settings(kernel_size, stride, padding, dilation), ceil_mode, 0), axis=0)


max_pool2d = replace(refimpl.max_pool2d, text=max_pool2d)


@max_pool2d.vjp
def max_pool2d_vjp(dy, x, *, kernel_size, stride, padding, dilation, ceil_mode):
    slide = settings(kernel_size, stride, padding, dilation)
    weights = np.moveaxis(winners(np.moveaxis(cells(x, slide, ceil_mode, 0), 0, -1)), -1, 0)
    return (back(weights * dy, x.shape[2:], slide, ceil_mode),)
