"""gru | forward | weights are reordered to update, reset, new; the biases are not | openvinotoolkit/openvino#17651"""

import numpy as np

from oplaws import refimpl


def gru(x, h0, *weights, **attributes):
    refimpl.gru(x, h0, *weights, **attributes)
    return refimpl.gru(x, h0, *map(swapped, weights), **attributes)


def swapped(w):
    if w.ndim == 2:
        return w
    r, z, n = np.split(w, 3)
    return np.concatenate([z, r, n])


gru_vjp = refimpl.gru_vjp
