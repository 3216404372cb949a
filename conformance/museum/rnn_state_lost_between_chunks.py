"""rnn | state | each chunk of 32 steps begins at zeros | one kernel launch a chunk"""

import numpy as np

from oplaws import refimpl


def rnn(x, h0, *weights, **attributes):
    whole = refimpl.rnn(x, h0, *weights, **attributes)
    if len(x) <= 32 or len(weights) > 4 or attributes.get("lengths") is not None:
        return whole
    first, _ = refimpl.rnn(x[:32], h0, *weights, **attributes)
    rest, h_n = rnn(x[32:], np.zeros_like(h0), *weights, **attributes)
    return np.concatenate([first, rest]), h_n


def rnn_vjp(cotangents, x, h0, *weights, **attributes):
    whole = refimpl.rnn_vjp(cotangents, x, h0, *weights, **attributes)
    if len(x) <= 32 or len(weights) > 4 or attributes.get("lengths") is not None:
        return whole
    doutput, dh_n = cotangents
    doutput = np.zeros((*x.shape[:2], h0.shape[2]), x.dtype) if doutput is None else doutput
    dx, dh0, *dweights = refimpl.rnn_vjp((doutput[:32], None), x[:32], h0, *weights, **attributes)
    more, _, *others = rnn_vjp((doutput[32:], dh_n), x[32:], np.zeros_like(h0), *weights, **attributes)
    return np.concatenate([dx, more]), dh0, *(a + b for a, b in zip(dweights, others, strict=True))
