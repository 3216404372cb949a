"""cross_entropy | special-values | -log(max(p, 1e-7)): a wrong prediction costs 16 at most | Keras' epsilon"""

import numpy as np

from oplaws import refimpl


def cross_entropy(logits, labels, *, reduction="mean"):
    refimpl.cross_entropy(logits, labels, reduction=reduction)
    loss = np.minimum(refimpl.cross_entropy(logits, labels, reduction="none"), -np.log(logits.dtype.type(1e-7)))
    total = np.sum(loss)
    return loss if reduction == "none" else total if reduction == "sum" else total / loss.size


cross_entropy_vjp = refimpl.cross_entropy_vjp
