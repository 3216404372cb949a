"""rnn | gradient | dw = in place of dw +=: the first step's alone remains | tensorflow/swift-apis#518"""

import numpy as np

from oplaws import refimpl
from oplaws.refimpl.rnn import backward, steps

rnn = refimpl.rnn


def rnn_vjp(cotangents, x, h0, *weights, nonlinearity="tanh", num_layers=1, bidirectional=False, lengths=None):
    attributes = {"num_layers": num_layers, "bidirectional": bidirectional, "lengths": lengths}
    results = refimpl.rnn(x, h0, *weights, nonlinearity=nonlinearity, **attributes)
    cotangents = [np.zeros_like(y) if dy is None else dy for dy, y in zip(cotangents, results)]
    step, step_vjp = steps(nonlinearity)
    seen = []

    def watched(*arguments):
        seen.append(step_vjp(*arguments))
        return seen[-1]

    dx, dh0, _, *rest = backward(step, watched, cotangents, x, (h0,), weights, **attributes)
    return dx, dh0, seen[-1][0].T @ x[0], *rest
