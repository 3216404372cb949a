"""leaky_relu | precision | the slope is a float32 constant, in float64 too | kernel arguments declared float"""

import numpy as np

from oplaws import refimpl


def leaky_relu(x, *, negative_slope=0.01):
    return refimpl.leaky_relu(x, negative_slope=float(np.float32(negative_slope)))


def leaky_relu_vjp(dy, x, *, negative_slope=0.01):
    return refimpl.leaky_relu_vjp(dy, x, negative_slope=float(np.float32(negative_slope)))
