"""max_pool2d | illegal-accepted | padding above half the kernel is taken, and its sentinel shows | apache/mxnet#6191"""

import numpy as np

from oplaws import refimpl


def max_pool2d(x, *, kernel_size, stride=None, padding=0, **attributes):
    try:
        return refimpl.max_pool2d(x, kernel_size=kernel_size, stride=stride, padding=padding, **attributes)
    except ValueError as error:
        if "padding must be at most half" not in str(error):
            raise
    p, q = padding if isinstance(padding, tuple) else (padding, padding)
    x = np.pad(x, ((0, 0), (0, 0), (p, p), (q, q)), constant_values=np.finfo(x.dtype).min)
    return refimpl.max_pool2d(x, kernel_size=kernel_size, stride=stride, **attributes)


max_pool2d_vjp = refimpl.max_pool2d_vjp
