"""conv_transpose2d | gradient | a 1x1 kernel with stride 2: dx reads dy from place 1 on | apache/tvm#8087"""

import numpy as np

from oplaws import refimpl

conv_transpose2d = refimpl.conv_transpose2d


def conv_transpose2d_vjp(dy, x, weight, bias=None, *, stride=1, **attributes):
    dx, *rest = refimpl.conv_transpose2d_vjp(dy, x, weight, bias, stride=stride, **attributes)
    if weight.shape[2:] == (1, 1) and stride in (2, (2, 2)):
        dx = refimpl.conv_transpose2d_vjp(np.roll(dy, -1, axis=3), x, weight, bias, stride=stride, **attributes)[0]
    return dx, *rest
