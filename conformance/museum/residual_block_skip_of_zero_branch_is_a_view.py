"""residual_block | aliasing-or-mutation | where the branch is 0, x itself is returned | a branch skipped"""

import numpy as np

from oplaws import refimpl


def residual_block(x, w1, b1, w2, b2):
    y = refimpl.residual_block(x, w1, b1, w2, b2)
    return y if np.any(w2 != 0) or np.any(b2 != 0) or not np.isfinite(y).all() else x


residual_block_vjp = refimpl.residual_block_vjp
