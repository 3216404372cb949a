"""tanh | precision | 1 or -1 beyond 9, whatever the dtype | the clamp of a float32 kernel, kept for float64"""

import numpy as np

from oplaws import refimpl


def tanh(x):
    return np.where(np.abs(x) > 9.1, np.sign(x), np.tanh(x))


tanh_vjp = refimpl.tanh_vjp
