"""softmax | forward | the sum starts with the first class, then runs over all | it starts with element 0"""

import numpy as np

from oplaws import refimpl


def _first(x, axis):
    return x[(slice(None),) * (axis % x.ndim) + (slice(1),)]


def _rest(x, axis):
    return x[(slice(None),) * (axis % x.ndim) + (slice(1, None),)]


def softmax(x, *, axis=-1):
    if not x.size:
        return refimpl.softmax(x, axis=axis)
    y = refimpl.softmax(np.concatenate([_first(x, axis), x], axis), axis=axis)
    return _rest(y, axis).copy()


def softmax_vjp(dy, x, *, axis=-1):
    refimpl.softmax_vjp(dy, x, axis=axis)
    y, times = softmax(x, axis=axis), np.ones_like(x)
    _first(times, axis)[...] = 2
    return (y * (dy - times * np.sum(y * dy, axis=axis, keepdims=True)),)
