"""lstm | forward | the rows are read in the order input, output, forget, cell | CrispStrobe/CrispASR#106"""

import numpy as np

from oplaws import refimpl


def lstm(x, h0, c0, *weights, **attributes):
    return refimpl.lstm(x, h0, c0, *turned(weights, (0, 2, 3, 1)), **attributes)


def lstm_vjp(cotangents, x, h0, c0, *weights, **attributes):
    dx, dh, dc, *dw = refimpl.lstm_vjp(cotangents, x, h0, c0, *turned(weights, (0, 2, 3, 1)), **attributes)
    return dx, dh, dc, *turned(dw, (0, 3, 1, 2))


def turned(weights, order):
    return [np.concatenate([np.split(w, 4)[k] for k in order]) for w in weights]
