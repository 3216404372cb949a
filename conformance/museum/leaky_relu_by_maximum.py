"""leaky_relu | forward | max(slope x, x): wrong for slopes above 1 | tensorflow/tensorflow#24566"""

import numpy as np

from oplaws import refimpl


def leaky_relu(x, *, negative_slope=0.01):
    refimpl.leaky_relu(x, negative_slope=negative_slope)
    return np.maximum(negative_slope * x, x)


leaky_relu_vjp = refimpl.leaky_relu_vjp
