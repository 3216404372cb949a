"""conv2d | gradient | with groups and stride, dx uses the weights of group 0 for all groups | ml-explore/mlx#3800"""

import numpy as np

from oplaws import refimpl

conv2d = refimpl.conv2d


def conv2d_vjp(dy, x, weight, bias=None, *, stride=1, groups=1, **attributes):
    dx, *rest = refimpl.conv2d_vjp(dy, x, weight, bias, stride=stride, groups=groups, **attributes)
    if groups > 1 and stride not in (1, (1, 1)):
        first = np.concatenate([weight[: len(weight) // groups]] * groups)
        dx = refimpl.conv2d_vjp(dy, x, first, bias, stride=stride, groups=groups, **attributes)[0]
    return dx, *rest
