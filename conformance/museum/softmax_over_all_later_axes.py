"""softmax | shape-or-attribute | normalised over the axis and all after it | openvinotoolkit/openvino#37823"""

import math

from oplaws import refimpl


def softmax(x, *, axis=-1):
    refimpl.softmax(x, axis=axis)
    start = axis % x.ndim
    rows = x.reshape(*x.shape[:start], math.prod(x.shape[start:]))
    return refimpl.softmax(rows, axis=-1).reshape(x.shape)


softmax_vjp = refimpl.softmax_vjp
