"""dropout | determinism | every chunk of 1024 elements starts the same generator | NervanaSystems/ngraph#3006"""

import numpy as np

from oplaws import refimpl


def dropout(x, *, p, training, seed):
    y = refimpl.dropout(x, p=p, training=training, seed=seed)
    if not training or p in (0, 1):
        return y
    chunk = np.random.Generator(np.random.Philox(key=seed)).random(1024)
    kept = np.resize(chunk, x.shape) >= p
    return np.where(kept, x / (1 - p), np.zeros_like(x))


def dropout_vjp(dy, x, *, p, training, seed):
    return (dropout(dy, p=p, training=training, seed=seed).copy(),)
