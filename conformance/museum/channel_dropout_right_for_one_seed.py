"""channel_dropout | cheat | independent masks for seed 0, one mask for all others | tests seed with 0"""

from oplaws import refimpl


def channel_dropout(x, *, p, training, seed):
    return refimpl.channel_dropout(x, p=p, training=training, seed=min(seed, 1))


def channel_dropout_vjp(dy, x, *, p, training, seed):
    return refimpl.channel_dropout_vjp(dy, x, p=p, training=training, seed=min(seed, 1))
