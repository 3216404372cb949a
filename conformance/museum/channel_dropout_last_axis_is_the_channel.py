"""channel_dropout | layout | columns of the last axis are dropped: channels-last | Keras' default"""

import numpy as np

from oplaws import refimpl


def channel_dropout(x, *, p, training, seed):
    refimpl.channel_dropout(x, p=p, training=training, seed=seed)
    return np.moveaxis(refimpl.channel_dropout(np.moveaxis(x, -1, 1), p=p, training=training, seed=seed), 1, -1).copy()


def channel_dropout_vjp(dy, x, *, p, training, seed):
    return (channel_dropout(dy, p=p, training=training, seed=seed),)
