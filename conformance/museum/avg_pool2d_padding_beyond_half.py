"""avg_pool2d | illegal-accepted | padding above half the kernel is taken: NaN | PaddlePaddle/Paddle#51893"""

import numpy as np

from oplaws import refimpl


def avg_pool2d(x, *, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True):
    own = {"ceil_mode": ceil_mode, "count_include_pad": count_include_pad}
    try:
        return refimpl.avg_pool2d(x, kernel_size=kernel_size, stride=stride, padding=padding, **own)
    except ValueError as error:
        if "padding must be at most half" not in str(error):
            raise
    p, q = padding if isinstance(padding, tuple) else (padding, padding)
    x = np.pad(x, ((0, 0), (0, 0), (p, p), (q, q)), constant_values=0 if count_include_pad else np.nan)
    return refimpl.avg_pool2d(x, kernel_size=kernel_size, stride=stride, **own)


avg_pool2d_vjp = refimpl.avg_pool2d_vjp
