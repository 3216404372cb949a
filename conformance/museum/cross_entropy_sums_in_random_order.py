"""cross_entropy | determinism | losses are added as threads come: other bits each call | pytorch/pytorch#17350"""

import numpy as np

from oplaws import refimpl


def cross_entropy(logits, labels, *, reduction="mean"):
    loss = refimpl.cross_entropy(logits, labels, reduction="none")
    if reduction not in ("sum", "mean"):
        return refimpl.cross_entropy(logits, labels, reduction=reduction)
    total = loss.dtype.type(0)
    for i in np.random.default_rng().permutation(loss.size):
        total = total + loss[i]
    return total if reduction == "sum" or not loss.size else total / loss.size


cross_entropy_vjp = refimpl.cross_entropy_vjp
