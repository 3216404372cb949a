"""channel_dropout | forward | every element is drawn, not every channel | Dropout2d implemented by Dropout"""

from oplaws import refimpl


def channel_dropout(x, *, p, training, seed):
    refimpl.channel_dropout(x, p=p, training=training, seed=seed)
    return refimpl.dropout(x, p=p, training=training, seed=seed)


def channel_dropout_vjp(dy, x, *, p, training, seed):
    return refimpl.dropout_vjp(dy, x, p=p, training=training, seed=seed)
