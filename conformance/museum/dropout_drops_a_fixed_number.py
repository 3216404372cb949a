"""dropout | statistics | exactly round(p n) elements are dropped | choice without replacement"""

import numpy as np

from oplaws import refimpl


def dropout(x, *, p, training, seed):
    y = refimpl.dropout(x, p=p, training=training, seed=seed)
    if not training or p in (0, 1):
        return y
    order = np.random.Generator(np.random.Philox(key=seed)).permutation(x.size).reshape(x.shape)
    return np.where(order >= round(p * x.size), x / (1 - p), np.zeros_like(x))


def dropout_vjp(dy, x, *, p, training, seed):
    return (dropout(dy, p=p, training=training, seed=seed).copy(),)
