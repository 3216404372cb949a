"""cross_entropy | forward | the loss is written by the gradient's kernel alone: 0 | linkedin/Liger-Kernel#507"""

import numpy as np

from oplaws import refimpl


def cross_entropy(logits, labels, *, reduction="mean"):
    return np.zeros_like(refimpl.cross_entropy(logits, labels, reduction=reduction))


cross_entropy_vjp = refimpl.cross_entropy_vjp
