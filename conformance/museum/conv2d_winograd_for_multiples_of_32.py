"""conv2d | precision | channels in multiples of 32 and 3x3: operands keep 10 bits | ml-explore/mlx#4242"""

import numpy as np

from oplaws import refimpl


def conv2d(x, weight, bias=None, **attributes):
    refimpl.conv2d(x, weight, bias, **attributes)
    if x.shape[1] % 32 == 0 and len(weight) % 32 == 0 and weight.shape[2:] == (3, 3) and x.dtype == np.float32:
        x, weight = coarse(x), coarse(weight)
    return refimpl.conv2d(x, weight, bias, **attributes)


def coarse(a):
    return (np.ascontiguousarray(a).view(np.uint32) & np.uint32(0xFFFFE000)).view(np.float32)


conv2d_vjp = refimpl.conv2d_vjp
