"""rnn | shape-or-attribute | the reverse direction is not told the nonlinearity | passed on once of twice"""

import numpy as np

from oplaws import refimpl


def rnn(x, h0, *weights, nonlinearity="tanh", num_layers=1, bidirectional=False, lengths=None):
    attributes = {"num_layers": num_layers, "bidirectional": bidirectional, "lengths": lengths}
    output, h_n = refimpl.rnn(x, h0, *weights, nonlinearity=nonlinearity, **attributes)
    if nonlinearity == "relu" and bidirectional and num_layers == 1:
        other, end = refimpl.rnn(x, h0, *weights, nonlinearity="tanh", **attributes)
        H = h0.shape[2]
        return np.concatenate([output[..., :H], other[..., H:]], axis=2), np.concatenate([h_n[:1], end[1:]])
    return output, h_n


rnn_vjp = refimpl.rnn_vjp
