"""avg_pool2d | gradient | the channels-last gradient forgets the padding of the columns | pytorch/pytorch#188344"""

import numpy as np

from oplaws import refimpl

avg_pool2d = refimpl.avg_pool2d


def avg_pool2d_vjp(dy, x, *, padding=0, **attributes):
    (dx,) = refimpl.avg_pool2d_vjp(dy, x, padding=padding, **attributes)
    q = padding[1] if isinstance(padding, tuple) else padding
    if q and x.strides[1] < x.strides[3]:
        dx = np.pad(dx, ((0, 0), (0, 0), (0, 0), (q, 0)))[..., : x.shape[3]].copy()
    return (dx,)
