"""lstm | state | the reverse direction turns the whole padded axis | deeplearning4j/deeplearning4j#1030"""

import numpy as np

from oplaws import refimpl


def lstm(x, h0, c0, *weights, num_layers=1, bidirectional=False, lengths=None):
    shape = {"num_layers": num_layers, "bidirectional": bidirectional}
    output, h_n, c_n = refimpl.lstm(x, h0, c0, *weights, lengths=lengths, **shape)
    if lengths is None or not bidirectional or num_layers > 1:
        return output, h_n, c_n
    here = (np.arange(len(x))[:, None] < lengths)[..., None]
    back, h, c = refimpl.lstm(np.where(here, x, 0)[::-1], h0[1:], c0[1:], *weights[4:])
    output[..., h0.shape[2] :] = np.where(here, back[::-1], 0)
    return output, np.concatenate([h_n[:1], h]), np.concatenate([c_n[:1], c])


lstm_vjp = refimpl.lstm_vjp
