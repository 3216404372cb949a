"""conv2d | gradient | grouped, not depthwise, strided: dweight of later groups steps by 1 | iree-org/iree#23786"""

import numpy as np

from oplaws import refimpl

conv2d = refimpl.conv2d


def conv2d_vjp(dy, x, weight, bias=None, *, stride=1, padding=0, dilation=1, groups=1):
    own = {"padding": padding, "dilation": dilation, "groups": groups}
    dx, dweight, dbias = refimpl.conv2d_vjp(dy, x, weight, bias, stride=stride, **own)
    if 1 < groups < x.shape[1] and stride not in (1, (1, 1)):
        full = np.zeros_like(refimpl.conv2d(x, weight, **own))
        full[:, :, : dy.shape[2], : dy.shape[3]] = dy
        first = len(weight) // groups
        dweight[first:] = refimpl.conv2d_vjp(full, x, weight, **own)[1][first:]
    return dx, dweight, dbias
