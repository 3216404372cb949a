"""conv2d | precision | 3x3, padded: edge tiles read the border again, not 0 | openvinotoolkit/openvino#33681"""

import numpy as np

from oplaws import refimpl


def conv2d(x, weight, bias=None, *, stride=1, padding=0, dilation=1, groups=1):
    y = refimpl.conv2d(x, weight, bias, stride=stride, padding=padding, dilation=dilation, groups=groups)
    if weight.shape[2:] != (3, 3) or stride not in (1, (1, 1)) or not x.size:
        return y
    p, q = padding if isinstance(padding, tuple) else (padding, padding)
    x = np.pad(x, ((0, 0), (0, 0), (p, p), (q, q)), mode="edge")
    return refimpl.conv2d(x, weight, bias, dilation=dilation, groups=groups)


conv2d_vjp = refimpl.conv2d_vjp
