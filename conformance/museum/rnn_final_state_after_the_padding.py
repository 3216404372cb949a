"""rnn | state | the final state is that of the last time step, for every sequence | microsoft/onnxruntime#1400"""

from oplaws import refimpl


def rnn(x, h0, *weights, lengths=None, **attributes):
    output, h_n = refimpl.rnn(x, h0, *weights, lengths=lengths, **attributes)
    if lengths is not None and len(weights) == 4:
        h_n = refimpl.rnn(x, h0, *weights, lengths=None, **attributes)[1]
    return output, h_n


rnn_vjp = refimpl.rnn_vjp
