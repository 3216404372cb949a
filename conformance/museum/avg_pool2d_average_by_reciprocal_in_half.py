"""avg_pool2d | precision | the sum is multiplied by 1 / count in half precision | a table of reciprocals"""

import numpy as np

from oplaws import refimpl
from oplaws.refimpl.pooling import cells, divisors, settings


def avg_pool2d(x, *, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True):
    own = {"kernel_size": kernel_size, "stride": stride, "padding": padding, "ceil_mode": ceil_mode}
    refimpl.avg_pool2d(x, count_include_pad=count_include_pad, **own)
    slide = settings(kernel_size, stride, padding)
    share = (1 / divisors(x, slide, ceil_mode, count_include_pad)).astype(np.float16).astype(x.dtype)
    return np.sum(cells(x, slide, ceil_mode, 0), axis=0) * share


avg_pool2d_vjp = refimpl.avg_pool2d_vjp
