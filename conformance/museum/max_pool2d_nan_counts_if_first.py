"""max_pool2d | special-values | the first element, then v > m: NaN wins only if first | Theano/Theano#3060"""

import numpy as np

from oplaws import refimpl
from oplaws.refimpl.pooling import cells, settings


def max_pool2d(x, *, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False):
    own = {"stride": stride, "padding": padding, "dilation": dilation, "ceil_mode": ceil_mode}
    refimpl.max_pool2d(x, kernel_size=kernel_size, **own)
    m, *rest = cells(x, settings(kernel_size, stride, padding, dilation), ceil_mode, -np.inf)
    for v in rest:
        m = np.where(v > m, v, m)
    return m.copy()


max_pool2d_vjp = refimpl.max_pool2d_vjp
