"""avg_pool2d | shape-or-attribute | the divisor is kh kw, also in ceil_mode's overhang | apple/coremltools#2844"""

import math

import numpy as np

from oplaws import refimpl
from oplaws.refimpl.pooling import cells, settings


def avg_pool2d(x, *, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True):
    own = {"kernel_size": kernel_size, "stride": stride, "padding": padding, "ceil_mode": ceil_mode}
    y = refimpl.avg_pool2d(x, count_include_pad=count_include_pad, **own)
    if not count_include_pad:
        return y
    slide = settings(kernel_size, stride, padding)
    return np.sum(cells(x, slide, ceil_mode, 0), axis=0) / math.prod(slide[0])


avg_pool2d_vjp = refimpl.avg_pool2d_vjp
