"""dropout | gradient | the backward pass takes y / x for the mask, and 1 where x is 0 | kaldi-asr/kaldi#3890"""

import numpy as np

from oplaws import refimpl

dropout = refimpl.dropout


def dropout_vjp(dy, x, *, p, training, seed):
    (dx,) = refimpl.dropout_vjp(dy, x, p=p, training=training, seed=seed)
    return (np.where(x == 0, dy, dx),)
