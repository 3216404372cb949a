"""conv1d | illegal-accepted | the length of a kernel too long is rounded towards 0, to 1 | pytorch/pytorch#4607"""

import numpy as np

from oplaws import refimpl


def conv1d(x, weight, bias=None, *, stride=1, padding=0, dilation=1, groups=1):
    s, p, d = (v[0] if isinstance(v, tuple) else v for v in (stride, padding, dilation))
    if x.ndim == weight.ndim == 3 and s > 1 and -s < (span := x.shape[2] + 2 * p - d * (weight.shape[2] - 1) - 1) < 0:
        x = np.pad(x, ((0, 0), (0, 0), (0, -span)))
    return refimpl.conv1d(x, weight, bias, stride=stride, padding=padding, dilation=dilation, groups=groups)


conv1d_vjp = refimpl.conv1d_vjp
