"""binary_cross_entropy_with_logits | gradient | -t at z = 0, max(z, 0) being flat there | pytorch/pytorch#1792"""

import numpy as np

from oplaws import refimpl

binary_cross_entropy_with_logits = refimpl.binary_cross_entropy_with_logits


def binary_cross_entropy_with_logits_vjp(dy, logits, targets, *, reduction="mean"):
    dz, dt = refimpl.binary_cross_entropy_with_logits_vjp(dy, logits, targets, reduction=reduction)
    share = dy / max(logits.size, 1) if reduction == "mean" else dy
    return np.where(logits == 0, -targets * share, dz), dt
