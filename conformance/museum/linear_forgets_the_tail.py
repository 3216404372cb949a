"""linear | forward | the tail of the inputs is left out | a loop unrolled by four without its rest"""

import numpy as np

from oplaws import refimpl


def _whole(array):
    """The last axis with zeros behind its last whole block of four."""
    d = array.shape[-1]
    return np.where(np.arange(d) < d // 4 * 4, array, 0)


def linear(x, weight, bias=None):
    refimpl.linear(x, weight, bias)
    return refimpl.linear(_whole(x), weight, bias)


def linear_vjp(dy, x, weight, bias=None):
    refimpl.linear_vjp(dy, x, weight, bias)
    dx, dweight, dbias = refimpl.linear_vjp(dy, _whole(x), weight, bias)
    return _whole(dx), dweight, dbias
