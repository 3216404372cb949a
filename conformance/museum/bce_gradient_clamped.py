"""binary_cross_entropy_with_logits | gradient | (p - t) s / max(s, 1e-12), s = p (1 - p) | pytorch/pytorch#103316"""

import numpy as np

from oplaws import refimpl

binary_cross_entropy_with_logits = refimpl.binary_cross_entropy_with_logits


def binary_cross_entropy_with_logits_vjp(dy, logits, targets, *, reduction="mean"):
    dz, dt = refimpl.binary_cross_entropy_with_logits_vjp(dy, logits, targets, reduction=reduction)
    slope = refimpl.sigmoid(logits) * refimpl.sigmoid(-logits)
    return np.where(slope < 1e-12, dz * (slope / logits.dtype.type(1e-12)), dz), dt
