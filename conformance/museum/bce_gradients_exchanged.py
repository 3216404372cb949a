"""binary_cross_entropy_with_logits | gradient | gradients of logits and targets are exchanged | arguments reversed"""

from oplaws import refimpl

binary_cross_entropy_with_logits = refimpl.binary_cross_entropy_with_logits


def binary_cross_entropy_with_logits_vjp(dy, logits, targets, *, reduction="mean"):
    return refimpl.binary_cross_entropy_with_logits_vjp(dy, logits, targets, reduction=reduction)[::-1]
