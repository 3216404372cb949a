"""conv2d | forward | the weight offset counts all input channels and wraps to group 0 | Tencent/ncnn#1581"""

import numpy as np

from oplaws import refimpl


def conv2d(x, weight, bias=None, *, groups=1, **attributes):
    refimpl.conv2d(x, weight, bias, groups=groups, **attributes)
    if 1 < groups < x.shape[1]:
        weight = np.concatenate([weight[: len(weight) // groups]] * groups)
    return refimpl.conv2d(x, weight, bias, groups=groups, **attributes)


conv2d_vjp = refimpl.conv2d_vjp
