"""conv2d | illegal-accepted | a kernel larger than the input gives an empty output | keras-team/keras#6649"""

import numpy as np

from oplaws import refimpl


def conv2d(x, weight, bias=None, *, stride=1, padding=0, dilation=1, groups=1):
    attributes = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    try:
        return refimpl.conv2d(x, weight, bias, **attributes)
    except ValueError as error:
        if "kernel inside the padded input" not in str(error):
            raise
    return np.empty((len(x), len(weight), 0, 0), x.dtype)


conv2d_vjp = refimpl.conv2d_vjp
