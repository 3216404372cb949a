"""max_pool2d | forward | the padding is 0, not -inf | tenstorrent/tt-metal#28804"""

import numpy as np

from oplaws import refimpl
from oplaws.refimpl.pooling import cells, settings


def max_pool2d(x, *, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False):
    own = {"stride": stride, "padding": padding, "dilation": dilation, "ceil_mode": ceil_mode}
    refimpl.max_pool2d(x, kernel_size=kernel_size, **own)
    return np.max(cells(x, settings(kernel_size, stride, padding, dilation), ceil_mode, 0), axis=0)


max_pool2d_vjp = refimpl.max_pool2d_vjp
