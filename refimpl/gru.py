"""GRU, gated recurrent unit: a recurrent network whose state moves a gated part of the way to a candidate.

    r = sigmoid(x_t @ w_r.T + h @ u_r.T + b_r + d_r)            reset
    z = sigmoid(x_t @ w_z.T + h @ u_z.T + b_z + d_z)            update: how much of h stays
    n = tanh(x_t @ w_n.T + b_n + r (h @ u_n.T + d_n))           new
    h' = (1 - z) n + z h

The rows of w, u, b, d are stacked in the order r, z, n (Keras and ONNX: z, r, h). The reset gate is applied after
the recurrent product, as in PyTorch, cuDNN and Keras' reset_after (ONNX: linear_before_reset = 1); Cho et al. applied
it before. Papers differ on whether z keeps or replaces; here it keeps. How the step is repeated over time, directions
and layers, and back: rnn.py.
"""

import numpy as np

from .activations import sigmoid
from .operator import operator, result
from .rnn import backward, declaration, forward
from .words import lerp


def step(ih, states, u, b, d):
    (h,) = states
    hh = h @ u.T
    gates, new = slice(2 * h.shape[-1]), slice(2 * h.shape[-1], None)
    r, z = np.split(sigmoid(ih[:, gates] + hh[:, gates] + b[gates] + d[gates]), 2, axis=-1)
    q = hh[:, new] + d[new]
    n = np.tanh(ih[:, new] + b[new] + r * q)
    return (lerp(n, h, z),), (r, z, n, q)


def step_vjp(dstates, kept, states, u):
    (dh,), (r, z, n, q), (h,) = dstates, kept, states
    da = dh * (1 - z) * (1 - n * n)
    dr = da * q * (r * (1 - r))
    dz = dh * (h - n) * (z * (1 - z))
    dhh = np.concatenate([dr, dz, da * r], axis=-1)
    return np.concatenate([dr, dz, da], axis=-1), dhh, (dhh @ u + dh * z,)


@operator(
    **declaration(gates=3, states=("h0",)),
    returns={"output": result("T N directions*H"), "h_n": result("num_layers*directions N H")},
    source="Cho et al. 2014",
)
def gru(x, h0, *weights, num_layers=1, bidirectional=False, lengths=None):
    """h' = (1 - z) n + z h -> all h of the last layer, and the last h of each layer and direction."""
    attributes = {"num_layers": num_layers, "bidirectional": bidirectional, "lengths": lengths}
    output, (h_n,), _ = forward(step, x, (h0,), weights, **attributes)
    return output, h_n


@gru.vjp
def gru_vjp(cotangents, x, h0, *weights, **attributes):
    return backward(step, step_vjp, cotangents, x, (h0,), weights, **attributes)
