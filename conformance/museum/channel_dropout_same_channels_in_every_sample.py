"""channel_dropout | statistics | one draw a channel, shared by the batch | noise_shape (1, C, 1, 1)"""

import numpy as np

from oplaws import refimpl


def channel_dropout(x, *, p, training, seed):
    y = refimpl.channel_dropout(x, p=p, training=training, seed=seed)
    if not training or p in (0, 1) or not x.size:
        return y
    kept = refimpl.channel_dropout(np.ones_like(x[:1]), p=p, training=True, seed=seed) > 0
    return np.where(kept, x / (1 - p), np.zeros_like(x))


def channel_dropout_vjp(dy, x, *, p, training, seed):
    return (channel_dropout(dy, p=p, training=training, seed=seed).copy(),)
