"""channel_dropout | illegal-accepted | an array of one axis is taken as well | pytorch/pytorch#22879"""

from oplaws import refimpl


def channel_dropout(x, *, p, training, seed):
    if x.ndim == 1:
        return refimpl.dropout(x, p=p, training=training, seed=seed)
    return refimpl.channel_dropout(x, p=p, training=training, seed=seed)


channel_dropout_vjp = refimpl.channel_dropout_vjp
