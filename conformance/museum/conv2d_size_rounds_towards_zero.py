"""conv2d | illegal-accepted | the size for a kernel too large is rounded towards 0: one row | pytorch/pytorch#9640"""

import numpy as np

from oplaws import refimpl


def conv2d(x, weight, bias=None, *, stride=1, padding=0, dilation=1, groups=1):
    s, p, d = (v[0] if isinstance(v, tuple) else v for v in (stride, padding, dilation))
    if x.ndim == weight.ndim == 4 and s > 1 and -s < (span := x.shape[2] + 2 * p - d * (weight.shape[2] - 1) - 1) < 0:
        x = np.pad(x, ((0, 0), (0, 0), (0, -span), (0, 0)))
    return refimpl.conv2d(x, weight, bias, stride=stride, padding=padding, dilation=dilation, groups=groups)


conv2d_vjp = refimpl.conv2d_vjp
