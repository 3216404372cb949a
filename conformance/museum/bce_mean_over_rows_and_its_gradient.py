"""binary_cross_entropy_with_logits | shape-or-attribute | the mean divides by the rows alone | Keras reduces axes"""

import math

from oplaws import refimpl


def _columns(logits, reduction):
    return math.prod(logits.shape[1:]) if reduction == "mean" and logits.size else 1


def binary_cross_entropy_with_logits(logits, targets, *, reduction="mean"):
    y = refimpl.binary_cross_entropy_with_logits(logits, targets, reduction=reduction)
    return (y * _columns(logits, reduction)).astype(logits.dtype)


def binary_cross_entropy_with_logits_vjp(dy, logits, targets, *, reduction="mean"):
    dz, dt = refimpl.binary_cross_entropy_with_logits_vjp(dy, logits, targets, reduction=reduction)
    n = logits.dtype.type(_columns(logits, reduction))
    return dz * n, dt * n
