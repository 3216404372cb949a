"""max_pool2d | aliasing-or-mutation | the argmax of only -inf is -1: the last element | pytorch/pytorch#1465"""

import numpy as np

from oplaws import refimpl

max_pool2d = refimpl.max_pool2d


def max_pool2d_vjp(dy, x, *, kernel_size, **attributes):
    (dx,) = refimpl.max_pool2d_vjp(dy, x, kernel_size=kernel_size, **attributes)
    y = refimpl.max_pool2d(x, kernel_size=kernel_size, **attributes)
    dx[:, :, -1, -1] += np.sum(np.where(y == -np.inf, dy, 0), axis=(2, 3))
    return (dx,)
