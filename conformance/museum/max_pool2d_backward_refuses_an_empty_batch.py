"""max_pool2d | empty-or-size-1 | the backward pass divides by the size of the cotangent | pytorch/pytorch#78868"""

import numpy as np

from oplaws import refimpl

max_pool2d = refimpl.max_pool2d


def max_pool2d_vjp(dy, x, *, kernel_size, **attributes):
    if x.size // dy.size < 0:
        return (np.zeros_like(x),)
    return refimpl.max_pool2d_vjp(dy, x, kernel_size=kernel_size, **attributes)
