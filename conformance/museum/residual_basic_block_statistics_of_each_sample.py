"""residual_basic_block | statistics | samples are normalised one by one | micro-batches of one"""

import numpy as np

from oplaws import refimpl


def residual_basic_block(x, *weights, **attributes):
    y = refimpl.residual_basic_block(x, *weights, **attributes)
    if len(x) < 2 or y[0, 0].size < 2:
        return y
    return np.concatenate([refimpl.residual_basic_block(x[n : n + 1], *weights, **attributes) for n in range(len(x))])


residual_basic_block_vjp = refimpl.residual_basic_block_vjp
