"""conv2d | gradient | dweight takes channels (C / groups, groups), not (groups, C / groups) | ml-explore/mlx#2495"""

import numpy as np

from oplaws import refimpl

conv2d = refimpl.conv2d


def conv2d_vjp(dy, x, weight, bias=None, *, groups=1, **attributes):
    dx, _, dbias = refimpl.conv2d_vjp(dy, x, weight, bias, groups=groups, **attributes)
    n, c, h, w = x.shape
    mixed = np.swapaxes(x.reshape(n, c // groups, groups, h, w), 1, 2).reshape(x.shape)
    return dx, refimpl.conv2d_vjp(dy, mixed, weight, bias, groups=groups, **attributes)[1], dbias
