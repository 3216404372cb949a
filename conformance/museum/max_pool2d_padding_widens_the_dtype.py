"""max_pool2d | special-values | padding with -inf leaves the result in float64 | tinygrad/tinygrad#7726"""

import numpy as np

from oplaws import refimpl


def max_pool2d(x, *, kernel_size, padding=0, **attributes):
    y = refimpl.max_pool2d(x, kernel_size=kernel_size, padding=padding, **attributes)
    return y.astype(np.float64) if padding not in (0, (0, 0)) else y


max_pool2d_vjp = refimpl.max_pool2d_vjp
