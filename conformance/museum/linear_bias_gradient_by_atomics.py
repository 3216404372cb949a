"""linear | determinism | the bias gradient is added up as the threads come | tensorflow/tensorflow#22398"""

import math

import numpy as np

from oplaws import refimpl

linear = refimpl.linear


def linear_vjp(dy, x, weight, bias=None):
    dx, dweight, dbias = refimpl.linear_vjp(dy, x, weight, bias)
    if bias is not None:
        dbias = np.zeros_like(bias)
        for row in np.random.default_rng().permutation(dy.reshape(math.prod(dy.shape[:-1]), len(bias))):
            dbias += row
    return dx, dweight, dbias
