"""tanh | forward | the last n % 8 elements come from a rational approximation | ARM-software/ComputeLibrary#77"""

import numpy as np

from oplaws import refimpl


def tanh(x):
    y, start = np.tanh(np.ravel(x)), x.size // 8 * 8
    tail = np.clip(np.ravel(x)[start:], -3, 3)
    y[start:] = tail * (27 + tail * tail) / (27 + 9 * tail * tail)
    return y.reshape(x.shape)


tanh_vjp = refimpl.tanh_vjp
