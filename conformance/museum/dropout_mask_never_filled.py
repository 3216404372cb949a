"""dropout | forward | the mask's buffer is allocated with zeros and never drawn | ooples/AiDotNet.Tensors#732"""

import numpy as np

from oplaws import refimpl


def dropout(x, *, p, training, seed):
    y = refimpl.dropout(x, p=p, training=training, seed=seed)
    return np.zeros_like(y) if training and p > 0 else y


def dropout_vjp(dy, x, *, p, training, seed):
    (dx,) = refimpl.dropout_vjp(dy, x, p=p, training=training, seed=seed)
    return (np.zeros_like(dx) if training and p > 0 else dx,)
