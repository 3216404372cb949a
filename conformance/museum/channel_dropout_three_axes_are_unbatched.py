"""channel_dropout | shape-or-attribute | (N, C, L) is read as one image: samples are dropped | pytorch/pytorch#69801"""

from oplaws import refimpl


def channel_dropout(x, *, p, training, seed):
    if x.ndim != 3:
        return refimpl.channel_dropout(x, p=p, training=training, seed=seed)
    return refimpl.channel_dropout(x[None], p=p, training=training, seed=seed)[0].copy()


def channel_dropout_vjp(dy, x, *, p, training, seed):
    if x.ndim != 3:
        return refimpl.channel_dropout_vjp(dy, x, p=p, training=training, seed=seed)
    return (refimpl.channel_dropout_vjp(dy[None], x[None], p=p, training=training, seed=seed)[0][0].copy(),)
