"""conv2d | forward | depthwise, dilated: summed into a local copy, the bias is returned | a copy is written"""

import numpy as np

from oplaws import refimpl


def conv2d(x, weight, bias=None, *, dilation=1, groups=1, **attributes):
    refimpl.conv2d(x, weight, bias, dilation=dilation, groups=groups, **attributes)
    if groups == x.shape[1] > 1 and dilation not in (1, (1, 1)):
        x = np.zeros_like(x)
    return refimpl.conv2d(x, weight, bias, dilation=dilation, groups=groups, **attributes)


conv2d_vjp = refimpl.conv2d_vjp
