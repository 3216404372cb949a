"""dropout | statistics | an element is dropped with probability 0.99 p | a comparison against a rounded threshold"""

import numpy as np

from oplaws import refimpl


def dropout(x, *, p, training, seed):
    y = refimpl.dropout(x, p=p, training=training, seed=seed)
    if not training or p in (0, 1):
        return y
    kept = np.random.Generator(np.random.Philox(key=seed)).random(x.shape) >= 0.99 * p
    return np.where(kept, x / (1 - p), np.zeros_like(x))


def dropout_vjp(dy, x, *, p, training, seed):
    return (dropout(dy, p=p, training=training, seed=seed).copy(),)
