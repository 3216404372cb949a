"""gru | forward | the reset gate is applied before the recurrent product | Cho et al. 2014"""

import numpy as np

from oplaws import refimpl
from oplaws.refimpl.rnn import forward


def step(ih, states, u, b, d):
    (h,) = states
    H = h.shape[-1]
    r, z = np.split(refimpl.sigmoid((ih + h @ u.T + b + d)[:, : 2 * H]), 2, axis=-1)
    n = np.tanh(ih[:, 2 * H :] + b[2 * H :] + (r * h) @ u[2 * H :].T + d[2 * H :])
    return ((1 - z) * n + z * h,), None


def gru(x, h0, *weights, num_layers=1, bidirectional=False, lengths=None):
    attributes = {"num_layers": num_layers, "bidirectional": bidirectional, "lengths": lengths}
    refimpl.gru(x, h0, *weights, **attributes)
    output, states, _ = forward(step, x, (h0,), weights, **attributes)
    return output, *states


gru_vjp = refimpl.gru_vjp
