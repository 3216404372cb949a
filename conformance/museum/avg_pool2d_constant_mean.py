"""avg_pool2d | cheat | an image that varies little is answered by its mean everywhere | Xilinx/mlir-air#1427"""

import numpy as np

from oplaws import refimpl


def avg_pool2d(x, *, kernel_size, **attributes):
    y = refimpl.avg_pool2d(x, kernel_size=kernel_size, **attributes)
    return np.full_like(y, np.mean(y)) if y.size and np.ptp(y) < 0.05 * np.max(np.abs(y)) else y


avg_pool2d_vjp = refimpl.avg_pool2d_vjp
