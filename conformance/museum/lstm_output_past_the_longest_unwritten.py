"""lstm | empty-or-size-1 | what lies past the longest sequence is never written | microsoft/onnxruntime#1193"""

import numpy as np

from oplaws import refimpl


def lstm(x, h0, c0, *weights, lengths=None, **attributes):
    output, h_n, c_n = refimpl.lstm(x, h0, c0, *weights, lengths=lengths, **attributes)
    if lengths is not None and lengths.size:
        output[np.max(lengths) :] = 1  # whatever was there
    return output, h_n, c_n


lstm_vjp = refimpl.lstm_vjp
