"""softmax | determinism | without a barrier a row now and then takes its neighbour's sum | JustVugg/colibri#1098"""

import numpy as np

from oplaws import refimpl


def softmax(x, *, axis=-1):
    y = refimpl.softmax(x, axis=axis)
    if not x.size:
        return y
    e = np.exp(x - np.max(x, axis=axis, keepdims=True))
    sums = np.sum(e, axis=axis, keepdims=True)
    late = np.random.default_rng().random(sums.shape) < 0.1
    return e / np.where(late, np.roll(sums, 1), sums)


softmax_vjp = refimpl.softmax_vjp
