"""binary_cross_entropy_with_logits | special-values | log(1 + e^-z) as it stands: overflows | pytorch/pytorch#13773"""

import numpy as np

from oplaws import refimpl


def binary_cross_entropy_with_logits(logits, targets, *, reduction="mean"):
    refimpl.binary_cross_entropy_with_logits(logits, targets, reduction=reduction)
    loss = (1 - targets) * logits + np.log1p(np.exp(-logits))
    total = np.sum(loss)
    return loss if reduction == "none" else total if reduction == "sum" else total / loss.size


binary_cross_entropy_with_logits_vjp = refimpl.binary_cross_entropy_with_logits_vjp
