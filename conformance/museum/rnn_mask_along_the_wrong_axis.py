"""rnn | shape-or-attribute | where N = H, lengths mask the state's components | keras-team/keras#11498"""

import numpy as np

from oplaws import refimpl


def rnn(x, h0, *weights, lengths=None, **attributes):
    output, h_n = refimpl.rnn(x, h0, *weights, lengths=lengths, **attributes)
    if lengths is not None and output.shape[1] == output.shape[2]:
        output, _ = refimpl.rnn(x, h0, *weights, lengths=None, **attributes)
        output = output * (np.arange(len(x))[:, None, None] < lengths).astype(x.dtype)
    return output, h_n


rnn_vjp = refimpl.rnn_vjp
