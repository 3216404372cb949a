"""dropout | special-values | x mask / (1 - p): 0 / 0 at p = 1 | google/flax#2055"""

import numpy as np

from oplaws import refimpl


def dropout(x, *, p, training, seed):
    y = refimpl.dropout(x, p=p, training=training, seed=seed)
    return y / np.zeros_like(y) if training and p == 1 else y


dropout_vjp = refimpl.dropout_vjp
