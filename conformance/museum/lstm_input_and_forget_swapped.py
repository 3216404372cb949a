"""lstm | forward | the rows are read in the order forget, input, cell, output | NX-AI/xlstm#98"""

import numpy as np

from oplaws import refimpl


def lstm(x, h0, c0, *weights, **attributes):
    return refimpl.lstm(x, h0, c0, *turned(weights), **attributes)


def lstm_vjp(cotangents, x, h0, c0, *weights, **attributes):
    dx, dh, dc, *dw = refimpl.lstm_vjp(cotangents, x, h0, c0, *turned(weights), **attributes)
    return dx, dh, dc, *turned(dw)


def turned(weights):
    return [np.concatenate([np.split(w, 4)[k] for k in (1, 0, 2, 3)]) for w in weights]
