"""binary_cross_entropy_with_logits | special-values | the shift is max(z, 0), not max(-z, 0) | pytorch/pytorch#2221"""

import numpy as np

from oplaws import refimpl


def binary_cross_entropy_with_logits(logits, targets, *, reduction="mean"):
    refimpl.binary_cross_entropy_with_logits(logits, targets, reduction=reduction)
    z, t, m = logits, targets, np.maximum(logits, 0)
    loss = z - z * t + m + np.log(np.exp(-m) + np.exp(-z - m))
    total = np.sum(loss)
    return loss if reduction == "none" else total if reduction == "sum" else total / loss.size


binary_cross_entropy_with_logits_vjp = refimpl.binary_cross_entropy_with_logits_vjp
