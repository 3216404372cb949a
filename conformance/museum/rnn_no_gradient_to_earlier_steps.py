"""rnn | gradient | the cotangent of the state before is left out of the loop | qixianbiao/RNN#2"""

import numpy as np

from oplaws import refimpl
from oplaws.refimpl.rnn import backward, steps

rnn = refimpl.rnn


def rnn_vjp(cotangents, x, h0, *weights, nonlinearity="tanh", num_layers=1, bidirectional=False, lengths=None):
    attributes = {"num_layers": num_layers, "bidirectional": bidirectional, "lengths": lengths}
    results = refimpl.rnn(x, h0, *weights, nonlinearity=nonlinearity, **attributes)
    cotangents = [np.zeros_like(y) if dy is None else dy for dy, y in zip(cotangents, results)]
    step, step_vjp = steps(nonlinearity)

    def cut(*arguments):
        dih, dhh, (dh,) = step_vjp(*arguments)
        return dih, dhh, (np.zeros_like(dh),)

    return backward(step, cut, cotangents, x, (h0,), weights, **attributes)
