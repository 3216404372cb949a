"""avg_pool2d | shape-or-attribute | the divisor takes kernel, stride and padding reversed | llvm/torch-mlir#4144"""

import numpy as np

from oplaws import refimpl
from oplaws.refimpl.pooling import cells, settings


def avg_pool2d(x, *, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True):
    own = {"stride": stride, "padding": padding, "ceil_mode": ceil_mode, "count_include_pad": count_include_pad}
    y = refimpl.avg_pool2d(x, kernel_size=kernel_size, **own)
    slide = settings(kernel_size, stride, padding)
    count = np.ones(y.shape[2:], x.dtype)
    for axis, (n, k, s, p) in enumerate(zip(x.shape[2:], *(pair[::-1] for pair in slide[:3]))):
        begin = np.arange(y.shape[2 + axis]) * s - p
        low, high = (-p, n + p) if count_include_pad else (0, n)
        along = np.maximum(np.minimum(begin + k, high) - np.maximum(begin, low), 1).astype(x.dtype)
        count = count * (along[:, None] if axis == 0 else along)
    return np.sum(cells(x, slide, ceil_mode, 0), axis=0) / count


avg_pool2d_vjp = refimpl.avg_pool2d_vjp
