"""conv3d | layout | a contiguous kernel is reshaped to (O, D, H, W, I) without a transpose | pytorch/pytorch#197114"""

import numpy as np

from oplaws import refimpl


def conv3d(x, weight, bias=None, **attributes):
    refimpl.conv3d(x, weight, bias, **attributes)
    if weight.flags.c_contiguous:
        o, i, *kernel = weight.shape
        weight = np.moveaxis(weight.reshape(o, *kernel, i), -1, 1)
    return refimpl.conv3d(x, weight, bias, **attributes)


conv3d_vjp = refimpl.conv3d_vjp
