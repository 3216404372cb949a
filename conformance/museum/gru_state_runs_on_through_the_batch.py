"""gru | state | each sequence starts where the one before it ended | alibaba/MNN#1573"""

from oplaws import refimpl


def gru(x, h0, *weights, lengths=None, **attributes):
    output, h_n = refimpl.gru(x, h0, *weights, lengths=lengths, **attributes)
    for n in range(1, x.shape[1]):
        own, begin = slice(n, n + 1), h_n[:, n - 1 : n]
        end = None if lengths is None else lengths[own]
        output[:, own], h_n[:, own] = refimpl.gru(x[:, own], begin, *weights, lengths=end, **attributes)
    return output, h_n


gru_vjp = refimpl.gru_vjp
