"""gru | forward | where sizes allow, the second layer reads x | one variable used twice"""

from oplaws import refimpl


def gru(x, h0, *weights, num_layers=1, bidirectional=False, lengths=None):
    attributes = {"bidirectional": bidirectional, "lengths": lengths}
    output, h_n = refimpl.gru(x, h0, *weights, num_layers=num_layers, **attributes)
    if num_layers == 2 and x.shape[2] == output.shape[2]:
        half = len(h0) // 2
        output, h_n[half:] = refimpl.gru(x, h0[half:], *weights[4 * half :], **attributes)
    return output, h_n


gru_vjp = refimpl.gru_vjp
