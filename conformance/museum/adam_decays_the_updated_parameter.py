"""adam | state | the decay is taken from the parameter after its step | huggingface/transformers#14539"""

from oplaws import refimpl


def adam(*arrays, step, lr=1e-3, weight_decay=0.0, **attributes):
    refimpl.adam(*arrays, step=step, lr=lr, weight_decay=weight_decay, **attributes)
    p, m, v = refimpl.adam(*arrays, step=step, lr=lr, **attributes)
    return p - lr * weight_decay * p, m, v
