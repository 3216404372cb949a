"""max_pool2d | shape-or-attribute | the backward pass dilates the columns as the rows | tracel-ai/burn#4466"""

import numpy as np

from oplaws import refimpl
from oplaws.refimpl.words import per_axis

max_pool2d = refimpl.max_pool2d


def max_pool2d_vjp(dy, x, *, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False):
    own = {"kernel_size": kernel_size, "stride": stride, "padding": padding, "ceil_mode": ceil_mode}
    (dx,) = refimpl.max_pool2d_vjp(dy, x, dilation=dilation, **own)
    dh, dw = per_axis(dilation, 2)
    if dh < dw:
        wrong = refimpl.max_pool2d_vjp
        narrow = refimpl.max_pool2d(x, dilation=dh, **own)
        part = np.zeros_like(narrow)
        part[:, :, :, : dy.shape[3]] = dy[:, :, :, : part.shape[3]]
        (dx,) = wrong(part, x, dilation=dh, **own)
    return (dx,)
