"""lstm | state | c0 is not read where lengths are given | a packed path that allocates its own cell"""

from oplaws import refimpl


def lstm(x, h0, c0, *weights, lengths=None, **attributes):
    refimpl.lstm(x, h0, c0, *weights, lengths=lengths, **attributes)
    return refimpl.lstm(x, h0, c0 if lengths is None else 0 * c0, *weights, lengths=lengths, **attributes)


lstm_vjp = refimpl.lstm_vjp
