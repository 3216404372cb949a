"""lstm | forward | 1 is added to the forget gate before its sigmoid | TensorFlow's BasicLSTMCell has forget_bias=1.0"""

import numpy as np

from oplaws import refimpl


def lstm(x, h0, c0, *weights, **attributes):
    refimpl.lstm(x, h0, c0, *weights, **attributes)
    H = h0.shape[2]
    bump = np.where(np.arange(4 * H) // max(H, 1) == 1, 1, 0).astype(x.dtype)
    return refimpl.lstm(x, h0, c0, *(w + bump if at % 4 == 2 else w for at, w in enumerate(weights)), **attributes)


lstm_vjp = refimpl.lstm_vjp
