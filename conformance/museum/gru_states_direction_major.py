"""gru | shape-or-attribute | final states: all forward layers, then all reverse | another order of stacking"""

import numpy as np

from oplaws import refimpl


def gru(x, h0, *weights, bidirectional=False, **attributes):
    output, h_n = refimpl.gru(x, h0, *weights, bidirectional=bidirectional, **attributes)
    return output, np.concatenate([h_n[::2], h_n[1::2]]) if bidirectional else h_n


gru_vjp = refimpl.gru_vjp
