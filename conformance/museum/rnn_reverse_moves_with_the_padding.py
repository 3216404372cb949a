"""rnn | state | the reverse direction starts in the padding, its state not held | keras-team/keras#4192"""

import numpy as np

from oplaws import refimpl


def rnn(x, h0, *weights, num_layers=1, bidirectional=False, lengths=None, **attributes):
    shape = {"num_layers": num_layers, "bidirectional": bidirectional}
    output, h_n = refimpl.rnn(x, h0, *weights, lengths=lengths, **shape, **attributes)
    if lengths is None or not bidirectional or num_layers > 1:
        return output, h_n
    here = (np.arange(len(x))[:, None] < lengths)[..., None]
    back, end = refimpl.rnn(np.where(here, x, 0)[::-1], h0[1:], *weights[4:], **attributes)
    output[..., h0.shape[2] :] = np.where(here, back[::-1], 0)
    return output, np.concatenate([h_n[:1], end])


rnn_vjp = refimpl.rnn_vjp
