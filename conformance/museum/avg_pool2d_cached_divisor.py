"""avg_pool2d | state | divisors are kept by a key without count_include_pad | kulinseth/pytorch#273"""

import numpy as np

from oplaws import refimpl
from oplaws.refimpl.pooling import cells, divisors, settings

kept = {}


def avg_pool2d(x, *, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True):
    own = {"kernel_size": kernel_size, "stride": stride, "padding": padding, "ceil_mode": ceil_mode}
    refimpl.avg_pool2d(x, count_include_pad=count_include_pad, **own)
    slide = settings(kernel_size, stride, padding)
    key = x.shape, x.dtype, slide, ceil_mode
    count = kept.setdefault(key, divisors(x, slide, ceil_mode, count_include_pad))
    return np.sum(cells(x, slide, ceil_mode, 0), axis=0) / count


avg_pool2d_vjp = refimpl.avg_pool2d_vjp
