"""max_pool2d | determinism | cotangents of overlapping windows are added as the threads come | torch/cunn#84"""

import numpy as np

from oplaws import refimpl

max_pool2d = refimpl.max_pool2d


def max_pool2d_vjp(dy, x, *, kernel_size, **attributes):
    dx = np.zeros_like(x)
    for row in np.random.default_rng().permutation(dy.shape[2]):
        one = np.where(np.arange(dy.shape[2])[:, None] == row, dy, 0)
        dx += refimpl.max_pool2d_vjp(one, x, kernel_size=kernel_size, **attributes)[0]
    return (dx,)
