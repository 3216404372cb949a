"""tanh | special-values | (e^2x - 1) / (e^2x + 1): the positive side overflows | deeplearning4j/deeplearning4j#7382"""

import numpy as np

from oplaws import refimpl


def tanh(x):
    e = np.exp(2 * x)
    return np.where(np.abs(x) < 0.5, np.tanh(x), (e - 1) / (e + 1))


tanh_vjp = refimpl.tanh_vjp
