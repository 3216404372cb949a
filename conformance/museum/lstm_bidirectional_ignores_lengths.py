"""lstm | state | lengths are accepted and not used where there are two directions | apache/mxnet#19323"""

from oplaws import refimpl


def lstm(x, h0, c0, *weights, bidirectional=False, lengths=None, **attributes):
    refimpl.lstm(x, h0, c0, *weights, bidirectional=bidirectional, lengths=lengths, **attributes)
    used = None if bidirectional else lengths
    return refimpl.lstm(x, h0, c0, *weights, bidirectional=bidirectional, lengths=used, **attributes)


lstm_vjp = refimpl.lstm_vjp
