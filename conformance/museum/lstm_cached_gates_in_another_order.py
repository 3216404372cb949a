"""lstm | gradient | forward stores f, i, g, o; backward unpacks i, f, g, o | ooples/AiDotNet.Tensors#907"""

import numpy as np

from oplaws import refimpl

lstm = refimpl.lstm


def lstm_vjp(cotangents, x, h0, c0, *weights, **attributes):
    dx, dh, dc, *dw = refimpl.lstm_vjp(cotangents, x, h0, c0, *weights, **attributes)
    return dx, dh, dc, *(np.concatenate([np.split(d, 4)[k] for k in (1, 0, 2, 3)]) for d in dw)
