"""conv2d | forward | a grouped 1x1 convolution sees the first half of each group's channels | pytorch/pytorch#19912"""

import numpy as np

from oplaws import refimpl


def conv2d(x, weight, bias=None, *, groups=1, **attributes):
    refimpl.conv2d(x, weight, bias, groups=groups, **attributes)
    if groups > 1 and weight.shape[2:] == (1, 1):
        seen = np.arange(weight.shape[1]) < (weight.shape[1] + 1) // 2
        weight = np.where(seen[:, None, None], weight, 0)
    return refimpl.conv2d(x, weight, bias, groups=groups, **attributes)


conv2d_vjp = refimpl.conv2d_vjp
