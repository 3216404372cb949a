"""residual_block | special-values | where(a > 0, a, 0) in the branch: NaN becomes 0 | pytorch/pytorch#7999"""

import numpy as np

from oplaws import refimpl


def residual_block(x, w1, b1, w2, b2):
    refimpl.residual_block(x, w1, b1, w2, b2)
    a = refimpl.linear(x, w1, b1)
    return x + refimpl.linear(np.where(a > 0, a, np.zeros_like(a)), w2, b2)


residual_block_vjp = refimpl.residual_block_vjp
