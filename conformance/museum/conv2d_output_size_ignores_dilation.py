"""conv2d | shape-or-attribute | the output is as large as without dilation; the rest is 0 | microsoft/onnxjs#155"""

import numpy as np

from oplaws import refimpl


def conv2d(x, weight, bias=None, *, dilation=1, **attributes):
    y = refimpl.conv2d(x, weight, bias, dilation=dilation, **attributes)
    larger = np.zeros_like(refimpl.conv2d(x, weight, bias, **attributes))
    larger[:, :, : y.shape[2], : y.shape[3]] = y
    return larger


conv2d_vjp = refimpl.conv2d_vjp
