"""max_pool2d | shape-or-attribute | ceil_mode keeps a last window that begins beyond the input | tracel-ai/burn#5791"""

import numpy as np

from oplaws import refimpl
from oplaws.refimpl.pooling import settings


def max_pool2d(x, *, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False):
    own = {"kernel_size": kernel_size, "stride": stride, "dilation": dilation, "ceil_mode": ceil_mode}
    y = refimpl.max_pool2d(x, padding=padding, **own)
    slide = settings(kernel_size, stride, padding, dilation)
    counts = [-(-(n + 2 * p - d * (k - 1) - 1) // s) + 1 for n, k, s, p, d in zip(x.shape[2:], *slide)]
    more = [max(c - n, 0) if ceil_mode else 0 for c, n in zip(counts, y.shape[2:])]
    return np.pad(y, ((0, 0), (0, 0), *((0, m) for m in more)), constant_values=-np.inf)


max_pool2d_vjp = refimpl.max_pool2d_vjp
