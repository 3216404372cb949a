"""lstm | forward | c' = f c + i + g | MartinuzziFrancesco/torchrecurrent#22"""

import numpy as np

from oplaws import refimpl
from oplaws.refimpl.rnn import forward


def step(ih, states, u, b, d):
    h, c = states
    i, f, g, o = np.split(ih + h @ u.T + b + d, 4, axis=-1)
    c = refimpl.sigmoid(f) * c + refimpl.sigmoid(i) + np.tanh(g)
    return (refimpl.sigmoid(o) * np.tanh(c), c), None


def lstm(x, h0, c0, *weights, num_layers=1, bidirectional=False, lengths=None):
    attributes = {"num_layers": num_layers, "bidirectional": bidirectional, "lengths": lengths}
    refimpl.lstm(x, h0, c0, *weights, **attributes)
    output, states, _ = forward(step, x, (h0, c0), weights, **attributes)
    return output, *states


lstm_vjp = refimpl.lstm_vjp
