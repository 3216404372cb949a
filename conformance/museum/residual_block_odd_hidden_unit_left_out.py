"""residual_block | forward | the last of an odd number of hidden units is left out | units in pairs"""

import numpy as np

from oplaws import refimpl


def residual_block(x, w1, b1, w2, b2):
    refimpl.residual_block(x, w1, b1, w2, b2)
    pairs = len(b1) // 2 * 2
    return refimpl.residual_block(x, w1[:pairs], b1[:pairs], w2[:, :pairs], b2)


def residual_block_vjp(dy, x, w1, b1, w2, b2):
    pairs, odd = len(b1) // 2 * 2, len(b1) % 2
    dx, dw1, db1, dw2, db2 = refimpl.residual_block_vjp(dy, x, w1[:pairs], b1[:pairs], w2[:, :pairs], b2)
    return dx, np.pad(dw1, ((0, odd), (0, 0))), np.pad(db1, (0, odd)), np.pad(dw2, ((0, 0), (0, odd))), db2
