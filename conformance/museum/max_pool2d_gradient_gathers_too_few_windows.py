"""max_pool2d | gradient | the first window of a pixel is found without the dilation | pytorch/pytorch#176888"""

import numpy as np

from oplaws import refimpl
from oplaws.refimpl.pooling import back, cells, settings
from oplaws.refimpl.words import per_axis, winners

max_pool2d = refimpl.max_pool2d


def max_pool2d_vjp(dy, x, *, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False):
    slide = settings(kernel_size, stride, padding, dilation)
    share = np.moveaxis(winners(np.moveaxis(cells(x, slide, ceil_mode, -np.inf), 0, -1)), -1, 0) * dy
    (kh, kw), (dh, dw) = per_axis(kernel_size, 2), per_axis(dilation, 2)
    reached = np.less.outer(np.arange(kh) * dh, [kh]) & np.less.outer(np.arange(kw) * dw, [kw]).T
    return (back(share * reached.reshape(-1, 1, 1, 1, 1), x.shape[2:], slide, ceil_mode),)
