"""cross_entropy | special-values | one-hot product: a masked class gives 0 times -inf | google-deepmind/optax#896"""

import numpy as np

from oplaws import refimpl


def cross_entropy(logits, labels, *, reduction="mean"):
    refimpl.cross_entropy(logits, labels, reduction=reduction)
    one_hot = (labels[:, None] == np.arange(logits.shape[1])).astype(logits.dtype)
    losses = -np.sum(one_hot * refimpl.log_softmax(logits), axis=1)
    if reduction == "none":
        return losses
    return losses.sum() if reduction == "sum" or not losses.size else losses.mean()


cross_entropy_vjp = refimpl.cross_entropy_vjp
