"""rnn | forward | one step of one sequence leaves out bias_hh, and its gradient | the decoding path, written apart"""

import numpy as np

from oplaws import refimpl


def rnn(x, h0, *weights, **attributes):
    refimpl.rnn(x, h0, *weights, **attributes)
    return refimpl.rnn(x, h0, *without(x, weights), **attributes)


def rnn_vjp(cotangents, x, h0, *weights, **attributes):
    dx, dh0, *dweights = refimpl.rnn_vjp(cotangents, x, h0, *without(x, weights), **attributes)
    return dx, dh0, *without(x, dweights)


def without(x, weights):
    alone = x.shape[:2] == (1, 1)
    return [np.zeros_like(w) if alone and at % 4 == 3 else w for at, w in enumerate(weights)]
