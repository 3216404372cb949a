"""channel_dropout | gradient | the backward pass draws a mask for every element | the two passes call two functions"""

from oplaws import refimpl

channel_dropout = refimpl.channel_dropout


def channel_dropout_vjp(dy, x, *, p, training, seed):
    return refimpl.dropout_vjp(dy, x, p=p, training=training, seed=seed)
