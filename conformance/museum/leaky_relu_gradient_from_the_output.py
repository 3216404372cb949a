"""leaky_relu | gradient | the branch is told by the sign of y, which a negative slope turns | pytorch/pytorch#31938"""

import numpy as np

from oplaws import refimpl

leaky_relu = refimpl.leaky_relu


def leaky_relu_vjp(dy, x, *, negative_slope=0.01):
    y = refimpl.leaky_relu(x, negative_slope=negative_slope)
    return (np.where(y > 0, dy, negative_slope * dy),)
