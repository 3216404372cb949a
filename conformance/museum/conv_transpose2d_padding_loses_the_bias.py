"""conv_transpose2d | forward | with padding, the bias goes to a buffer that was already copied | cropping copies"""

import numpy as np

from oplaws import refimpl


def conv_transpose2d(x, weight, bias=None, *, padding=0, **attributes):
    refimpl.conv_transpose2d(x, weight, bias, padding=padding, **attributes)
    return refimpl.conv_transpose2d(x, weight, None if np.any(padding) else bias, padding=padding, **attributes)


def conv_transpose2d_vjp(dy, x, weight, bias=None, *, padding=0, **attributes):
    dx, dweight, dbias = refimpl.conv_transpose2d_vjp(dy, x, weight, bias, padding=padding, **attributes)
    if bias is not None and np.any(padding):
        dbias = np.zeros_like(dbias)
    return dx, dweight, dbias
