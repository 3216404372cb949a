"""rnn | gradient | the backward pass goes through the padded steps as well | apache/mxnet#15278"""

from oplaws import refimpl

rnn = refimpl.rnn


def rnn_vjp(cotangents, x, h0, *weights, lengths=None, **attributes):
    return refimpl.rnn_vjp(cotangents, x, h0, *weights, lengths=None, **attributes)
