"""residual_basic_block | forward | the last of an odd number of rows stays zero | tiles of two rows"""

import numpy as np

from oplaws import refimpl


def residual_basic_block(*arrays, **attributes):
    return written(refimpl.residual_basic_block(*arrays, **attributes))


def residual_basic_block_vjp(dy, *arrays, **attributes):
    return refimpl.residual_basic_block_vjp(written(dy), *arrays, **attributes)


def written(y):
    rows = np.arange(y.shape[2])[:, None]
    return np.where(rows < y.shape[2] // 2 * 2, y, 0)
