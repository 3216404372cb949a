"""lstm | state | c_n is 1.25 of the last cell, the scale of a dropout of 0.2 | dropout scales in evaluation"""

from oplaws import refimpl


def lstm(x, h0, c0, *weights, **attributes):
    output, h_n, c_n = refimpl.lstm(x, h0, c0, *weights, **attributes)
    return output, h_n, c_n * x.dtype.type(1.25)


def lstm_vjp(cotangents, x, h0, c0, *weights, **attributes):
    doutput, dh_n, dc_n = cotangents
    dc_n = None if dc_n is None else dc_n * x.dtype.type(1.25)
    return refimpl.lstm_vjp((doutput, dh_n, dc_n), x, h0, c0, *weights, **attributes)
