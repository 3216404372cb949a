"""gru | forward | n is 1.25 tanh(..), the scale of a dropout of 0.2 | recurrent dropout scales in evaluation"""

from dataclasses import replace

import numpy as np

from oplaws import refimpl
from oplaws.refimpl.gru import step
from oplaws.refimpl.rnn import backward, forward


def scaled(ih, states, *weights):
    _, (r, z, n, q) = step(ih, states, *weights)
    return ((1 - z) * (1.25 * n) + z * states[0],), (r, z, n, q)


def scaled_vjp(dstates, kept, states, u):
    (dh,), (r, z, n, q), (h,) = dstates, kept, states
    da = 1.25 * dh * (1 - z) * (1 - n * n)
    dr, dz = da * q * (r * (1 - r)), dh * (h - 1.25 * n) * (z * (1 - z))
    dhh = np.concatenate([dr, dz, da * r], axis=-1)
    return np.concatenate([dr, dz, da], axis=-1), dhh, (dhh @ u + dh * z,)


def gru(x, h0, *weights, num_layers=1, bidirectional=False, lengths=None):
    attributes = {"num_layers": num_layers, "bidirectional": bidirectional, "lengths": lengths}
    output, (h_n,), _ = forward(scaled, x, (h0,), weights, **attributes)
    return output, h_n


gru = replace(refimpl.gru, text=gru)


@gru.vjp
def gru_vjp(cotangents, x, h0, *weights, **attributes):
    return backward(scaled, scaled_vjp, cotangents, x, (h0,), weights, **attributes)
