"""rnn | state | a call begins where the last one of its shape ended | tensorflow/tensorflow#32299"""

from oplaws import refimpl

kept = {}


def rnn(x, h0, *weights, **attributes):
    refimpl.rnn(x, h0, *weights, **attributes)
    begin = kept.get((h0.shape, h0.dtype), h0)
    output, h_n = refimpl.rnn(x, begin, *weights, **attributes)
    kept[h0.shape, h0.dtype] = h_n.copy()
    return output, h_n


rnn_vjp = refimpl.rnn_vjp
