"""dropout | statistics | the second half of the draws is one minus the first | antithetic variates"""

import numpy as np

from oplaws import refimpl


def dropout(x, *, p, training, seed):
    y = refimpl.dropout(x, p=p, training=training, seed=seed)
    if not training or p in (0, 1):
        return y
    u = np.random.Generator(np.random.Philox(key=seed)).random((x.size + 1) // 2)
    u = np.concatenate([u, 1 - u])[: x.size].reshape(x.shape)
    return np.where(u >= p, x / (1 - p), np.zeros_like(x))


def dropout_vjp(dy, x, *, p, training, seed):
    return (dropout(dy, p=p, training=training, seed=seed).copy(),)
