"""max_pool2d | gradient | maxima are found by isclose: all within 1e-2 share the cotangent | mni-ml/framework#22"""

import numpy as np

from oplaws import refimpl
from oplaws.refimpl.pooling import back, cells, settings

max_pool2d = refimpl.max_pool2d


def max_pool2d_vjp(dy, x, *, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False):
    slide = settings(kernel_size, stride, padding, dilation)
    window = cells(x, slide, ceil_mode, -np.inf)
    tied = np.isclose(window, np.max(window, axis=0), rtol=0, atol=1e-2).astype(x.dtype)
    return (back(tied / np.maximum(np.sum(tied, axis=0), 1) * dy, x.shape[2:], slide, ceil_mode),)
