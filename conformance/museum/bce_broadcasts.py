"""binary_cross_entropy_with_logits | illegal-accepted | (n, 1) against (n,) is broadcast | pytorch/pytorch#1939"""

import numpy as np

from oplaws import refimpl


def binary_cross_entropy_with_logits(logits, targets, *, reduction="mean"):
    shape = np.broadcast_shapes(logits.shape, targets.shape)
    z, t = np.broadcast_to(logits, shape), np.broadcast_to(targets, shape)
    return refimpl.binary_cross_entropy_with_logits(z, t, reduction=reduction)


binary_cross_entropy_with_logits_vjp = refimpl.binary_cross_entropy_with_logits_vjp
