"""log_softmax | forward | zeros that fill up the last of several blocks of 8 enter the sum | masked load, other=0"""

import numpy as np

from oplaws import refimpl

softmax = refimpl.softmax
softmax_vjp = refimpl.softmax_vjp


def _padded(array, axis):
    width, n = [(0, 0)] * array.ndim, array.shape[axis]
    width[axis] = (0, -n % 8 if n > 8 else 0)
    return np.pad(array, width)


def _cut(array, x, axis):
    return np.take(array, range(x.shape[axis]), axis)


def log_softmax(x, *, axis=-1):
    refimpl.log_softmax(x, axis=axis)
    return _cut(refimpl.log_softmax(_padded(x, axis), axis=axis), x, axis)


def log_softmax_vjp(dy, x, *, axis=-1):
    refimpl.log_softmax_vjp(dy, x, axis=axis)
    (dx,) = refimpl.log_softmax_vjp(_padded(dy, axis), _padded(x, axis), axis=axis)
    return (_cut(dx, x, axis),)
