"""relu | shape-or-attribute | the buffer's size has 16 bits: reads beyond give 0 | ROCm/composable_kernel#3722"""

import numpy as np

from oplaws import refimpl


def relu(x):
    y = np.maximum(x, 0).ravel()
    if y.size >= 2**16:
        y[y.size % 2**16 :] = 0
    return y.reshape(x.shape)


relu_vjp = refimpl.relu_vjp
