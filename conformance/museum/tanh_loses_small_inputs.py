"""tanh | precision | (e - 1) / (e + 1) with e = e^2x, clamped: no relative accuracy near 0 | root-project/root#19740"""

import numpy as np

from oplaws import refimpl


def tanh(x):
    e = np.exp(2 * np.clip(x, -20, 20))
    return (e - 1) / (e + 1)


tanh_vjp = refimpl.tanh_vjp
