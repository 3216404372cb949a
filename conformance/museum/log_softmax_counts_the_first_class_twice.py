"""log_softmax | forward | the sum starts with the first class, then runs over all | it starts with element 0"""

import numpy as np

from oplaws import refimpl

softmax = refimpl.softmax
softmax_vjp = refimpl.softmax_vjp


def _first(x, axis):
    return x[(slice(None),) * (axis % x.ndim) + (slice(1),)]


def _rest(x, axis):
    return x[(slice(None),) * (axis % x.ndim) + (slice(1, None),)]


def log_softmax(x, *, axis=-1):
    if not x.size:
        return refimpl.log_softmax(x, axis=axis)
    y = refimpl.log_softmax(np.concatenate([_first(x, axis), x], axis), axis=axis)
    return _rest(y, axis).copy()


def log_softmax_vjp(dy, x, *, axis=-1):
    if not x.size:
        return refimpl.log_softmax_vjp(dy, x, axis=axis)
    more = np.concatenate([0 * _first(dy, axis), dy], axis)
    (both,) = refimpl.log_softmax_vjp(more, np.concatenate([_first(x, axis), x], axis), axis=axis)
    dx = _rest(both, axis).copy()
    _first(dx, axis)[...] += _first(both, axis)
    return (dx,)
