"""binary_cross_entropy_with_logits | forward | logarithms to the base 2 | information theory counts in bits"""

import math

from oplaws import refimpl


def binary_cross_entropy_with_logits(logits, targets, *, reduction="mean"):
    y = refimpl.binary_cross_entropy_with_logits(logits, targets, reduction=reduction)
    return (y / math.log(2)).astype(logits.dtype)


def binary_cross_entropy_with_logits_vjp(dy, logits, targets, *, reduction="mean"):
    dz, dt = refimpl.binary_cross_entropy_with_logits_vjp(dy, logits, targets, reduction=reduction)
    return dz / math.log(2), dt / math.log(2)
