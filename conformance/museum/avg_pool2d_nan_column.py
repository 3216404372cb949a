"""avg_pool2d | shape-or-attribute | ceil_mode, stride > kernel keeps an empty window: 0 / 0 | pytorch/pytorch#36977"""

import numpy as np

from oplaws import refimpl
from oplaws.refimpl.pooling import settings


def avg_pool2d(x, *, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True):
    own = {"kernel_size": kernel_size, "stride": stride, "ceil_mode": ceil_mode}
    y = refimpl.avg_pool2d(x, padding=padding, count_include_pad=count_include_pad, **own)
    slide = settings(kernel_size, stride, padding)
    counts = [-(-(n + 2 * p - k) // s) + 1 for n, k, s, p in zip(x.shape[2:], *slide[:3])]
    more = [max(c - n, 0) if ceil_mode else 0 for c, n in zip(counts, y.shape[2:])]
    return np.pad(y, ((0, 0), (0, 0), *((0, m) for m in more)), constant_values=np.nan)


avg_pool2d_vjp = refimpl.avg_pool2d_vjp
