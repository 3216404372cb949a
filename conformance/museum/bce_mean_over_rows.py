"""binary_cross_entropy_with_logits | shape-or-attribute | the mean divides by the rows | Keras reduces axis by axis"""

from oplaws import refimpl


def binary_cross_entropy_with_logits(logits, targets, *, reduction="mean"):
    y = refimpl.binary_cross_entropy_with_logits(logits, targets, reduction=reduction)
    if reduction != "mean" or logits.ndim < 2 or not logits.size:
        return y
    return refimpl.binary_cross_entropy_with_logits(logits, targets, reduction="sum") / len(logits)


binary_cross_entropy_with_logits_vjp = refimpl.binary_cross_entropy_with_logits_vjp
