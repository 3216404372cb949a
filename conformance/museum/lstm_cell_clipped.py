"""lstm | special-values | the cell is clipped to [-50, 50] | cell_clip of speech models, left on"""

import numpy as np

from oplaws import refimpl
from oplaws.refimpl.lstm import step
from oplaws.refimpl.rnn import forward


def clipped(ih, states, u, b, d):
    (h, c), kept = step(ih, states, u, b, d)
    return (h, np.clip(c, -50, 50)), kept


def lstm(x, h0, c0, *weights, num_layers=1, bidirectional=False, lengths=None):
    attributes = {"num_layers": num_layers, "bidirectional": bidirectional, "lengths": lengths}
    refimpl.lstm(x, h0, c0, *weights, **attributes)
    output, states, _ = forward(clipped, x, (h0, c0), weights, **attributes)
    return output, *states


lstm_vjp = refimpl.lstm_vjp
