"""LSTM, long short-term memory: a recurrent network whose memory is a gated running sum.

    a = x_t @ w.T + h @ u.T + b + d,   its 4H columns in the order i, f, g, o (input, forget, cell, output)
    i, f, o = sigmoid(a_i), sigmoid(a_f), sigmoid(a_o);   g = tanh(a_g)
    c' = f c + i g;   h' = o tanh(c')

The order of the gates is PyTorch's, cuDNN's and Keras' (i, f, c, o there); ONNX has i, o, f, c. There are no
peepholes and no added forget bias. How the step is repeated over time, directions and layers, and back: rnn.py.
"""

import numpy as np

from .activations import sigmoid
from .operator import operator, result
from .rnn import backward, declaration, forward


def step(ih, states, u, b, d):
    h, c = states
    H = h.shape[-1]
    a = ih + h @ u.T + b + d
    i, f = np.split(sigmoid(a[:, : 2 * H]), 2, axis=-1)
    g, o = np.tanh(a[:, 2 * H : 3 * H]), sigmoid(a[:, 3 * H :])
    c = f * c + i * g
    t = np.tanh(c)
    return (o * t, c), (i, f, g, o, t)


def step_vjp(dstates, kept, states, u):
    (dh, dc), (i, f, g, o, t), (_, c) = dstates, kept, states
    dc = dc + dh * o * (1 - t * t)
    da = np.concatenate(
        [
            dc * g * (i * (1 - i)),
            dc * c * (f * (1 - f)),
            dc * i * (1 - g * g),
            dh * t * (o * (1 - o)),
        ],
        axis=-1,
    )
    return da, da, (da @ u, dc * f)


@operator(
    **declaration(gates=4, states=("h0", "c0")),
    returns={
        "output": result("T N directions*H", -1, 1),
        "h_n": result("num_layers*directions N H", -1, 1),
        "c_n": result("num_layers*directions N H"),
    },
    source="Hochreiter & Schmidhuber 1997; forget gate: Gers et al. 2000",
)
def lstm(x, h0, c0, *weights, num_layers=1, bidirectional=False, lengths=None):
    """c' = f c + i g, h' = o tanh(c') -> all h of the last layer, and the last h and c of each layer and direction."""
    attributes = {"num_layers": num_layers, "bidirectional": bidirectional, "lengths": lengths}
    output, (h_n, c_n), _ = forward(step, x, (h0, c0), weights, **attributes)
    return output, h_n, c_n


@lstm.vjp
def lstm_vjp(cotangents, x, h0, c0, *weights, **attributes):
    return backward(step, step_vjp, cotangents, x, (h0, c0), weights, **attributes)
