"""lstm | gradient | backpropagation through time stops after 32 steps | truncated BPTT as a default"""

import numpy as np

from oplaws import refimpl
from oplaws.refimpl.lstm import step, step_vjp
from oplaws.refimpl.rnn import backward

lstm = refimpl.lstm


def lstm_vjp(cotangents, x, h0, c0, *weights, num_layers=1, bidirectional=False, lengths=None):
    attributes = {"num_layers": num_layers, "bidirectional": bidirectional, "lengths": lengths}
    results = refimpl.lstm(x, h0, c0, *weights, **attributes)
    cotangents = [np.zeros_like(y) if dy is None else dy for dy, y in zip(cotangents, results)]
    calls = []

    def short(*arguments):
        calls.append(None)
        dih, dhh, states = step_vjp(*arguments)
        return dih, dhh, tuple(0 * s for s in states) if (len(calls) - 1) % len(x) == 31 and len(x) > 32 else states

    return backward(step, short, cotangents, x, (h0, c0), weights, **attributes)
