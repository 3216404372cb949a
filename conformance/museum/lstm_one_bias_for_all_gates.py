"""lstm | forward | forget and cell use the bias of the output gate | ddbourgin/numpy-ml#42"""

import numpy as np

from oplaws import refimpl


def lstm(x, h0, c0, *weights, **attributes):
    refimpl.lstm(x, h0, c0, *weights, **attributes)
    return refimpl.lstm(x, h0, c0, *map(biased, weights), **attributes)


def biased(w):
    if w.ndim == 2:
        return w
    i, _, _, o = np.split(w, 4)
    return np.concatenate([i, o, o, o])


lstm_vjp = refimpl.lstm_vjp
