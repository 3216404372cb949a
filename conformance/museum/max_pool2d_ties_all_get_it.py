"""max_pool2d | gradient | every tied maximum gets the whole cotangent | Theano/Theano#5248"""

import numpy as np

from oplaws import refimpl
from oplaws.refimpl.pooling import back, cells, settings

max_pool2d = refimpl.max_pool2d


def max_pool2d_vjp(dy, x, *, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False):
    slide = settings(kernel_size, stride, padding, dilation)
    window = cells(x, slide, ceil_mode, -np.inf)
    tied = (window == np.max(window, axis=0)).astype(x.dtype)
    return (back(tied * dy, x.shape[2:], slide, ceil_mode),)
