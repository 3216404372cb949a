"""gru | forward | h' = z n + (1 - z) h | half of the literature has it so"""

from oplaws import refimpl
from oplaws.refimpl.gru import step
from oplaws.refimpl.rnn import forward


def reverse(ih, states, u, b, d):
    _, (r, z, n, q) = step(ih, states, u, b, d)
    return (z * n + (1 - z) * states[0],), (r, z, n, q)


def gru(x, h0, *weights, num_layers=1, bidirectional=False, lengths=None):
    attributes = {"num_layers": num_layers, "bidirectional": bidirectional, "lengths": lengths}
    refimpl.gru(x, h0, *weights, **attributes)
    output, states, _ = forward(reverse, x, (h0,), weights, **attributes)
    return output, *states


gru_vjp = refimpl.gru_vjp
