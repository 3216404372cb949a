"""dropout | statistics | random bytes are compared: p is a multiple of 1/256 | four draws a word"""

import numpy as np

from oplaws import refimpl


def dropout(x, *, p, training, seed):
    y = refimpl.dropout(x, p=p, training=training, seed=seed)
    if not training or p in (0, 1):
        return y
    kept = np.random.Generator(np.random.Philox(key=seed)).integers(0, 256, x.shape) >= round(256 * p)
    return np.where(kept, x / (1 - p), np.zeros_like(x))


def dropout_vjp(dy, x, *, p, training, seed):
    return (dropout(dy, p=p, training=training, seed=seed).copy(),)
